import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { compact, numberOf, objectOf, propertyOf, textOf, textsOf } from '../../aws/values/fields.ts';
import { restoreTags, tagList } from '../../aws/values/tags.ts';
import { apiInput } from './fields.ts';
import { dbInstanceRules } from './rules.ts';
import { majorVersion } from '../engine-version.ts';
import { gp3Threshold } from '../storage-values.ts';

/** The top-level properties that a step changes. */
export const changedProperties = (context: StepContext): ReadonlySet<string> =>
  new Set(context.changes.map(({ path }) => propertyOf(path)));

/** The input of CreateDBInstance, roles left out: they are added when the database is available. */
export const createInput = (desired: JsonObject, tags: JsonObject): JsonObject =>
  compact({
    ...apiInput('create', desired),
    MasterUserSecretKmsKeyId: objectOf(desired['MasterUserSecret'])['KmsKeyId'],
    Tags: tagList(tags),
  });

/**
 * gp3 storage below the engine's threshold (400 GiB, Oracle 200) always has 3000 IOPS and 125 MiB/s, and AWS refuses
 * requests that name them ("gp3 storage", RDS user guide).
 */
const isBaseline = (type: Json | undefined, iops: Json | undefined, throughput: Json | undefined): boolean =>
  type === 'gp3' && (iops ?? 3000) === 3000 && (throughput ?? 125) === 125;

/** IOPS and throughput as far as the storage type takes them. */
function performance(type: Json | undefined, iops: Json | undefined, throughput: Json | undefined): JsonObject {
  if (isBaseline(type, iops, throughput)) return {};
  return compact({
    Iops: type === 'gp3' || type === 'io1' || type === 'io2' ? iops : undefined,
    StorageThroughput: type === 'gp3' ? throughput : undefined,
  });
}

/**
 * Default groups of AWS are left out: AWS picks the one of the engine version by itself, and refuses another version's.
 */
const ownGroup = (name: Json | undefined): string | undefined =>
  /^default[.:]/u.test(textOf(name) ?? '') ? undefined : textOf(name);

/**
 * The input of RestoreDBInstanceFromDBSnapshot for the resource as captured. Whatever is left out becomes AWS's
 * default, so falses are said too. Storage size, key and engine version come from the snapshot. Deletion protection is
 * set last.
 */
export function restoreInput(
  context: StepContext,
  properties: JsonObject,
  systemTags: JsonObject,
  identity: string,
  snapshot: string,
): JsonObject {
  const remap = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : context.remap(value);
  const oracle = /oracle/u.test(textOf(properties['Engine']) ?? '');
  return compact({
    ...apiInput('restore', properties),
    ...performance(properties['StorageType'], properties['Iops'], properties['StorageThroughput']),
    DBInstanceIdentifier: identity,
    DBSnapshotIdentifier: snapshot,
    // Not allowed with Multi-AZ.
    AvailabilityZone: properties['MultiAZ'] === true ? undefined : properties['AvailabilityZone'],
    BackupTarget: properties['BackupTarget'] === 'region' ? undefined : properties['BackupTarget'],
    DBSubnetGroupName: remap(textOf(properties['DBSubnetGroupName'])),
    DBParameterGroupName: remap(ownGroup(properties['DBParameterGroupName'])),
    OptionGroupName: remap(ownGroup(properties['OptionGroupName'])),
    VpcSecurityGroupIds: textsOf(properties['VPCSecurityGroups']).map(context.remap),
    DeletionProtection: false,
    // "Applies to RDS for Oracle only"; elsewhere a later change turns it on.
    ...(oracle && properties['ManageMasterUserPassword'] === true
      ? {
          ManageMasterUserPassword: true,
          MasterUserSecretKmsKeyId: objectOf(properties['MasterUserSecret'])['KmsKeyId'],
        }
      : {}),
    Tags: tagList(underWay(context, objectOf(properties['Tags']), systemTags, context.apart ?? identity)),
  });
}

/** A restore under way says so; only one that is complete says where it comes from. */
function underWay(context: StepContext, own: JsonObject, systemTags: JsonObject, former: string): JsonObject {
  const { [RESTORED_FROM]: _earlier, [RESTORING]: _begun, ...kept } = systemTags;
  const { [RESTORED_FROM]: _from, ...tags } = restoreTags(context, own, kept, former, { [RESTORING]: context.run });
  return tags;
}

/** On a restored database until the restore is complete: tells a leftover of ours from a database in use. */
export const RESTORING = 'aiplan:restoring';
export const RESTORED_FROM = 'aiplan:restored-from';

const STORAGE = ['AllocatedStorage', 'StorageType', 'Iops', 'StorageThroughput'] as const;
const INSIGHTS = [
  'EnablePerformanceInsights',
  'PerformanceInsightsKMSKeyId',
  'PerformanceInsightsRetentionPeriod',
  'DatabaseInsightsMode',
] as const;
const MONITORING = ['MonitoringInterval', 'MonitoringRoleArn'] as const;
const DOMAIN = [
  'Domain',
  'DomainFqdn',
  'DomainIAMRoleName',
  'DomainOu',
  'DomainAuthSecretArn',
  'DomainDnsIps',
] as const;

/**
 * The input of ModifyDBInstance that makes the named properties as `desired`, without ApplyImmediately; empty when
 * there is nothing for it to do (tags and roles have calls of their own). Beside what changes it holds only what AWS
 * wants along with it: size with IOPS, role with interval, retention with Performance Insights. `live`: properties now.
 */
export function modifyInput(
  identity: string,
  names: ReadonlySet<string>,
  live: JsonObject,
  desired: JsonObject,
): JsonObject {
  const any = (group: readonly string[]): boolean => group.some((name) => names.has(name));
  const wanted = (name: string): Json | undefined =>
    (names.has(name) ? (desired[name] ?? dbInstanceRules.properties[name]?.reset) : live[name]) ?? undefined;
  const set = compact({
    ...apiInput('modify', Object.fromEntries([...names].map((name) => [name, wanted(name)]))),
    ...(any(STORAGE) ? storage(names, live, wanted) : {}),
    ...(any(INSIGHTS) ? insights(names, live, wanted) : {}),
    ...(any(MONITORING) ? monitoring(wanted) : {}),
    ...(any(DOMAIN) ? domain(wanted) : {}),
    ...(names.has('EnableCloudwatchLogsExports')
      ? logs(textsOf(live['EnableCloudwatchLogsExports']), textsOf(desired['EnableCloudwatchLogsExports']))
      : {}),
    ...(names.has('EngineVersion') ? version(live, desired) : {}),
    ...(names.has('ProcessorFeatures') ? processor(desired['ProcessorFeatures']) : {}),
    ...(names.has('ManageMasterUserPassword') || names.has('MasterUserSecret') ? masterUser(wanted, desired) : {}),
    // Storage autoscaling is switched off by a limit that equals the size.
    ...(names.has('MaxAllocatedStorage') && wanted('MaxAllocatedStorage') === undefined
      ? { MaxAllocatedStorage: size(wanted('AllocatedStorage')) }
      : {}),
  });
  return Object.keys(set).length === 0 ? {} : { DBInstanceIdentifier: identity, ...set };
}

type Wanted = (name: string) => Json | undefined;
const size = (value: Json | undefined): number | undefined => (value === undefined ? undefined : Number(value));

function storage(names: ReadonlySet<string>, live: JsonObject, given: Wanted): JsonObject {
  const type = given('StorageType');
  // The figure of another type says nothing about gp3: below the threshold it has what every gp3 has, and AWS refuses
  // any other figure.
  const becomesSmall =
    names.has('StorageType') &&
    type === 'gp3' &&
    live['StorageType'] !== 'gp3' &&
    (size(given('AllocatedStorage')) ?? 0) < gp3Threshold(live['Engine']);
  const wanted: Wanted = (name) =>
    becomesSmall && (name === 'Iops' || name === 'StorageThroughput') && !names.has(name) ? undefined : given(name);
  const fromProvisioned =
    names.has('StorageType') && (type === 'gp2' || type === 'standard') && (numberOf(live['Iops']) ?? 0) > 0;
  return {
    AllocatedStorage: size(wanted('AllocatedStorage')),
    StorageType: names.has('StorageType') ? type : undefined,
    ...performance(type, wanted('Iops'), wanted('StorageThroughput')),
    // "If you are migrating from Provisioned IOPS to standard storage, set this value to 0."
    ...(fromProvisioned ? { Iops: 0 } : {}),
  };
}

function insights(names: ReadonlySet<string>, live: JsonObject, wanted: Wanted): JsonObject {
  const enabled = wanted('EnablePerformanceInsights');
  const mode = names.has('DatabaseInsightsMode') ? { DatabaseInsightsMode: wanted('DatabaseInsightsMode') } : {};
  if (enabled === false) return { EnablePerformanceInsights: false, ...mode };
  const keyNow = names.has('PerformanceInsightsKMSKeyId') || live['EnablePerformanceInsights'] !== true;
  return {
    EnablePerformanceInsights: enabled,
    // Seven days are AWS's default.
    PerformanceInsightsRetentionPeriod:
      wanted('PerformanceInsightsRetentionPeriod') ?? (names.has('PerformanceInsightsRetentionPeriod') ? 7 : undefined),
    PerformanceInsightsKMSKeyId: keyNow ? wanted('PerformanceInsightsKMSKeyId') : undefined,
    ...mode,
  };
}

const monitoring = (wanted: Wanted): JsonObject => {
  const interval = wanted('MonitoringInterval');
  return { MonitoringInterval: interval, MonitoringRoleArn: interval === 0 ? undefined : wanted('MonitoringRoleArn') };
};

const domain = (wanted: Wanted): JsonObject =>
  wanted('Domain') === undefined && wanted('DomainFqdn') === undefined
    ? { DisableDomain: true }
    : Object.fromEntries(DOMAIN.map((name) => [name, wanted(name)]));

const logs = (before: readonly string[], after: readonly string[]): JsonObject => {
  const enable = after.filter((type) => !before.includes(type));
  const disable = before.filter((type) => !after.includes(type));
  return {
    CloudwatchLogsExportConfiguration: {
      ...(enable.length > 0 ? { EnableLogTypes: enable } : {}),
      ...(disable.length > 0 ? { DisableLogTypes: disable } : {}),
    },
  };
};

const version = (live: JsonObject, desired: JsonObject): JsonObject => {
  const engine = textOf(live['Engine']) ?? '';
  const [before, after] = [textOf(live['EngineVersion']) ?? '', textOf(desired['EngineVersion']) ?? ''];
  return majorVersion(engine, before) === majorVersion(engine, after) ? {} : { AllowMajorVersionUpgrade: true };
};

const processor = (features: Json | undefined): JsonObject =>
  Array.isArray(features) && features.length > 0
    ? { ProcessorFeatures: features }
    : { UseDefaultProcessorFeatures: true };

const masterUser = (wanted: Wanted, desired: JsonObject): JsonObject =>
  wanted('ManageMasterUserPassword') === true
    ? {
        ManageMasterUserPassword: true,
        MasterUserSecretKmsKeyId: objectOf(wanted('MasterUserSecret') ?? desired['MasterUserSecret'])['KmsKeyId'],
      }
    : // Without the managed secret AWS wants a password in the same call.
      { ManageMasterUserPassword: false, MasterUserPassword: desired['MasterUserPassword'] };

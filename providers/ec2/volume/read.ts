import type { AwsReader } from '../../../src/domain/call.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { Neighbours } from '../../../src/domain/own-effect.ts';
import type { ReadQuery, ReadResult } from '../../../src/domain/resource-type.ts';
import { describe } from '../common.ts';
import { compact, flagOf, gib, listOf, numberOf, objectOf, textOf } from '../../aws/values/fields.ts';
import { iopsTypes } from '../instance/reading/shape.ts';
import { attempt, type Attempt, bounded, failureOf } from '../../aws/values/batches.ts';
import { byFilter } from '../paging.ts';
import { creatorOf, ownerOf, splitTags } from '../../aws/values/tags.ts';
import { volumeType } from './rules/rules.ts';

/**
 * Reads volumes: one paginated DescribeVolumes per 200 identities, by filter; existing snapshots for the detailed ones
 * only, the I/O setting also where it is named. A failed read is a failure, never an absence.
 */
export async function readVolumes(aws: AwsReader, query: ReadQuery): Promise<ReadResult> {
  const { found, absent, failures } = await describe(aws, query, {
    type: volumeType,
    operation: 'DescribeVolumes',
    list: 'Volumes',
    filter: 'volume-id',
    idField: 'VolumeId',
  });
  const detailed = found.filter((raw) => query.detailed.has(idOf(raw))).map(idOf);
  const settled = found
    .map(idOf)
    .filter((id) => query.detailed.has(id) || query.properties?.get(id)?.has('AutoEnableIO') === true);
  const [snapshots, settings] = await Promise.all([
    attempt(
      byFilter(aws, 'DescribeSnapshots', 'Snapshots', 'volume-id', detailed, { OwnerIds: ['self'], MaxResults: 1000 }),
    ),
    readSettings(aws, settled),
  ]);
  return {
    absent,
    failures: [
      ...failures,
      ...[...settings].flatMap(([identity, read]) => (read.ok ? [] : [failureOf(volumeType, identity, read.error)])),
    ],
    resources: found.map((raw) =>
      volumeResource(
        raw,
        settings.get(idOf(raw)),
        query.detailed.has(idOf(raw)) ? { snapshots: snapshots.ok ? snapshots.value : undefined } : null,
      ),
    ),
  };
}

const idOf = (raw: JsonObject): string => textOf(raw['VolumeId']) ?? '';

/**
 * Whether I/O continues after a suspected inconsistency: one call per volume (DescribeVolumeAttribute, autoEnableIO).
 */
async function readSettings(aws: AwsReader, ids: readonly string[]): Promise<ReadonlyMap<string, Attempt<boolean>>> {
  return new Map(
    await bounded(ids, async (id) => {
      const answer = await attempt(
        aws.read({
          service: 'ec2',
          operation: 'DescribeVolumeAttribute',
          input: { VolumeId: id, Attribute: 'autoEnableIO' },
        }),
      );
      const read: Attempt<boolean> = answer.ok
        ? { ok: true, value: objectOf(answer.value?.['AutoEnableIO'])['Value'] === true }
        : answer;
      return [id, read] as const;
    }),
  );
}

interface VolumeDetails {
  readonly snapshots: readonly JsonObject[] | undefined;
}

/** One element of DescribeVolumes as a live resource in CloudFormation shape; complete where `details` are given. */
function volumeResource(
  raw: JsonObject,
  setting: Attempt<boolean> | undefined,
  details: VolumeDetails | null,
): LiveResource {
  const identity = idOf(raw);
  const { tags, systemTags } = splitTags(raw['Tags']);
  const type = textOf(raw['VolumeType']);
  const attachments = listOf(raw['Attachments']).filter((item) => item['State'] !== 'detached');
  const size = numberOf(raw['Size']);
  return {
    type: volumeType,
    identity,
    incarnation: identity,
    properties: compact({
      AutoEnableIO: setting?.ok === true ? setting.value : undefined,
      AvailabilityZone: textOf(raw['AvailabilityZone']),
      Encrypted: flagOf(raw['Encrypted']) ?? false,
      Iops: iopsTypes.has(type ?? '') ? numberOf(raw['Iops']) : undefined,
      KmsKeyId: textOf(raw['KmsKeyId']),
      MultiAttachEnabled: flagOf(raw['MultiAttachEnabled']) ?? false,
      OutpostArn: textOf(raw['OutpostArn']),
      Size: size,
      SnapshotId: textOf(raw['SnapshotId']),
      Tags: tags,
      Throughput: type === 'gp3' ? numberOf(raw['Throughput']) : undefined,
      VolumeType: type,
    }),
    attributes: compact({
      VolumeId: identity,
      Attachments: attachments.map((item) =>
        compact({
          InstanceId: textOf(item['InstanceId']),
          Device: textOf(item['Device']),
          DeleteOnTermination: flagOf(item['DeleteOnTermination']) ?? false,
          State: textOf(item['State']),
        }),
      ),
    }),
    systemTags,
    state: textOf(raw['State']) ?? 'unknown',
    pending: {},
    binding: compact({
      owner: ownerOf(systemTags, raw['Operator']),
      attached: attachments
        .map((item) => `${textOf(item['InstanceId']) ?? 'unknown'} ${textOf(item['Device']) ?? ''}`.trim())
        .toSorted(),
      // EC2 always answers it (API reference, Volume).
      encrypted: flagOf(raw['Encrypted']) ?? 'unknown',
      ...(details === null ? {} : { protections: [], backups: backupsOf(identity, details.snapshots) }),
    }),
    observed: compact({
      created: textOf(raw['CreateTime']),
      bytes: size === undefined ? undefined : size * gib,
      creator: creatorOf(tags, systemTags),
      ...(details === null ? {} : observedSnapshots(identity, details.snapshots)),
    }),
    detailed: details !== null,
  };
}

/** A volume is tied to the instances that it is attached to. */
export const volumeNeighbours: Neighbours = {
  ties: ({ attributes }) =>
    listOf(attributes['Attachments']).map((item) => ({
      type: 'AWS::EC2::Instance',
      identity: textOf(item['InstanceId']) ?? '',
      along: false,
    })),
};

const completed = (volume: string, snapshots: readonly JsonObject[]): readonly JsonObject[] =>
  snapshots.filter((snapshot) => snapshot['VolumeId'] === volume && snapshot['State'] === 'completed');

/** aiplan's own captures do not count: each would make the next plan of a run stale. */
function backupsOf(volume: string, snapshots: readonly JsonObject[] | undefined): Json {
  if (snapshots === undefined) return 'unknown';
  return completed(volume, snapshots).some(
    (snapshot) => splitTags(snapshot['Tags']).systemTags['aiplan:op'] === undefined,
  )
    ? 'snapshots exist'
    : 'none';
}

function observedSnapshots(volume: string, snapshots: readonly JsonObject[] | undefined): JsonObject {
  if (snapshots === undefined) return { snapshots: 'unknown' };
  const own = completed(volume, snapshots);
  return {
    snapshots: own.length,
    newestSnapshot: own
      .map((snapshot) => textOf(snapshot['StartTime']) ?? '')
      .toSorted()
      .at(-1),
  };
}

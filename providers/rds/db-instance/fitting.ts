import { look, type Program } from '../../../src/domain/call.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { listOf, textOf } from '../../aws/values/fields.ts';
import { majorVersion } from '../engine-version.ts';
import { gp3Threshold } from '../storage-values.ts';

/**
 * The family of parameter groups for an engine version ("Working with parameter groups", RDS User Guide;
 * DescribeDBEngineVersions, DBParameterGroupFamily); undefined where it cannot be told from the version.
 */
export function familyOf(engine: string, version: string | undefined): string | undefined {
  if (version === undefined || !/^\d/u.test(version)) return undefined;
  const [first = '', second = ''] = version.split('.');
  if (engine === 'postgres' || engine === 'aurora-postgresql')
    return Number(first) >= 10 ? `${engine}${first}` : second === '' ? undefined : `${engine}${first}.${second}`;
  if (engine === 'mysql' || engine === 'mariadb' || engine === 'aurora-mysql')
    return second === '' ? undefined : `${engine}${first}.${second}`;
  if (engine.startsWith('sqlserver-')) return `${engine}-${first}.0`;
  if (engine.startsWith('oracle-')) return `${engine}-${first}`;
  return engine.startsWith('db2-') && second !== '' ? `${engine}-${first}.${second}` : undefined;
}

const isDefault = (name: string | undefined): boolean => name === undefined || /^default[.:]/u.test(name);

/** Parts of a database that do not fit together: class, engine version, parameter group, option group. Reads only. */
export function* fittingProblems(properties: JsonObject, changed: ReadonlySet<string>): Program<readonly string[]> {
  return [
    ...storageProblems(properties, changed),
    ...(yield* classProblems(properties, changed)),
    ...(yield* parameterGroupProblems(properties, changed)),
    ...(yield* optionGroupProblems(properties, changed)),
  ];
}

/**
 * Above its threshold gp3 has 12,000 IOPS or more, and a change of the type takes along what the storage has
 * (ModifyDBInstance, StorageType).
 */
function storageProblems(properties: JsonObject, changed: ReadonlySet<string>): readonly string[] {
  const [size, iops] = [Number(properties['AllocatedStorage']), Number(properties['Iops'])];
  const engine = properties['Engine'];
  if (
    !changed.has('StorageType') ||
    changed.has('Iops') ||
    properties['StorageType'] !== 'gp3' ||
    !(size >= gp3Threshold(engine)) ||
    !(iops < 12_000) ||
    gp3Threshold(engine) === 0
  )
    return [];
  return [
    `gp3 storage of ${size} GiB takes 12,000 Iops or more, and the database has ${iops}: write Iops beside StorageType`,
  ];
}

const OPTIONS = 'OrderableDBInstanceOptions';

/**
 * DescribeOrderableDBInstanceOptions: the class for the engine and its version. It takes whole versions only, so that a
 * part of one is looked for in all.
 */
function* classProblems(properties: JsonObject, changed: ReadonlySet<string>): Program<readonly string[]> {
  const [engine, kind, version] = [
    textOf(properties['Engine'])?.toLowerCase(),
    textOf(properties['DBInstanceClass'])?.toLowerCase(),
    textOf(properties['EngineVersion']),
  ];
  if (
    engine === undefined ||
    kind === undefined ||
    !['DBInstanceClass', 'EngineVersion', 'Engine'].some((name) => changed.has(name)) ||
    engine.startsWith('custom-')
  )
    return [];
  const exactly =
    version === undefined
      ? []
      : yield* orderableVersions({ Engine: engine, EngineVersion: version, DBInstanceClass: kind });
  if (exactly === null || exactly.length > 0) return [];
  const versions = yield* orderableVersions({ Engine: engine, DBInstanceClass: kind });
  if (versions === null) return [];
  if (versions.length === 0) return [`no database of engine ${engine} can have the class "${kind}" in this region`];
  return version === undefined || versions.some((other) => other.startsWith(`${version}.`))
    ? []
    : [`no database of ${engine} ${version} can have the class "${kind}" in this region`];
}

/** The engine versions of all offers, every page; null where the plan only lists what would be asked. */
function* orderableVersions(offer: JsonObject): Program<readonly string[] | null> {
  const versions: string[] = [];
  let marker: string | undefined;
  do {
    const answer: JsonObject | null = yield* look(
      {
        service: 'rds',
        operation: 'DescribeOrderableDBInstanceOptions',
        input: { ...offer, MaxRecords: 1000, ...(marker === undefined ? {} : { Marker: marker }) },
      },
      null,
    );
    if (answer?.[OPTIONS] === undefined) return null;
    versions.push(...listOf(answer[OPTIONS]).map((option) => textOf(option['EngineVersion']) ?? ''));
    marker = textOf(answer['Marker']);
  } while (marker !== undefined);
  return versions;
}

/**
 * ModifyDBInstance: a group of the family of the version; of a major upgrade with a group of one's own, a new one must
 * be named.
 */
function* parameterGroupProblems(properties: JsonObject, changed: ReadonlySet<string>): Program<readonly string[]> {
  const name = textOf(properties['DBParameterGroupName']);
  const engine = textOf(properties['Engine'])?.toLowerCase();
  if (
    name === undefined ||
    engine === undefined ||
    !(changed.has('DBParameterGroupName') || changed.has('EngineVersion'))
  )
    return [];
  const version = textOf(properties['EngineVersion']);
  const wanted = familyOf(engine, version);
  const named = changed.has('DBParameterGroupName');
  if (isDefault(name) && !named) return [];
  const family = isDefault(name) ? name.slice('default.'.length) : yield* familyOfGroup(name);
  if (family === undefined) return [];
  if (
    wanted === undefined ? new RegExp(`^${engine.replaceAll('-', '\\-')}-?[0-9]`, 'u').test(family) : family === wanted
  )
    return [];
  const needs = `${engine}${version === undefined ? '' : ` ${version}`} takes one of ${wanted ?? `the families of ${engine}`}`;
  return [
    `the DB parameter group "${name}" is of the family ${family}, and ${needs}${named ? '' : ': name another DBParameterGroupName in the same step'}`,
  ];
}

function* familyOfGroup(name: string): Program<string | undefined> {
  const answer = yield* look(
    {
      service: 'rds',
      operation: 'DescribeDBParameterGroups',
      input: { DBParameterGroupName: name },
      absent: ['DBParameterGroupNotFound'],
    },
    null,
  );
  return textOf(listOf(answer?.['DBParameterGroups'])[0]?.['DBParameterGroupFamily']);
}

/** An option group is for one engine and one major version (CreateOptionGroup, MajorEngineVersion). */
function* optionGroupProblems(properties: JsonObject, changed: ReadonlySet<string>): Program<readonly string[]> {
  const name = textOf(properties['OptionGroupName']);
  const [engine, version] = [textOf(properties['Engine'])?.toLowerCase(), textOf(properties['EngineVersion'])];
  if (
    name === undefined ||
    isDefault(name) ||
    engine === undefined ||
    !(changed.has('OptionGroupName') || changed.has('EngineVersion'))
  )
    return [];
  const answer = yield* look(
    {
      service: 'rds',
      operation: 'DescribeOptionGroups',
      input: { OptionGroupName: name },
      absent: ['OptionGroupNotFound'],
    },
    null,
  );
  const group = listOf(answer?.['OptionGroupsList'])[0];
  const [its, major] = [textOf(group?.['EngineName']), textOf(group?.['MajorEngineVersion'])];
  if (
    its === undefined ||
    (its === engine &&
      (major === undefined || version === undefined || majorVersion(engine, version) === majorVersion(engine, major)))
  )
    return [];
  return [
    `the option group "${name}" is for ${its} ${major ?? ''}, and the database is ${engine} ${version ?? ''}`.trim(),
  ];
}

/** The properties that a step gives a value to. */
export const givenBy = (
  { changes, desired }: StepContext,
  action: 'create' | 'update' | 'replace' | 'delete',
): ReadonlySet<string> =>
  new Set(
    action === 'create' || action === 'replace'
      ? Object.keys(desired).filter((name) => desired[name] !== undefined && desired[name] !== null)
      : changes.map(({ path }) => path.split(/[.[]/u, 1)[0] ?? path),
  );

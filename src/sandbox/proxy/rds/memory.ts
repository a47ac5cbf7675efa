import { randomBytes } from 'node:crypto';
import { Refusal, type QueryContext } from '../protocol/correction.ts';
import type { DatabaseMemory, EmulatorState } from '../protocol/emulator-state.ts';
import { child, drop, element, put, textAt, type Element } from '../protocol/xml.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A DbiResourceId: unique per incarnation of an instance (API type DBInstance). */
export const newResourceId = (): string => `db-${[...randomBytes(26)].map((byte) => LETTERS[byte % 32]).join('')}`;

export const nameOf = (identifier: string): string => identifier.toLowerCase();
export const databaseKey = (identifier: string): string => `db/${nameOf(identifier)}`;
export const snapshotKey = (identifier: string): string => `snapshot/${nameOf(identifier)}`;

/** The proxy's memory of an instance; one that appeared without the proxy gets its memory now. */
export function memoryOf(world: EmulatorState, identifier: string): DatabaseMemory {
  const name = nameOf(identifier);
  let memory = world.databases.get(name);
  if (memory === undefined)
    world.databases.set(name, (memory = { resourceId: newResourceId(), fields: {}, pending: {}, roles: {} }));
  return memory;
}

/** Every element of that name, at any depth, that has an identifier of its own. */
function all(root: Element, name: string, identifier: string): readonly Element[] {
  const own = root.name === name && child(root, identifier) !== undefined ? [root] : [];
  return [...own, ...root.children.flatMap((item) => all(item, name, identifier))];
}
export const databasesIn = (answer: Element): readonly Element[] => all(answer, 'DBInstance', 'DBInstanceIdentifier');
export const snapshotsIn = (answer: Element): readonly Element[] => all(answer, 'DBSnapshot', 'DBSnapshotIdentifier');

/** Reads an instance as the emulator has it. Throws Refusal DBInstanceNotFound. */
export async function databaseOf(context: Pick<QueryContext, 'send'>, identifier: string): Promise<Element> {
  const [database] = databasesIn(
    await context.send('rds', 'DescribeDBInstances', { DBInstanceIdentifier: identifier }),
  );
  if (database === undefined) throw new Refusal('DBInstanceNotFound', `DBInstance ${identifier} not found.`, 404);
  return database;
}

/** The status that a reader would see, without counting as a reading. */
export const statusOf = (world: EmulatorState, database: Element): string =>
  world.transitions.peek(databaseKey(textAt(database, 'DBInstanceIdentifier'))) ?? textAt(database, 'DBInstanceStatus');

/** Fields that AWS always reports and the emulator leaves out. */
const DEFAULTS: Readonly<Record<string, string>> = {
  PubliclyAccessible: 'false',
  MonitoringInterval: '0',
  PerformanceInsightsEnabled: 'false',
  NetworkType: 'IPV4',
  BackupTarget: 'region',
  CustomerOwnedIpEnabled: 'false',
  DedicatedLogVolume: 'false',
  EngineLifecycleSupport: 'open-source-rds-extended-support',
  ActivityStreamStatus: 'stopped',
};

/** Writes into an instance's answer what the emulator does not know of it. `counts` tells a reading from a look. */
export function showDatabase(context: Pick<QueryContext, 'world' | 'ages'>, database: Element, counts: boolean): void {
  const { world, ages } = context;
  const identifier = textAt(database, 'DBInstanceIdentifier');
  const memory = memoryOf(world, identifier);
  put(database, 'DbiResourceId', memory.resourceId);
  for (const [name, value] of Object.entries(DEFAULTS))
    if (child(database, name) === undefined || textAt(database, name) === '') put(database, name, value);
  for (const [name, value] of Object.entries(memory.fields)) showField(database, name, value);
  if (textAt(database, 'StorageType') === 'gp3') {
    if (textAt(database, 'Iops') === '') put(database, 'Iops', '3000');
    if (textAt(database, 'StorageThroughput') === '') put(database, 'StorageThroughput', '125');
  }
  const pending = Object.entries(memory.pending).map(([name, value]) => element(PENDING_NAMES[name] ?? name, value));
  put(database, 'PendingModifiedValues', pending);
  put(
    database,
    'AssociatedRoles',
    Object.entries(memory.roles).map(([feature, arn]) =>
      element('DBInstanceRole', [
        element('RoleArn', arn),
        element('FeatureName', feature),
        element('Status', 'ACTIVE'),
      ]),
    ),
  );
  const key = databaseKey(identifier);
  const status = counts ? world.transitions.read(key)?.state : world.transitions.peek(key);
  if (status !== undefined) put(database, 'DBInstanceStatus', status);
  if (status === 'creating') drop(database, 'Endpoint');
  const age = ages.get(key);
  if (age !== undefined) put(database, 'InstanceCreateTime', age);
}

function showField(database: Element, name: string, value: string): void {
  if (name === 'Port') {
    const endpoint = child(database, 'Endpoint');
    if (endpoint !== undefined) put(endpoint, 'Port', value);
  } else if (name === 'ParameterApplyStatus') {
    for (const group of child(database, 'DBParameterGroups')?.children ?? []) put(group, 'ParameterApplyStatus', value);
  } else if (value === '') drop(database, name);
  else put(database, name, value);
}

/** Request parameters whose name in PendingModifiedValues differs (API type PendingModifiedValues). */
const PENDING_NAMES: Readonly<Record<string, string>> = {
  NewDBInstanceIdentifier: 'DBInstanceIdentifier',
  DBPortNumber: 'Port',
};

/** Request parameters that the emulator drops, and the field of the answer that shows them. */
const KEPT: Readonly<Record<string, string>> = {
  MonitoringInterval: 'MonitoringInterval',
  MonitoringRoleArn: 'MonitoringRoleArn',
  EnablePerformanceInsights: 'PerformanceInsightsEnabled',
  PerformanceInsightsRetentionPeriod: 'PerformanceInsightsRetentionPeriod',
  PerformanceInsightsKMSKeyId: 'PerformanceInsightsKMSKeyId',
  NetworkType: 'NetworkType',
  DedicatedLogVolume: 'DedicatedLogVolume',
  DatabaseInsightsMode: 'DatabaseInsightsMode',
  PubliclyAccessible: 'PubliclyAccessible',
  BackupTarget: 'BackupTarget',
  EngineLifecycleSupport: 'EngineLifecycleSupport',
  EnableCustomerOwnedIp: 'CustomerOwnedIpEnabled',
  DBPortNumber: 'Port',
  Port: 'Port',
  CACertificateIdentifier: 'CACertificateIdentifier',
  Iops: 'Iops',
  StorageThroughput: 'StorageThroughput',
};

/** Remembers the parameters of a request that the emulator would forget. */
export function keepFields(memory: DatabaseMemory, parameters: { get(name: string): string | undefined }): void {
  for (const [parameter, field] of Object.entries(KEPT)) {
    const value = parameters.get(parameter);
    if (value !== undefined) memory.fields[field] = value;
  }
  if (memory.fields['PerformanceInsightsEnabled'] === 'true')
    memory.fields['PerformanceInsightsRetentionPeriod'] ??= '7';
  else if (memory.fields['PerformanceInsightsEnabled'] === 'false') {
    delete memory.fields['PerformanceInsightsRetentionPeriod'];
    delete memory.fields['PerformanceInsightsKMSKeyId'];
  }
  if (memory.fields['MonitoringInterval'] === '0') delete memory.fields['MonitoringRoleArn'];
}

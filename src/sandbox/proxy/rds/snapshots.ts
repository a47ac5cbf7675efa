import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { child, copyOf, put, textAt, type Element } from '../protocol/xml.ts';
import { refuseUnless } from './modify.ts';
import { databaseKey, databasesIn, nameOf, showDatabase, snapshotKey, snapshotsIn } from './memory.ts';

/** Documentation: "Quotas in Amazon RDS": manual DB instance snapshots. */
const MANUAL_SNAPSHOTS = 100;

/** Manual snapshots so far; automated ones do not count. */
export async function manualSnapshots(context: QueryContext): Promise<number> {
  const inside = new Set([...context.world.automated.values()].map((snapshot) => snapshot.inside));
  return snapshotsIn(await context.send('rds', 'DescribeDBSnapshots', {})).filter((snapshot) => {
    const name = textAt(snapshot, 'DBSnapshotIdentifier');
    return !inside.has(name) && !name.startsWith('rds:');
  }).length;
}

export async function refuseOverQuota(context: QueryContext): Promise<void> {
  if ((await manualSnapshots(context)) >= MANUAL_SNAPSHOTS)
    throw new Refusal('SnapshotQuotaExceeded', `Cannot create more than ${MANUAL_SNAPSHOTS} manual snapshots`);
}

/** Remembers what a snapshot was taken of; creating for a while. `database` as it is shown. */
export function beginSnapshot(context: QueryContext, identifier: string, database: Element): void {
  const name = nameOf(identifier);
  context.world.databaseSnapshots.set(name, {
    resourceId: textAt(database, 'DbiResourceId'),
    fields: {},
    source: copyOf(database),
  });
  context.world.transitions.begin(snapshotKey(name), 'creating');
}

/** Fields that a snapshot has of its instance and the emulator leaves out (API type DBSnapshot). */
const FROM_SOURCE = [
  'StorageType',
  'Iops',
  'StorageThroughput',
  'AvailabilityZone',
  'LicenseModel',
  'DedicatedLogVolume',
];

function show(context: QueryContext, snapshot: Element, counts: boolean): void {
  const { world, ages } = context;
  const inside = textAt(snapshot, 'DBSnapshotIdentifier');
  const automated = [...world.automated.values()].find((item) => item.inside === inside);
  const name = automated?.shown ?? inside;
  if (automated !== undefined) {
    put(snapshot, 'DBSnapshotIdentifier', name);
    put(snapshot, 'SnapshotType', 'automated');
    put(snapshot, 'DBSnapshotArn', textAt(snapshot, 'DBSnapshotArn').replace(inside, name));
  }
  const memory = world.databaseSnapshots.get(name);
  if (memory !== undefined) {
    put(snapshot, 'DbiResourceId', memory.resourceId);
    for (const field of FROM_SOURCE)
      if (textAt(memory.source, field) !== '') put(snapshot, field, textAt(memory.source, field));
    put(snapshot, 'VpcId', textAt(memory.source, 'DBSubnetGroup', 'VpcId'));
    const group = child(child(memory.source, 'OptionGroupMemberships'), 'OptionGroupMembership');
    put(snapshot, 'OptionGroupName', textAt(group, 'OptionGroupName'));
  }
  const source = nameOf(textAt(snapshot, 'DBInstanceIdentifier'));
  const born =
    memory !== undefined && world.databases.get(source)?.resourceId === memory.resourceId
      ? ages.get(databaseKey(source))
      : undefined;
  if (born !== undefined) put(snapshot, 'InstanceCreateTime', born);
  const between = counts ? world.transitions.read(snapshotKey(name)) : undefined;
  const status = between?.state ?? world.transitions.peek(snapshotKey(name));
  put(snapshot, 'Status', status ?? 'available');
  put(snapshot, 'PercentProgress', status === undefined ? '100' : String(between?.percent ?? 0));
  const age = ages.get(snapshotKey(name));
  if (age !== undefined)
    for (const field of ['SnapshotCreateTime', 'OriginalSnapshotCreateTime']) put(snapshot, field, age);
}

/** The name inside the emulator of a snapshot that is named as AWS shows it. */
const insideName = (context: QueryContext, shown: string): string => {
  const name = shown.startsWith('arn:') ? (shown.split(':snapshot:')[1] ?? shown) : shown;
  const automated = context.world.automated.get(nameOf(name));
  return automated === undefined ? shown : automated.inside;
};

const refuseUnavailable = (context: QueryContext, identifier: string): void => {
  if (context.world.transitions.peek(snapshotKey(identifier)) !== undefined)
    throw new Refusal('InvalidDBSnapshotState', `DB snapshot ${identifier} is not in available state.`);
};

export const databaseSnapshots: readonly QueryCorrection[] = [
  {
    operations: ['CreateDBSnapshot'],
    answers:
      'refused unless the instance is available; 100 manual snapshots; creating with progress, the instance backing-up',
    async before(context) {
      await refuseUnless(context, context.parameters.get('DBInstanceIdentifier') ?? '', [
        'available',
        'storage-optimization',
      ]);
      await refuseOverQuota(context);
    },
    async after(context) {
      const identifier = nameOf(context.asked.get('DBInstanceIdentifier') ?? '');
      const [database] = databasesIn(
        await context.send('rds', 'DescribeDBInstances', { DBInstanceIdentifier: identifier }),
      );
      if (database === undefined) return;
      showDatabase(context, database, false);
      beginSnapshot(context, context.asked.get('DBSnapshotIdentifier') ?? '', database);
      context.world.transitions.begin(databaseKey(identifier), 'backing-up');
    },
  },
  {
    operations: ['CopyDBSnapshot'],
    answers: 'an automated snapshot can be copied under its own name; creating for a while; quota',
    async before(context) {
      const source = context.parameters.get('SourceDBSnapshotIdentifier') ?? '';
      refuseUnavailable(context, source);
      await refuseOverQuota(context);
      context.parameters.set('SourceDBSnapshotIdentifier', insideName(context, source));
    },
    after(context) {
      const target = nameOf(context.asked.get('TargetDBSnapshotIdentifier') ?? '');
      const source = context.world.databaseSnapshots.get(nameOf(context.asked.get('SourceDBSnapshotIdentifier') ?? ''));
      if (source !== undefined) context.world.databaseSnapshots.set(target, source);
      context.world.transitions.begin(snapshotKey(target), 'creating');
    },
  },
  {
    operations: ['DeleteDBSnapshot'],
    answers: 'automated snapshots, and those that are not available, are not deleted',
    before(context) {
      const identifier = context.parameters.get('DBSnapshotIdentifier') ?? '';
      if (nameOf(identifier).startsWith('rds:'))
        throw new Refusal(
          'InvalidDBSnapshotState',
          `Cannot delete the snapshot because a snapshot with the identifier ${identifier} is not a manual snapshot.`,
        );
      refuseUnavailable(context, identifier);
    },
    after(context) {
      const name = nameOf(context.asked.get('DBSnapshotIdentifier') ?? '');
      context.world.databaseSnapshots.delete(name);
      context.ages.delete(snapshotKey(name));
    },
  },
  {
    operations: ['DescribeDBSnapshots'],
    answers: "automated snapshots under AWS's names; filter by type and resource id",
    before(context) {
      const { parameters } = context;
      const identifier = parameters.get('DBSnapshotIdentifier');
      if (identifier !== undefined) parameters.set('DBSnapshotIdentifier', insideName(context, identifier));
      const type = parameters.get('SnapshotType');
      if (type === 'automated' || type === 'manual') parameters.delete('SnapshotType');
      parameters.delete('DbiResourceId');
      const filters = parameters.filters();
      parameters.deletePrefix('Filters.');
      filters
        .filter(({ name }) => !['snapshot-type', 'dbi-resource-id'].includes(name))
        .forEach(({ name, values }, index) => {
          parameters.set(`Filters.Filter.${index + 1}.Name`, name);
          values.forEach((value, position) =>
            parameters.set(
              `Filters.Filter.${index + 1}.Values.Value.${position + 1}`,
              name === 'db-snapshot-id' ? insideName(context, value) : value,
            ),
          );
        });
    },
    after(context, answer) {
      const list = child(child(answer, 'DescribeDBSnapshotsResult'), 'DBSnapshots');
      if (list === undefined) return;
      for (const snapshot of snapshotsIn(list)) show(context, snapshot, true);
      const { asked } = context;
      const wanted = (name: string, parameter: string): readonly string[] => [
        ...asked
          .filters()
          .filter((filter) => filter.name === name)
          .flatMap(({ values }) => values),
        ...(asked.get(parameter) === undefined ? [] : [asked.get(parameter) ?? '']),
      ];
      const [types, resources] = [wanted('snapshot-type', 'SnapshotType'), wanted('dbi-resource-id', 'DbiResourceId')];
      list.children = list.children.filter(
        (snapshot) =>
          (types.length === 0 || types.includes(textAt(snapshot, 'SnapshotType')) || types.includes('shared')) &&
          (resources.length === 0 || resources.includes(textAt(snapshot, 'DbiResourceId'))),
      );
    },
  },
  {
    operations: ['CreateDBSnapshot', 'CopyDBSnapshot'],
    answers: "a new snapshot shows its state and its source's settings",
    after(context, answer) {
      for (const snapshot of snapshotsIn(answer)) show(context, snapshot, false);
    },
  },
];

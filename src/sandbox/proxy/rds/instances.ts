import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { child, copyOf, textAt } from '../protocol/xml.ts';
import { rdsAnswer } from '../protocol/query.ts';
import { element } from '../protocol/xml.ts';
import { replaceOwnSnapshot } from './automated.ts';
import { accountKey, requireDatabaseKey } from '../protocol/kms-keys.ts';
import {
  databaseKey,
  databaseOf,
  databasesIn,
  keepFields,
  memoryOf,
  nameOf,
  newResourceId,
  showDatabase,
  snapshotKey,
} from './memory.ts';

const CREATORS = [
  'CreateDBInstance',
  'RestoreDBInstanceFromDBSnapshot',
  'RestoreDBInstanceToPointInTime',
  'CreateDBInstanceReadReplica',
];

/** The name that a creating request gives. */
export const createdName = (context: QueryContext): string =>
  nameOf(context.asked.get('TargetDBInstanceIdentifier') ?? context.asked.get('DBInstanceIdentifier') ?? '');

/** An instance that is being deleted is there until its final snapshot is complete. */
export function isDeleting(context: QueryContext, name: string): boolean {
  const { deletedDatabases, transitions, settings } = context.world;
  if (!deletedDatabases.has(name)) return false;
  const final = settings.get(`${databaseKey(name)}/final`);
  return (
    transitions.peek(databaseKey(name)) === 'deleting' ||
    (final !== undefined && transitions.peek(snapshotKey(final)) !== undefined)
  );
}

/** Counts a reading of an instance that is being deleted: of what it waits for itself, and of its final snapshot. */
function readDeleting({ world: { transitions, settings } }: QueryContext, name: string): void {
  const final = settings.get(`${databaseKey(name)}/final`);
  if (transitions.read(databaseKey(name)) === undefined && final !== undefined) transitions.read(snapshotKey(final));
}

/** Puts the instance as the emulator now has it in the place of the one in the answer. */
export async function refresh(context: QueryContext, answer: QueryAnswer, name: string): Promise<void> {
  const [shown] = databasesIn(answer);
  if (shown !== undefined) shown.children = copyOf(await databaseOf(context, name)).children;
}
type QueryAnswer = Parameters<NonNullable<QueryCorrection['after']>>[1];

export const createInstance: QueryCorrection = {
  operations: CREATORS,
  answers:
    'a new DbiResourceId per incarnation; a name that is still being deleted is taken; creating and backing-up for a while; the key of the account where none is named; a key that cannot be used; automated snapshots do not collide within a minute',
  before(context) {
    const name = createdName(context);
    if (isDeleting(context, name)) throw new Refusal('DBInstanceAlreadyExists', `DB instance already exists`);
    if (
      context.operation === 'CreateDBInstance' &&
      context.parameters.isTrue('StorageEncrypted') &&
      !context.parameters.has('KmsKeyId')
    ) {
      context.parameters.set('KmsKeyId', accountKey(context.world.region, context.world.account));
    }
    requireDatabaseKey(context.world.keys, context.parameters.get('KmsKeyId') ?? '');
  },
  async after(context, answer) {
    const { world, asked } = context;
    const name = createdName(context);
    world.deletedDatabases.delete(name);
    context.ages.delete(databaseKey(name));
    const memory = { resourceId: newResourceId(), fields: {}, pending: {}, roles: {} };
    world.databases.set(name, memory);
    keepFields(memory, asked);
    await replaceOwnSnapshot(world, context.send, name);
    world.transitions.begin(databaseKey(name), 'creating', 'backing-up');
    await refresh(context, answer, name);
  },
};

export const describeInstances: QueryCorrection = {
  operations: ['DescribeDBInstances'],
  answers: 'an instance that is being deleted is shown so for a while, then not found; filter by resource id',
  before(context) {
    const { parameters, world } = context;
    const asked = parameters.get('DBInstanceIdentifier');
    const ghost =
      asked === undefined || !isDeleting(context, nameOf(asked))
        ? undefined
        : world.deletedDatabases.get(nameOf(asked));
    if (asked !== undefined && ghost !== undefined) {
      readDeleting(context, nameOf(asked));
      return rdsAnswer(context.operation, [element('DBInstances', [copyOf(ghost)])]);
    }
    const filters = parameters.filters();
    parameters.deletePrefix('Filters.');
    filters.forEach(({ name, values }, index) => {
      const prefix = `Filters.Filter.${index + 1}`;
      const byResource = name === 'dbi-resource-id';
      const identifiers = byResource
        ? [...world.databases]
            .filter(([, memory]) => values.includes(memory.resourceId))
            .map(([identifier]) => identifier)
        : values;
      parameters.set(`${prefix}.Name`, byResource ? 'db-instance-id' : name);
      (identifiers.length === 0 ? ['no-such-instance'] : identifiers).forEach((value, position) =>
        parameters.set(`${prefix}.Values.Value.${position + 1}`, value),
      );
    });
    return undefined;
  },
  after(context, answer) {
    const { asked, world } = context;
    const result = child(answer, 'DescribeDBInstancesResult');
    const list = child(result, 'DBInstances');
    if (list === undefined || asked.has('DBInstanceIdentifier') || textAt(result, 'Marker') !== '') return;
    const filters = asked.filters();
    for (const [name, ghost] of world.deletedDatabases) {
      const matches = filters.every(
        (filter) =>
          (filter.name === 'db-instance-id' && filter.values.map(nameOf).includes(name)) ||
          (filter.name === 'dbi-resource-id' && filter.values.includes(textAt(ghost, 'DbiResourceId'))),
      );
      if (isDeleting(context, name) && matches) list.children.push(copyOf(ghost));
    }
  },
};

/** Last of all: what every instance in every answer shows. */
export const shownInstances: QueryCorrection = {
  operations: ['*'],
  answers: 'resource ids, states in between, pending changes and settings that the emulator forgets',
  after(context, answer) {
    for (const database of databasesIn(answer)) {
      const name = nameOf(textAt(database, 'DBInstanceIdentifier'));
      if (textAt(database, 'DBInstanceStatus') === 'deleting' && context.world.deletedDatabases.has(name)) {
        if (context.operation === 'DescribeDBInstances') readDeleting(context, name);
      } else showDatabase(context, database, context.operation === 'DescribeDBInstances');
    }
  },
};

export const renamed = (context: QueryContext, from: string, to: string): void => {
  const { world, ages } = context;
  world.databases.set(to, memoryOf(world, from));
  world.databases.delete(from);
  world.transitions.rename(databaseKey(from), databaseKey(to));
  const age = ages.get(databaseKey(from));
  ages.delete(databaseKey(from));
  if (age !== undefined) ages.set(databaseKey(to), age);
  for (const [shown, snapshot] of world.automated)
    if (snapshot.instance === from) world.automated.set(shown, { ...snapshot, instance: to });
};

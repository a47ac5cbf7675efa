import type { Json, JsonObject } from '../../src/base/json.ts';
import { boxReads } from './memory-box-calls.ts';
import { BOX, DATABASE, GROUP, LINK, NETWORK, NOTE } from './memory-schemas.ts';
import { awsError, keyOf, observe, type Item, type Snapshot, type State } from './memory-state.ts';
import { describe, text, texts } from './memory-values.ts';

/** What can be read, by `service:Operation`. */
export const reads: Readonly<Record<string, (state: State, input: JsonObject) => JsonObject>> = {
  'rds:DescribeDatabases': (state, input) => ({ Databases: several(state, DATABASE, input['Names']) }),
  'rds:DescribeDatabase': (state, input) =>
    single(state, DATABASE, text(input['DatabaseName']), 'rds:DescribeDatabase', 'DatabaseNotFound'),
  'rds:GetDatabaseScript': (state, input) => ({
    Script: state.items.get(keyOf(DATABASE, text(input['DatabaseName'])))?.properties['Script'] ?? null,
  }),
  'rds:DescribeDatabaseSnapshot': (state, input) => {
    const snapshot = state.snapshots.get(text(input['SnapshotName']));
    if (snapshot !== undefined && snapshot.hidden > 0) snapshot.hidden -= 1;
    else if (snapshot !== undefined) return describeSnapshot(snapshot);
    throw awsError(
      'rds:DescribeDatabaseSnapshot',
      'SnapshotNotFound',
      'absent',
      `no snapshot ${text(input['SnapshotName'])}`,
    );
  },
  'rds:DescribeDatabaseSnapshots': (state, input) => ({
    Snapshots: [...state.snapshots.values()]
      .filter(({ database }) => input['DatabaseName'] === undefined || database === input['DatabaseName'])
      .map(({ name, database, created, tags }) => ({
        SnapshotName: name,
        DatabaseName: database,
        Created: created,
        Tags: { ...tags },
      })),
  }),
  'ec2:DescribeGroups': (state, input) => ({ Groups: several(state, GROUP, input['Ids']) }),
  'ec2:DescribeNetworks': (state, input) => ({ Networks: several(state, NETWORK, input['Ids']) }),
  'ec2:DescribeLinks': (state, input) => ({ Links: several(state, LINK, input['Names']) }),
  's3:ListNotes': (state, input) => ({ Notes: several(state, NOTE, input['Names']) }),
  ...boxReads,
  's3:ListBoxes': (state, input) => ({ Boxes: several(state, BOX, input['Names']) }),
  's3:GetNote': (state, input) => single(state, NOTE, text(input['NoteName']), 's3:GetNote', 'NoSuchNote'),
};

function describeSnapshot(snapshot: Snapshot): JsonObject {
  const status = snapshot.failed ? 'failed' : snapshot.polls > 0 ? 'creating' : 'available';
  if (snapshot.polls > 0) snapshot.polls -= 1;
  return {
    SnapshotName: snapshot.name,
    DatabaseName: snapshot.database,
    Status: status,
    Percent: status === 'available' ? 100 : 50,
    Rows: snapshot.rows.length,
    Encrypted: true,
    Created: snapshot.created,
    Tags: { ...snapshot.tags },
  };
}

/** What a read shows of an item; null where it shows none. */
function shown(state: State, item: Item): JsonObject | null {
  if (item.hidden > 0) {
    item.hidden -= 1;
    return null;
  }
  if (item.former !== null && item.former.left > 0) {
    item.former.left -= 1;
    return item.former.view;
  }
  return observe(state, item) ? describe(item) : null;
}

/** What a read still shows of a deleted item; null where it shows none. */
function ghost(state: State, type: string, identity: string): JsonObject | null {
  const found = state.ghosts.get(keyOf(type, identity));
  if (found === undefined || found.left === 0) return null;
  found.left -= 1;
  return found.view;
}

/** A filter: what does not exist is left out. Without names, everything. */
function several(state: State, type: string, names: Json | undefined): JsonObject[] {
  const wanted = names === undefined ? null : new Set(texts(names));
  const isWanted = (one: { readonly type: string; readonly identity: string }): boolean =>
    one.type === type && (wanted === null || wanted.has(one.identity));
  return [
    ...[...state.items.values()].filter(isWanted).map((item) => shown(state, item)),
    ...[...state.ghosts.values()]
      .filter((one) => isWanted(one) && !state.items.has(keyOf(type, one.identity)))
      .map((one) => ghost(state, type, one.identity)),
  ].filter((view) => view !== null);
}

function single(state: State, type: string, identity: string, operation: string, code: string): JsonObject {
  const item = state.items.get(keyOf(type, identity));
  const view = item === undefined ? ghost(state, type, identity) : shown(state, item);
  if (view === null) throw awsError(operation, code, 'absent', `no ${identity}`);
  return view;
}

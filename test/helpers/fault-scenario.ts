import { expect } from '@jest/globals';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { benchOf, changePlanOf, entryOf, type Bench } from './apply-world.ts';
import { BOX, createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE, type Seed } from './memory-world.ts';

/** One account and one change plan with every kind of step, for the fault tests. */
export const run = '20260226-230000-0001';

/** What no plan names: it stays as it is, whatever happens. */
const bystanders: readonly Seed[] = [
  {
    type: GROUP,
    identity: 'g-bystander',
    properties: {
      GroupName: 'bystander',
      NetworkId: 'net-1',
      Rules: [{ Protocol: 'tcp', Port: 22, Source: '10.0.0.0/8' }],
    },
  },
  { type: DATABASE, identity: 'bystander', properties: { Class: 'db.small', Script: 'untouched' }, rows: ['mine'] },
  { type: NOTE, identity: 'bystander', properties: { Text: 'untouched' } },
  { type: BOX, identity: 'bystander', rows: ['k=v'] },
];

export const freshBench = (): Bench =>
  benchOf(
    createMemoryWorld({
      seed: [
        { type: NETWORK, identity: 'net-1', properties: { Range: '10.0.0.0/16', Tags: {} } },
        {
          type: GROUP,
          identity: 'g-web',
          properties: {
            GroupName: 'web',
            NetworkId: 'net-1',
            Rules: [{ Protocol: 'tcp', Port: 443, Source: '10.0.0.0/8' }],
          },
        },
        { type: GROUP, identity: 'g-old', properties: { GroupName: 'old', NetworkId: 'net-1' } },
        {
          type: DATABASE,
          identity: 'courses',
          properties: {
            Class: 'db.large',
            GroupIds: ['g-web'],
            Script: 'boot',
            Retention: 14,
            Protected: true,
            Tags: { team: 'x' },
          },
          rows: ['a', 'b', 'c'],
        },
        { type: DATABASE, identity: 'other', properties: { Class: 'db.small', Script: 'other boot' }, rows: ['z'] },
        { type: NOTE, identity: 'readme', properties: { Text: 'old', Settings: { a: 1, b: { c: 2 } } } },
        {
          type: BOX,
          identity: 'files',
          properties: { Policy: 'mine', Settings: { rules: 3 }, Tags: { team: 'x' } },
          rows: ['a=1', 'b=2', 'c=3'],
        },
        { type: BOX, identity: 'shelf', properties: { Settings: { rules: 1 } }, rows: ['x=1'] },
        ...bystanders,
      ],
    }),
  );

export const changePlan: ChangePlan = changePlanOf([
  entryOf('Db', DATABASE, {
    action: 'delete',
    id: 'courses',
    expect: { Class: 'db.large' },
    properties: { Protected: false },
  }),
  entryOf('Web', GROUP, { action: 'delete', id: 'g-web', expect: { GroupName: 'web' } }),
  entryOf('Old', GROUP, { action: 'replace', id: 'g-old', order: 'create-first', properties: { GroupName: 'newer' } }),
  entryOf('Note', NOTE, {
    id: 'readme',
    properties: { Text: 'new', Settings: { b: { c: 3 }, d: 4 } },
    expect: { Settings: { b: { c: 2 } } },
  }),
  entryOf('Other', DATABASE, { id: 'other', properties: { Class: 'db.large', Script: 'new boot' } }),
  entryOf('Fresh', NOTE, {
    action: 'create',
    properties: { NoteName: 'fresh', Text: { 'Fn::GetAtt': ['Group', 'GroupId'] } },
  }),
  entryOf('Files', BOX, { action: 'delete', id: 'files', expect: { Policy: 'mine' } }),
  entryOf('Shelf', BOX, { id: 'shelf', properties: { Settings: { rules: 2 }, Tags: { note: 'me' } } }),
  entryOf('Made', DATABASE, {
    action: 'create',
    reason: 'test',
    properties: {
      DatabaseName: 'made',
      Engine: 'postgres',
      Class: 'db.small',
      GroupIds: [{ Ref: 'Group' }],
      Script: 'first boot',
    },
  }),
  entryOf('Group', GROUP, { action: 'create', properties: { GroupName: 'made', NetworkId: 'net-1' } }),
]);

/**
 * The change plan in pieces of one kind of step each, with what each needs: for what is tried at every two points of a
 * run, where a long run costs too much.
 */
export const pieces: Readonly<Record<string, ChangePlan>> = Object.fromEntries(
  Object.entries({
    'deletes with a native snapshot': ['Db', 'Web'],
    'a replace and an update': ['Old', 'Note'],
    'updates of what holds data': ['Other', 'Shelf'],
    'a delete piece by piece': ['Files'],
    creates: ['Fresh', 'Made', 'Group'],
  }).map(([name, addresses]) => [
    name,
    { ...changePlan, resources: changePlan.resources.filter(({ address }) => addresses.includes(address)) },
  ]),
);

/** The state with every new identity written as the former one. */
export const unmapped = (state: JsonObject, map: Readonly<Record<string, string>>): JsonObject => {
  let text = JSON.stringify(state);
  for (const [from, to] of Object.entries(map)) text = text.replaceAll(to, from);
  return JSON.parse(text) as JsonObject;
};

/** Former → new identities, as the tags of what was restored tell. */
export async function restoredAs(bench: Bench): Promise<Readonly<Record<string, string>>> {
  const map: Record<string, string> = {};
  for (const { type, identity } of bench.world.list()) {
    const from = (await bench.world.get(type, identity))?.systemTags['aiplan:restored-from'];
    if (from !== undefined) map[from] = identity;
  }
  return map;
}

/** Takes the run back by a rollback that finds no conflict and ends as done; answers its map of identities. */
export async function takeBack(bench: Bench, name: string, where: string): Promise<Readonly<Record<string, string>>> {
  const draft = await bench.rollback(run);
  expect([where, draft.findings.filter(({ severity }) => severity !== 'info')]).toEqual([where, []]);
  const report = await bench.apply(draft.changePlan, { run: name });
  expect([where, report.outcome, report.message, report.findings]).toEqual([where, 'done', null, []]);
  return report.map;
}

import fc from 'fast-check';
import type { ResourceEntry } from '../../src/domain/change-plan.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { entryOf } from './apply-world.ts';
import { BOX, DATABASE, GROUP, NOTE, type Seed } from './memory-world.ts';

const word = fc.constantFrom('a', 'b', 'c', 'web', 'x.y', '__proto__', 'k8s.io/z', '');
const small = fc.integer({ min: 1, max: 9 });
const tags = fc.dictionary(
  fc.constantFrom('Name', 'team', 'k8s.io/a.b', 'owner'),
  fc.constantFrom('one', 'two', 'three'),
  { maxKeys: 3 },
);
const settings = fc.dictionary(
  word.filter((key) => key !== ''),
  fc.oneof(small, fc.constantFrom('s', 't'), fc.dictionary(fc.constantFrom('p', 'q'), small)),
  { maxKeys: 3 },
);
const rule = fc.record({
  Protocol: fc.constantFrom('tcp', 'udp'),
  Port: small,
  Source: fc.constantFrom('10.0.0.0/8', '0.0.0.0/0'),
});
const rules = fc.uniqueArray(rule, {
  maxLength: 4,
  selector: ({ Protocol, Port, Source }) => `${Protocol} ${Port} ${Source}`,
});
const parameters = fc.dictionary(fc.constantFrom('p1', 'p2', 'p3'), fc.constantFrom('on', 'off'), { maxKeys: 3 });

/** An account and a change plan for it. */
export interface Scene {
  readonly seeds: readonly Seed[];
  readonly entries: readonly ResourceEntry[];
}

/** What an update needs to state to be allowed to take away what it leaves out (law 1). */
const statedRemovals = (before: readonly Json[], after: readonly Json[]): readonly Json[] => {
  const kept = new Set(after.map((item) => JSON.stringify(item)));
  return before.filter((item) => !kept.has(JSON.stringify(item)));
};

const noteScene = (name: string): fc.Arbitrary<Scene> =>
  fc
    .record({
      before: fc.record({ Text: word, Settings: settings, Tags: tags }),
      after: fc.record({ Text: word, Settings: settings, Tags: tags }, { requiredKeys: [] }),
      action: fc.constantFrom('none', 'create', 'update', 'delete'),
    })
    .map(({ before, after, action }) => ({
      seeds: action === 'create' ? [] : [{ type: NOTE, identity: name, properties: before as JsonObject }],
      entries:
        action === 'none'
          ? []
          : [
              action === 'create'
                ? entryOf(`Note${name}`, NOTE, { action, properties: { ...(after as JsonObject), NoteName: name } })
                : entryOf(`Note${name}`, NOTE, {
                    action,
                    id: name,
                    ...(action === 'update' ? { properties: after as JsonObject } : {}),
                  }),
            ],
    }));

const groupScene = (name: string): fc.Arbitrary<Scene> =>
  fc
    .record({
      before: fc.record({ Rules: rules, Tags: tags }),
      after: fc.record({ Rules: rules, Tags: tags }),
      action: fc.constantFrom('none', 'create', 'update', 'delete', 'replace'),
      order: fc.constantFrom('create-first' as const, 'delete-first' as const),
    })
    .map(({ before, after, action, order }) => {
      const id = `g-${name}`;
      const address = `Group${name}`;
      const stated = statedRemovals(before.Rules, after.Rules);
      const common = {
        properties: after as unknown as JsonObject,
        reason: 'test',
        ...(stated.length === 0 ? {} : { expect: { Rules: stated } }),
      };
      return {
        seeds:
          action === 'create'
            ? []
            : [
                {
                  type: GROUP,
                  identity: id,
                  properties: {
                    GroupName: name,
                    Description: '',
                    NetworkId: 'net-1',
                    ...before,
                  } as unknown as JsonObject,
                },
              ],
        entries:
          action === 'none'
            ? []
            : [
                action === 'create'
                  ? entryOf(address, GROUP, {
                      action,
                      reason: 'test',
                      properties: { ...(after as unknown as JsonObject), GroupName: name, NetworkId: 'net-1' },
                    })
                  : action === 'delete'
                    ? entryOf(address, GROUP, { action, id })
                    : action === 'replace'
                      ? entryOf(address, GROUP, {
                          ...common,
                          action,
                          id,
                          order,
                          properties: { ...common.properties, GroupName: `${name}2` },
                        })
                      : entryOf(address, GROUP, { ...common, action, id }),
              ],
      };
    });

const databaseScene = (name: string): fc.Arbitrary<Scene> =>
  fc
    .record({
      before: fc.record({
        Class: fc.constantFrom('db.small', 'db.large'),
        Retention: fc.constantFrom(1, 7, 14),
        Public: fc.boolean(),
        Parameters: parameters,
        Tags: tags,
        Script: fc.constantFrom('one', 'two'),
      }),
      after: fc.record(
        {
          Class: fc.constantFrom('db.small', 'db.large'),
          Retention: fc.constantFrom(14, 20),
          Public: fc.boolean(),
          Parameters: parameters,
          Tags: tags,
          Script: fc.constantFrom('two', 'three'),
        },
        { requiredKeys: [] },
      ),
      action: fc.constantFrom('none', 'create', 'update', 'delete'),
      rows: fc.array(word, { maxLength: 3 }),
      uses: fc.boolean(),
    })
    .map(({ before, after, action, rows, uses }) => {
      const address = `Db${name}`;
      const group = uses ? { GroupIds: ['g-one'] } : {};
      return {
        seeds:
          action === 'create'
            ? []
            : [{ type: DATABASE, identity: name, properties: { ...before, ...group } as JsonObject, rows }],
        entries:
          action === 'none'
            ? []
            : [
                action === 'create'
                  ? entryOf(address, DATABASE, {
                      action,
                      reason: 'test',
                      properties: {
                        Class: 'db.small',
                        ...(after as JsonObject),
                        ...(uses ? { GroupIds: [{ Ref: 'Groupone' }] } : {}),
                        DatabaseName: name,
                        Engine: 'postgres',
                      },
                    })
                  : entryOf(address, DATABASE, {
                      action,
                      id: name,
                      ...(action === 'update' ? { properties: after as JsonObject } : {}),
                    }),
              ],
      };
    });

/** Generated accounts and change plans: notes, groups that are named by databases, databases with rows. */
export const scene: fc.Arbitrary<Scene> = fc
  .tuple(
    noteScene('n1'),
    noteScene('n2'),
    groupScene('one'),
    groupScene('two'),
    databaseScene('d1'),
    databaseScene('d2'),
    fc.integer({ min: 0, max: 3 }),
  )
  .map(([...parts]) => {
    const scenes = parts.filter((part): part is Scene => typeof part === 'object');
    const seeds = scenes.flatMap((part) => part.seeds);
    const hasGroup = seeds.some(({ identity }) => identity === 'g-one');
    const named = new Set(scenes.flatMap((part) => part.entries.map(({ address }) => address)));
    return {
      // What would name a group that is not there names none.
      seeds: seeds.map((item) =>
        hasGroup || item.type !== DATABASE ? item : { ...item, properties: { ...item.properties, GroupIds: [] } },
      ),
      entries: scenes
        .flatMap((part) => part.entries)
        .map((entry) => {
          const names = JSON.stringify(entry.properties ?? {}).includes('"Groupone"');
          return !names ||
            (named.has('Groupone') &&
              scenes.some((part) =>
                part.entries.some(({ address, action }) => address === 'Groupone' && action !== 'delete'),
              ))
            ? entry
            : { ...entry, properties: { ...entry.properties, GroupIds: [] } };
        }),
    };
  });

/** Rules are a set: their order is not a state. */
export const unordered = (state: JsonObject): JsonObject =>
  JSON.parse(JSON.stringify(state), (key, value: unknown) =>
    key === 'Rules' && Array.isArray(value) ? value.map((item) => JSON.stringify(item)).sort() : value,
  ) as JsonObject;

const boxScene = (name: string): fc.Arbitrary<Scene> =>
  fc
    .record({
      rules: small,
      tags,
      objects: fc.uniqueArray(fc.constantFrom('a=1', 'b=2', 'c=3', 'd=4'), { maxLength: 4 }),
      after: small,
      action: fc.constantFrom('none', 'create', 'update', 'delete'),
    })
    .map(({ rules: before, tags: own, objects, after, action }) => ({
      seeds:
        action === 'create'
          ? []
          : [
              {
                type: BOX,
                identity: name,
                properties: { Settings: { rules: before }, Policy: 'mine', Tags: own } as JsonObject,
                rows: objects,
              },
            ],
      entries:
        action === 'none'
          ? []
          : [
              action === 'create'
                ? entryOf(`Box${name}`, BOX, {
                    action,
                    reason: 'test',
                    properties: { BoxName: name, Settings: { rules: after } },
                  })
                : entryOf(`Box${name}`, BOX, {
                    action,
                    id: name,
                    ...(action === 'update' ? { properties: { Settings: { rules: after } } } : {}),
                  }),
            ],
    }));

/** Scenes with boxes of objects, too. */
export const fullScene: fc.Arbitrary<Scene> = fc
  .tuple(scene, boxScene('b1'), boxScene('b2'))
  .map((parts) => ({ seeds: parts.flatMap(({ seeds }) => seeds), entries: parts.flatMap(({ entries }) => entries) }));

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ResourceEntry } from '../../src/model/change-plan.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { restoredAs, unmapped } from '../helpers/fault-scenario.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE, type Seed } from '../helpers/memory-world.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20_260_226);
const run = '20260226-230000-0001';

const word = fc.constantFrom('a', 'b', 'c', 'web', 'x.y', '__proto__', 'k8s.io/z', '');
const small = fc.integer({ min: 1, max: 9 });
const tags = fc.dictionary(fc.constantFrom('Name', 'team', 'k8s.io/a.b', 'owner'), fc.constantFrom('one', 'two', 'three'), { maxKeys: 3 });
const settings = fc.dictionary(word.filter((key) => key !== ''), fc.oneof(small, fc.constantFrom('s', 't'), fc.dictionary(fc.constantFrom('p', 'q'), small)), { maxKeys: 3 });
const rule = fc.record({ Protocol: fc.constantFrom('tcp', 'udp'), Port: small, Source: fc.constantFrom('10.0.0.0/8', '0.0.0.0/0') });
const rules = fc.uniqueArray(rule, { maxLength: 4, selector: ({ Protocol, Port, Source }) => `${Protocol} ${Port} ${Source}` });
const parameters = fc.dictionary(fc.constantFrom('p1', 'p2', 'p3'), fc.constantFrom('on', 'off'), { maxKeys: 3 });

interface Scene { readonly seeds: readonly Seed[]; readonly entries: readonly ResourceEntry[] }

/** What an update needs to state to be allowed to take away what it leaves out (law 1). */
const statedRemovals = (before: readonly Json[], after: readonly Json[]): readonly Json[] => {
  const kept = new Set(after.map((item) => JSON.stringify(item)));
  return before.filter((item) => !kept.has(JSON.stringify(item)));
};

const noteScene = (name: string): fc.Arbitrary<Scene> => fc.record({ before: fc.record({ Text: word, Settings: settings, Tags: tags }), after: fc.record({ Text: word, Settings: settings, Tags: tags }, { requiredKeys: [] }), action: fc.constantFrom('none', 'create', 'update', 'delete') })
  .map(({ before, after, action }) => ({
    seeds: action === 'create' ? [] : [{ type: NOTE, identity: name, properties: before as JsonObject }],
    entries: action === 'none' ? [] : [action === 'create' ? entryOf(`Note${name}`, NOTE, { action, properties: { ...(after as JsonObject), NoteName: name } })
      : entryOf(`Note${name}`, NOTE, { action, id: name, ...(action === 'update' ? { properties: after as JsonObject } : {}) })],
  }));

const groupScene = (name: string): fc.Arbitrary<Scene> => fc.record({ before: fc.record({ Rules: rules, Tags: tags }), after: fc.record({ Rules: rules, Tags: tags }), action: fc.constantFrom('none', 'create', 'update', 'delete', 'replace'), order: fc.constantFrom('create-first' as const, 'delete-first' as const) })
  .map(({ before, after, action, order }) => {
    const id = `g-${name}`;
    const address = `Group${name}`;
    const stated = statedRemovals(before.Rules, after.Rules);
    const common = { properties: after as unknown as JsonObject, reason: 'test', ...(stated.length === 0 ? {} : { expect: { Rules: stated } }) };
    return {
      seeds: action === 'create' ? [] : [{ type: GROUP, identity: id, properties: { GroupName: name, Description: '', NetworkId: 'net-1', ...before } as unknown as JsonObject }],
      entries: action === 'none' ? [] : [action === 'create' ? entryOf(address, GROUP, { action, reason: 'test', properties: { ...(after as unknown as JsonObject), GroupName: name, NetworkId: 'net-1' } })
        : action === 'delete' ? entryOf(address, GROUP, { action, id })
          : action === 'replace' ? entryOf(address, GROUP, { ...common, action, id, order, properties: { ...common.properties, GroupName: `${name}2` } })
            : entryOf(address, GROUP, { ...common, action, id })],
    };
  });

const databaseScene = (name: string): fc.Arbitrary<Scene> => fc.record({
  before: fc.record({ Class: fc.constantFrom('db.small', 'db.large'), Retention: fc.constantFrom(1, 7, 14), Public: fc.boolean(), Parameters: parameters, Tags: tags, Script: fc.constantFrom('one', 'two') }),
  after: fc.record({ Class: fc.constantFrom('db.small', 'db.large'), Retention: fc.constantFrom(14, 20), Public: fc.boolean(), Parameters: parameters, Tags: tags, Script: fc.constantFrom('two', 'three') }, { requiredKeys: [] }),
  action: fc.constantFrom('none', 'create', 'update', 'delete'), rows: fc.array(word, { maxLength: 3 }), uses: fc.boolean(),
}).map(({ before, after, action, rows, uses }) => {
  const address = `Db${name}`;
  const group = uses ? { GroupIds: ['g-one'] } : {};
  return {
    seeds: action === 'create' ? [] : [{ type: DATABASE, identity: name, properties: { ...before, ...group } as JsonObject, rows }],
    entries: action === 'none' ? [] : [action === 'create' ? entryOf(address, DATABASE, { action, reason: 'test', properties: { Class: 'db.small', ...(after as JsonObject), ...(uses ? { GroupIds: [{ Ref: 'Groupone' }] } : {}), DatabaseName: name, Engine: 'postgres' } })
      : entryOf(address, DATABASE, { action, id: name, ...(action === 'update' ? { properties: after as JsonObject } : {}) })],
  };
});

const scene: fc.Arbitrary<Scene> = fc.tuple(noteScene('n1'), noteScene('n2'), groupScene('one'), groupScene('two'), databaseScene('d1'), databaseScene('d2'), fc.integer({ min: 0, max: 3 }))
  .map(([...parts]) => {
    const scenes = parts.filter((part): part is Scene => typeof part === 'object');
    const seeds = scenes.flatMap((part) => part.seeds);
    const hasGroup = seeds.some(({ identity }) => identity === 'g-one');
    const named = new Set(scenes.flatMap((part) => part.entries.map(({ address }) => address)));
    return {
      // What would name a group that is not there names none.
      seeds: seeds.map((item) => (hasGroup || item.type !== DATABASE ? item : { ...item, properties: { ...item.properties, GroupIds: [] } })),
      entries: scenes.flatMap((part) => part.entries).map((entry) => {
        const names = JSON.stringify(entry.properties ?? {}).includes('"Groupone"');
        return !names || (named.has('Groupone') && scenes.some((part) => part.entries.some(({ address, action }) => address === 'Groupone' && action !== 'delete')))
          ? entry : { ...entry, properties: { ...entry.properties, GroupIds: [] } };
      }),
    };
  });

/** Rules are a set: their order is not a state. */
const unordered = (state: JsonObject): JsonObject => JSON.parse(JSON.stringify(state), (key, value: unknown) =>
  (key === 'Rules' && Array.isArray(value) ? value.map((item) => JSON.stringify(item)).sort() : value)) as JsonObject;

const benchFor = ({ seeds }: Scene): Bench => benchOf(createMemoryWorld({ seed: [{ type: NETWORK, identity: 'net-1', properties: { Range: '10.0.0.0/16', Tags: {} } }, ...seeds] }));

describe('apply, for generated change plans', () => {
  it('leaves nothing to plan, and a rollback brings the former state back, data included', async () => {
    const counts = { applied: 0, blocked: 0, steps: 0 };
    await fc.assert(fc.asyncProperty(scene, async (given) => {
      const bench = benchFor(given);
      const changePlan = changePlanOf(given.entries);
      const planned = await bench.plan(changePlan);
      if (planned.plan.findings.some(({ severity }) => severity === 'error')) {
        counts.blocked += 1;
        return;
      }
      const before = await bench.state();
      const report = await bench.apply(changePlan, { run });
      expect([report.outcome, report.message, report.findings]).toEqual(['done', null, []]);

      const gone = planned.plan.steps.flatMap(({ action, type, identity }) => ((action === 'delete' || action === 'replace') && identity !== null ? [{ type, identity }] : []));
      const again = await bench.plan(changePlan, gone);
      expect(again.plan.steps.filter(({ action }) => action !== 'keep').map(({ id, action, changes }) => [id, action, changes])).toEqual([]);

      const draft = await bench.rollback(run);
      expect(draft.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
      const back = await bench.apply(draft.changePlan, { run: 'back' });
      expect([back.outcome, back.message, back.findings]).toEqual(['done', null, []]);
      expect(unordered(unmapped(await bench.state(), { ...(await restoredAs(bench)), ...back.map }))).toEqual(unordered(before));
      counts.applied += 1;
      counts.steps += report.steps.length;
    }), { seed, numRuns: 60 });
    process.stdout.write(`apply: seed ${seed}, ${counts.applied} plans of ${counts.steps} steps applied and taken back, ${counts.blocked} blocked\n`);
    expect(counts.applied).toBeGreaterThan(20);
  }, 120_000);
});

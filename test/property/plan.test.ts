import fc from 'fast-check';
import { afterAll, describe, expect, it } from '@jest/globals';
import { plan } from '../../src/plan/planner.ts';
import { digestsFit, planDigest } from '../../src/plan/steps/digests.ts';
import { canonical } from '../../src/base/digest.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource, LiveState } from '../../src/domain/live.ts';
import type { Planned } from '../../src/domain/plan.ts';
import { createMemoryWorld, DATABASE, GROUP, memoryTarget, NETWORK, NOTE } from '../helpers/memory-world.ts';
import {
  changePlanOf,
  plainConfiguration,
  planFor,
  planningNow,
  type EntrySample,
} from '../helpers/planning-samples.ts';

/** Set AIPLAN_SEED to run a failure again; the seed of this run is printed when anything fails. */
const seed = Number(process.env['AIPLAN_SEED'] ?? 20_260_226);
const check = async (property: fc.IAsyncProperty<unknown[]>, numRuns = 150): Promise<void> => {
  await fc.assert(property as fc.IAsyncProperty<unknown>, { seed, numRuns });
};
afterAll(() => {
  process.stderr.write(`property seed ${seed}\n`);
});

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;
const settings = fc.dictionary(fc.string({ maxLength: 8 }), json, { maxKeys: 6 }) as fc.Arbitrary<JsonObject>;
/** Free-form JSON that is no reference, secret or statement, and has no null (which means "remove"). */
const plain = settings.map((value) => clean(value) as JsonObject);
const clean = (value: Json): Json => {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map((item: Json) => clean(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([key, item]) =>
          item !== null && item !== undefined && !key.startsWith('$') && key !== 'Ref' && !key.startsWith('Fn::'),
      )
      .map(([key, item]) => [key, clean(item as Json)]),
  );
};
const shuffled = (value: Json): Json => {
  if (Array.isArray(value)) return value.map((item: Json) => shuffled(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, shuffled(item as Json)]),
  );
};
const note = (Settings: Json, rest: Partial<EntrySample> = {}): EntrySample => ({
  address: 'N',
  type: NOTE,
  action: 'update',
  id: 'n',
  properties: { Settings },
  ...rest,
});
const noteWorld = (Settings: JsonObject) =>
  createMemoryWorld({ seed: [{ type: NOTE, identity: 'n', properties: { Settings } }] });

describe('planning', () => {
  it('changes nothing when what is expected is what is live, whatever the key order', async () => {
    await check(
      fc.asyncProperty(plain, async (value) => {
        const planned = await planFor(noteWorld(value), [note(shuffled(value))]);
        expect(planned.plan.steps[0]).toMatchObject({ action: 'keep', blocked: false, changes: [] });
      }),
    );
  });

  it('is empty again after what it wanted was made', async () => {
    await check(
      fc.asyncProperty(plain, plain, async (before, wanted) => {
        const planned = await planFor(noteWorld(before), [note(wanted)]);
        const desired = planned.work.get('N')?.desired['Settings'] as JsonObject;
        const again = await planFor(noteWorld(desired), [note(wanted)]);
        expect(again.plan.steps[0]?.action).toBe('keep');
      }),
    );
  });

  it('never lets a list element leave without a word, unless the step is blocked (law 1)', async () => {
    const lists = fc.array(fc.oneof(fc.integer({ max: 3, min: 0 }), fc.record({ k: fc.integer({ max: 2, min: 0 }) })), {
      maxLength: 5,
    }) as fc.Arbitrary<readonly Json[]>;
    await check(
      fc.asyncProperty(lists, lists, lists, async (live, wanted, stated) => {
        const planned = await planFor(noteWorld({ deep: { list: live } }), [
          note({ deep: { list: wanted } }, { expect: { Settings: { deep: { list: stated } } } }),
        ]);
        if (planned.plan.steps[0]?.blocked === true) return;
        const desired = planned.work.get('N')?.desired as { Settings: { deep: { list: readonly Json[] } } };
        const after = canonicalSet(desired.Settings.deep.list);
        for (const element of live)
          expect(after.has(canonical(element)) || canonicalSet(stated).has(canonical(element))).toBe(true);
      }),
      400,
    );
  });

  it('keeps every key that the author did not name', async () => {
    await check(
      fc.asyncProperty(plain, plain, async (live, wanted) => {
        const planned = await planFor(noteWorld(live), [note(wanted)]);
        const after = planned.work.get('N')?.desired['Settings'] as JsonObject;
        for (const key of Object.keys(live)) if (!Object.hasOwn(wanted, key)) expect(after[key]).toEqual(live[key]);
      }),
    );
  });

  it('runs every step after all that it depends on', async () => {
    const graph = fc.array(
      fc.record({
        action: fc.constantFrom('create', 'delete', 'update'),
        needs: fc.array(fc.nat({ max: 30 }), { maxLength: 3 }),
        how: fc.constantFrom('ref', 'explicit', 'literal'),
      }),
      { maxLength: 25 },
    );
    await check(
      fc.asyncProperty(graph, fc.integer(), async (nodes, turn) => {
        const entries = nodes.map(({ action, needs, how }, index): EntrySample => {
          const others =
            index === 0 ? [] : needs.map((need) => need % index).filter((other) => nodes[other]?.action !== 'delete');
          const value: Json =
            how === 'ref' && others[0] !== undefined ? { 'Fn::GetAtt': [`S${others[0]}`, 'Text'] } : 'x';
          const base = {
            address: `S${index}`,
            type: NOTE,
            dependsOn: how === 'explicit' ? others.map((other) => `S${other}`) : [],
          };
          if (action === 'create')
            return { ...base, action: 'create', properties: { NoteName: `new${index}`, Text: value } };
          return action === 'delete'
            ? { ...base, action: 'delete', id: `n${index}`, reason: 'r', expect: {} }
            : { ...base, action: 'update', id: `n${index}`, properties: { Text: value } };
        });
        const world = createMemoryWorld({ seed: nodes.map((_, index) => ({ type: NOTE, identity: `n${index}` })) });
        const turned =
          entries.length === 0
            ? []
            : [...entries.slice(Math.abs(turn) % entries.length), ...entries.slice(0, Math.abs(turn) % entries.length)];
        const { plan: made } = await planFor(world, turned);
        const places = new Map(made.steps.map(({ id }, index) => [id, index]));
        expect(made.findings.filter(({ code }) => code === 'cycle')).toEqual([]);
        for (const step of made.steps)
          for (const other of step.dependsOn) expect(places.get(other)).toBeLessThan(places.get(step.id) ?? -1);
        for (const entry of entries)
          for (const other of entry.dependsOn ?? [])
            expect(places.get(other)).toBeLessThan(places.get(entry.address) ?? -1);
      }),
      100,
    );
  });

  it('throws for no properties, expectation or action whatever, and leaks no secret', async () => {
    const entry = fc.record({
      type: fc.constantFrom(DATABASE, GROUP, NOTE, NETWORK, 'Test::Memory::Nothing'),
      action: fc.constantFrom('create', 'update', 'replace', 'delete', 'read'),
      id: fc.constantFrom('courses', 'g-1', 'n', 'nobody'),
      properties: fc.dictionary(
        fc.constantFrom(
          'Rules',
          'GroupIds',
          'Tags',
          'Settings',
          'Size',
          'Class',
          'Script',
          'Password',
          'DatabaseName',
          'NoteName',
          'NetworkId',
          '__proto__',
          'constructor',
        ),
        fc.oneof(
          json,
          fc.constantFrom<Json[]>(
            { Ref: 'X0' },
            { 'Fn::GetAtt': ['X1', 'Endpoint.Address'] },
            { $secret: { env: 'AIPLAN_SECRET_A' } },
            { $unknown: 'Q' },
            [{ Ref: 'X1' }],
            'CANARY',
          ),
        ),
      ),
      expect: fc.option(settings),
      when: fc.option(fc.constantFrom('now' as const, 'window' as const)),
      order: fc.option(fc.constantFrom('create-first' as const, 'delete-first' as const)),
      carry: fc.option(fc.array(fc.string())),
    });
    await check(
      fc.asyncProperty(fc.array(entry, { maxLength: 4 }), async (entries) => {
        const world = createMemoryWorld({
          seed: [
            { type: DATABASE, identity: 'courses', properties: { GroupIds: ['g-1'], Script: 'CANARY-LIVE' } },
            { type: GROUP, identity: 'g-1', properties: { Rules: [{ Protocol: 'tcp', Port: 1, Source: 'x' }] } },
            { type: NOTE, identity: 'n' },
          ],
        });
        const planned = await planFor(
          world,
          entries.map(({ action, id, expect: stated, when, order, carry, properties, type }, index): EntrySample => ({
            address: `X${index}`,
            type,
            action: action as EntrySample['action'],
            properties: properties as JsonObject,
            ...(action === 'create' ? {} : { id }),
            ...(stated === null ? {} : { expect: stated }),
            ...(when === null ? {} : { when }),
            ...(order === null ? {} : { order }),
            ...(carry === null ? {} : { carry }),
          })),
        );
        expect(planned.plan.steps).toHaveLength(entries.filter(({ action }) => action !== 'read').length);
        expect(JSON.stringify(planned.plan)).not.toContain('CANARY-LIVE');
        expect(digestsFit(planned.plan)).toBe(true);
      }),
      400,
    );
  });
});

describe('the digest', () => {
  const base = async (): Promise<{
    live: LiveState;
    make: (live: LiveState, turned?: boolean, now?: string) => Planned;
  }> => {
    const changePlan = changePlanOf([
      {
        address: 'Db',
        type: DATABASE,
        action: 'delete',
        id: 'courses',
        reason: 'r',
        expect: { Engine: 'postgres' },
        properties: { Protected: false, Retention: 9 },
      },
      { address: 'N', type: NOTE, action: 'update', id: 'n', properties: { Settings: { a: 1, b: { c: 2, d: 3 } } } },
    ]);
    const world = createMemoryWorld({
      seed: [
        { type: DATABASE, identity: 'courses', properties: { Protected: true } },
        { type: NOTE, identity: 'n' },
      ],
    });
    const { refresh } = await import('../../src/plan/refresh/refresh.ts');
    const live = await refresh(changePlan, {
      aws: world.session,
      types: world.types,
      schemas: world.schemas,
      target: world.target,
      now: planningNow,
      concurrency: 2,
    });
    const turnedPlan = {
      ...changePlan,
      resources: changePlan.resources.map((entry) => ({
        ...entry,
        properties: shuffled(entry.properties ?? {}) as JsonObject,
      })),
    };
    const make = (state: LiveState, turned = false, now = planningNow): Planned =>
      plan({
        changePlan: turned ? turnedPlan : changePlan,
        text: 'the text',
        live: state,
        types: world.types,
        schemas: world.schemas,
        configuration: plainConfiguration,
        now,
      });
    return { live, make };
  };
  const edit = (live: LiveState, change: (resource: LiveResource) => LiveResource): LiveState => ({
    ...live,
    resources: live.resources.map((resource) => (resource.identity === 'courses' ? change(resource) : resource)),
  });

  it('is equal whatever the key order, the time, the caller and what is only observed', async () => {
    const { live, make } = await base();
    const { digest } = make(live).plan;
    expect(make(live, true).plan.digest).toBe(digest);
    expect(make(live, false, '2027-01-01T00:00:00.000Z').plan.digest).toBe(digest);
    expect(
      make({ ...live, target: { ...memoryTarget, caller: 'arn:another' }, readAt: 'later', calls: {} }).plan.digest,
    ).toBe(digest);
    await check(
      fc.asyncProperty(settings, async (observed) => {
        expect(make(edit(live, (resource) => ({ ...resource, observed }))).plan.digest).toBe(digest);
      }),
      60,
    );
    expect(make({ ...live, resources: [...live.resources].reverse() }).plan.digest).toBe(digest);
  });

  it('differs with every binding fact, the incarnation, a property, the target and the configuration', async () => {
    const { live, make } = await base();
    const digest = make(live).plan.digest;
    await check(
      fc.asyncProperty(fc.string({ minLength: 1 }), json, async (name, value) => {
        const changed = edit(live, (resource) => ({
          ...resource,
          binding: {
            ...resource.binding,
            [name === 'dependents' || name === '__proto__' ? 'fact' : name]: [value, 'changed'],
          },
        }));
        expect(make(changed).plan.digest).not.toBe(digest);
      }),
      60,
    );
    expect(
      make(edit(live, (resource) => ({ ...resource, binding: { ...resource.binding, protections: [] } }))).plan.digest,
    ).not.toBe(digest);
    expect(make(edit(live, (resource) => ({ ...resource, incarnation: 'another' }))).plan.digest).not.toBe(digest);
    expect(
      make(edit(live, (resource) => ({ ...resource, properties: { ...resource.properties, Retention: 8 } }))).plan
        .digest,
    ).not.toBe(digest);
    expect(make({ ...live, target: { ...memoryTarget, endpoint: 'http://127.0.0.1:1' } }).plan.digest).not.toBe(digest);
    expect(make({ ...live, recorded: true }).plan.digest).not.toBe(digest);
  });

  it('can be checked by whoever holds a plan, and does not fit one that was edited', async () => {
    const { live, make } = await base();
    const { plan: made } = make(live);
    expect(digestsFit(made)).toBe(true);
    expect(planDigest(made)).toBe(made.digest);
    const doomed = made.steps.find(({ action }) => action === 'delete');
    if (doomed === undefined) throw new Error('no delete');
    for (const edited of [
      { confirm: null },
      { blocked: !doomed.blocked },
      { identity: 'x' },
      { calls: [] },
      { changes: [] },
      { reason: 'better' },
    ]) {
      const forged = { ...made, steps: made.steps.map((step) => (step === doomed ? { ...doomed, ...edited } : step)) };
      expect(digestsFit(forged)).toBe(false);
      expect(planDigest(forged)).not.toBe(made.digest);
    }
    expect(planDigest({ ...made, changePlan: 'another text' })).not.toBe(made.digest);
  });
});

const canonicalSet = (items: readonly Json[]): ReadonlySet<string> => new Set(items.map((item) => canonical(item)));

import fc from 'fast-check';
import { afterAll, describe, expect, it } from '@jest/globals';
import { withoutRejected } from '../../src/language/reject.ts';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import type { Json } from '../../src/base/json.ts';
import type { LiveState } from '../../src/domain/live.ts';
import type { Plan, Planned } from '../../src/domain/plan.ts';
import { plan } from '../../src/plan/planner.ts';
import { refresh } from '../../src/plan/refresh/refresh.ts';
import { createMemoryWorld, NOTE, type MemoryWorld } from '../helpers/memory-world.ts';
import { changePlanOf, plainConfiguration, planningNow, type EntrySample } from '../helpers/planning-samples.ts';

/** Set AIPLAN_SEED to run a failure again; the seed of this run is printed when anything fails. */
const seed = Number(process.env['AIPLAN_SEED'] ?? 20_260_226);
const numRuns = Number(process.env['AIPLAN_RUNS'] ?? 120);
afterAll(() => {
  process.stderr.write(`property seed ${seed}\n`);
});

interface Node {
  readonly action: 'create' | 'delete' | 'update';
  readonly needs: readonly number[];
  readonly how: 'ref' | 'explicit' | 'none';
  readonly wrong: boolean;
}

/** Steps that refer to, or wait for, earlier ones; some of them blocked by an expectation that does not hold. */
const entriesOf = (nodes: readonly Node[]): readonly EntrySample[] =>
  nodes.map(({ action, needs, how, wrong }, index): EntrySample => {
    const others =
      index === 0 ? [] : needs.map((need) => need % index).filter((other) => nodes[other]?.action !== 'delete');
    const value: Json = how === 'ref' && others[0] !== undefined ? { 'Fn::GetAtt': [`S${others[0]}`, 'Text'] } : 'x';
    const base = {
      address: `S${index}`,
      type: NOTE,
      dependsOn: how === 'explicit' ? [...new Set(others)].map((other) => `S${other}`) : [],
    };
    if (action === 'create') return { ...base, action, properties: { NoteName: `new${index}`, Text: value } };
    const known = { id: `n${index}`, expect: { Text: wrong ? 'something else' : 'before' }, reason: 'r' };
    return action === 'delete'
      ? { ...base, ...known, action }
      : { ...base, ...known, action, properties: { Text: value } };
  });

const worldOf = (nodes: readonly Node[]): MemoryWorld =>
  createMemoryWorld({
    seed: nodes.map((_, index) => ({ type: NOTE, identity: `n${index}`, properties: { Text: 'before' } })),
  });
const read = (world: MemoryWorld, changePlan: ChangePlan): Promise<LiveState> =>
  refresh(changePlan, {
    aws: world.session,
    types: world.types,
    schemas: world.schemas,
    target: world.target,
    now: planningNow,
    concurrency: 4,
  });
const planned = (world: MemoryWorld, changePlan: ChangePlan, live: LiveState): Planned =>
  plan({
    changePlan,
    text: 'the text',
    live,
    types: world.types,
    schemas: world.schemas,
    configuration: plainConfiguration,
    now: planningNow,
  });

/** Addresses that a rejection can reach, over references and `depends_on`, in whatever direction. */
function reached(nodes: readonly Node[], rejected: ReadonlySet<string>): ReadonlySet<string> {
  const entries = entriesOf(nodes);
  const edges = entries.flatMap((entry) => {
    const text = JSON.stringify(entry.properties ?? {});
    return entries
      .filter(({ address }) => entry.dependsOn?.includes(address) === true || text.includes(`"${address}"`))
      .map(({ address }) => [entry.address, address] as const);
  });
  const found = new Set(rejected);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [one, two] of edges)
      if (found.has(one) || found.has(two)) {
        found.add(one);
        found.add(two);
      }
  }
  return found;
}

const blocks = ({ findings }: Plan, step: string): readonly string[] =>
  findings
    .filter((finding) => finding.step === step && finding.severity === 'error')
    .map(({ code }) => code)
    .sort();

describe('rejecting steps', () => {
  const node = fc.record({
    action: fc.constantFrom<Node['action']>('create', 'delete', 'update'),
    needs: fc.array(fc.nat({ max: 12 }), { maxLength: 2 }),
    how: fc.constantFrom<Node['how']>('ref', 'explicit', 'none'),
    wrong: fc.constantFrom(false, false, false, true),
  });

  it('adds no step, takes no block away, and leaves every step alone that has nothing to do with it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(node, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat({ max: 11 }), { minLength: 1, maxLength: 4 }),
        async (nodes, picks) => {
          const world = worldOf(nodes);
          const changePlan = changePlanOf(entriesOf(nodes));
          const live = await read(world, changePlan);
          const rejected = new Set(picks.map((pick) => `S${pick % nodes.length}`));
          const reducedPlan = withoutRejected(changePlan, [...rejected]);
          const whole = planned(world, changePlan, live).plan;
          const less = planned(world, reducedPlan, live).plan;
          const touched = reached(nodes, rejected);
          expect(less.steps.map(({ id }) => id).sort()).toEqual(
            whole.steps
              .map(({ id }) => id)
              .filter((id) => !rejected.has(id))
              .sort(),
          );
          expect(less.digest).not.toBe(whole.digest);
          for (const step of less.steps) {
            const before = whole.steps.find(({ id }) => id === step.id);
            expect(step.identity).toBe(before?.identity);
            if (step.action !== before?.action) expect(step.action).toBe('keep');
            // It would give what is live already: there is nothing left of it that could be blocked.
            if (step.action === 'keep' && before?.action !== 'keep') continue;
            // Whatever was wrong about a step that stays is still said of it.
            expect(blocks(less, step.id)).toEqual(expect.arrayContaining([...blocks(whole, step.id)]));
            if (before?.blocked === true) expect(step.blocked).toBe(true);
            if (!touched.has(step.id)) expect(step.digest).toBe(before?.digest);
          }
        },
      ),
      { seed, numRuns },
    );
  });

  it('plans the same whether AWS is read again for what is left or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(node, { minLength: 1, maxLength: 8 }), fc.nat({ max: 7 }), async (nodes, pick) => {
        const world = worldOf(nodes);
        const changePlan = changePlanOf(entriesOf(nodes));
        const reducedPlan = withoutRejected(changePlan, [`S${pick % nodes.length}`]);
        expect(planned(world, reducedPlan, await read(world, reducedPlan)).plan.digest).toBe(
          planned(world, reducedPlan, await read(world, changePlan)).plan.digest,
        );
      }),
      { seed, numRuns },
    );
  });
});

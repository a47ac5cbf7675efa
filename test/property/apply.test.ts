import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { benchOf, changePlanOf, type Bench } from '../helpers/apply-world.ts';
import { restoredAs, unmapped } from '../helpers/fault-scenario.ts';
import { scene, unordered, type Scene } from '../helpers/generated-plans.ts';
import { createMemoryWorld, NETWORK } from '../helpers/memory-world.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20_260_226);
const run = '20260226-230000-0001';

const benchFor = ({ seeds }: Scene): Bench =>
  benchOf(
    createMemoryWorld({
      seed: [{ type: NETWORK, identity: 'net-1', properties: { Range: '10.0.0.0/16', Tags: {} } }, ...seeds],
    }),
  );

describe('apply, for generated change plans', () => {
  it('leaves nothing to plan, and a rollback brings the former state back, data included', async () => {
    const counts = { applied: 0, blocked: 0, steps: 0 };
    await fc.assert(
      fc.asyncProperty(scene, async (given) => {
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

        const gone = planned.plan.steps.flatMap(({ action, type, identity }) =>
          (action === 'delete' || action === 'replace') && identity !== null ? [{ type, identity }] : [],
        );
        const again = await bench.plan(changePlan, gone);
        expect(
          again.plan.steps
            .filter(({ action }) => action !== 'keep')
            .map(({ id, action, changes }) => [id, action, changes]),
        ).toEqual([]);

        const draft = await bench.rollback(run);
        expect(draft.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
        const back = await bench.apply(draft.changePlan, { run: 'back' });
        expect([back.outcome, back.message, back.findings]).toEqual(['done', null, []]);
        expect(unordered(unmapped(await bench.state(), { ...(await restoredAs(bench)), ...back.map }))).toEqual(
          unordered(before),
        );
        counts.applied += 1;
        counts.steps += report.steps.length;
      }),
      { seed, numRuns: 60 },
    );
    process.stdout.write(
      `apply: seed ${seed}, ${counts.applied} plans of ${counts.steps} steps applied and undone, ${counts.blocked} blocked\n`,
    );
    expect(counts.applied).toBeGreaterThan(20);
  }, 120_000);
});

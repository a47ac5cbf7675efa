import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { UserError } from '../../src/base/error.ts';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { benchOf, changePlanOf, type Bench } from '../helpers/apply-world.ts';
import { faults } from '../helpers/fault-kinds.ts';
import { stateByOp } from '../helpers/fault-follow-ups.ts';
import { disturbance, type Disturbance, type Fault, type Point } from '../helpers/fault-points.ts';
import { differenceOf, disturbedRun, unaccounted } from '../helpers/fault-run.ts';
import { restoredAs, unmapped } from '../helpers/fault-scenario.ts';
import { fullScene, unordered, type Scene } from '../helpers/generated-plans.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK } from '../helpers/memory-world.ts';
import { Killed } from '../helpers/mortal.ts';
import { resumeOnce, StaleRun } from '../helpers/resume-world.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20_260_226);
const plans = Number(process.env['AIPLAN_RUNS'] ?? 200);
const run = '20260226-230000-0001';

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function dice(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const benchFor = ({ seeds }: Scene): Bench =>
  benchOf(
    createMemoryWorld({
      seed: [
        { type: NETWORK, identity: 'net-1', properties: { Range: '10.0.0.0/16', Tags: {} } },
        { type: GROUP, identity: 'g-bystander', properties: { GroupName: 'bystander', NetworkId: 'net-1' } },
        { type: DATABASE, identity: 'bystander', properties: { Class: 'db.small' }, rows: ['mine'] },
        ...seeds,
      ],
    }),
  );

interface Told {
  readonly end: 'completed' | 'rolled back';
  readonly struck: readonly string[];
  readonly tries: number;
}

/**
 * One plan: its run with a fault, then resumed or taken back, with up to two more faults on the way, until it has come
 * to an end.
 */
async function lived(
  scene: Scene,
  plan: ChangePlan,
  points: readonly Point[],
  before: JsonObject,
  after: JsonObject,
  roll: () => number,
): Promise<Told> {
  const bench = benchFor(scene);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(roll() * items.length)] as Item;
  const fitting = (point: Point): Fault =>
    pick(faults.filter((fault) => fault.on === point.effect && (fault.at?.(point) ?? true)));
  const struck: string[] = [];
  const remember = ({ fault, struck: at }: Disturbance): void => {
    if (fault !== null && at !== null) struck.push(`${fault.name}, ${at.name}`);
  };
  let left = 1 + Math.floor(roll() * 3);
  const first = pick(points);
  remember((await disturbedRun(bench, fitting(first), first.number, plan, run)).told);
  left -= 1;
  expect([struck, await unaccounted(bench, before, bench.journalOf(run))]).toEqual([struck, []]);
  let back = roll() < 0.5;
  for (let tries = 1; tries <= 12; tries += 1) {
    const last = bench.journalOf(run).at(-1);
    const begunBack = bench.journalOf('back-1').length > 0 || tries > 1;
    if (last === undefined) {
      expect([struck, differenceOf(unordered(await bench.state()), unordered(before))]).toEqual([struck, null]);
      return { end: 'rolled back', struck, tries };
    }
    if (last.kind === 'end' && last.outcome === 'done' && !begunBack) back = roll() < 0.5;
    if (last.kind === 'end' && last.outcome === 'done' && !back) {
      expect([struck, differenceOf(unordered(await stateByOp(bench)), unordered(after))]).toEqual([struck, null]);
      return { end: 'completed', struck, tries };
    }
    const told = disturbance(bench.world, bench.clock, left > 0 ? fitting : null, Math.floor(roll() * 30));
    left -= 1;
    const options = {
      session: told.session,
      beforeAppend: told.beforeAppend,
      afterAppend: told.afterAppend,
      ports: { vault: told.vault(bench.vault) },
    };
    try {
      bench.clock.time += 61_000;
      if (back) {
        const draft = await bench.rollback(run);
        const errors = draft.findings.filter(({ severity }) => severity !== 'info');
        if (errors.length > 0 && errors.every(({ code }) => code === 'rollback-wait')) continue;
        expect([struck, errors]).toEqual([struck, []]);
        const report = await bench.apply(draft.changePlan, { run: `back-${tries}`, ...options });
        if (report.outcome === 'done') {
          remember(told);
          await told.settle();
          expect([
            struck,
            differenceOf(
              unordered(unmapped(await bench.state(), { ...(await restoredAs(bench)), ...report.map })),
              unordered(before),
            ),
          ]).toEqual([struck, null]);
          return { end: 'rolled back', struck, tries };
        }
      } else await resumeOnce(bench, plan, run, options);
    } catch (error) {
      if (error instanceof StaleRun) back = true;
      else if (!(error instanceof Killed) && !(error instanceof UserError && error.code === 'store-unwritable'))
        throw error;
    }
    remember(told);
    await told.settle();
  }
  throw new Error(`no end after ${struck.join('; ')}: ${JSON.stringify(bench.journalOf(run).at(-1))}`);
}

describe('generated change plans under random faults', () => {
  it(
    'each end completed exactly as planned, or undone to exactly the state before',
    async () => {
      const totals = { completed: 0, 'rolled back': 0, blocked: 0, empty: 0, steps: 0, faults: 0, tries: 0 };
      for (const [index, scene] of fc.sample(fullScene, { seed, numRuns: plans * 2 }).entries()) {
        if (totals.completed + totals['rolled back'] >= plans) break;
        const calm = benchFor(scene);
        const plan = changePlanOf(scene.entries);
        const planned = await calm.plan(plan);
        if (planned.plan.findings.some(({ severity }) => severity === 'error')) {
          totals.blocked += 1;
          continue;
        }
        if (planned.plan.steps.every(({ action }) => action === 'keep')) {
          totals.empty += 1;
          continue;
        }
        const before = await calm.state();
        const {
          told: { points },
          end,
        } = await disturbedRun(calm, null, -1, plan, run);
        expect([index, end]).toEqual([index, 'done']);
        const told = await lived(scene, plan, points, before, await stateByOp(calm), dice(seed + index));
        totals[told.end] += 1;
        totals.steps += planned.plan.steps.length;
        totals.faults += told.struck.length;
        totals.tries += told.tries;
      }
      process.stdout.write(
        `soak: seed ${seed}, ${totals.completed + totals['rolled back']} plans of ${totals.steps} steps, ${totals.faults} faults: ${totals.completed} completed as planned, ${totals['rolled back']} rolled back to the state before, 0 unaccounted (${totals.blocked} blocked and ${totals.empty} empty plans beside)\n`,
      );
      expect(totals.completed + totals['rolled back']).toBe(plans);
    },
    300_000 * Math.max(1, plans / 200),
  );
});

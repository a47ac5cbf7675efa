import { expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/base/json.ts';
import { ensureBuilt } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { batchesOf, callsOf, faultPoints, kindOf, killPoints, type FaultPoint, type Point } from './points.ts';
import { sliceOf } from './slice.ts';
import { broken, textOf, tryFault, tryKill, type Told } from './try.ts';
import { openLane, scenarios, type Lane, type Scenario } from './world.ts';

/** Carries out one scenario undisturbed: what it calls, and how it ends. */
async function calm(lane: Lane, scenario: Scenario) {
  const start = await lane.begin(scenario);
  const { road, text } = start;
  const made = await road.plan(text);
  expect([scenario, made.plan.findings.filter(({ severity }) => severity === 'error')]).toEqual([scenario, []]);
  const since = lane.sandbox.proxy.requests.length;
  const report = await road.apply(made);
  expect([scenario, report.outcome, report.message]).toEqual([scenario, 'done', null]);
  const requests = lane.sandbox.proxy.requests.slice(since);
  const [state, census] = [await lane.state(road), await lane.census()];
  // What looks for things that nobody accounts for finds them where there is no journal, and none where there is one.
  expect([scenario, broken(start, census, '').some((one) => one.startsWith('UNACCOUNTED'))]).toEqual([scenario, true]);
  expect([scenario, broken(start, census, textOf(road, [report.run]))]).toEqual([scenario, []]);
  road.close();
  return { requests, state };
}

/** A point of which nothing is heard for so long, in milliseconds, hangs: its lane ends, and the others go on. */
const patience = 300_000;

/** Takes a batch for this lane; false where another lane has it. */
function claimed(folder: string, [first]: readonly Point[]): boolean {
  try {
    writeFileSync(
      join(
        folder,
        `taken-${createHash('sha1')
          .update(first?.name ?? '')
          .digest('hex')}`,
      ),
      '',
      { flag: 'wx' },
    );
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/**
 * Tries points in one lane, each that no other lane has taken. Each result is a line of results-<index>.jsonl in the
 * folder AIPLAN_FAULTS_OUT, which all lanes share.
 */
export async function defineLane(index: number): Promise<void> {
  const isThere = await emulatorAvailable();
  (isThere ? it : it.skip)(`the fault matrix over HTTP, lane ${index + 1}`, async () => {
    const only = process.env['AIPLAN_POINT'];
    const folder = process.env['AIPLAN_FAULTS_OUT'] ?? mkdtempSync(join(tmpdir(), 'aiplan-faults-out-'));
    const note = (name: string, value: object): void => {
      appendFileSync(join(folder, name), `${JSON.stringify(value)}\n`);
    };
    await ensureBuilt();
    const lane = await openLane();
    try {
      const ends = new Map<Scenario, JsonObject>();
      const kinds = new Map<string, { readonly scenario: Scenario; readonly mutating: boolean }>();
      for (const scenario of scenarios) {
        const { requests, state } = await calm(lane, scenario);
        ends.set(scenario, state);
        for (const request of requests)
          if (!kinds.has(kindOf(request))) kinds.set(kindOf(request), { scenario, mutating: request.mutating });
      }
      const whole = await calm(lane, 'whole');
      ends.set('whole', whole.state);
      const killed = killPoints('whole', callsOf(whole.requests));
      // Whatever the whole run asks is asked by the parts, so that no kind of call is left out.
      expect([...new Set(whole.requests.map(kindOf))].filter((kind) => !kinds.has(kind))).toEqual([]);
      const every: readonly Point[] = [
        ...faultPoints(new Map([...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)))),
        ...killed,
      ];
      const commit = process.env['AIPLAN_FAULTS_SLICE'];
      const sliced = commit === undefined || only !== undefined ? every : sliceOf(every, commit);
      const points = sliced.filter(({ name }) => only === undefined || name.includes(only));
      if (points.length === 0) throw new Error(`no point has a name with "${only}" in it`);
      // What takes longest comes first, so that no lane is left alone with it.
      const batches = batchesOf(points, (kind) => kinds.get(kind)?.mutating === true).toReversed();
      writeFileSync(
        join(folder, `points-${index}.json`),
        JSON.stringify({
          points: points.length,
          every: every.length,
          calls: killed.length / 6,
          kinds: kinds.size,
          mutatingKinds: [...kinds.values()].filter(({ mutating }) => mutating).length,
        }),
      );
      const wanted = (scenario: Scenario): JsonObject => ends.get(scenario) ?? {};
      const wrong: string[] = [];
      let isHung = false;
      const attempt = async (some: readonly Point[]): Promise<Told & { readonly ms: number }> => {
        const began = Date.now();
        const [first] = some;
        let late: NodeJS.Timeout | undefined;
        const hanging = new Promise<Told>((done) => {
          late = setTimeout(() => {
            isHung = true;
            done({ words: [], wrong: [`it has not come to an end in ${patience / 1000} s`] });
          }, patience);
        });
        try {
          const told =
            first?.kind === 'kill'
              ? tryKill(lane, first, wanted)
              : tryFault(lane, some as readonly [FaultPoint, ...FaultPoint[]], wanted);
          return { ...(await Promise.race([told, hanging])), ms: Date.now() - began };
        } catch (error) {
          return {
            words: [],
            wrong: [`it threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`],
            ms: Date.now() - began,
          };
        } finally {
          clearTimeout(late);
        }
      };
      const keep = (point: Point, told: Told & { readonly ms: number }, shared: number): void => {
        note(`results-${index}.jsonl`, { name: point.name, fault: point.fault, shared, ...told });
        for (const text of told.wrong) wrong.push(`AIPLAN_POINT='${point.name}': ${text}`);
      };
      for (const { points: some } of batches) {
        if (isHung) break;
        if (!claimed(folder, some)) continue;
        const told = await attempt(some);
        const isGood = told.wrong.length === 0 && told.words.includes('completed');
        if (some.length === 1 || isGood || isHung) for (const point of some) keep(point, told, some.length);
        else for (const point of some) if (!isHung) keep(point, await attempt([point]), 1);
      }
      expect(wrong).toEqual([]);
    } finally {
      await lane.close();
    }
  });
}

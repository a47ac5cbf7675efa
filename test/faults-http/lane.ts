import { expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { calmRuns } from './calm.ts';
import { tryKills } from './kill.ts';
import { batchesOf, faultPoints, killPoints, type FaultPoint, type KillPoint, type Point } from './points.ts';
import { sliceOf } from './slice.ts';
import { tryFault, type Told, type Wanted } from './try.ts';
import { openLane, type Lane } from './world.ts';

/** A point of which nothing is heard for so long, in milliseconds, hangs: its lane ends, and the others go on. */
const patience = 300_000;

/** So many boundaries at which a process may be killed share one run, where AWS can be copied meanwhile. */
const sharing = 12;

/** Takes a piece of work for this lane; false where another lane has it. */
function claimed(folder: string, name: string): boolean {
  try {
    writeFileSync(join(folder, `taken-${createHash('sha1').update(name).digest('hex')}`), '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

type Tell = (points: readonly Point[], told: Told) => void;

/**
 * Tries the points of a batch, and tells of each once. Answers false where one of them hangs, which is told of those
 * that are left.
 */
async function attempt(lane: Lane, points: readonly Point[], wanted: Wanted, tell: Tell): Promise<boolean> {
  const left = new Set(points);
  const told = (some: readonly Point[], how: Told): void => {
    const untold = some.filter((point) => left.delete(point));
    if (untold.length > 0) tell(untold, how);
  };
  let late: NodeJS.Timeout | undefined;
  let heard: () => void = () => undefined;
  const hanging = new Promise<'hangs'>((done) => {
    heard = () => {
      clearTimeout(late);
      late = setTimeout(() => done('hangs'), patience);
    };
  });
  heard();
  const trying = async (): Promise<'done'> => {
    const [first] = points;
    if (first?.kind === 'kill')
      await tryKills(lane, points as readonly [KillPoint, ...KillPoint[]], wanted, (point, how) => {
        heard();
        told([point], how);
      });
    else await tryFaults(points as readonly [FaultPoint, ...FaultPoint[]]);
    return 'done';
  };
  const tryFaults = async (some: readonly [FaultPoint, ...FaultPoint[]]): Promise<void> => {
    const how = await tryFault(lane, some, wanted);
    heard();
    const isGood = how.wrong.length === 0 && how.words.includes('completed');
    if (some.length === 1 || isGood) told(some, how);
    else for (const point of some) await tryFaults([point]);
  };
  try {
    if ((await Promise.race([trying(), hanging])) === 'done') return true;
    told([...left], { words: [], wrong: [`it has not come to an end in ${patience / 1000} s`] });
    return false;
  } catch (error) {
    told([...left], {
      words: [],
      wrong: [`it threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`],
    });
    return true;
  } finally {
    clearTimeout(late);
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
    await ensureBuilt();
    const lane = await openLane();
    try {
      const { ends, kinds, calls } = await calmRuns(lane, folder, (name) => claimed(folder, name));
      const killed = killPoints('whole', calls);
      const every: readonly Point[] = [
        ...faultPoints(new Map([...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)))),
        ...killed,
      ];
      const commit = process.env['AIPLAN_FAULTS_SLICE'];
      const sliced = commit === undefined || only !== undefined ? every : sliceOf(every, commit);
      const points = sliced.filter(({ name }) => only === undefined || name.includes(only));
      if (points.length === 0) throw new Error(`no point has a name with "${only}" in it`);
      // The kills come first: they take longest, so that no lane is left alone with one.
      const isAlone = process.env['AIPLAN_FAULTS_ALONE'] !== undefined;
      const batches = batchesOf(
        points,
        (kind) => kinds.get(kind)?.mutating === true,
        lane.copies ? (isAlone ? 1 : sharing) : 0,
        process.env['AIPLAN_FAULTS_COMMIT'] ?? '',
      ).toReversed();
      writeFileSync(
        join(folder, `points-${index}.json`),
        JSON.stringify({
          points: points.length,
          every: every.length,
          calls: calls.length,
          kinds: kinds.size,
          mutatingKinds: [...kinds.values()].filter(({ mutating }) => mutating).length,
        }),
      );
      const wrong: string[] = [];
      let began = Date.now();
      const tell: Tell = (some, told) => {
        const ms = Date.now() - began;
        began = Date.now();
        for (const { name, fault } of some) {
          const line = { name, fault, shared: some.length, ...told, ms };
          appendFileSync(join(folder, `results-${index}.jsonl`), `${JSON.stringify(line)}\n`);
          for (const text of told.wrong) wrong.push(`AIPLAN_POINT='${name}': ${text}`);
        }
      };
      for (const { points: some } of batches) {
        if (!claimed(folder, some[0]?.name ?? '')) continue;
        began = Date.now();
        if (!(await attempt(lane, some, (scenario) => ends.get(scenario) ?? {}, tell))) break;
      }
      expect(wrong).toEqual([]);
    } finally {
      await lane.close();
    }
  });
}

import { createHash } from 'node:crypto';
import type { ChangePlan } from '../../src/model/change-plan.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Bench } from './apply-world.ts';
import type { Fault, Point } from './fault-points.ts';
import { backAgain, differenceOf, differsFrom, disturbedRun, unaccounted, type FirstEnd } from './fault-run.ts';
import { unmapped } from './fault-scenario.ts';
import { resumeOnce, StaleRun } from './resume-world.ts';

/** What is done about a disturbed run; answers the word that the matrix counts, or what is wrong. */
export type FollowUp = (bench: Bench) => Promise<Told>;
export type Told = { readonly word: string; readonly why?: string } | { readonly wrong: string };

export interface MatrixOptions {
  /** The world in which the disturbed run begins, and the plan that it carries out there. */
  readonly start: () => Promise<{ readonly bench: Bench; readonly plan: ChangePlan }>;
  readonly run: string;
  readonly faults: readonly Fault[];
  /** By name: each begins where the disturbed run ended, on its own. */
  readonly followUps: Readonly<Record<string, FollowUp>>;
  /** What may never be after the disturbed run. */
  readonly invariant: (bench: Bench) => Promise<readonly string[]>;
}

export interface Matrix {
  readonly cells: number;
  readonly effects: number;
  /** Different states that runs ended in; a follow-up depends on nothing else and is carried out once for each. */
  readonly states: number;
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Why a follow-up did less than it might, which is no fault of its own: how often each. */
  readonly reasons: ReadonlyMap<string, number>;
  /** One line for each cell in which something is wrong. */
  readonly wrong: readonly string[];
}

/** Tries every fault at every effect at which it can strike. Nothing is left out. */
export async function tryAll({ start, run, faults, followUps, invariant }: MatrixOptions): Promise<Matrix> {
  const calm = await start();
  const { told: { points } } = await disturbedRun(calm.bench, null, -1, calm.plan, run);
  const rows = new Map<string, Map<string, number>>();
  const wrong: string[] = [];
  const reasons = new Map<string, number>();
  const known = new Map<string, Awaited<ReturnType<typeof after>>>();
  const after = async (bench: Bench): Promise<{ readonly words: readonly string[]; readonly whys: readonly string[]; readonly wrongs: readonly string[] }> => {
    const words: string[] = [];
    const whys: string[] = [];
    const wrongs = [...await invariant(bench)];
    for (const [name, followUp] of Object.entries(followUps)) {
      const told: Told = await followUp(bench.fork()).catch((error: unknown) => ({ wrong: `threw ${error instanceof Error ? error.stack ?? error.message : String(error)}` }));
      if ('word' in told) {
        words.push(told.word);
        if (told.why !== undefined) whys.push(`${told.word}: ${told.why}`);
      } else wrongs.push(`${name}: ${told.wrong}`);
    }
    return { words, whys, wrongs };
  };
  const every = cellsOf(faults, points);
  for (const { fault, point } of every) {
    const row = rows.get(fault.name) ?? new Map<string, number>();
    rows.set(fault.name, row);
    const add = (word: string): void => { row.set(word, (row.get(word) ?? 0) + 1); };
    const { bench, plan } = await start();
    const { end, told, message } = await disturbedRun(bench, fault, point.number, plan, run);
    const where = `${fault.name}, effect ${point.number} ${point.name}: ${wordOf[end]}${message === '' ? '' : ` (${message})`}`;
    if (told.struck === null) wrong.push(`${where}: the fault never struck`);
    add(wordOf[end]);
    const key = createHash('sha1').update(bench.image()).digest('base64');
    let outcome = known.get(key);
    if (outcome === undefined) known.set(key, outcome = await after(bench));
    for (const word of outcome.words) add(word);
    for (const why of outcome.whys) reasons.set(`${fault.name}, ${why}`, (reasons.get(`${fault.name}, ${why}`) ?? 0) + 1);
    for (const text of outcome.wrongs) wrong.push(`${where}: ${text}`);
  }
  return { cells: every.length, effects: points.length, states: known.size, rows, reasons, wrong };
}

/** Every pair of a fault and an effect at which it can strike. */
const cellsOf = (faults: readonly Fault[], points: readonly Point[]): readonly { readonly fault: Fault; readonly point: Point }[] =>
  faults.flatMap((fault) => points.filter((point) => point.effect === fault.on && (fault.at?.(point) ?? true)).map((point) => ({ fault, point })));

const wordOf: Readonly<Record<FirstEnd, string>> = {
  done: 'done all the same', refused: 'refused', failed: 'failed', stopped: 'stopped', killed: 'killed', disk: 'store failed', nothing: 'not begun', abandoned: 'abandoned',
};

/** Takes back, to the state before. */
export const rollsBack = (before: JsonObject, run: string): FollowUp => async (bench) => {
  if (bench.journalOf(run).length === 0) return compared(bench, before, {}, 'as before');
  const { map, wrong } = await backAgain(bench, run, 'back');
  return wrong === null ? compared(bench, before, map, 'rolled back') : { wrong };
};

/** Goes on to the end, to exactly what an undisturbed run makes; where it may not go on, takes back. */
export const goesOn = (before: JsonObject, after: JsonObject, plan: ChangePlan, run: string): FollowUp => async (bench) => {
  if (bench.journalOf(run).length === 0) return { word: 'nothing to go on with' };
  const end = bench.journalOf(run).at(-1);
  if (end?.kind === 'end' && end.outcome === 'done') return planned(bench, after, 'as planned');
  const { wrong } = await goneOn(bench, plan, run);
  if (wrong === null) return planned(bench, after, 'completed');
  const back = await rollsBack(before, run)(bench);
  return 'wrong' in back ? { wrong: `${wrong}; then ${back.wrong}` } : { word: 'resume refused, rolled back', why: wrong };
};

/** Resumes, as often as it takes. Answers why that is not possible, or null. */
async function goneOn(bench: Bench, plan: ChangePlan, run: string): Promise<{ readonly wrong: string | null }> {
  for (let tries = 1; ; tries += 1) {
    try {
      bench.clock.time += 61_000;
      const report = await resumeOnce(bench, plan, run);
      if (report.outcome === 'done') return { wrong: report.findings.length === 0 ? null : report.findings.map(({ code, message }) => `${code}: ${message}`).join('; ') };
      if (tries >= 3) return { wrong: `${report.outcome}: ${report.message ?? ''}` };
    } catch (error) {
      if (!(error instanceof StaleRun)) throw error;
      if (tries >= 3) return { wrong: error.message };
    }
  }
}

/** What an undisturbed run makes, whatever identities AWS gave: each is written as the `aiplan:op` tag of what carries it. */
export async function stateByOp(bench: Bench): Promise<JsonObject> {
  const names: Record<string, string> = {};
  for (const { type, identity } of bench.world.list()) {
    const op = (await bench.world.get(type, identity))?.systemTags['aiplan:op'];
    if (op !== undefined) names[op] = identity;
  }
  return unmapped(await bench.state(), names);
}

async function planned(bench: Bench, after: JsonObject, word: string): Promise<Told> {
  const difference = differenceOf(await stateByOp(bench), after);
  return difference === null ? { word } : { wrong: `not as planned: ${difference}` };
}

async function compared(bench: Bench, wanted: JsonObject, map: Readonly<Record<string, string>>, word: string): Promise<Told> {
  const difference = await differsFrom(bench, wanted, map);
  return difference === null ? { word } : { wrong: difference };
}

/** Takes back what is left of a run whose rollback was disturbed, to the state before. */
export const rollsOn = (before: JsonObject, run: string): FollowUp => async (bench) => {
  const { map, wrong } = await backAgain(bench, run, 'again');
  return wrong === null ? compared(bench, before, map, 'rolled back') : { wrong };
};

/** Nothing unaccounted for. */
export const accounted = (before: JsonObject, run: string) => (bench: Bench): Promise<readonly string[]> => unaccounted(bench, before, bench.journalOf(run));

/** The matrix as a table: a fault per line, an outcome per column, with totals. */
export function matrixText(title: string, { cells, effects, states, rows, reasons, wrong }: Matrix): string {
  const columns = ['not begun', 'refused', 'failed', 'stopped', 'killed', 'store failed', 'done all the same', 'as before', 'rolled back', 'nothing to go on with', 'completed', 'as planned', 'resume refused, rolled back'];
  const used = [...columns, ...new Set([...rows.values()].flatMap((row) => [...row.keys()]).filter((word) => !columns.includes(word)))].filter((word) => [...rows.values()].some((row) => row.has(word)));
  const total = (word: string): number => [...rows.values()].reduce((sum, row) => sum + (row.get(word) ?? 0), 0);
  const width = Math.max(...[...rows.keys()].map(({ length }) => length));
  const line = (name: string, values: readonly (number | string)[]): string => `  ${name.padEnd(width)}  ${values.map((value, index) => String(value).padStart(used[index]?.length ?? 0)).join('  ')}`;
  return [
    `${title}: ${cells} cells (${rows.size} faults, ${effects} effects of the run), ${states} different states after them; every one tried`,
    line('', used), ...[...rows].map(([name, row]) => line(name, used.map((word) => row.get(word) ?? '·'))), line('all', used.map(total)), ...[...reasons].map(([why, count]) => `  ${count} × ${why}`), `  unaccounted for: ${wrong.length}`, '',
  ].join('\n');
}

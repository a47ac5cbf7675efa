import type { ChangePlan } from '../../src/domain/change-plan.ts';
import { UserError } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { refuseResume } from '../../src/recovery/resume/resume.ts';
import type { Bench } from './apply-world.ts';
import { backAgain, differenceOf, differsFrom, unaccounted } from './fault-run.ts';
import { unmapped } from './fault-scenario.ts';
import { resumeOnce, StaleRun } from './resume-world.ts';

/** What is done about a disturbed run; answers the word that the matrix counts, or what is wrong. */
export type FollowUp = (bench: Bench) => Promise<Told>;
export type Told = { readonly word: string; readonly why?: string } | { readonly wrong: string };

/** Takes back, to the state before. */
export const rollsBack =
  (before: JsonObject, run: string): FollowUp =>
  async (bench) => {
    if (bench.journalOf(run).length === 0) return compared(bench, before, {}, { word: 'as before' });
    return takenBack(bench, before, run, 'back');
  };

/** Takes back what is left of a run whose rollback was disturbed, to the state before. */
export const rollsOn =
  (before: JsonObject, run: string): FollowUp =>
  (bench) =>
    takenBack(bench, before, run, 'again');

async function takenBack(bench: Bench, before: JsonObject, run: string, name: string): Promise<Told> {
  const { map, wrong, why } = await backAgain(bench, run, name);
  return wrong === null
    ? compared(bench, before, map, { word: 'rolled back', ...(why === null ? {} : { why }) })
    : { wrong };
}

/** A rollback is not gone on with by `resume`: that refuses, and names the command that goes on with it. */
export const refusesResume =
  (run: string, rollback: string): FollowUp =>
  async (bench) => {
    const records = bench.journalOf(rollback);
    try {
      refuseResume(records);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (records.length === 0)
        return error.code === 'run-is-blank' ? { word: 'nothing to continue' } : { wrong: `refused as ${error.code}` };
      const help = `aiplan rollback ${run}`;
      return error.code === 'run-is-rollback' && error.help?.endsWith(help) === true
        ? { word: 'resume refused' }
        : { wrong: `refused as ${error.code}, and the help "${error.help ?? ''}" does not name "${help}"` };
    }
    return { wrong: 'resume does not refuse a rollback' };
  };

/** Goes on to the end, to exactly what an undisturbed run makes; where it may not go on, takes back. */
export const goesOn =
  (before: JsonObject, after: JsonObject, plan: ChangePlan, run: string): FollowUp =>
  async (bench) => {
    if (bench.journalOf(run).length === 0) return { word: 'nothing to continue' };
    const end = bench.journalOf(run).at(-1);
    const isDone = end?.kind === 'end' && end.outcome === 'done';
    const { wrong, why } = isDone ? { wrong: null, why: null } : await goneOn(bench, plan, run);
    if (wrong !== null) {
      if (!excusable.test(wrong)) return { wrong };
      const back = await rollsBack(before, run)(bench);
      return 'wrong' in back
        ? { wrong: `${wrong}; then ${back.wrong}` }
        : { word: 'resume refused, rolled back', why: wrong };
    }
    const difference = differenceOf(await stateByOp(bench), after);
    if (difference !== null) return { wrong: `not as planned: ${difference}` };
    const lost = isDone ? [] : await accounted(before, run)(bench);
    return lost.length > 0
      ? { wrong: lost.join('; ') }
      : { word: isDone ? 'as planned' : 'completed', ...(why === null ? {} : { why }) };
  };

/** What a run still says of an earlier session of itself, which takes nothing away from what it did in the end. */
const harmless = new Set(['run-not-kept', 'manifest-not-kept', 'end-not-kept', 'preflight-unknown']);
/**
 * Why a run may refuse to go on: what names a resource could not be read when it was captured, so that nobody can tell
 * whether it changed.
 */
const excusable = /dependents of \S+ could not be read when the run began the step/u;

/**
 * Resumes, as often as it takes. Answers why that is not possible, or null; `why` is what the run says that is not
 * wrong.
 */
async function goneOn(
  bench: Bench,
  plan: ChangePlan,
  run: string,
): Promise<{ readonly wrong: string | null; readonly why: string | null }> {
  for (let tries = 1; ; tries += 1) {
    try {
      bench.clock.time += 61_000;
      const report = await resumeOnce(bench, plan, run);
      const said = (isHarmless: boolean): string | null =>
        report.findings
          .filter(({ code }) => harmless.has(code) === isHarmless)
          .map(({ code, message }) => `${code}: ${message}`)
          .join('; ') || null;
      if (report.outcome === 'done') return { wrong: said(false), why: said(true) };
      if (tries >= 3) return { wrong: `${report.outcome}: ${report.message ?? ''}`, why: null };
    } catch (error) {
      if (!(error instanceof StaleRun)) throw error;
      if (tries >= 3) return { wrong: error.message, why: null };
    }
  }
}

/**
 * What an undisturbed run makes, whatever identities AWS gave: each is written as the `aiplan:op` tag of what carries
 * it.
 */
export async function stateByOp(bench: Bench): Promise<JsonObject> {
  const names: Record<string, string> = {};
  for (const { type, identity } of bench.world.list()) {
    const op = (await bench.world.get(type, identity))?.systemTags['aiplan:op'];
    if (op !== undefined) names[op] = identity;
  }
  return unmapped(await bench.state(), names);
}

async function compared(
  bench: Bench,
  wanted: JsonObject,
  map: Readonly<Record<string, string>>,
  told: Told,
): Promise<Told> {
  const difference = await differsFrom(bench, wanted, map);
  return difference === null ? told : { wrong: difference };
}

/** Nothing unaccounted for. */
export const accounted =
  (before: JsonObject, run: string) =>
  (bench: Bench): Promise<readonly string[]> =>
    unaccounted(bench, before, bench.journalOf(run));

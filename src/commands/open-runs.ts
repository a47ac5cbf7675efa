import { UserError } from '../model/error.ts';
import type { OpenRun } from '../model/open-run.ts';
import type { LockTarget, RunSummary } from '../model/store.ts';
import { openRunOf, unfinishedOf } from '../engine/open-runs.ts';
import { reportOf } from '../engine/report.ts';
import { processLives } from '../store/lock-state.ts';
import { mentionRows, type UnfinishedRow } from '../views/runs-rows.ts';
import { tell } from './output.ts';
import type { World } from './world.ts';

/** A run that is not done, and what it holds; `open` null: nothing. */
export interface UnfinishedRun extends UnfinishedRow { readonly open: OpenRun | null }

type Looking = Pick<World, 'store' | 'io'>;

/**
 * The runs that are not done, newest first: at a target, or everywhere. A run that a rollback has taken back to the end is done with, and so
 * is a rollback that another one has brought to its end.
 */
export async function unfinishedRuns(world: Looking, target?: LockTarget): Promise<readonly UnfinishedRun[]> {
  const all = await world.store.listRuns();
  const takenBack = new Set(all.filter(({ rollbackOf, outcome }) => rollbackOf !== null && outcome === 'done').map(({ rollbackOf }) => rollbackOf));
  const candidates = all.filter((summary) => summary.outcome !== 'done' && summary.outcome !== 'abandoned' && summary.outcome !== 'blocked'
    && !takenBack.has(summary.run) && (summary.rollbackOf === null || !takenBack.has(summary.rollbackOf)) && (target === undefined || isAt(summary, target)));
  const found = await Promise.all(candidates.map((summary) => unfinished(world, summary)));
  return found.filter((run) => run !== null);
}

/** A damaged journal does not tell its target: it may be this one. */
const isAt = ({ outcome, account, region, endpoint }: RunSummary, target: LockTarget): boolean =>
  outcome === 'damaged' || (account === target.account && region === target.region && endpoint === target.endpoint);

async function unfinished(world: Looking, summary: RunSummary): Promise<UnfinishedRun | null> {
  if (summary.outcome === 'damaged') return { summary, state: 'damaged', steps: null, holder: null, open: null };
  try {
    const { records } = await world.store.readRun(summary.run);
    const state = unfinishedOf(records);
    if (state === null) return null;
    const { steps } = reportOf(records);
    const holder = await holderOf(world, summary);
    const open = openRunOf(records);
    return { summary, state, steps: { done: steps.filter((step) => step.state === 'done' || step.state === 'kept' || step.state === 'pending').length, all: steps.length }, holder, open: open === null || holder === null ? open : { ...open, atWork: true } };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { summary: { ...summary, problem: error.message }, state: 'damaged', steps: null, holder: null, open: null };
  }
}

/** Who works on the run now: its lock is held, and its last sign of life is young. */
async function holderOf({ store, io }: Looking, { run, account, region, endpoint }: RunSummary): Promise<string | null> {
  if (account === null || region === null) return null;
  const holder = await store.lockHolder({ account, region, endpoint });
  if (holder === null || holder.run !== run) return null;
  const isGone = holder.host === io.host && !processLives(holder.pid);
  return !isGone && io.clock.now() - Date.parse(holder.heartbeat) < silent ? `${holder.owner} on ${holder.host}, process ${holder.pid}` : null;
}

/** A holder that has given no sign for so long, in milliseconds, is not shown as being at work. Who may take over is for the store to say. */
const silent = 30_000;

/** What the planner must know: the resources that other runs hold. `except`: the run that is gone on with or taken back, and its rollbacks. */
export async function openRunsFor(world: Looking, target: LockTarget, except: string | null): Promise<readonly OpenRun[]> {
  return (await unfinishedRuns(world, target)).filter(({ summary }) => except === null || (summary.run !== except && summary.rollbackOf !== except)).flatMap(({ open }) => open ?? []);
}

/** Tells of unfinished runs at the same target, one line each on standard error. */
export async function mentionUnfinished(world: World, target: LockTarget, except: string | null): Promise<void> {
  const found = (await unfinishedRuns(world, target)).filter(({ summary }) => except === null || (summary.run !== except && summary.rollbackOf !== except));
  if (found.length > 0) tell(world.io, world.options, mentionRows(found), 'error');
}

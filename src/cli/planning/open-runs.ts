import { UserError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { OpenRun } from '../../domain/records/open-run.ts';
import type { Plan } from '../../domain/plan.ts';
import type { LockTarget } from '../../domain/records/lock-store.ts';
import type { RunSummary, Settling } from '../../domain/records/journal-store.ts';
import { openRunOf, unfinishedOf } from '../../history/open-runs.ts';
import { mapBounded } from '../../base/pool.ts';
import { reportOf } from '../../history/journal-reading.ts';
import { processLives } from '../../store/locks/lock-state.ts';
import { mentionCode, mentionRows, unfinishedFindings, type UnfinishedRow } from '../../views/run/runs-rows.ts';
import { tell } from '../context/output.ts';
import type { CommandContext } from '../context/command-context.ts';

/** A run that is not done, and what it holds; `open` null: nothing. */
export interface UnfinishedRun extends UnfinishedRow {
  readonly open: OpenRun | null;
}

/** Journals of unfinished runs that are read at once. */
const readAtOnce = 8;

type Looking = Pick<CommandContext, 'store' | 'io'>;

/**
 * The runs that are not done, newest first: at a target, or everywhere. A run that a later rollback has undone to the
 * end is left out, and so is a rollback that a later one has completed. Only runs without a mark of being closed are
 * read; with `every` all of them are, and no mark is believed.
 */
export async function unfinishedRuns(
  context: Looking,
  target?: LockTarget,
  { every = false }: { readonly every?: boolean } = {},
): Promise<readonly UnfinishedRun[]> {
  const all = every
    ? (await context.store.listRuns()).filter(({ closed }) => closed === undefined)
    : await context.store.openRuns();
  return unfinishedAmong(context, all, target);
}

/** The same among runs that were listed already, a few being read at a time. */
export async function unfinishedAmong(
  context: Looking,
  all: readonly RunSummary[],
  target?: LockTarget,
): Promise<readonly UnfinishedRun[]> {
  const isTakenBack = takenBackIn(all);
  const candidates = all.filter(
    (summary) =>
      summary.outcome !== 'done' &&
      summary.outcome !== 'abandoned' &&
      !isTakenBack(summary) &&
      (target === undefined || isAt(summary, target)),
  );
  const found: (UnfinishedRun | null)[] = candidates.map(() => null);
  await mapBounded(candidates, readAtOnce, async (summary, index) => {
    found[index] = await unfinished(context, summary);
  });
  return found.filter((run) => run !== null);
}

/**
 * Whether a rollback that is done has undone a run: the run itself, which is always older, whatever the clocks of two
 * machines say, or an earlier rollback of the same one. Which rollback is earlier the store tells, by the time at which
 * it took the first record; a store on one machine has one clock.
 */
export function takenBackIn(all: readonly RunSummary[]): (summary: RunSummary) => boolean {
  const done = all.filter(({ rollbackOf, outcome }) => rollbackOf !== null && outcome === 'done');
  return (summary) =>
    summary.startedAt !== null &&
    done.some(
      (back) =>
        back.rollbackOf === summary.run ||
        (summary.rollbackOf !== null && back.rollbackOf === summary.rollbackOf && isLater(back, summary)),
    );
}

/**
 * Whether a run began after another one, by the store's own clock where it has one. Two that it took in the same second
 * are told apart by what they say.
 */
function isLater(one: RunSummary, other: RunSummary): boolean {
  if (one.storedAt !== undefined && other.storedAt !== undefined && one.storedAt !== other.storedAt)
    return one.storedAt > other.storedAt;
  return (one.startedAt ?? '') > (other.startedAt ?? '');
}

/**
 * Marks finished runs as closed, at the end of every command that may have finished one: runs that are done or
 * abandoned, that ended before their first call, or that were rolled back. None of them is ever resumed, so that a mark
 * stays true. If a process died here or the store failed, an unmarked run is read until the next run marks it. A run
 * that is not wholly in the store is not marked at all.
 */
export async function closeFinishedRuns(context: Looking): Promise<void> {
  try {
    const all = await context.store.openRuns();
    await mergeSpools(context, all);
    const open = new Set((await unfinishedAmong(context, all)).map(({ summary }) => summary.run));
    const isTakenBack = takenBackIn(all);
    const finished = all
      .filter(({ run, startedAt, spooled }) => startedAt !== null && spooled === undefined && !open.has(run))
      .map((summary) => ({ summary, how: settlingOf(summary, isTakenBack) }));
    const marked = new Set<string>();
    const mark = async ({ summary, how }: (typeof finished)[number]): Promise<void> => {
      if (await context.store.closeRun(summary, how)) marked.add(summary.run);
    };
    await Promise.all(finished.filter(({ how }) => how === 'taken-back').map(mark));
    // A rollback gets no mark before all that it undid has one: until then the rollback itself shows that the run is
    // undone.
    const left = all.filter(({ run }) => !marked.has(run));
    await Promise.all(
      finished.filter(({ summary, how }) => how !== 'taken-back' && !left.some(takenBackIn([summary]))).map(mark),
    );
  } catch (error) {
    // The marks save reading, and nothing else depends on them: what failed here is no failure of the run.
    if (!(error instanceof UserError)) throw error;
  }
}

/**
 * The last records of a run may lie beside the store, in a spool of this machine. A resumed run takes it along. Nobody
 * resumes a run that has ended, so its end is brought into the store here, byte for byte; the next time it is marked.
 * If that fails, it stays where it lies.
 */
async function mergeSpools(context: Looking, all: readonly RunSummary[]): Promise<void> {
  const beside = all.filter(({ spooled, outcome }) => spooled === true && outcome !== 'open' && outcome !== 'damaged');
  for (const summary of beside) {
    if ((await holderOf(context, summary)) !== null) continue;
    try {
      await (await context.store.continueJournal(summary.run, context.io.clock)).close();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
}

const settlingOf = (summary: RunSummary, isTakenBack: (summary: RunSummary) => boolean): Settling =>
  summary.outcome === 'done' || summary.outcome === 'abandoned'
    ? summary.outcome
    : isTakenBack(summary)
      ? 'taken-back'
      : 'idle';

/** A damaged journal does not tell its target: it may be this one. */
const isAt = ({ outcome, account, region, endpoint }: RunSummary, target: LockTarget): boolean =>
  outcome === 'damaged' || (account === target.account && region === target.region && endpoint === target.endpoint);

/**
 * The runs of a change plan at a target (AWS itself or any emulator), or the rollbacks of a run: found by name, without
 * reading those that are closed.
 */
export async function runsThat(
  { store }: Pick<CommandContext, 'store'>,
  wanted:
    | { readonly planName: string; readonly account: string; readonly region: string }
    | { readonly rollbackOf: string },
): Promise<readonly string[]> {
  const [settled, others] = await Promise.all([store.closedRuns(), store.openRuns()]);
  const isWanted = (found: Pick<RunSummary, 'planName' | 'rollbackOf'>, isHere: (place: string) => boolean): boolean =>
    'rollbackOf' in wanted
      ? found.rollbackOf === wanted.rollbackOf
      : found.planName === wanted.planName && isHere(`${wanted.account}-${wanted.region}`);
  return [
    ...new Set(
      [
        ...settled.filter(
          (mark) =>
            mark.how !== 'idle' &&
            isWanted(mark, (place) => mark.at === place || mark.at?.startsWith(`${place}-`) === true),
        ),
        ...others.filter(
          (summary) =>
            summary.outcome !== 'damaged' &&
            isWanted(summary, (place) => `${summary.account ?? ''}-${summary.region ?? ''}` === place),
        ),
      ].map(({ run }) => run),
    ),
  ].sort();
}

/** The rollback that has finished what an earlier rollback of the same run began; null where none has. */
export async function supersededBy(context: Looking, rollback: string, of: string): Promise<string | null> {
  const [own, ...others] = await Promise.all(
    [rollback, ...(await runsThat(context, { rollbackOf: of }))].map((run) => context.store.findRun(run)),
  );
  if (own === undefined || own === null || own.outcome === 'done') return null;
  const later = others.find((other) => other?.outcome === 'done' && other.run !== rollback && isLater(other, own));
  return later?.run ?? null;
}

async function unfinished(context: Looking, summary: RunSummary): Promise<UnfinishedRun | null> {
  if (summary.outcome === 'damaged') return { summary, state: 'damaged', steps: null, holder: null, open: null };
  try {
    const { records } = await context.store.readRun(summary.run);
    const state = unfinishedOf(records);
    if (state === null) return null;
    const { steps } = reportOf(records);
    const holder = await holderOf(context, summary);
    const open = openRunOf(records);
    return {
      summary,
      state,
      steps: {
        done: steps.filter((step) => step.state === 'done' || step.state === 'kept' || step.state === 'pending').length,
        all: steps.length,
      },
      holder,
      open: open === null || holder === null ? open : { ...open, atWork: true },
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { summary: { ...summary, problem: error.message }, state: 'damaged', steps: null, holder: null, open: null };
  }
}

/** Who works on the run now: its lock is held, and its last sign of life is young. */
async function holderOf(
  { store, io }: Looking,
  { run, account, region, endpoint }: RunSummary,
): Promise<string | null> {
  if (account === null || region === null) return null;
  const holder = await store.lockHolder({ account, region, endpoint });
  if (holder === null || holder.run !== run) return null;
  const isGone = holder.host === io.host && !processLives(holder.pid);
  return !isGone && io.clock.now() - Date.parse(holder.heartbeat) < silent
    ? `${holder.owner} on ${holder.host}, process ${holder.pid}`
    : null;
}

/**
 * A holder that has given no sign for so long, in milliseconds, is not shown as being at work. Who may take over is for
 * the store to say.
 */
const silent = 30_000;

/** Runs other than one that is resumed or rolled back, and its rollbacks. */
const isOther =
  (except: string | null) =>
  ({ summary }: UnfinishedRun): boolean =>
    except === null || (summary.run !== except && summary.rollbackOf !== except);

/** The other runs at a target, as planning must know them. */
export interface OtherRuns {
  /** The resources that they hold. */
  readonly open: readonly OpenRun[];
  /** Findings for the reader of the plan: which of them are unfinished, and what can be done. */
  readonly findings: readonly Finding[];
}

/**
 * The unfinished runs at a target, as planning must know them. `except`: the run that is resumed or rolled back, and
 * its rollbacks.
 */
export async function otherRunsFor(context: Looking, target: LockTarget, except: string | null): Promise<OtherRuns> {
  const others = (await unfinishedRuns(context, target)).filter(isOther(except));
  return { open: others.flatMap(({ open }) => open ?? []), findings: unfinishedFindings(others) };
}

/**
 * The unfinished runs that a plan was made beside, for a program: what there is, and the commands that deal with it.
 * Nothing where there are none.
 */
export function unfinishedBeside({ findings }: Pick<Plan, 'findings'>): {
  readonly unfinished?: readonly { readonly message: string; readonly next: readonly string[] }[];
} {
  const found = findings.filter(({ code }) => code === mentionCode);
  return found.length === 0
    ? {}
    : { unfinished: found.map(({ message, help }) => ({ message, next: help?.split('\n') ?? [] })) };
}

/**
 * Tells of the unfinished runs that a plan was made beside, one line each on standard error: where the plan itself is
 * not printed as text.
 */
export function mentionUnfinished({ io, options }: Pick<CommandContext, 'io' | 'options'>, plan: Plan): void {
  const rows = mentionRows(plan);
  if (rows.length > 0) tell(io, options, rows, 'error');
}

import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import type { RunSummary } from '../../domain/records/journal-store.ts';
import { reportOf } from '../../history/journal-reading.ts';
import type { Report } from '../../domain/records/report.ts';
import { incompleteRows, reportRows } from '../../views/run/report-rows.ts';
import { blank, row, span, type Row } from '../../views/base/rows.ts';
import { nextOf, runsRows } from '../../views/run/runs-rows.ts';
import { runsThat, supersededBy, unfinishedAmong, unfinishedRuns, type UnfinishedRun } from '../planning/open-runs.ts';
import { told } from '../context/progress.ts';
import { print, printJson, tell } from '../context/output.ts';
import type { CommandContext } from '../context/command-context.ts';

export interface RunsOptions {
  readonly all?: boolean;
  readonly takeOver?: string;
}

/** Other runs than unfinished ones that are listed without `--all`. */
const mostOthers = 20;

/**
 * `aiplan runs [RUN]`: the runs of this store, unfinished ones first with what to do next, then the newest of the
 * others; or one run in full. With `--all` every run, each judged by its journal alone.
 */
export async function runs(
  context: CommandContext,
  run: string | undefined,
  of: string | undefined,
  given: RunsOptions = {},
): Promise<ExitCode> {
  const { io, options } = context;
  if (run === 'abandon') {
    if (of === undefined)
      throw new UserError('run-missing', 'which run is to be abandoned?', {
        help: 'aiplan runs abandon RUN; `aiplan runs` lists them',
      });
    return (await import('./abandon.ts')).abandon(context, of, given);
  }
  if (of !== undefined)
    throw new UserError('run-verb', `"${run ?? ''}" is nothing that can be done with a run`, {
      help: 'aiplan runs, aiplan runs RUN, aiplan runs abandon RUN',
    });
  if (run !== undefined) {
    const { records } = await context.store.readRun(run);
    if (options.json === true) printJson(io, { report: reportOf(records), records });
    else print(io, options, await oneRun(context, run, reportOf(records)));
    return exitCodes.done;
  }
  const { unfinished, others, more } = await listed(context, given.all === true);
  if (options.json === true)
    printJson(io, [
      ...unfinished.map((item) => ({
        ...item.summary,
        unfinished: item.state,
        holder: item.holder,
        next: nextOf(item),
      })),
      ...others,
    ]);
  else print(io, options, runsRows(unfinished, others));
  if (more) tell(io, options, [row(0, span('there are older runs: ', 'muted'), span('aiplan runs --all', 'title'))]);
  // A journal that cannot be read is named in the list; whoever reads only the exit code learns of it too.
  return [...unfinished.map(({ summary }) => summary), ...others].some(
    ({ outcome, closed }) => outcome === 'damaged' && closed === undefined,
  )
    ? exitCodes.error
    : exitCodes.done;
}

interface Listed {
  readonly unfinished: readonly UnfinishedRun[];
  readonly others: readonly RunSummary[];
  readonly more: boolean;
}

async function listed(context: CommandContext, every: boolean): Promise<Listed> {
  const all = every ? await context.store.listRuns({ progress: told(context, 'runs read') }) : null;
  const unfinished =
    all === null
      ? await unfinishedRuns(context)
      : await unfinishedAmong(
          context,
          all.filter(({ closed }) => closed === undefined),
        );
  const first = new Set(unfinished.map(({ summary }) => summary.run));
  const newest = all ?? (await context.store.listRuns({ newest: mostOthers + first.size + 1 }));
  const others = newest.filter((summary) => !first.has(summary.run));
  return {
    unfinished,
    others: every ? others : others.slice(0, mostOthers),
    more: !every && others.length > mostOthers,
  };
}

/** A run in full. It names no next command for a run that is at work or was rolled back. */
async function oneRun(context: CommandContext, run: string, report: Report): Promise<readonly Row[]> {
  const holder = (await unfinishedRuns(context)).find(({ summary }) => summary.run === run)?.holder ?? null;
  if (holder !== null) return [...reportRows(report, false), blank, row(0, span('at work: ', 'warning'), holder)];
  const later = report.rollbackOf === null ? null : await supersededBy(context, run, report.rollbackOf);
  if (later !== null)
    return [
      ...reportRows(report, false),
      blank,
      row(
        0,
        span('superseded by ', 'good'),
        `rollback ${later}, which has finished the undo of run ${report.rollbackOf}`,
      ),
    ];
  const rollbacks = await Promise.all(
    (await runsThat(context, { rollbackOf: run })).map((rollback) => context.store.findRun(rollback)),
  );
  const back = rollbacks.findLast((rollback) => rollback?.outcome === 'done') ?? null;
  return back === null
    ? reportRows(report)
    : [
        ...reportRows(report, false),
        blank,
        ...undoneRows(run, back.run, reportOf((await context.store.readRun(back.run)).records)),
      ];
}

/** By which rollback a run is undone, and what that left. */
const undoneRows = (run: string, back: string, { incomplete = [], forGood }: Report): readonly Row[] => [
  row(0, span('undone by ', 'good'), back),
  ...(incomplete.length === 0 ? [] : incompleteRows(run, incomplete, forGood)),
];

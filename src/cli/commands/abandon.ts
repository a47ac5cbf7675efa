import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { Target } from '../../domain/live.ts';
import { heldCaptures } from '../../recovery/captures/captures.ts';
import { endOf, recordsOf, reportOf } from '../../history/journal-reading.ts';
import { reportRows } from '../../views/run/report-rows.ts';
import { blank, row, span, type Row } from '../../views/base/rows.ts';
import { recordAbandoned } from '../context/audit-log.ts';
import { cannotAsk } from '../planning/consent.ts';
import { closeFinishedRuns, unfinishedRuns } from '../planning/open-runs.ts';
import { tell } from '../context/output.ts';
import { lockOf } from '../running/resume-lock.ts';
import { isColored } from '../context/terminal-session.ts';
import type { CommandContext } from '../context/command-context.ts';

/**
 * `aiplan runs abandon RUN`: closes an unfinished run for good, as a person says by typing its id. Nothing in AWS is
 * touched: what the run made or half did stays, and so do its captures. Throws UserError `confirmation-missing`,
 * `not-approved`, `run-ended`, `locked`.
 */
export async function abandon(
  context: CommandContext,
  run: string,
  options: { readonly takeOver?: string } = {},
): Promise<ExitCode> {
  const { io } = context;
  const { records, damage } = await readable(context, run);
  if (damage !== null) await refuseClosed(context, run);
  const end = endOf(records);
  if (end !== undefined && (end.outcome === 'done' || end.outcome === 'abandoned')) {
    throw new UserError('run-ended', `run ${run} is ${end.outcome === 'done' ? 'done' : 'abandoned already'}`, {
      exitCode: exitCodes.blocked,
      help: 'there is nothing to close',
    });
  }
  const why = cannotAsk(context);
  if (why !== null)
    throw new UserError('confirmation-missing', why, {
      exitCode: exitCodes.blocked,
      help: `a person runs \`aiplan runs abandon ${run}\` in a terminal`,
    });
  const target = recordsOf(records, 'begin')[0]?.target ?? (await context.target());
  const lock = await lockOf(context, run, target, options);
  try {
    const { typeLine } = await import('../../tui/review/type-line.ts');
    const said = await typeLine({
      question: [
        ...question(run, records, context),
        ...(damage === null
          ? []
          : [row(0, span(`Its journal cannot be read and stays as it is: ${damage}`, 'destroy'))]),
      ],
      wanted: run,
      now: () => io.clock.now(),
      stdin: io.stdin,
      stdout: io.stdout,
      color: isColored(context),
      onInterrupt: (callback) => io.onInterrupt(callback),
    });
    if (!said)
      throw new UserError('not-approved', `run ${run} stays as it is`, {
        exitCode: exitCodes.blocked,
        help: 'nothing was changed',
      });
    if (damage === null) await close(context, run, target);
    else await giveUp(context, run, target, damage);
  } finally {
    await lock.release();
  }
  tell(io, context.options, [
    row(0, span('abandoned ', 'title'), run, '; its captures stay: ', span('aiplan captures', 'title')),
  ]);
  return exitCodes.done;
}

/**
 * A rollback found nothing left to undo: the run, where it was unfinished, and whatever is unfinished of earlier
 * rollbacks of it are then done with, and hold nothing any more. Only where a person asked for the rollback: else they
 * stay as they are. Answers what was closed. Throws UserError `locked`, `store-unwritable`.
 */
export async function closeTakenBack(context: CommandContext, run: string, target: Target): Promise<readonly string[]> {
  if (cannotAsk(context) !== null) return [];
  const left = (await unfinishedRuns(context, target)).filter(
    ({ summary, state }) => state !== 'damaged' && (summary.run === run || summary.rollbackOf === run),
  );
  for (const { summary } of left) {
    const lock = await lockOf(context, summary.run, target, {});
    try {
      await close(context, summary.run, target, 'a rollback found nothing left to undo');
    } finally {
      await lock.release();
    }
  }
  return left.map(({ summary }) => summary.run);
}

async function close(
  context: CommandContext,
  run: string,
  target: Target,
  why = `closed for good by ${context.io.user} on ${context.io.host}`,
): Promise<void> {
  const { io, store } = context;
  const journal = await store.continueJournal(run, io.clock);
  try {
    await journal.append({ kind: 'end', outcome: 'abandoned', message: why });
    await recordAbandoned(context, target, run, run, journal.records);
    await closeFinishedRuns(context);
  } finally {
    await journal.close();
  }
}

/**
 * Closes a run whose journal cannot be read, and into which nothing is written any more (law 7): by an entry of the
 * audit log, and by a mark beside the journal, which stays as it is. Its captures stay too: what no journal tells is
 * never taken for expired.
 */
async function giveUp(context: CommandContext, run: string, target: Target, problem: string): Promise<void> {
  const { io, store } = context;
  await recordAbandoned(context, target, run, run, []);
  const found = await store.findRun(run);
  await store.closeRun(
    found ?? { run, account: null, region: null, endpoint: null, planName: null, rollbackOf: null },
    'closed',
    { by: io.user, host: io.host, at: new Date(io.clock.now()).toISOString(), problem },
  );
}

/** Throws UserError `run-ended` where a person has closed the damaged run before. */
async function refuseClosed({ store }: CommandContext, run: string): Promise<void> {
  if (!(await store.closedRuns()).some((mark) => mark.run === run)) return;
  throw new UserError('run-ended', `run ${run} is abandoned already`, {
    exitCode: exitCodes.blocked,
    help: `there is nothing to close; \`aiplan runs ${run}\` says what is wrong with its journal`,
  });
}

/** The text about a run that was stopped before its first record. */
const noRecord = 'it wrote no record, so that nothing was sent';

/**
 * The records of a run; of a damaged journal none, and what is wrong with it: nothing is written into it (law 7), but
 * its lock can be let go.
 */
async function readable(
  { store }: CommandContext,
  run: string,
): Promise<{ readonly records: readonly JournalRecord[]; readonly damage: string | null }> {
  try {
    const { records } = await store.readRun(run);
    return { records, damage: records.length === 0 ? noRecord : null };
  } catch (error) {
    // It was stopped before its journal was there: what was made for it holds its place.
    if (error instanceof UserError && error.code === 'no-such-run' && (await store.findRun(run)) !== null)
      return { records: [], damage: noRecord };
    if (error instanceof UserError && error.code === 'journal-damaged') return { records: [], damage: error.message };
    throw error;
  }
}

/** The meaning of closing, before the id is typed: unfinished work stays unfinished, and the captures stay. */
function question(run: string, records: readonly JournalRecord[], { configuration }: CommandContext): readonly Row[] {
  const held = heldCaptures([records], configuration.capture);
  return [
    ...(recordsOf(records, 'begin').length === 0
      ? [row(0, span(`Run ${run}`, 'title'), ' wrote no beginning')]
      : reportRows(reportOf(records))),
    blank,
    row(
      0,
      span('Abandoning closes the run for good. ', 'destroy'),
      'Nothing in AWS is touched: what it made, and what it left half done, stays as it is, and nothing blocks its resources any more.',
    ),
    ...(held.length === 0
      ? []
      : [
          row(
            0,
            `Its ${held.length} capture${held.length === 1 ? '' : 's'} stay${held.length === 1 ? 's' : ''}, and can be restored from by \`aiplan rollback ${run}\`.`,
          ),
        ]),
    row(0, `Type ${run} and Enter; Esc leaves it.`),
  ];
}

import { needed } from '../../domain/confirmation.ts';
import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { Target } from '../../domain/live.ts';
import type { RecoveryChoice } from '../../tui/run/recovery-view.ts';
import { endOf, recordsOf } from '../../history/journal-reading.ts';
import { refuseResume } from '../../recovery/resume/resume.ts';
import { remainingOf } from '../../recovery/resume/remaining-steps.ts';
import { rewind } from '../../recovery/resume/rewind.ts';
import { reconcile, reconciledSteps, waitUntil, type Reconciliation } from '../../recovery/resume/reconcile.ts';
import { doubtRows } from '../../views/run/doubt-rows.ts';
import { planRows } from '../../views/plan/plan-rows.ts';
import { blank, row, span, type Row } from '../../views/base/rows.ts';
import { withCapturesBegun } from '../running/captures-begun.ts';
import { cannotAsk, missingOf, type ConsentOptions } from '../planning/consent.ts';
import { runsThat, supersededBy } from '../planning/open-runs.ts';
import { print, printJson, tell } from '../context/output.ts';
import { during } from '../context/working.ts';
import { makePlan, readLiveFor } from '../planning/planning.ts';
import { lockOf } from '../running/resume-lock.ts';
import { goOn } from '../running/resume-run.ts';
import { endsOf, heldAgainst } from '../planning/run-marks.ts';
import { wasSent } from '../running/run.ts';
import { signed } from './review.ts';
import { rollback } from './rollback.ts';
import { isPlain, TerminalSession } from '../context/terminal-session.ts';
import type { CommandContext } from '../context/command-context.ts';
import type { Found } from '../running/stopped-run.ts';
import { refuseElsewhere } from '../planning/elsewhere.ts';
import { sourceOfPlan } from '../planning/loading.ts';

export interface ResumeOptions extends ConsentOptions {
  readonly takeOver?: string;
  readonly sign?: string;
  readonly out?: string;
}

/**
 * `aiplan resume RUN`: finds out by reading where each step of a stopped run stands, shows it, and resumes it or rolls
 * it back, as the person says. The remaining destructions and grants are confirmed once more, unless a signed approval
 * of the run still counts.
 */
export async function resumeCommand(context: CommandContext, run: string, options: ResumeOptions): Promise<ExitCode> {
  const { records } = await context.store.readRun(run);
  const begin = recordsOf(records, 'begin')[0];
  if (begin?.plan.rollbackOf !== null && begin !== undefined)
    return rollbackAgain(context, run, begin.plan.rollbackOf, records, options);
  refuseResume(records);
  refuseIdle(run, records);
  await refuseClosed(context, run);
  const target = await context.target();
  refuseElsewhere(run, records, target);
  await refuseWhenTakenBack(context, run);
  if (options.sign !== undefined)
    return sign(context, await lookAt(context, run, records, target), { ...options, sign: options.sign });
  const isAble = options.approval !== undefined || options.yes === true || cannotAsk(context) === null;
  if (!isAble) return onlyLook(context, await lookAt(context, run, records, target));
  const lock = await lockOf(context, run, target, options);
  const stage = new TerminalSession(context);
  let isBack = false;
  try {
    // Read again under the lock: until now somebody may have been at work.
    const found = await lookAt(context, run, (await context.store.readRun(run)).records, target);
    const choice = await choose(context, found, options, stage);
    if (choice === 'leave')
      throw new UserError('not-approved', `run ${run} stays as it is`, {
        exitCode: exitCodes.blocked,
        help: 'nothing was changed',
      });
    isBack = choice === 'rollback';
    if (!isBack) {
      refuseStale(found);
      const ended = await goOn(context, found, options, { lock, stage });
      isBack = ended.back;
      if (!isBack) {
        await stage.close();
        ended.say();
        return ended.code;
      }
    }
  } finally {
    await stage.close();
    await lock.release();
  }
  return rollback(context, run, {});
}

/** A rollback is continued by rolling back again, which knows what this one did. */
async function rollbackAgain(
  context: CommandContext,
  run: string,
  of: string,
  records: readonly JournalRecord[],
  options: ResumeOptions,
): Promise<ExitCode> {
  const later = await supersededBy(context, run, of);
  if (later !== null)
    throw new UserError('run-ended', `run ${run} began to undo run ${of}, and rollback ${later} has finished that`, {
      help: `nothing is left of it to resume; \`aiplan runs ${later}\` shows what it did`,
    });
  refuseElsewhere(run, records, await context.target());
  const settlement = await during(context, `finding out where run ${run} stands`, () => settled(context, records));
  tell(context.io, context.options, [
    ...rowsOf(settlement),
    row(0, `it is a rollback of run ${of}: rolling back again continues it`),
  ]);
  return rollback(context, of, options);
}

/**
 * A run that ended before its first call left its plan as it was: there is nothing to resume, and its mark of being
 * closed stays true.
 */
function refuseIdle(run: string, records: readonly JournalRecord[]): void {
  const end = endOf(records);
  if (end === undefined || wasSent(records)) return;
  throw new UserError(
    'run-ended',
    `run ${run} ended before its first call (${end.outcome}): nothing was changed, and nothing of it remains`,
    { help: 'plan and apply again; the same plan may still be applied where it has not expired' },
  );
}

/**
 * A run that a person closed when its journal could not be read stays closed, also when the journal was brought back.
 */
async function refuseClosed({ store }: CommandContext, run: string): Promise<void> {
  if (!(await store.closedRuns()).some((mark) => mark.run === run && mark.how === 'closed')) return;
  throw new UserError('run-ended', `run ${run} was abandoned while its journal was damaged`, {
    help: `to undo it: aiplan rollback ${run}; to do the rest of it: plan and apply again`,
  });
}

/** A run whose rollback has begun is not resumed. */
async function refuseWhenTakenBack(context: CommandContext, run: string): Promise<void> {
  for (const rollbackRun of await runsThat(context, { rollbackOf: run })) {
    const { records } = await context.store.readRun(rollbackRun);
    if (!wasSent(records) && endOf(records)?.outcome !== 'done') continue;
    const [did, help] =
      endOf(records)?.outcome === 'done'
        ? ['has undone', 'nothing is left to resume; to do it after all, plan it anew']
        : ['has begun to undo', `continue that: aiplan rollback ${run}`];
    throw new UserError('run-taken-back', `rollback ${rollbackRun} ${did} run ${run}`, {
      exitCode: exitCodes.blocked,
      help,
    });
  }
}

const lookAt = (
  context: CommandContext,
  run: string,
  records: readonly JournalRecord[],
  target: Target,
): Promise<Found> =>
  during(context, `finding out where run ${run} stands`, () => findOut(context, run, records, target));

async function findOut(
  context: CommandContext,
  run: string,
  records: readonly JournalRecord[],
  target: Target,
): Promise<Found> {
  const begin = recordsOf(records, 'begin')[0];
  if (begin === undefined) throw new UserError('journal-damaged', 'the journal has no beginning');
  const settlement = await settled(context, records);
  const source = {
    ...(await sourceOfPlan(context, begin.plan, `run ${run}`, `or undo the run: aiplan rollback ${run}`)),
    resumes: run,
  };
  const live = rewind(await readLiveFor(context, source), records, context.types);
  const planned = await makePlan(context, source, live);
  const remaining = remainingOf(records, settlement, planned, new Date(context.io.clock.now()).toISOString());
  return {
    run,
    records,
    confirmed: begin.plan,
    settlement,
    remaining,
    ends: heldAgainst(run, records, await endsOf(context, run)),
    from: { source, planned: { ...remaining.planned, plan: { ...remaining.planned.plan, target } }, saved: null, live },
  };
}

/**
 * Settles, and waits as long as AWS may not show yet what became of a lost call. The effect of a call to an emulator
 * shows at once.
 */
async function settled(context: CommandContext, records: readonly JournalRecord[]): Promise<Reconciliation> {
  const { io, options } = context;
  const { endpoint } = await context.target();
  const stop = new AbortController();
  const stopListening = io.onInterrupt(() => stop.abort());
  try {
    for (;;) {
      const settlement = await reconcile(records, {
        session: await context.reader(),
        types: context.types,
        schemas: context.schemas,
        now: io.clock.now(),
        ...(endpoint === null ? {} : { pace: { consistency: 0 } }),
      });
      const until = waitUntil(settlement);
      if (until === null) return await withCapturesBegun(context, settlement, records);
      if (stop.signal.aborted)
        throw new UserError('interrupted', 'stopped while waiting for AWS to show what became of a call', {
          help: 'nothing was changed',
        });
      const left = until - io.clock.now();
      context.working?.clear();
      tell(io, options, [
        row(
          0,
          span(
            `the answer of a call was lost a moment ago; AWS must show what became of it in ${Math.ceil(left / 1000)} s`,
            'muted',
          ),
        ),
      ]);
      await io.clock.sleep(Math.min(Math.max(left, 0), 10_000), stop.signal);
    }
  } finally {
    stopListening();
  }
}

export const rowsOf = ({ run, standings }: Reconciliation): readonly Row[] =>
  doubtRows(
    run,
    standings.map(({ step, history, verdict, recorded, evidence, problems }) => ({
      step: step.id,
      action: step.action,
      identity: history.made ?? step.identity,
      verdict,
      recorded,
      evidence,
      problems,
    })),
  );

/** Where each step stands and, where the run cannot be resumed, why; for a screen. */
function shownRows({ settlement, remaining: { stale, planned }, ends }: Found): readonly Row[] {
  const known = new Set(settlement.standings.flatMap(({ problems }) => problems));
  const more = stale.filter(({ why }) => !known.has(why));
  return [
    ...rowsOf(settlement),
    ...ends.said.map(({ code, message }) => row(0, span(`${code} `, 'warning'), message)),
    blank,
    ...(stale.length === 0
      ? [
          row(
            0,
            planned.plan.steps.length === 0
              ? 'Nothing is left to be sent: what is done is waited for, read back and written down.'
              : `${counted(planned.plan.steps.length, 'step')} left, as confirmed.`,
          ),
        ]
      : [
          row(0, span('It cannot go on as it was confirmed:', 'destroy')),
          ...more.map(({ step, why }) => row(2, `${step === null ? '' : `${step}: `}${why}`)),
        ]),
  ];
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

async function choose(
  context: CommandContext,
  found: Found,
  options: ResumeOptions,
  stage: TerminalSession,
): Promise<RecoveryChoice> {
  const { io } = context;
  if (options.approval !== undefined || options.yes === true || cannotAsk(context) !== null) {
    tell(io, context.options, shownRows(found));
    return 'continue';
  }
  const canContinue = found.remaining.stale.length === 0;
  const meaning =
    found.remaining.planned.plan.steps.length === 0
      ? 'nothing more is sent'
      : 'what is left is shown and confirmed first';
  if (isPlain(context)) return inWords(context, found);
  const { recoveryView } = await import('../../tui/run/recovery-view.ts');
  const { scene, choice } = recoveryView({ rows: shownRows(found), canContinue, meaning });
  (await stage.screen()).show(scene);
  const chosen = await choice;
  if (chosen !== 'continue') await stage.close();
  return chosen;
}

/** As lines: the review of what is left follows, in which silence and Ctrl-C are no. */
function inWords(context: CommandContext, found: Found): RecoveryChoice {
  print(context.io, context.options, [
    ...shownRows(found),
    row(0, 'To undo it instead, leave here: ', span(`aiplan rollback ${found.run}`, 'title')),
  ]);
  return 'continue';
}

function refuseStale({ run, remaining: { stale } }: Found): void {
  if (stale.length === 0) return;
  throw new UserError(
    'run-stale',
    `run ${run} cannot go on as it was confirmed: ${stale.map(({ step, why }) => (step === null ? why : `"${step}": ${why}`)).join('; ')}`,
    {
      exitCode: exitCodes.stale,
      help: `nothing was sent. Undo it: aiplan rollback ${run}; or close it and plan anew: aiplan runs abandon ${run}`,
    },
  );
}

/** Nobody can be asked: what was found out is told, and nothing is changed. */
function onlyLook(context: CommandContext, found: Found): ExitCode {
  const { io, options } = context;
  const { plan } = found.from.planned;
  const isStale = found.remaining.stale.length > 0;
  if (options.json === true) {
    printJson(io, {
      ...missingOf(plan),
      status: isStale ? 'stale' : 'approval_required',
      run: found.run,
      settled: reconciledSteps(found.settlement),
      stale: found.remaining.stale,
      left: plan.steps.map(({ id }) => id),
    });
  } else {
    print(io, options, [
      ...shownRows(found),
      ...(isStale || plan.steps.length === 0 ? [] : [blank, ...planRows(plan, io.clock.now(), `run ${found.run}`)]),
    ]);
    tell(
      io,
      options,
      [
        row(
          0,
          `${cannotAsk(context) ?? ''}: a person runs `,
          span(`aiplan resume ${found.run}`, 'title'),
          ' in a terminal, or it continues with ',
          span('--approval FILE', 'title'),
        ),
      ],
      'error',
    );
  }
  return isStale ? exitCodes.stale : exitCodes.blocked;
}

async function sign(
  context: CommandContext,
  found: Found,
  options: ResumeOptions & { readonly sign: string },
): Promise<ExitCode> {
  tell(context.io, context.options, shownRows(found));
  refuseStale(found);
  if (needed(found.from.planned.plan).nothing)
    throw new UserError('nothing-to-approve', `nothing of run ${found.run} is left to be confirmed`, {
      help: `aiplan resume ${found.run}`,
    });
  return signed(context, found.from, `run ${found.run}`, {
    sign: options.sign,
    ...(options.out === undefined ? {} : { out: options.out }),
    next: `aiplan resume ${found.run}`,
  });
}

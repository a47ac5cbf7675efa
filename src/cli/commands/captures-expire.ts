import { captureBucketOf } from '../../plan/steps/preview-context.ts';
import { runOutsideRun } from '../../run/executor/run-outside.ts';
import { captureCodes, expiryPlan, type HeldCapture } from '../../recovery/captures/captures.ts';
import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import { backupsOf, copiesIn, expire, permitted, unproven } from '../../../providers/aws/values/capture-expiry.ts';
import { newRunId } from '../../store/journal/runs.ts';
import { row, span } from '../../views/base/rows.ts';
import { auditedJournal, auditedSession, recordApproved } from '../context/audit-log.ts';
import { begunIn } from '../running/captures-begun.ts';
import { approvalOf, cannotAsk } from '../planning/consent.ts';
import { print, tell } from '../context/output.ts';
import type { CommandContext } from '../context/command-context.ts';
import { captureRows } from './capture-rows.ts';

/**
 * Removes expired captures: one list, one typed count, by a person at a terminal. The gate lets exactly the listed
 * backups be deleted and nothing else; every removal is noted in a journal before it is sent.
 */
export async function expireCaptures(context: CommandContext, all: readonly HeldCapture[]): Promise<ExitCode> {
  const { io, options, store } = context;
  const target = await context.target();
  const over = all.filter((held) => held.kept === null && Date.parse(held.expiresAt) <= io.clock.now());
  const { there, absent } = await lookedFor(context, over, all);
  for (const held of absent)
    tell(
      io,
      options,
      [row(0, span('nothing is there ', 'muted'), `of the capture of ${held.identity} that run ${held.run} began`)],
      'error',
    );
  const expired = await proven(context, there);
  if (expired.length === 0) {
    print(io, options, [row(0, 'no capture has expired')]);
    return exitCodes.done;
  }
  const list = expired.flatMap((held) => captureRows(held, io.clock.now(), null));
  const why = cannotAsk(context);
  if (why !== null) {
    print(io, options, list);
    throw new UserError('confirmation-missing', why, {
      exitCode: exitCodes.blocked,
      help: 'a person runs `aiplan captures expire` in a terminal',
    });
  }
  const { typeLine } = await import('../../tui/review/type-line.ts');
  const wanted = String(expired.length);
  const said = await typeLine({
    question: [
      ...list,
      row(
        0,
        span(
          `These ${wanted} captures will be removed for good. Type ${wanted} and Enter; Esc leaves them.`,
          'destroy',
        ),
      ),
    ],
    wanted,
    now: () => io.clock.now(),
    stdin: io.stdin,
    stdout: io.stdout,
    color: options.color && (io.environment['NO_COLOR'] ?? '') === '',
    onInterrupt: (callback) => io.onInterrupt(callback),
  });
  if (!said)
    throw new UserError('not-approved', 'the captures were left alone', {
      exitCode: exitCodes.blocked,
      help: 'nothing was changed',
    });
  const started = io.clock.now();
  const run = newRunId(started, io.random(2));
  const lock = await store.acquireLock(target, {
    run,
    owner: io.user,
    host: io.host,
    pid: io.pid,
    startedAt: new Date(started).toISOString(),
  });
  let session;
  let journal;
  try {
    session = auditedSession(context, await context.applier(run), target, run);
    const plan = expiryPlan(expired, target, new Date(started).toISOString());
    const approval = approvalOf(context, plan, 'T0', { confirmations: [], typedName: wanted });
    await recordApproved(context, plan, approval, `the list of ${wanted} captures, its number typed`);
    journal = auditedJournal(context, await store.createJournal(run, io.clock), { target, plan: plan.digest });
    await journal.append({ kind: 'begin', format: 'aiplan/journal@1', run, command: 'apply', target, plan, approval });
    for (const held of expired) {
      const backups = backupsOf(held.capture);
      const keys = await runOutsideRun(session, () => copiesIn(backups, target.account), { run, step: held.step });
      await journal.append({
        kind: 'finding',
        step: held.step,
        code: 'capture-expiring',
        message: `of ${held.type} ${held.identity}, run ${held.run}: ${permitted(backups, []).join(', ')} and ${keys.length} copies`,
      });
      await lock.check();
      await runOutsideRun(session, () => expire(backups, keys, target.account), {
        run,
        step: held.step,
        expireCaptures: permitted(backups, keys),
      });
      await journal.append({
        kind: 'finding',
        step: held.step,
        code: captureCodes.expired,
        message: `of ${held.type} ${held.identity}, run ${held.run}`,
        capture: claimOf(held),
      });
      tell(io, options, [row(0, span('removed ', 'good'), `the capture of ${held.identity} from run ${held.run}`)]);
    }
    for (const held of absent)
      await journal.append({
        kind: 'finding',
        step: held.step,
        code: captureCodes.absent,
        message: `of ${held.type} ${held.identity}, run ${held.run}: it was begun, and AWS has nothing of it`,
        capture: claimOf(held),
      });
    await journal.append({ kind: 'end', outcome: 'done', message: null });
  } finally {
    await journal?.close();
    session?.close();
    await lock.release();
  }
  return exitCodes.done;
}

const claimOf = ({
  run,
  step,
  takenAt,
}: HeldCapture): { readonly run: string; readonly step: string; readonly takenAt: string } => ({ run, step, takenAt });

/** Looks for captures that were begun and never read back: the parts that AWS has stand in for their references. */
async function lookedFor(
  context: CommandContext,
  over: readonly HeldCapture[],
  all: readonly HeldCapture[],
): Promise<{ readonly there: readonly HeldCapture[]; readonly absent: readonly HeldCapture[] }> {
  const there: HeldCapture[] = [];
  const absent: HeldCapture[] = [];
  for (const held of over) {
    if (held.begun !== true) {
      there.push(held);
      continue;
    }
    const refs = await begunIn(context, held, all);
    if (Object.keys(refs).length === 0) absent.push(held);
    else there.push({ ...held, capture: { ...held.capture, refs } });
  }
  return { there, absent };
}

/**
 * The captures that AWS itself shows to be of their run and expired; a journal alone proves nothing (law 13). The
 * others are told.
 */
async function proven(context: CommandContext, claimed: readonly HeldCapture[]): Promise<readonly HeldCapture[]> {
  const { io, options, configuration } = context;
  const bucket = captureBucketOf(configuration, await context.target());
  const kept: HeldCapture[] = [];
  for (const held of claimed) {
    const problems = await runOutsideRun(
      await context.reader(),
      () =>
        unproven(backupsOf(held.capture), {
          run: held.run,
          step: held.step,
          bucket,
          now: new Date(io.clock.now()).toISOString(),
        }),
      { run: held.run, step: held.step },
    );
    if (problems.length === 0) kept.push(held);
    for (const problem of problems) tell(io, options, [row(0, span('left alone ', 'warning'), problem)], 'error');
  }
  return kept;
}

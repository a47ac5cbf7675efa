import { callName, type Answer, type Call } from '../../domain/call.ts';
import { digest } from '../../base/digest.ts';
import { AwsError, UserError } from '../../base/error.ts';
import type { JsonObject } from '../../base/json.ts';
import type { PartialBatch } from '../../domain/records/journal.ts';
import { InDoubt, RunStopped } from './interruptions.ts';
import { mapBounded } from '../../base/pool.ts';
import { redacted } from '../../domain/redact.ts';
import {
  attempt,
  interrupted,
  inTurn,
  isHeldBack,
  mutateWithLock,
  refusalsOf,
  journaledAnswer,
  refuseWithoutLock,
  resolvedInput,
  type Sending,
  stopOf,
} from './send.ts';

/** Calls of a batch that are in flight at once. */
const width = 8;
/** Answers of a batch up to this size stand in the journal; of a larger one their number and digest. */
const journaledAnswers = 50;

type Fate =
  | { readonly state: 'answered'; readonly answer: Answer }
  | { readonly state: 'failed'; readonly error: AwsError | UserError }
  | { readonly state: 'not-sent' };

/**
 * Sends independent declared calls with bounded concurrency: one intent, one outcome. After the first failure nothing
 * more of it is started, and the outcome says exactly how many succeeded, failed and were not sent.
 * Throws the first AwsError, InDoubt when an answer was lost, RunStopped.
 */
export async function sendBatch(
  calls: readonly Call[],
  purpose: string,
  sending: Sending,
): Promise<readonly JsonObject[]> {
  return calls.length === 0 ? [] : inTurn(sending, () => sendInTurn(calls, purpose, sending));
}

async function sendInTurn(calls: readonly Call[], purpose: string, sending: Sending): Promise<readonly JsonObject[]> {
  const { ports, state, step } = sending;
  await refuseWithoutLock(ports);
  const number = (state.calls += 1);
  const operations = [...new Set(calls.map(callName))];
  await ports.journal.append({
    kind: 'intent-batch',
    step,
    call: number,
    purpose: sending.purpose,
    text: purpose,
    count: calls.length,
    operations,
    digest: digest(
      calls.map(({ preview: _preview, ...call }) => ({ ...call, input: redacted(call.input, sending.sensitive) })),
    ),
  });
  const began = ports.clock.now();
  const fates = await sendAllOf(calls, purpose, sending);
  const milliseconds = ports.clock.now() - began;
  const requestId = fates.find((fate) => fate.state === 'answered')?.answer.requestId ?? null;
  const failed = fates.flatMap((fate, index) => (fate.state === 'failed' ? [{ index, error: fate.error }] : []));
  if (fates.every((fate) => fate.state === 'answered')) {
    const answers = fates.map((fate) => fate.answer.output);
    await ports.journal.append({
      kind: 'outcome',
      step,
      call: number,
      ok: true,
      requestId,
      milliseconds,
      answer: journaled(answers, sending),
    });
    return answers;
  }
  const partial = partialOf(calls, fates);
  const first = failed[0]?.error;
  const stopped = first === undefined;
  const touched = partial.succeeded > 0 || partial.failed.some(({ executed }) => executed === 'unknown');
  const message = `${partial.succeeded} of ${calls.length} calls succeeded, ${failed.length} failed, ${partial.notSent} were not sent${first === undefined ? '' : `; first failure: ${first.message}`}`;
  await ports.journal.append({
    kind: 'outcome',
    step,
    call: number,
    ok: false,
    requestId,
    milliseconds,
    code: stopped ? 'Stopped' : first.code,
    message,
    executed: touched ? 'unknown' : 'no',
    partial,
  });
  if (stopped) throw new RunStopped(`stopped in step "${step}": ${message}`);
  const doubtful = failed.find(({ error }) => error instanceof AwsError && error.executed === 'unknown');
  if (doubtful !== undefined && doubtful.error instanceof AwsError)
    throw new InDoubt(calls[doubtful.index] as Call, doubtful.error);
  if (first instanceof AwsError && first.kind === 'expired')
    throw new RunStopped(`the credentials have expired in step "${step}": ${message}; log in again`, first);
  if (first instanceof AwsError) {
    throw new AwsError({
      code: first.code,
      kind: first.kind,
      operation: first.operation,
      message,
      requestId: first.requestId,
      httpStatus: first.httpStatus,
      executed: 'no',
      cause: first,
    });
  }
  throw interrupted(first);
}

async function sendAllOf(calls: readonly Call[], purpose: string, sending: Sending): Promise<readonly Fate[]> {
  const { ports, step } = sending;
  const fates: Fate[] = calls.map(() => ({ state: 'not-sent' }));
  let failed = false;
  let answered = 0;
  await mapBounded(calls, width, async (call, index) => {
    if (failed || isHeldBack(sending) || stopOf(sending)?.aborted === true) return;
    const fate = await sendOne(call, sending);
    fates[index] = fate;
    if (fate.state === 'failed') failed = true;
    answered += 1;
    // How far the whole of it is, of which this batch may be a part, is the program's to say.
    ports.emit({ kind: 'progress', step, text: `${purpose}: ${answered} of ${calls.length}`, fraction: null, sent: 1 });
  });
  return fates;
}

async function sendOne(call: Call, sending: Sending): Promise<Fate> {
  const refusals = refusalsOf(sending);
  for (;;) {
    const { resolved, texts } = await resolvedInput(call, sending);
    const result = await attempt(
      () => mutateWithLock(sending.ports, () => sending.ports.session.mutate(call, resolved, sending.permit)),
      texts,
    );
    if (result.ok) return { state: 'answered', answer: result.answer };
    const { error } = result;
    if (error instanceof UserError || error.executed === 'unknown') return { state: 'failed', error };
    try {
      if (stopOf(sending)?.aborted === true) return { state: 'failed', error };
      if (!(await refusals.worthAnother(error, call))) return { state: 'failed', error };
    } catch (interruption) {
      if (interruption instanceof RunStopped) return { state: 'failed', error };
      throw interruption;
    }
  }
}

function partialOf(calls: readonly Call[], fates: readonly Fate[]): PartialBatch {
  const failed = fates.flatMap((fate, index) =>
    fate.state !== 'failed'
      ? []
      : [
          {
            index,
            identity: calls[index]?.identity ?? '',
            code: fate.error.code,
            message: fate.error.message,
            executed: fate.error instanceof AwsError ? fate.error.executed : ('no' as const),
          },
        ],
  );
  return {
    succeeded: fates.filter((fate) => fate.state === 'answered').length,
    notSent: fates.filter((fate) => fate.state === 'not-sent').length,
    failed: failed.slice(0, 100),
  };
}

const journaled = (answers: readonly JsonObject[], sending: Sending): JsonObject =>
  answers.length <= journaledAnswers
    ? { answers: answers.map((answer) => journaledAnswer(answer, sending)) }
    : { count: answers.length, digest: digest(answers) };

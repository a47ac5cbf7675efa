import { callName, type Answer, type Call, type Permit } from '../../domain/call.ts';
import { AwsError, UserError } from '../../base/error.ts';
import { isAmong, textsOf } from '../../domain/identity.ts';
import type { CallPurpose } from '../../domain/records/journal.ts';
import type { JsonObject } from '../../base/json.ts';
import type { ApplyPorts } from '../../domain/records/ports.ts';
import { HeldBack, InDoubt, renewOrStop, RunStopped } from './interruptions.ts';
import { longer, paceOf } from '../../domain/records/poll-intervals.ts';
import { redacted } from '../../domain/redact.ts';
import type { Turn } from './schedule.ts';
import { scrub, scrubbed } from '../../plan/steps/scrub.ts';
import { resolveSecrets } from '../../plan/steps/secrets.ts';

type SendPorts = Pick<
  ApplyPorts,
  'session' | 'journal' | 'clock' | 'emit' | 'vault' | 'secrets' | 'stop' | 'halt' | 'guard' | 'pace'
>;

/** State that the calls of one run share. */
export interface CallState {
  /** Number of the last call; calls are numbered over the whole run. */
  calls: number;
  /** Identities that this run made, and until when (milliseconds since 1970) AWS may not know them everywhere. */
  readonly fresh: Map<string, number>;
  /** Mutating calls go through here one at a time; those of captures, which touch nothing that exists, do not. */
  readonly turn: Turn;
  /** A step has failed: nothing more is sent, except calls that undo a quiescing. */
  failing: boolean;
}

export interface Sending {
  readonly ports: SendPorts;
  readonly state: CallState;
  readonly step: string;
  readonly purpose: CallPurpose;
  readonly permit: Permit;
  /** Names of fields that are masked in the journal, beside the known ones. */
  readonly sensitive: ReadonlySet<string>;
  /** The undo of a quiescing continues after Ctrl-C. */
  readonly ignoreStop?: boolean;
}

/** How often a refusal that proves non-execution is answered by another attempt. */
const maximumRefusals = 12;

/**
 * Sends one declared call: intent on disk, then the request, then the outcome on disk (law 7). A refusal that proves
 * non-execution (throttling, expired credentials, an own new resource that is not known everywhere yet) is tried again;
 * a lost answer is not, but for one resend of a call with a client token.
 * Throws AwsError for a refusal, InDoubt for a lost answer, RunStopped, UserError from gate, secrets or store.
 */
export async function sendCall(call: Call, sending: Sending): Promise<JsonObject> {
  const { ports } = sending;
  const attempts = refusalsOf(sending);
  let doubt: AwsError | null = null;
  for (;;) {
    const result = await inTurn(
      sending,
      () => sendOnce(call, sending),
      ({ ok }) => ok,
    );
    if (result.ok) return result.answer.output;
    const { error } = result;
    if (error instanceof UserError) throw interrupted(error);
    if (error.executed === 'unknown' && (doubt !== null || call.retry !== 'token' || error.kind !== 'network'))
      throw new InDoubt(call, doubt ?? error);
    if (error.executed === 'unknown') {
      doubt = error;
      await ports.clock.sleep(paceOf(ports.pace).retryStart);
    } else if (doubt !== null && error.kind !== 'throttled') throw new InDoubt(call, doubt);
    if (error.executed === 'no' && !(await attempts.worthAnother(error, call))) throw error;
  }
}

/**
 * Waits for the step's turn and works. After a failure the turn is kept until the step has gone on or has ended
 * (`Turn.leave` in execute and at the end of the step), so that no other step sends anything before it is known what
 * the failure means.
 */
export async function inTurn<Result>(
  sending: Sending,
  work: () => Promise<Result>,
  isGood: (result: Result) => boolean = () => true,
): Promise<Result> {
  const { state, step } = sending;
  if (sending.purpose !== 'capture') await state.turn.enter(step);
  refuseWhenStopped(sending);
  if (isHeldBack(sending)) throw new HeldBack(`step "${step}" was not resumed, because another step failed`);
  const result = await work();
  if (isGood(result)) state.turn.leave(step);
  return result;
}

/** Another step has failed, and this is not the undo of a quiescing. */
export const isHeldBack = ({ state, ignoreStop }: Pick<Sending, 'state' | 'ignoreStop'>): boolean =>
  state.failing && ignoreStop !== true;

async function sendOnce(call: Call, sending: Sending): Promise<Attempt> {
  const { ports, state, step, purpose } = sending;
  const { resolved, texts } = await resolvedInput(call, sending);
  await refuseWithoutLock(ports);
  const number = (state.calls += 1);
  await ports.journal.append({ kind: 'intent', step, call: number, purpose, declared: declared(call, sending) });
  const began = ports.clock.now();
  ports.emit({ kind: 'call', step, call: callName(call), state: 'sent', purpose: call.purpose });
  const result = await attempt(
    () => mutateWithLock(ports, () => ports.session.mutate(call, resolved, sending.permit)),
    texts,
  );
  const milliseconds = ports.clock.now() - began;
  ports.emit({
    kind: 'call',
    step,
    call: callName(call),
    state: result.ok ? 'answered' : 'failed',
    purpose: call.purpose,
  });
  if (result.ok) {
    const { output, requestId } = result.answer;
    await ports.journal.append({
      kind: 'outcome',
      step,
      call: number,
      ok: true,
      requestId: requestId ?? null,
      milliseconds,
      answer: journaledAnswer(output, sending),
    });
    return result;
  }
  const { error } = result;
  await ports.journal.append({
    kind: 'outcome',
    step,
    call: number,
    ok: false,
    milliseconds,
    code: error.code,
    message: error.message,
    requestId: error instanceof AwsError ? (error.requestId ?? null) : null,
    executed: error instanceof AwsError ? error.executed : 'no',
  });
  return result;
}

const sentTexts = new WeakMap<CallState, readonly string[]>();

/**
 * The input for the wire, and every secret or sensitive text that the run has sent so far: an answer may echo one of an
 * earlier call. Throws as `resolveSecrets` does.
 */
export async function resolvedInput(
  call: Call,
  { ports, state, sensitive }: Pick<Sending, 'ports' | 'state' | 'sensitive'>,
): ReturnType<typeof resolveSecrets> {
  const { resolved, texts } = await resolveSecrets(call.input, ports, sensitive);
  const sent = sentTexts.get(state) ?? [];
  const fresh = texts.filter((text) => !sent.includes(text));
  // The same array while nothing is added: what is compiled from it is kept.
  const all = fresh.length === 0 && sentTexts.has(state) ? sent : [...sent, ...new Set(fresh)];
  sentTexts.set(state, all);
  return { resolved, texts: all };
}

/** An answer as the journal may hold it (law 11). */
export const journaledAnswer = (
  output: JsonObject,
  { state, sensitive }: Pick<Sending, 'state' | 'sensitive'>,
): JsonObject => scrubbed(redacted(output, sensitive), sentTexts.get(state) ?? []) as JsonObject;

/** Before anything is announced. Throws RunStopped when the lock is lost. */
export async function refuseWithoutLock({ guard }: Pick<ApplyPorts, 'guard'>): Promise<void> {
  try {
    await guard?.();
  } catch (error) {
    throw interrupted(error);
  }
}

/**
 * Writing the intent takes time, in which the machine may have slept: the lock is looked at once more right before the
 * request.
 */
export async function mutateWithLock(ports: Pick<ApplyPorts, 'guard'>, mutate: () => Promise<Answer>): Promise<Answer> {
  await ports.guard?.();
  return mutate();
}

/** A lost lock is no failure of the step: the run stops. */
export const interrupted = (error: unknown): unknown =>
  error instanceof UserError && error.code === 'lock-lost' ? new RunStopped(error.message, error) : error;

/**
 * The signal that ends the sending and waiting of a step: the first Ctrl-C, or for the undo of a quiescing only the
 * second.
 */
export const stopOf = ({
  ports,
  ignoreStop,
}: {
  readonly ports: Pick<ApplyPorts, 'stop' | 'halt'>;
  readonly ignoreStop?: boolean;
}): AbortSignal | undefined => (ignoreStop === true ? ports.halt : ports.stop);

/** Throws RunStopped after Ctrl-C, before anything more is sent. */
export function refuseWhenStopped(sending: Pick<Sending, 'ports' | 'step' | 'ignoreStop'>): void {
  if (stopOf(sending)?.aborted === true) throw new RunStopped(`stopped in step "${sending.step}"`);
}

/** The call as it stands in the journal. */
const declared = (call: Call, { sensitive }: Sending): Omit<Call, 'preview'> => {
  const { preview: _preview, makes, ...rest } = call;
  return {
    ...rest,
    input: redacted(rest.input, sensitive),
    ...(makes === undefined ? {} : { makes: { ...makes, properties: redacted(makes.properties, sensitive) } }),
  };
};

export type Attempt =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly error: AwsError | UserError };

/**
 * Runs a request. Throws whatever is neither an answer nor a known error: the intent then stays without outcome, in
 * doubt.
 */
export async function attempt(request: () => Promise<Answer>, texts: readonly string[]): Promise<Attempt> {
  try {
    return { ok: true, answer: await request() };
  } catch (error) {
    if (error instanceof AwsError) return { ok: false, error: withoutSecrets(error, texts) };
    if (error instanceof UserError) return { ok: false, error };
    throw error;
  }
}

/** AWS sometimes quotes the wrong value; where that is a secret, neither log nor screen may have it (law 11). */
function withoutSecrets(error: AwsError, texts: readonly string[]): AwsError {
  const message = scrub(error.message, texts);
  const code = scrub(error.code, texts);
  if (message === error.message && code === error.code) return error;
  const { kind, operation, requestId, httpStatus, executed } = error;
  return new AwsError({ code, kind, operation, message, requestId, httpStatus, executed });
}

/** Decides whether a refused call is sent again, and pauses before it is. */
export function refusalsOf(sending: Sending): { worthAnother(error: AwsError, call: Call): Promise<boolean> } {
  const { ports, state } = sending;
  const pace = paceOf(ports.pace);
  let pause = pace.retryStart;
  let refusals = 0;
  let renewed = false;
  const rest = async (): Promise<boolean> => {
    refusals += 1;
    if (refusals > maximumRefusals) return false;
    await ports.clock.sleep(pause, stopOf(sending));
    pause = longer(pause, pace.pollMax);
    return true;
  };
  return {
    async worthAnother(error, call) {
      if (error.kind === 'throttled') return rest();
      if (error.kind === 'expired') {
        if (renewed) throw new RunStopped('the credentials have expired; log in again', error);
        renewed = true;
        await renewOrStop(ports.session);
        return true;
      }
      return error.kind === 'absent' && namesFresh(call, state, ports.clock.now()) ? rest() : false;
    },
  };
}

function namesFresh(call: Call, { fresh }: CallState, now: number): boolean {
  const texts = textsOf(call.input);
  return [...fresh].some(([identity, until]) => now < until && isAmong(texts, identity));
}

import type { AwsReader, Wait } from '../../domain/call.ts';
import { AwsError, UserError } from '../../base/error.ts';
import type { Clock, RunEvent } from '../../domain/records/event.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Pace } from '../../domain/records/ports.ts';
import { renewOrStop, RunStopped } from './interruptions.ts';
import { longer } from '../../domain/records/poll-intervals.ts';

export interface WaitOptions {
  readonly session: Pick<AwsReader, 'read'> & { renew(): Promise<void> };
  readonly clock: Clock;
  readonly emit: (event: RunEvent) => void;
  /** Null: the wait is not given up (the undo of a quiescing). */
  readonly stop: AbortSignal | null;
  readonly pace: Required<Pace>;
  readonly step: string;
  /**
   * Until when (milliseconds since 1970) absence may be eventual consistency after an own create; null: it is absence.
   */
  readonly freshUntil: number | null;
}

type Reading = { readonly answer: JsonObject | null } | { readonly trouble: string };

/**
 * Polls until the wait's judge says done; answers the last answer. There is no time limit: AWS's slow states are
 * honoured. Throws UserError `wait-failed` on a failed state, AwsError for a read that cannot succeed or when contact
 * was lost for `pace.contact`, RunStopped on stop.
 */
export async function waitFor(wait: Wait, options: WaitOptions): Promise<JsonObject | null> {
  const { clock, pace, stop } = options;
  const began = clock.now();
  const reader = patientReader(wait, options);
  let pause = pace.pollStart;
  let agreed = 0;
  for (;;) {
    if (stop?.aborted === true) throw new RunStopped(`stopped while waiting for ${wait.what}`);
    const reading = await reader();
    const told = judge(wait, reading, options);
    if (told.state === 'failed') throw new UserError('wait-failed', `${wait.what}: ${told.reason}`);
    agreed = told.state === 'done' ? agreed + 1 : 0;
    if (told.state === 'done' && 'answer' in reading && agreed >= (wait.agree ?? 1)) return reading.answer;
    report(wait, told, clock.now() - began, options);
    await clock.sleep(pause, stop ?? undefined);
    pause = longer(pause, pace.pollMax);
  }
}

function judge(wait: Wait, reading: Reading, { clock, freshUntil }: WaitOptions): ReturnType<Wait['judge']> {
  if ('trouble' in reading) return { state: 'pending', detail: reading.trouble };
  if (reading.answer === null && freshUntil !== null && clock.now() < freshUntil)
    return { state: 'pending', detail: 'not visible yet' };
  return wait.judge(reading.answer);
}

/** A read that survives throttling, lost connections and, once, expired credentials; all refusals that say nothing. */
function patientReader(wait: Wait, { session, clock, pace, freshUntil }: WaitOptions): () => Promise<Reading> {
  let failingSince: number | null = null;
  let renewed = false;
  return async () => {
    try {
      const answer = await session.read(wait.read);
      failingSince = null;
      renewed = false;
      return { answer };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const now = clock.now();
      failingSince ??= now;
      if (error.kind === 'expired') {
        if (renewed) throw new RunStopped(`the credentials have expired while waiting for ${wait.what}`, error);
        renewed = true;
        await renewOrStop(session);
        return { trouble: 'new credentials' };
      }
      if (error.kind === 'absent' && freshUntil !== null && now < freshUntil) return { trouble: 'not visible yet' };
      const passing = error.kind === 'throttled' || error.kind === 'network' || (error.httpStatus ?? 0) >= 500;
      if (!passing || now - failingSince >= pace.contact) throw error;
      return {
        trouble: error.kind === 'throttled' ? 'throttled, trying again' : `cannot read (${error.code}), trying again`,
      };
    }
  };
}

function report(wait: Wait, told: ReturnType<Wait['judge']>, elapsed: number, { emit, step }: WaitOptions): void {
  const detail = told.state === 'pending' && told.detail !== undefined ? `: ${told.detail}` : '';
  const percent = told.state === 'pending' ? told.percent : undefined;
  emit({
    kind: 'progress',
    step,
    text: `${wait.what}${detail}`,
    fraction: percent === undefined ? null : Math.min(Math.max(percent / 100, 0), 1),
    elapsed,
  });
}

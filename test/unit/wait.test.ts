import { describe, expect, it } from '@jest/globals';
import type { Wait, Waiting } from '../../src/domain/call.ts';
import { AwsError, type AwsErrorKind } from '../../src/base/error.ts';
import type { RunEvent } from '../../src/domain/records/event.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { RunStopped } from '../../src/run/executor/interruptions.ts';
import { paceOf } from '../../src/domain/records/poll-intervals.ts';
import { waitFor, type WaitOptions } from '../../src/run/executor/wait.ts';
import { fakeClock, recorder } from '../helpers/apply-ports.ts';

const failure = (kind: AwsErrorKind, httpStatus?: number): AwsError =>
  new AwsError({ code: kind, kind, operation: 'rds:Describe', message: 'ordered', executed: 'no', httpStatus });

/** Answers in order; the last one stays. An error is thrown, a function is called. */
type Script = readonly (JsonObject | null | AwsError | (() => void))[];
function setting(script: Script, more: Partial<WaitOptions> = {}) {
  const clock = fakeClock();
  const { events, emit } = recorder();
  let position = 0;
  let renewals = 0;
  const options: WaitOptions = {
    clock,
    emit,
    stop: null,
    pace: paceOf(undefined),
    step: 'Db',
    freshUntil: null,
    session: {
      async read() {
        let answer = script[Math.min(position, script.length - 1)]!;
        position += 1;
        if (typeof answer === 'function') {
          answer();
          answer = {};
        }
        if (answer instanceof AwsError) throw answer;
        return answer;
      },
      async renew() {
        renewals += 1;
      },
    },
    ...more,
  };
  return { options, clock, events, reads: () => position, renewals: () => renewals };
}
const byStatus = (answer: JsonObject | null): Waiting =>
  answer === null
    ? { state: 'failed', reason: 'it is gone' }
    : answer['Status'] === 'available'
      ? { state: 'done' }
      : answer['Status'] === 'failed'
        ? { state: 'failed', reason: 'it failed' }
        : { state: 'pending', detail: String(answer['Status']), percent: Number(answer['Percent'] ?? 0) };
const wait = (more: Partial<Wait> = {}): Wait => ({
  what: 'courses-prod available',
  read: { service: 'rds', operation: 'Describe', input: {} },
  judge: byStatus,
  ...more,
});
const ready = { Status: 'available' };
const slow = { Status: 'modifying', Percent: 40 };

describe('waiter', () => {
  it('polls with growing pauses from 1 s to 15 s and has no limit of its own', async () => {
    const { options, clock } = setting([...Array.from({ length: 300 }, () => slow), ready]);
    expect(await waitFor(wait(), options)).toEqual(ready);
    expect(clock.slept.slice(0, 4)).toEqual([1_000, 1_500, 2_250, 3_375]);
    expect(clock.slept.at(-1)).toBe(15_000);
    expect(clock.slept).toHaveLength(300);
  });

  it('tells what it waits for, elapsed time and how far', async () => {
    const { options, events } = setting([slow, slow, ready]);
    await waitFor(wait(), options);
    expect(events).toEqual([
      { kind: 'progress', step: 'Db', text: 'courses-prod available: modifying', fraction: 0.4, elapsed: 0 },
      { kind: 'progress', step: 'Db', text: 'courses-prod available: modifying', fraction: 0.4, elapsed: 1_000 },
    ] satisfies RunEvent[]);
  });

  it('fails on a failed state', async () => {
    const { options } = setting([slow, { Status: 'failed' }]);
    await expect(waitFor(wait(), options)).rejects.toMatchObject({
      code: 'wait-failed',
      message: 'courses-prod available: it failed',
    });
  });

  it('counts done only after as many agreeing reads in a row as asked', async () => {
    const { options, reads } = setting([ready, slow, ready, ready, ready]);
    await waitFor(wait({ agree: 3 }), options);
    expect(reads()).toBe(5);
  });

  it('gives absence to the judge', async () => {
    const { options } = setting([slow, null]);
    await expect(waitFor(wait(), options)).rejects.toMatchObject({ message: expect.stringContaining('it is gone') });
    const gone = setting([slow, null]);
    expect(
      await waitFor(
        wait({ judge: (answer) => (answer === null ? { state: 'done' } : { state: 'pending' }) }),
        gone.options,
      ),
    ).toBeNull();
  });

  it('takes absence after an own create as not visible yet, until the window ends', async () => {
    const clock = fakeClock();
    const seen = setting([null, failure('absent'), null, ready], { clock, freshUntil: clock.now() + 60_000 });
    expect(await waitFor(wait(), seen.options)).toEqual(ready);
    const late = setting([null], { clock, freshUntil: clock.now() + 60_000 });
    await expect(waitFor(wait(), late.options)).rejects.toMatchObject({
      message: expect.stringContaining('it is gone'),
    });
    expect(clock.slept.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThanOrEqual(60_000);
  });

  it('does not take an absence that the read did not name for absence', async () => {
    const { options } = setting([failure('absent')]);
    await expect(waitFor(wait({ judge: () => ({ state: 'done' }) }), options)).rejects.toMatchObject({
      kind: 'absent',
    });
  });

  it('survives throttling, lost connections and server errors', async () => {
    const { options, events } = setting([failure('throttled'), failure('network'), failure('unknown', 503), ready]);
    expect(await waitFor(wait(), options)).toEqual(ready);
    expect(events.map((event) => (event.kind === 'progress' ? event.text : ''))).toEqual([
      'courses-prod available: throttled, trying again',
      'courses-prod available: cannot read (network), trying again',
      'courses-prod available: cannot read (unknown), trying again',
    ]);
  });

  it('gives up when contact stays lost, and at once when it is denied', async () => {
    const lost = setting([failure('network')]);
    await expect(waitFor(wait(), lost.options)).rejects.toMatchObject({ kind: 'network' });
    expect(lost.clock.slept.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThanOrEqual(300_000);
    const denied = setting([failure('denied')]);
    await expect(waitFor(wait(), denied.options)).rejects.toMatchObject({ kind: 'denied' });
    expect(denied.reads()).toBe(1);
  });

  it('takes new credentials once, then pauses the run', async () => {
    const once = setting([failure('expired'), ready]);
    expect(await waitFor(wait(), once.options)).toEqual(ready);
    expect(once.renewals()).toBe(1);
    await expect(waitFor(wait(), setting([failure('expired')]).options)).rejects.toBeInstanceOf(RunStopped);
    const none = setting([failure('expired')]);
    await expect(
      waitFor(wait(), {
        ...none.options,
        session: {
          ...none.options.session,
          async renew() {
            throw failure('expired');
          },
        },
      }),
    ).rejects.toBeInstanceOf(RunStopped);
  });

  it('is given up on stop', async () => {
    const stop = new AbortController();
    const { options, reads } = setting(
      [
        slow,
        slow,
        () => {
          stop.abort();
        },
        slow,
      ],
      { stop: stop.signal },
    );
    await expect(waitFor(wait(), options)).rejects.toBeInstanceOf(RunStopped);
    expect(reads()).toBe(3);
  });
});

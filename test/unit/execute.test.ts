import { describe, expect, it } from '@jest/globals';
import {
  keepSecret,
  look,
  progress,
  send,
  sendAll,
  until,
  type Answer,
  type Call,
  type Program,
  type RetryKind,
} from '../../src/domain/call.ts';
import { AwsError, UserError, type AwsErrorKind } from '../../src/base/error.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { runProgram, type Execution } from '../../src/run/executor/execute.ts';
import { InDoubt, RunStopped } from '../../src/run/executor/interruptions.ts';
import { oneAtATime } from '../../src/run/executor/schedule.ts';
import { fakeClock, memoryJournal, memorySecrets, memoryVault, recorder } from '../helpers/apply-ports.ts';

const failure = (kind: AwsErrorKind, executed: 'no' | 'unknown' = 'no', message = 'ordered'): AwsError =>
  new AwsError({ code: kind, kind, operation: 'rds:X', message, executed });
const call = (operation: string, input: JsonObject = {}, retry: RetryKind = 'absolute'): Call => ({
  service: 'rds',
  operation,
  input,
  identity: 'courses',
  retry,
  purpose: `do ${operation}`,
  preview: { preview: true },
});

/** What happens, in order: journal lines and requests. */
function setting(
  answer: (call: Call, resolved: JsonObject, nth: number) => JsonObject | AwsError | UserError | Promise<JsonObject>,
  more: Partial<Execution> = {},
) {
  const clock = fakeClock();
  const log: string[] = [];
  const journal = memoryJournal('run', clock, (entry) => {
    log.push(entry.kind === 'intent' ? `intent ${entry.declared.operation}` : entry.kind);
  });
  const { events, emit } = recorder();
  const stop = new AbortController();
  const vault = memoryVault();
  let nth = 0;
  let renewals = 0;
  let flying = 0;
  let most = 0;
  const execution: Execution = {
    step: 'Db',
    purpose: 'change',
    permit: { run: 'run', step: 'Db', operations: [] },
    sensitive: new Set(['Script']),
    state: { calls: 0, fresh: new Map(), turn: oneAtATime(), failing: false },
    ports: {
      clock,
      journal,
      emit,
      vault,
      stop: stop.signal,
      secrets: memorySecrets({ AIPLAN_SECRET_DB: 'correct horse' }),
      session: {
        counts: {},
        async read(read) {
          log.push(`read ${read.operation}`);
          return { Status: 'available' };
        },
        async mutate(sent, resolved): Promise<Answer> {
          log.push(`send ${sent.operation}`);
          flying += 1;
          most = Math.max(most, flying);
          await Promise.resolve();
          flying -= 1;
          const output = await answer(sent, resolved, (nth += 1));
          if (output instanceof Error) throw output;
          return { output, requestId: `r-${nth}`, attempts: 1 };
        },
        async renew() {
          renewals += 1;
        },
      },
    },
    ...more,
  };
  return { execution, clock, log, journal, events, stop, vault, renewals: () => renewals, most: () => most };
}
const outcomes = (records: readonly JournalRecord[]) => records.filter((record) => record.kind === 'outcome');

describe('executor', () => {
  it('writes the intent before the request and the outcome after it', async () => {
    const { execution, log, journal, events } = setting(() => ({ Id: 'x' }));
    const result = await runProgram(
      (function* (): Program<string> {
        yield* look({ service: 'rds', operation: 'Describe', input: {} });
        const answer = yield* send(call('Modify', { Name: 'courses' }));
        yield* progress('partly done', 0.5);
        yield* until({
          what: 'ready',
          read: { service: 'rds', operation: 'Poll', input: {} },
          judge: () => ({ state: 'done' }),
        });
        return String(answer['Id']);
      })(),
      execution,
    );
    expect(result).toBe('x');
    expect(log).toEqual(['read Describe', 'intent Modify', 'send Modify', 'outcome', 'read Poll']);
    expect(journal.records[0]).toMatchObject({
      kind: 'intent',
      step: 'Db',
      call: 1,
      purpose: 'change',
      declared: { operation: 'Modify', input: { Name: 'courses' }, retry: 'absolute', identity: 'courses' },
    });
    expect(journal.records[0]).not.toHaveProperty('declared.preview');
    expect(journal.records[1]).toMatchObject({
      kind: 'outcome',
      call: 1,
      ok: true,
      requestId: 'r-1',
      answer: { Id: 'x' },
    });
    expect(events.filter(({ kind }) => kind !== 'call')).toEqual([
      { kind: 'progress', step: 'Db', text: 'partly done', fraction: 0.5 },
    ]);
    expect(events.flatMap((event) => (event.kind === 'call' ? [event.state] : []))).toEqual(['sent', 'answered']);
  });

  it('sends nothing when the intent cannot be written', async () => {
    const { execution, log } = setting(() => ({}));
    const ports = {
      ...execution.ports,
      journal: {
        ...execution.ports.journal,
        append: async () => {
          throw new UserError('store-unwritable', 'full');
        },
      },
    };
    await expect(runProgram(send(call('Modify')), { ...execution, ports })).rejects.toMatchObject({
      code: 'store-unwritable',
    });
    expect(log).toEqual([]);
  });

  it('puts secrets in at the last moment and never into the journal, whatever AWS echoes', async () => {
    const seen: JsonObject[] = [];
    const { execution, journal } = setting((_call, resolved, nth) => {
      seen.push(resolved);
      return nth === 1
        ? {
            Echo: 'it is correct horse',
            MasterUserPassword: 'correct horse',
            PendingModifiedValues: { MasterUserPassword: 'p4ssword' },
            UserData: { Value: 'c2NyaXB0' },
            Script: 'rm -rf',
            PasswordData: 'abc',
          }
        : failure('invalid', 'no', 'the password "correct horse" is too short');
    });
    const secret = { $secret: { env: 'AIPLAN_SECRET_DB' } };
    const input = {
      MasterUserPassword: secret,
      Encoded: { $secret: { env: 'AIPLAN_SECRET_DB', base64: true } },
      UserData: 'plain text',
      Nested: [{ Script: 'echo' }],
    };
    await runProgram(send(call('Create', input)), execution);
    await expect(runProgram(send(call('Create', input)), execution)).rejects.toMatchObject({
      message: 'the password "(secret)" is too short',
    });
    expect(seen[0]).toMatchObject({
      MasterUserPassword: 'correct horse',
      Encoded: Buffer.from('correct horse').toString('base64'),
      UserData: 'plain text',
    });
    const text = JSON.stringify(journal.records);
    for (const canary of [
      'correct horse',
      Buffer.from('correct horse').toString('base64'),
      'p4ssword',
      'c2NyaXB0',
      'rm -rf',
      'plain text',
      '"abc"',
      '"echo"',
    ])
      expect(text).not.toContain(canary);
    expect(text).toContain('AIPLAN_SECRET_DB');
  });

  it('reads captured secrets from the vault', async () => {
    const { execution, vault, log } = setting((_call, resolved) => ({ Got: String(resolved['UserData']).length }));
    const got = await runProgram(
      (function* () {
        const ref = yield* keepSecret('user-data', 'hello');
        return yield* send(call('Modify', { UserData: ref as never }));
      })(),
      execution,
    );
    expect(got).toEqual({ Got: 5 });
    expect([...vault.kept.keys()]).toEqual(['Db/user-data']);
    expect(log).toEqual(['intent Modify', 'send Modify', 'outcome']);
  });

  it('writes no intent when a secret is missing', async () => {
    const { execution, log } = setting(() => ({}));
    await expect(
      runProgram(send(call('Create', { Password: { $secret: { env: 'NOT_SET' } } })), execution),
    ).rejects.toMatchObject({ code: 'secret-missing' });
    expect(log).toEqual([]);
  });

  it('throws what AWS refused into the program, which may go on', async () => {
    const { execution, journal } = setting((sent) => (sent.operation === 'Add' ? failure('exists') : {}));
    await runProgram(
      (function* (): Program {
        try {
          yield* send(call('Add'));
        } catch (error) {
          if (!(error instanceof AwsError) || error.kind !== 'exists') throw error;
        }
        yield* send(call('Tag'));
      })(),
      execution,
    );
    expect(outcomes(journal.records)).toMatchObject([{ ok: false, code: 'exists', executed: 'no' }, { ok: true }]);
  });

  it('never sends again what may have been executed, and the program has no say in it', async () => {
    for (const retry of ['named', 'absolute', 'none'] as const) {
      const { execution, log, journal } = setting(() => failure('network', 'unknown'));
      await expect(
        runProgram(
          (function* (): Program {
            try {
              yield* send(call('Delete', {}, retry));
            } catch {
              yield* send(call('Again'));
            }
          })(),
          execution,
        ),
      ).rejects.toBeInstanceOf(InDoubt);
      expect(log).toEqual(['intent Delete', 'send Delete', 'outcome']);
      expect(outcomes(journal.records)).toMatchObject([{ ok: false, executed: 'unknown' }]);
    }
  });

  it('sends a call with a token once more after a network failure, with the same input and an intent of its own', async () => {
    const inputs: JsonObject[] = [];
    const { execution, log } = setting((_call, resolved, nth) => {
      inputs.push(resolved);
      return nth === 1 ? failure('network', 'unknown') : { Id: 'i-1' };
    });
    expect(await runProgram(send(call('Run', { ClientToken: 'op' }, 'token')), execution)).toEqual({ Id: 'i-1' });
    expect(log).toEqual(['intent Run', 'send Run', 'outcome', 'intent Run', 'send Run', 'outcome']);
    expect(inputs[0]).toEqual(inputs[1]);
    const twice = setting(() => failure('network', 'unknown'));
    await expect(runProgram(send(call('Run', {}, 'token')), twice.execution)).rejects.toBeInstanceOf(InDoubt);
    expect(twice.log.filter((line) => line === 'send Run')).toHaveLength(2);
    const server = setting(() => failure('unknown', 'unknown'));
    await expect(runProgram(send(call('Run', {}, 'token')), server.execution)).rejects.toBeInstanceOf(InDoubt);
    expect(server.log.filter((line) => line === 'send Run')).toHaveLength(1);
  });

  it('stays in doubt when the resend is refused: the first may have been carried out', async () => {
    const { execution } = setting((_call, _resolved, nth) =>
      nth === 1 ? failure('network', 'unknown') : failure('invalid'),
    );
    await expect(runProgram(send(call('Run', {}, 'token')), execution)).rejects.toBeInstanceOf(InDoubt);
  });

  it('tries again what throttling refused, with growing pauses, and gives up in the end', async () => {
    const { execution, clock, log } = setting((_call, _resolved, nth) => (nth < 4 ? failure('throttled') : {}));
    await runProgram(send(call('Modify')), execution);
    expect(clock.slept).toEqual([1_000, 1_500, 2_250]);
    expect(log.filter((line) => line === 'intent Modify')).toHaveLength(4);
    const never = setting(() => failure('throttled'));
    await expect(runProgram(send(call('Modify')), never.execution)).rejects.toMatchObject({ kind: 'throttled' });
    expect(never.log.filter((line) => line === 'send Modify')).toHaveLength(13);
  });

  it('takes new credentials once and pauses the run when they are refused too', async () => {
    const once = setting((_call, _resolved, nth) => (nth === 1 ? failure('expired') : {}));
    await runProgram(send(call('Modify')), once.execution);
    expect(once.renewals()).toBe(1);
    await expect(runProgram(send(call('Modify')), setting(() => failure('expired')).execution)).rejects.toBeInstanceOf(
      RunStopped,
    );
  });

  it('tries again a NotFound about something that this run has just made, and nothing else', async () => {
    const made = setting((_call, _resolved, nth) => (nth < 3 ? failure('absent') : {}));
    made.execution.state.fresh.set('sg-new', made.clock.now() + 60_000);
    await runProgram(send(call('Authorize', { GroupId: 'sg-new' })), made.execution);
    const other = setting(() => failure('absent'));
    other.execution.state.fresh.set('sg-new', other.clock.now() + 60_000);
    await expect(runProgram(send(call('Authorize', { GroupId: 'sg-old' })), other.execution)).rejects.toMatchObject({
      kind: 'absent',
    });
    const late = setting(() => failure('absent'));
    late.execution.state.fresh.set('sg-new', late.clock.now());
    await expect(runProgram(send(call('Authorize', { GroupId: 'sg-new' })), late.execution)).rejects.toMatchObject({
      kind: 'absent',
    });
  });

  it('finishes the call in flight on stop, journals its outcome, and starts nothing more', async () => {
    const { execution, stop, log } = setting((_call, _resolved, nth) => {
      if (nth === 1) stop.abort();
      return {};
    });
    await expect(
      runProgram(
        (function* (): Program {
          yield* send(call('One'));
          yield* send(call('Two'));
        })(),
        execution,
      ),
    ).rejects.toBeInstanceOf(RunStopped);
    expect(log).toEqual(['intent One', 'send One', 'outcome']);
    await runProgram(send(call('Undo')), { ...execution, ignoreStop: true });
    expect(log.slice(3)).toEqual(['intent Undo', 'send Undo', 'outcome']);
  });

  it('a refusal of the gate ends the program and is journaled as not executed', async () => {
    const { execution, journal } = setting(() => new UserError('gate-refused', 'not declared'));
    await expect(
      runProgram(
        (function* (): Program {
          try {
            yield* send(call('Evil'));
          } catch {
            yield* send(call('Worse'));
          }
        })(),
        execution,
      ),
    ).rejects.toMatchObject({ code: 'gate-refused' });
    expect(outcomes(journal.records)).toMatchObject([{ ok: false, code: 'gate-refused', executed: 'no' }]);
  });

  it('refuses a mutating call in a check before anything leaves', async () => {
    const { execution, log } = setting(() => ({}));
    for (const program of [send(call('Modify')), sendAll([call('Modify')], 'x'), keepSecret('a', 'b')]) {
      await expect(runProgram(program as Program<unknown>, { ...execution, readOnly: true })).rejects.toMatchObject({
        code: 'gate-refused',
      });
    }
    expect(log).toEqual([]);
  });
});

describe('batches', () => {
  const many = (count: number): Call[] =>
    Array.from({ length: count }, (_unused, index) => call('Copy', { Key: `k${index}` }));

  it('have one intent with count and digest, one outcome, and at most 8 calls in flight', async () => {
    const { execution, journal, most } = setting((_call, resolved) => ({ Copied: resolved['Key'] ?? null }));
    const answers = await runProgram(sendAll(many(100), 'copy objects'), execution);
    expect(answers.map((answer) => answer['Copied'])).toEqual(many(100).map(({ input }) => input['Key']));
    expect(most()).toBe(8);
    expect(journal.records).toMatchObject([
      {
        kind: 'intent-batch',
        call: 1,
        count: 100,
        operations: ['rds:Copy'],
        text: 'copy objects',
        digest: expect.stringMatching(/^sha256:/u),
      },
      { kind: 'outcome', call: 1, ok: true, answer: { count: 100, digest: expect.stringMatching(/^sha256:/u) } },
    ]);
  });

  it('report a partial failure exactly and start nothing after it', async () => {
    const { execution, journal, log } = setting((_call, resolved) =>
      resolved['Key'] === 'k20' ? failure('denied') : {},
    );
    await expect(runProgram(sendAll(many(100), 'copy objects'), execution)).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('of 100 calls succeeded, 1 failed'),
    });
    const outcome = outcomes(journal.records)[0];
    const sent = log.filter((line) => line === 'send Copy').length;
    expect(outcome).toMatchObject({
      ok: false,
      code: 'denied',
      executed: 'unknown',
      partial: { succeeded: sent - 1, notSent: 100 - sent, failed: [{ index: 20, code: 'denied', executed: 'no' }] },
    });
    expect(sent).toBeLessThan(40);
  });

  it('say that nothing was executed when the first and only one was refused', async () => {
    const { execution, journal } = setting(() => failure('denied'));
    await expect(runProgram(sendAll(many(1), 'copy'), execution)).rejects.toMatchObject({ kind: 'denied' });
    expect(outcomes(journal.records)).toMatchObject([{ executed: 'no' }]);
  });

  it('are in doubt when one answer was lost, and pause on stop', async () => {
    const lost = setting((_call, resolved) => (resolved['Key'] === 'k3' ? failure('network', 'unknown') : {}));
    await expect(runProgram(sendAll(many(20), 'copy'), lost.execution)).rejects.toBeInstanceOf(InDoubt);
    const stopped = setting((_call, resolved) => {
      if (resolved['Key'] === 'k3') stopped.stop.abort();
      return {};
    });
    await expect(runProgram(sendAll(many(50), 'copy'), stopped.execution)).rejects.toBeInstanceOf(RunStopped);
    expect(outcomes(stopped.journal.records)).toMatchObject([{ ok: false, code: 'Stopped' }]);
  });

  it('pause the run when the credentials are gone for good', async () => {
    const { execution, journal } = setting(() => failure('expired'));
    await expect(runProgram(sendAll(many(1), 'copy'), execution)).rejects.toBeInstanceOf(RunStopped);
    expect(outcomes(journal.records)).toMatchObject([{ ok: false, code: 'expired', executed: 'no' }]);
  });

  it('try throttled calls again', async () => {
    const failed = new Set<string>();
    const { execution, log } = setting((_call, resolved) => {
      const key = String(resolved['Key']);
      if (failed.has(key)) return {};
      failed.add(key);
      return failure('throttled');
    });
    await runProgram(sendAll(many(10), 'copy'), execution);
    expect(log.filter((line) => line === 'send Copy')).toHaveLength(20);
  });

  it('of nothing are nothing', async () => {
    const { execution, log } = setting(() => ({}));
    expect(await runProgram(sendAll([], 'nothing'), execution)).toEqual([]);
    expect(log).toEqual([]);
  });
});

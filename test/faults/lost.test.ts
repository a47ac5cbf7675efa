import { describe, expect, it } from '@jest/globals';
import { AwsError, UserError, type AwsErrorKind } from '../../src/base/error.ts';
import { callName, type Call } from '../../src/domain/call.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';
import { changePlan, freshBench, restoredAs, run, takeBack, unmapped } from '../helpers/fault-scenario.ts';

const failure = (call: Call, kind: AwsErrorKind, executed: 'no' | 'unknown'): AwsError =>
  new AwsError({ code: kind, kind, operation: callName(call), message: 'ordered by the test', executed });

/** Lets the n-th mutating call go wrong. `executes`: it reaches AWS all the same. */
function breaking(nth: number, kind: AwsErrorKind, executed: 'no' | 'unknown', executes: boolean) {
  let calls = 0;
  let broken: Call | null = null;
  return {
    get broken(): Call | null {
      return broken;
    },
    get calls(): number {
      return calls;
    },
    session: (session: ApplySession): ApplySession => ({
      ...session,
      async mutate(call, resolved, permit) {
        calls += 1;
        if (calls - 1 !== nth) return session.mutate(call, resolved, permit);
        broken = call;
        if (executes) await session.mutate(call, resolved, permit);
        throw failure(call, kind, executed);
      },
    }),
  };
}

describe('a call that goes wrong', () => {
  it.each([
    ['is refused', 'denied', 'no', false],
    ['has its answer lost after it was carried out', 'unknown', 'unknown', true],
    ['has its answer lost and never arrived', 'unknown', 'unknown', false],
  ] as const)(
    'at any place of a run, when it %s, ends the run, and the run can be undone',
    async (_name, kind, executed, executes) => {
      let tried = 0;
      for (let nth = 0; ; nth += 1) {
        const bench = freshBench();
        const before = await bench.state();
        const fault = breaking(nth, kind, executed, executes);
        const report = await bench.apply(changePlan, { run, session: fault.session });
        if (fault.broken === null) {
          expect(report.outcome).toBe('done');
          break;
        }
        const where = `call ${nth}, ${callName(fault.broken)}`;
        expect([where, report.outcome, report.exitCode]).toEqual([where, 'failed', 5]);
        if (executed === 'unknown' && report.steps.some(({ state }) => state !== 'not-started'))
          expect([where, report.steps.some(({ state }) => state === 'doubt')]).toEqual([where, true]);
        // Nothing but taking back a quiescing follows.
        const purposes = bench
          .journalOf(run)
          .flatMap((record) => (record.kind === 'intent' ? [record.purpose] : []))
          .slice(nth + 1);
        expect([where, purposes.filter((purpose) => purpose !== 'undo')]).toEqual([where, []]);
        const map = await takeBack(bench, 'back', where);
        expect([where, unmapped(await bench.state(), { ...(await restoredAs(bench)), ...map })]).toEqual([
          where,
          before,
        ]);
        tried += 1;
      }
      process.stdout.write(`lost: ${tried} calls tried\n`);
      expect(tried).toBeGreaterThan(10);
    },
    60_000,
  );

  it.each(['throttled', 'expired'] as const)(
    'that is %s once changes nothing about the run',
    async (kind) => {
      let tried = 0;
      for (let nth = 0; ; nth += 1) {
        const bench = freshBench();
        const fault = breaking(nth, kind, 'no', false);
        const report = await bench.apply(changePlan, { run, session: fault.session });
        expect([nth, report.outcome, report.message]).toEqual([nth, 'done', null]);
        if (fault.broken === null) break;
        tried += 1;
      }
      expect(tried).toBeGreaterThan(10);
    },
    60_000,
  );

  it('with a token and a lost connection is sent again and makes one thing, not two', async () => {
    const bench = freshBench();
    const reference = freshBench();
    await reference.apply(changePlan, { run });
    const report = await bench.apply(changePlan, {
      run,
      session(session) {
        const lost = new Set<string>();
        return {
          ...session,
          async mutate(call, resolved, permit) {
            const answer = await session.mutate(call, resolved, permit);
            if (call.retry !== 'token' || lost.has(String(resolved['ClientToken']))) return answer;
            lost.add(String(resolved['ClientToken']));
            throw failure(call, 'network', 'unknown');
          },
        };
      },
    });
    expect(report.outcome).toBe('done');
    expect(report.steps.filter(({ state }) => state === 'doubt')).toEqual([]);
    expect(bench.world.list()).toHaveLength(reference.world.list().length);
  });
});

describe('a disk that is full', () => {
  it('at any line of the journal stops the run at once, and what was done can be undone', async () => {
    let tried = 0;
    for (let full = 0; ; full += 1) {
      const bench = freshBench();
      const before = await bench.state();
      let lines = 0;
      const work = bench.apply(changePlan, {
        run,
        beforeAppend() {
          if (lines >= full) {
            throw new UserError('store-unwritable', 'cannot write: ENOSPC', { help: 'free some disk space' });
          }
          lines += 1;
        },
      });
      const outcome = await work.then(
        ({ outcome: word }) => word,
        (error: unknown) => (error instanceof UserError ? error.code : String(error)),
      );
      if (outcome === 'done') break;
      // Of steps that overlap, one may have its intent on the disk already; nothing leaves without.
      const intents = bench
        .journalOf(run)
        .reduce(
          (sum, record) => sum + (record.kind === 'intent' ? 1 : record.kind === 'intent-batch' ? record.count : 0),
          0,
        );
      expect([full, outcome, bench.world.sent.length <= intents]).toEqual([full, 'store-unwritable', true]);
      if (full > 0) {
        const map = await takeBack(bench, 'back', `line ${full}`);
        expect([full, unmapped(await bench.state(), { ...(await restoredAs(bench)), ...map })]).toEqual([full, before]);
      }
      tried += 1;
    }
    process.stdout.write(`disk full: ${tried} lines tried\n`);
    expect(tried).toBeGreaterThan(40);
  }, 60_000);
});

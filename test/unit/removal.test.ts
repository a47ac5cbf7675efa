import { describe, expect, it } from '@jest/globals';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import { AwsError } from '../../src/base/error.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';
import { reconcile } from '../../src/recovery/resume/reconcile.ts';
import { changePlan, freshBench, run, takeBack } from '../helpers/fault-scenario.ts';
import { BOX, DATABASE, GROUP } from '../helpers/memory-world.ts';
import { Killed } from '../helpers/mortal.ts';
import { look, resumeOnce } from '../helpers/resume-world.ts';
import type { Bench } from '../helpers/apply-world.ts';

/** The call is delivered twice and the run gets the answer to the second: that there is nothing to remove. */
const deliveredTwice =
  (operation: string) =>
  (session: ApplySession): ApplySession => ({
    ...session,
    async mutate(call, resolved, permit) {
      const answer = await session.mutate(call, resolved, permit);
      return call.operation === operation ? session.mutate(call, resolved, permit) : answer;
    },
  });

const victims = [
  ['DeleteDatabase', DATABASE, 'courses', 'Db'],
  ['DeleteGroup', GROUP, 'g-web', 'Web'],
  ['DeleteBox', BOX, 'files', 'Files'],
] as const;

/** Dies when the answer to a call of that name has been journaled as a refusal: nothing is written after it. */
function diesAtRefusal(operation: string) {
  let call = -1;
  let dead = false;
  return {
    beforeAppend: () => {
      if (dead) throw new Killed('dead already');
    },
    afterAppend: (entry: JournalEntry) => {
      if (entry.kind === 'intent' && entry.declared.operation === operation) call = entry.call;
      if (entry.kind !== 'outcome' || entry.ok || entry.call !== call) return;
      dead = true;
      throw new Killed('after the refusal');
    },
  };
}
const killed = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error: unknown) => {
    if (!(error instanceof Killed)) throw error;
  });
const problemsOf = async (bench: Bench, step: string) => {
  const { standings } = await reconcile(bench.journalOf(run), { ...bench.world, now: bench.clock.now() + 120_000 });
  return standings.find((standing) => standing.step.id === step);
};

describe('a removal that AWS answers with "there is no such thing"', () => {
  it.each(victims)(
    '%s: nothing is there any more, which is what was confirmed: done, and named',
    async (operation, type, identity, step) => {
      const bench = freshBench();
      const report = await bench.apply(changePlan, { run, session: deliveredTwice(operation) });
      expect([report.outcome, report.steps.find(({ id }) => id === step)?.state]).toEqual(['done', 'done']);
      expect(report.findings).toContainEqual({
        step,
        code: 'removed-already',
        message: expect.stringContaining(`${identity} was on its way out or gone when AWS got to its removal`),
      });
      expect(report.undone).toEqual([]);
      expect(bench.world.list().some((item) => item.type === type && item.identity === identity)).toBe(false);
      await takeBack(bench, 'back', operation);
    },
  );

  it.each(victims.map(([operation]) => operation))(
    '%s: and the run died then: the removal was sent, nobody else is accused, and the run goes on',
    async (operation) => {
      const bench = freshBench();
      await killed(bench.apply(changePlan, { run, session: deliveredTwice(operation), ...diesAtRefusal(operation) }));
      const last = bench.journalOf(run).at(-1);
      expect(last).toMatchObject({ kind: 'outcome', ok: false });
      const standing = await problemsOf(bench, last?.kind === 'outcome' ? last.step : '');
      expect([standing?.verdict === 'done' || standing?.verdict === 'partly', standing?.problems]).toEqual([true, []]);
      expect((await look(bench, changePlan, run)).remaining.stale).toEqual([]);
      expect((await resumeOnce(bench, changePlan, run)).outcome).toBe('done');
    },
  );

  it('but what is still there when it is read stays, and is opened again', async () => {
    const bench = freshBench();
    const report = await bench.apply(changePlan, {
      run,
      session: (session) => ({
        ...session,
        async mutate(call, resolved, permit) {
          if (call.operation !== 'DeleteDatabase') return session.mutate(call, resolved, permit);
          throw new AwsError({
            code: 'DatabaseNotFound',
            kind: 'absent',
            operation: 'rds:DeleteDatabase',
            message: 'ordered by the test',
            executed: 'no',
          });
        },
      }),
    });
    expect(report.outcome).toBe('failed');
    expect(report.undone).toHaveLength(1);
    expect((await bench.world.get(DATABASE, 'courses'))?.state).toBe('available');
  });
});

describe('a stranger who takes the name while the deletion is awaited', () => {
  it.each([
    ['DeleteDatabase', DATABASE, 'courses', 'Db'],
    ['DeleteBox', BOX, 'files', 'Files'],
  ] as const)(
    '%s: what was deleted is gone; the stranger is neither waited for nor touched',
    async (operation, type, identity, step) => {
      const bench = freshBench();
      const report = await bench.apply(changePlan, {
        run,
        session: (session) => ({
          ...session,
          async mutate(call, resolved, permit) {
            const answer = await session.mutate(call, resolved, permit);
            if (call.operation === operation) {
              bench.world.drop(type, identity);
              bench.world.put({ type, identity, incarnation: 'stranger', rows: ['theirs=1'] });
            }
            return answer;
          },
        }),
      });
      expect([report.outcome, report.steps.find(({ id }) => id === step)?.state]).toEqual(['done', 'done']);
      expect(await bench.world.get(type, identity)).toMatchObject({ incarnation: 'stranger' });
      expect(bench.world.rows(identity)).toEqual(['theirs=1']);
    },
  );
});

describe('a removal that AWS refused, and what it was about is gone', () => {
  it('says that it was sent and refused, and that somebody else deleted it', async () => {
    const bench = freshBench();
    await killed(
      bench.apply(changePlan, {
        run,
        ...diesAtRefusal('DeleteGroup'),
        session: (session) => ({
          ...session,
          async mutate(call, resolved, permit) {
            if (call.operation !== 'DeleteGroup') return session.mutate(call, resolved, permit);
            throw new AwsError({
              code: 'DependencyViolation',
              kind: 'dependency',
              operation: 'ec2:DeleteGroup',
              message: 'in use',
              executed: 'no',
            });
          },
        }),
      }),
    );
    const refused = bench
      .journalOf(run)
      .findLast((record) => record.kind === 'intent' && record.declared.operation === 'DeleteGroup');
    const [step, identity] = refused?.kind === 'intent' ? [refused.step, refused.declared.identity] : ['', ''];
    bench.world.drop(GROUP, identity);
    expect((await problemsOf(bench, step))?.problems).toEqual([
      `${identity} is gone, and AWS had refused its removal ("DependencyViolation"): somebody else deleted it`,
    ]);
  });
});

describe('what cannot be read right before a destruction', () => {
  it("is neither as it was nor somebody's change: the step is left alone, and the run can be resumed", async () => {
    const bench = freshBench();
    let failed = 0;
    const report = await bench.apply(changePlan, {
      run,
      session: (session) => ({
        ...session,
        async read(call) {
          const begun = bench.journalOf(run).some((record) => record.kind === 'step' && record.step === 'Web');
          if (call.operation !== 'DescribeDatabases' || !begun || failed > 0) return session.read(call);
          failed += 1;
          throw new AwsError({
            code: 'ECONNRESET',
            kind: 'network',
            operation: 'rds:DescribeDatabases',
            message: 'ordered by the test',
            executed: 'no',
          });
        },
      }),
    });
    expect([failed, report.outcome, report.steps.find(({ state }) => state === 'failed')?.message]).toEqual([
      1,
      'failed',
      'g-web is left alone: dependents could not be read right before the step',
    ]);
    expect(await bench.world.get(GROUP, 'g-web')).toBeDefined();
    expect((await look(bench, changePlan, run)).remaining.stale).toEqual([]);
    expect((await resumeOnce(bench, changePlan, run)).outcome).toBe('done');
  });
});

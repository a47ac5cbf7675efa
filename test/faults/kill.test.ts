import { describe, expect, it } from '@jest/globals';
import type { JournalRecord } from '../../src/model/journal.ts';
import type { Bench } from '../helpers/apply-world.ts';
import { changePlan, freshBench, restoredAs, run, takeBack, unmapped } from '../helpers/fault-scenario.ts';
import { Killed, mortal } from '../helpers/mortal.ts';

/** Nothing that held data is gone unless a verified capture of it stands in the journal before the call that removed it. */
function expectCapturedBeforeGone(bench: Bench, records: readonly JournalRecord[], where: string): void {
  for (const [identity, step] of [['courses', 'Db']] as const) {
    const removal = records.findIndex((record) => record.kind === 'intent' && record.step === step && record.declared.operation === 'DeleteDatabase');
    const captured = records.findIndex((record) => record.kind === 'captured' && record.step === step && record.verified);
    const there = bench.world.list().some((item) => item.identity === identity && item.state !== 'deleting');
    if (!there) expect([where, removal >= 0, captured >= 0 && captured < removal]).toEqual([where, true, true]);
    if (removal >= 0) expect([where, captured >= 0 && captured < removal]).toEqual([where, true]);
  }
}

describe('a process that dies', () => {
  it('at any point of a run has destroyed nothing without its capture, and the run can be taken back', async () => {
    let tried = 0;
    for (let dieAt = 0; ; dieAt += 1) {
      const bench = freshBench();
      const before = await bench.state();
      const life = mortal(dieAt);
      const outcome = await bench.apply(changePlan, { run, session: life.session, beforeAppend: life.append, afterAppend: life.written })
        .catch((error: unknown) => { if (!(error instanceof Killed)) throw error; return null; });
      if (outcome !== null) {
        expect([outcome.outcome, outcome.message]).toEqual(['done', null]);
        break;
      }
      const where = `point ${dieAt}, ${life.where}`;
      const records = bench.journalOf(run);
      expectCapturedBeforeGone(bench, records, where);
      if (records.length === 0) expect(await bench.state()).toEqual(before);
      else {
        const map = await takeBack(bench, 'back', where);
        expect([where, unmapped(await bench.state(), map)]).toEqual([where, before]);
      }
      tried += 1;
    }
    process.stdout.write(`kill: ${tried} points of a run tried\n`);
    expect(tried).toBeGreaterThan(100);
  }, 120_000);

  it('at any point of a rollback can go on with another rollback', async () => {
    let tried = 0;
    for (let dieAt = 0; ; dieAt += 1) {
      const bench = freshBench();
      const before = await bench.state();
      expect((await bench.apply(changePlan, { run })).outcome).toBe('done');
      const life = mortal(dieAt);
      const { changePlan: back } = await bench.rollback(run);
      const outcome = await bench.apply(back, { run: 'back', session: life.session, beforeAppend: life.append, afterAppend: life.written })
        .catch((error: unknown) => { if (!(error instanceof Killed)) throw error; return null; });
      const where = `point ${dieAt}, ${life.where}`;
      if (outcome !== null) {
        expect(outcome.outcome).toBe('done');
        break;
      }
      const map = await takeBack(bench, 'again', where);
      expect([where, unmapped(await bench.state(), { ...(await restoredAs(bench)), ...map })]).toEqual([where, before]);
      tried += 1;
    }
    process.stdout.write(`kill: ${tried} points of a rollback tried\n`);
    expect(tried).toBeGreaterThan(60);
  }, 120_000);
});

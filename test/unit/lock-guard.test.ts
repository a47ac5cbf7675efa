import { describe, expect, it } from '@jest/globals';
import { UserError } from '../../src/base/error.ts';
import { changePlan, freshBench, run } from '../helpers/fault-scenario.ts';

const lost = (): never => {
  throw new UserError('lock-lost', 'the lock of this run is lost: somebody took it over');
};

describe('a run that loses its lock', () => {
  it('at any look sends nothing more, says so, and leaves no call in doubt', async () => {
    let tried = 0;
    let alone = 0;
    for (let at = 0; ; at += 1) {
      const bench = freshBench();
      let [looks, intents, mutations] = [0, 0, 0];
      let sent = -1;
      // Calls that had their own look just before, and are on their way already: of a batch, or captures side by side.
      let underWay = 0;
      const report = await bench.apply(changePlan, {
        run,
        afterAppend({ kind }) {
          if (kind === 'intent' || kind === 'intent-batch') intents += 1;
        },
        session: (session) => ({
          ...session,
          mutate(...call) {
            mutations += 1;
            return session.mutate(...call);
          },
        }),
        ports: {
          async guard() {
            if (looks >= at && sent < 0) [sent, underWay] = [mutations, looks - intents - mutations];
            looks += 1;
            if (sent >= 0) lost();
          },
        },
      });
      if (sent < 0) {
        expect(report.outcome).toBe('done');
        break;
      }
      expect([at, report.outcome, mutations >= sent && mutations <= sent + underWay, underWay <= 8]).toEqual([
        at,
        'stopped',
        true,
        true,
      ]);
      alone += underWay === 0 ? 1 : 0;
      expect([at, report.message]).toEqual([at, expect.stringContaining('the lock of this run is lost')]);
      const records = bench.journalOf(run);
      for (const record of records) {
        if (record.kind !== 'intent' && record.kind !== 'intent-batch') continue;
        expect([at, records.find((other) => other.kind === 'outcome' && other.call === record.call)?.kind]).toEqual([
          at,
          'outcome',
        ]);
      }
      tried += 1;
    }
    process.stdout.write(`lock lost: ${tried} looks of a run tried\n`);
    expect([tried > 35, alone > tried / 2]).toEqual([true, true]);
  }, 60_000);
});

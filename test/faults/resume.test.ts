import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/model/json.ts';
import type { Bench } from '../helpers/apply-world.ts';
import { changePlan, freshBench, restoredAs, run, takeBack, unmapped } from '../helpers/fault-scenario.ts';
import { Killed, mortal } from '../helpers/mortal.ts';
import { resumeOnce } from '../helpers/resume-world.ts';

/** Made things have identities that depend on the order in which AWS made them: each is named by its ownership. */
async function stateByName(bench: Bench): Promise<JsonObject> {
  const map: Record<string, string> = {};
  for (const { type, identity } of bench.world.list()) {
    const tags = (await bench.world.get(type, identity))?.systemTags;
    if (tags?.['aiplan:resource'] !== undefined) map[`<${tags['aiplan:resource']}>`] = identity;
  }
  return unmapped(await bench.state(), map);
}

async function undisturbed(): Promise<JsonObject> {
  const bench = freshBench();
  expect((await bench.apply(changePlan, { run })).outcome).toBe('done');
  return stateByName(bench);
}

/** Kills a run at a point; null where it came to its end. */
async function killedAt(bench: Bench, dieAt: number): Promise<string | null> {
  const life = mortal(dieAt);
  const report = await bench.apply(changePlan, { run, session: life.session, beforeAppend: life.append, afterAppend: life.written })
    .catch((error: unknown) => { if (!(error instanceof Killed)) throw error; return null; });
  return report === null ? `point ${dieAt}, ${life.where}` : null;
}

/** Whatever held data and is gone has a verified capture in the journal, before the call that removed it, and every row in it. */
function expectCaptured(bench: Bench, where: string): void {
  const records = bench.journalOf(run);
  for (const [identity, step, removal] of [['courses', 'Db', 'DeleteDatabase']] as const) {
    if (bench.world.list().some((item) => item.identity === identity && item.state !== 'deleting')) continue;
    const removed = records.findIndex((record) => record.kind === 'intent' && record.step === step && record.declared.operation === removal);
    const captured = records.findIndex((record) => record.kind === 'captured' && record.step === step && record.verified);
    expect([where, identity, captured >= 0 && captured < removed]).toEqual([where, identity, true]);
  }
}

describe('a run that was killed', () => {
  it('at any point can be gone on with, and ends as if it had not been', async () => {
    const wanted = await undisturbed();
    let tried = 0;
    for (let dieAt = 0; ; dieAt += 1) {
      const bench = freshBench();
      const where = await killedAt(bench, dieAt);
      if (where === null) break;
      if (bench.journalOf(run).length === 0) continue;
      const report = await resumeOnce(bench, changePlan, run).catch((error: unknown) => { throw new Error(`${where}: ${String(error)}`, { cause: error }); });
      expect([where, report.outcome, report.message, report.findings]).toEqual([where, 'done', null, []]);
      expect([where, report.steps.filter(({ state }) => state !== 'done' && state !== 'kept')]).toEqual([where, []]);
      expect([where, await stateByName(bench)]).toEqual([where, wanted]);
      expectCaptured(bench, where);
      tried += 1;
    }
    process.stdout.write(`resume: ${tried} points of a run tried\n`);
    expect(tried).toBeGreaterThan(150);
  }, 120_000);
});

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

/** Kills a run at a point; null where it came to its end. */
async function killedAt(bench: Bench, dieAt: number): Promise<string | null> {
  const life = mortal(dieAt);
  const report = await bench.apply(changePlan, { run, session: life.session, beforeAppend: life.append, afterAppend: life.written })
    .catch((error: unknown) => { if (!(error instanceof Killed)) throw error; return null; });
  return report === null ? `point ${dieAt}, ${life.where}` : null;
}

/** Every way in which a run can be left by being killed: points that leave the same journal and the same world are one. */
async function* leftBehind(): AsyncGenerator<{ readonly bench: Bench; readonly where: string; readonly point: number }> {
  const seen = new Set<string>();
  for (let point = 0; ; point += 1) {
    const bench = freshBench();
    const where = await killedAt(bench, point);
    if (where === null) return;
    const image = bench.image();
    if (seen.has(image) || bench.journalOf(run).length === 0 || bench.journalOf(run).at(-1)?.kind === 'end') continue;
    seen.add(image);
    yield { bench, where, point };
  }
}

/** Whatever held data and is gone has a verified capture in the journal, before the call that removed it, with all that it held. */
function expectCaptured(bench: Bench, where: string): void {
  const records = bench.journalOf(run);
  for (const [identity, step, operation, data] of [['courses', 'Db', 'DeleteDatabase', ['a', 'b', 'c']], ['files', 'Files', 'DeleteObject', ['a=1', 'b=2', 'c=3']]] as const) {
    if (bench.world.list().some((item) => item.identity === identity && item.state !== 'deleting')) continue;
    const removed = records.findIndex((record) => (record.kind === 'intent' && record.step === step && record.declared.operation === operation) || (record.kind === 'intent-batch' && record.step === step && record.operations.some((name) => name.endsWith(operation))));
    const captures = records.flatMap((record, index) => (record.kind === 'captured' && record.step === step && record.verified ? [{ index, refs: record.capture.refs }] : []));
    const held = captures.filter(({ index }) => index < removed).map(({ refs }) => [...bench.world.held(String(refs['snapshot'] ?? refs['copies'])) ?? []].sort());
    expect([where, identity, held.length > 0, held.at(-1)]).toEqual([where, identity, true, data]);
  }
}

/** Done as if it had not been disturbed: nothing made twice, nothing else touched. */
async function expectDone(bench: Bench, wanted: JsonObject, where: string): Promise<void> {
  const report = await resumeOnce(bench, changePlan, run).catch((error: unknown) => { throw new Error(`${where}: ${String(error)}`, { cause: error }); });
  expect([where, report.outcome, report.message, report.findings]).toEqual([where, 'done', null, []]);
  expect([where, report.steps.filter(({ state }) => state !== 'done' && state !== 'kept')]).toEqual([where, []]);
  expect([where, await stateByName(bench)]).toEqual([where, wanted]);
  expectCaptured(bench, where);
}

async function undisturbed(): Promise<JsonObject> {
  const bench = freshBench();
  expect((await bench.apply(changePlan, { run })).outcome).toBe('done');
  return stateByName(bench);
}

describe('a run that was killed', () => {
  it('at any point can be gone on with, and ends as if it had not been', async () => {
    const wanted = await undisturbed();
    let tried = 0;
    let last = 0;
    for await (const { bench, where, point } of leftBehind()) {
      await expectDone(bench, wanted, where);
      tried += 1;
      last = point;
    }
    process.stdout.write(`resume: ${last + 1} points of a run, which leave ${tried} different states, all tried\n`);
    expect(tried).toBeGreaterThan(100);
  }, 120_000);

  it('and killed again while it was gone on with, at any point, can be gone on with once more or taken back', async () => {
    const wanted = await undisturbed();
    const before = await freshBench().state();
    // After one of so many states that a first kill leaves; AIPLAN_RUNS=120 takes every one of them.
    const every = Math.max(1, Math.round(120 / Number(process.env['AIPLAN_RUNS'] ?? 1)));
    let states = 0;
    const tried = { first: 0, on: 0, back: 0 };
    for await (const { bench: left, where: first } of leftBehind()) {
      states += 1;
      if (states % every !== every >> 1) continue;
      tried.first += 1;
      const seen = new Set<string>();
      for (let dieAt = 0; ; dieAt += 1) {
        const bench = left.fork();
        const life = mortal(dieAt);
        const ended = await resumeOnce(bench, changePlan, run, { session: life.session, beforeAppend: life.append, afterAppend: life.written })
          .catch((error: unknown) => { if (!(error instanceof Killed)) throw error; return null; });
        if (ended !== null) break;
        if (seen.has(bench.image()) || bench.journalOf(run).at(-1)?.kind === 'end') continue;
        seen.add(bench.image());
        const where = `${first}; then ${dieAt}, ${life.where}`;
        if (seen.size % 2 === 0) {
          await expectDone(bench, wanted, where);
          tried.on += 1;
        } else {
          const map = await takeBack(bench, 'back', where);
          expect([where, unmapped(await bench.state(), { ...(await restoredAs(bench)), ...map })]).toEqual([where, before]);
          tried.back += 1;
        }
      }
    }
    process.stdout.write(`resume: killed a second time after ${tried.first} of ${states} states that a first kill leaves: ${tried.on} gone on with once more, ${tried.back} taken back\n`);
    expect(tried.on + tried.back).toBeGreaterThan(50);
  }, 600_000);
});

import { describe, expect, it } from '@jest/globals';
import type { ChangePlan } from '../../src/model/change-plan.ts';
import type { JournalRecord } from '../../src/model/journal.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE } from '../helpers/memory-world.ts';
import { Killed, mortal } from '../helpers/mortal.ts';

const run = '20260226-230000-0001';

const freshBench = (): Bench => benchOf(createMemoryWorld({
  seed: [
    { type: NETWORK, identity: 'net-1', properties: { Range: '10.0.0.0/16', Tags: {} } },
    { type: GROUP, identity: 'g-web', properties: { GroupName: 'web', NetworkId: 'net-1', Rules: [{ Protocol: 'tcp', Port: 443, Source: '10.0.0.0/8' }] } },
    { type: GROUP, identity: 'g-old', properties: { GroupName: 'old', NetworkId: 'net-1' } },
    { type: DATABASE, identity: 'courses', properties: { Class: 'db.large', GroupIds: ['g-web'], Script: 'boot', Retention: 14, Protected: true, Tags: { team: 'x' } }, rows: ['a', 'b', 'c'] },
    { type: DATABASE, identity: 'other', properties: { Class: 'db.small', Script: 'other boot' }, rows: ['z'] },
    { type: NOTE, identity: 'readme', properties: { Text: 'old', Settings: { a: 1, b: { c: 2 } } } },
  ],
}));

const changePlan: ChangePlan = changePlanOf([
  entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' }, properties: { Protected: false } }),
  entryOf('Web', GROUP, { action: 'delete', id: 'g-web', expect: { GroupName: 'web' } }),
  entryOf('Old', GROUP, { action: 'replace', id: 'g-old', order: 'create-first', properties: { GroupName: 'newer' } }),
  entryOf('Note', NOTE, { id: 'readme', properties: { Text: 'new', Settings: { b: { c: 3 }, d: 4 } }, expect: { Settings: { b: { c: 2 } } } }),
  entryOf('Other', DATABASE, { id: 'other', properties: { Class: 'db.large', Script: 'new boot' } }),
  entryOf('Fresh', NOTE, { action: 'create', properties: { NoteName: 'fresh', Text: { 'Fn::GetAtt': ['Group', 'GroupId'] } } }),
  entryOf('Group', GROUP, { action: 'create', properties: { GroupName: 'made', NetworkId: 'net-1' } }),
]);

/** The state with every new identity written as the former one. */
const unmapped = (state: JsonObject, map: Readonly<Record<string, string>>): JsonObject => {
  let text = JSON.stringify(state);
  for (const [from, to] of Object.entries(map)) text = text.replaceAll(to, from);
  return JSON.parse(text) as JsonObject;
};

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

/** Former → new identities, as the tags of what was restored tell. */
async function restoredAs(bench: Bench): Promise<Readonly<Record<string, string>>> {
  const map: Record<string, string> = {};
  for (const { type, identity } of bench.world.list()) {
    const from = (await bench.world.get(type, identity))?.systemTags['aiplan:restored-from'];
    if (from !== undefined) map[from] = identity;
  }
  return map;
}

/** Journals, oldest first, as later runs found them: the first one is the run, the others are attempts to take it back. */
async function takeBack(bench: Bench, name: string, where: string): Promise<Readonly<Record<string, string>>> {
  const draft = await bench.rollback(run);
  expect([where, draft.findings.filter(({ severity }) => severity !== 'info')]).toEqual([where, []]);
  const report = await bench.apply(draft.changePlan, { run: name });
  expect([where, report.outcome, report.message, report.findings]).toEqual([where, 'done', null, []]);
  return report.map;
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

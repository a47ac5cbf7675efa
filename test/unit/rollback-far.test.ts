import { describe, expect, it } from '@jest/globals';
import { proves } from '../../src/commands/proven-restores.ts';
import type { RestoreOrder } from '../../src/model/change-plan.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { rollbackChangePlan, type RollbackDraft } from '../../src/engine/rollback.ts';
import type { JournalRecord } from '../../src/model/journal.ts';
import type { ResourceTypes } from '../../src/model/resource-type.ts';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { BOX, createMemoryWorld, DATABASE, GROUP, NOTE, type Seed } from '../helpers/memory-world.ts';
import { unreadable } from '../helpers/unreadable.ts';

const run = '20260226-230000-0001';
const undo = (number: number): string => `20260226-23000${number}-0002`;
const codes = ({ findings }: Pick<RollbackDraft, 'findings'>): readonly string[] => findings.map(({ severity, code, step }) => `${severity} ${code} ${step ?? ''}`);

/** A group, a database in it, and a run that deletes both. */
async function bothDeleted(): Promise<Bench> {
  const bench = benchOf(createMemoryWorld({
    seed: [{ type: GROUP, identity: 'g-1', properties: { GroupName: 'web' } }, { type: DATABASE, identity: 'db', properties: { GroupIds: ['g-1'] }, rows: ['a'] }],
  }));
  const entries = [
    entryOf('Db', DATABASE, { action: 'delete', id: 'db', expect: { Class: 'db.small' } }),
    entryOf('Web', GROUP, { action: 'delete', id: 'g-1', expect: { GroupName: 'web' }, dependsOn: ['Db'] }),
  ];
  expect((await bench.apply(changePlanOf(entries))).outcome).toBe('done');
  return bench;
}

/** Whether the capture bucket bears a restore out, by what the run put there. */
const isProven = (bench: Bench, order: RestoreOrder | undefined): boolean =>
  order !== undefined && [...bench.vault.manifests].some(([, manifest]) => 'capture' in manifest && proves(manifest as unknown as JsonObject, order));

describe('a rollback that is gone on with', () => {
  it('is proven by the manifests of the run, whatever came back under another identity meanwhile', async () => {
    const bench = await bothDeleted();
    bench.world.fail('rds:RestoreDatabase', { code: 'KMSKeyNotAccessible', kind: 'invalid' });
    const first = await bench.apply((await bench.rollback(run)).changePlan, { run: undo(1) });
    expect(first.outcome).toBe('failed');
    for (let number = 2; number < 4; number += 1) {
      const { changePlan, findings } = await bench.rollback(run);
      expect(codes({ findings })).toEqual(['info rollback-restored Web']);
      const restores = changePlan.resources.filter(({ restore }) => restore !== undefined);
      expect(restores.map(({ address }) => address)).toEqual(['Db']);
      expect(restores[0]?.restore?.known).toEqual({ 'g-1': expect.stringMatching(/^g-(?!1$)/u) });
      expect(isProven(bench, restores[0]?.restore)).toBe(true);
      if (number === 2) bench.world.fail('rds:RestoreDatabase', { code: 'KMSKeyNotAccessible', kind: 'invalid' });
      expect((await bench.apply(changePlan, { run: undo(number) })).outcome).toBe(number === 2 ? 'failed' : 'done');
    }
    const group = bench.world.list().find(({ type }) => type === GROUP)?.identity;
    expect((await bench.world.get(DATABASE, 'db'))?.properties['GroupIds']).toEqual([group]);
    expect(bench.world.rows('db')).toEqual(['a']);
  });
});

describe('another resource that cannot be read', () => {
  const others: readonly Seed[] = [
    { type: DATABASE, identity: 'other-db' }, { type: GROUP, identity: 'g-9', properties: { GroupName: 'other' } }, { type: BOX, identity: 'other-box' }, { type: NOTE, identity: 'other-note' },
  ];
  const victims: readonly Seed[] = [
    { type: DATABASE, identity: 'db', rows: ['a'] }, { type: GROUP, identity: 'g-1', properties: { GroupName: 'web' } }, { type: BOX, identity: 'box', rows: ['k=v'] }, { type: NOTE, identity: 'note', properties: { Text: 'old' } },
  ];
  const draft = (bench: Bench, records: readonly JournalRecord[], types: ResourceTypes): Promise<RollbackDraft> =>
    rollbackChangePlan(records, { session: bench.world.session, types, schemas: bench.world.schemas, now: '2026-02-27T09:00:00.000Z', earlier: [] });

  it.each(victims.map((victim, index) => [victim.type, victim, others[index] as Seed] as const))('stops no rollback of a run that did not touch it: %s', async (type, victim, other) => {
    const bench = benchOf(createMemoryWorld({ seed: [victim, other] }));
    const entry = type === NOTE ? entryOf('It', type, { id: victim.identity, properties: { Text: 'new' } }) : entryOf('It', type, { action: 'delete', id: victim.identity, expect: {} });
    expect((await bench.apply(changePlanOf([entry]))).outcome).toBe('done');
    const found = await draft(bench, bench.journalOf(run), unreadable(bench.world.types, type, other.identity));
    expect([codes(found), found.changePlan.resources.map(({ address }) => address)]).toEqual([[], ['It']]);
    const own = await draft(bench, bench.journalOf(run), unreadable(bench.world.types, type, victim.identity));
    expect(codes(own)).toEqual(['error rollback-unread It']);
  });

  it('stops one that looks for what it made by its tags, which may be that one', async () => {
    const bench = benchOf(createMemoryWorld({ seed: [{ type: GROUP, identity: 'g-9', properties: { GroupName: 'other' } }] }));
    bench.world.fail('ec2:CreateGroup', { code: 'Lost', kind: 'network', lost: true, times: 5 });
    const report = await bench.apply(changePlanOf([entryOf('Web', GROUP, { action: 'create', properties: { GroupName: 'web' } })]));
    expect(report.outcome).not.toBe('done');
    for (const { identity } of bench.world.list()) if (identity !== 'g-9') bench.world.drop(GROUP, identity);
    expect(codes(await draft(bench, bench.journalOf(run), unreadable(bench.world.types, GROUP, 'g-9')))).toEqual(['error rollback-unread Web']);
  });
});

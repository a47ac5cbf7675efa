import { describe, expect, it } from '@jest/globals';
import { proves } from '../../src/cli/planning/proven-restores.ts';
import { asFarAsPossible } from '../../src/cli/planning/setting-aside.ts';
import { rejecting, type Source } from '../../src/cli/planning/source.ts';
import { plan } from '../../src/plan/planner.ts';
import { refresh } from '../../src/plan/refresh/refresh.ts';
import { canonical } from '../../src/base/digest.ts';
import type { Finding } from '../../src/domain/finding.ts';
import type { RestoreOrder } from '../../src/domain/change-plan.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { rollbackChangePlan, type RollbackDraft } from '../../src/recovery/rollback/rollback.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import type { ResourceTypes } from '../../src/domain/resource-type.ts';
import { benchOf, changePlanOf, entryOf, testConfiguration, type Bench } from '../helpers/apply-world.ts';
import { BOX, createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE, type Seed } from '../helpers/memory-world.ts';
import { unreadable } from '../helpers/unreadable.ts';

const run = '20260226-230000-0001';
const undo = (number: number): string => `20260226-23000${number}-0002`;
const codes = ({ findings }: Pick<RollbackDraft, 'findings'>): readonly string[] =>
  findings.map(({ severity, code, step }) => `${severity} ${code} ${step ?? ''}`);

/** A group, a database in it, and a run that deletes both. */
async function bothDeleted(): Promise<Bench> {
  const bench = benchOf(
    createMemoryWorld({
      seed: [
        { type: GROUP, identity: 'g-1', properties: { GroupName: 'web' } },
        { type: DATABASE, identity: 'db', properties: { GroupIds: ['g-1'] }, rows: ['a'] },
      ],
    }),
  );
  const entries = [
    entryOf('Db', DATABASE, { action: 'delete', id: 'db', expect: { Class: 'db.small' } }),
    entryOf('Web', GROUP, { action: 'delete', id: 'g-1', expect: { GroupName: 'web' }, dependsOn: ['Db'] }),
  ];
  expect((await bench.apply(changePlanOf(entries))).outcome).toBe('done');
  return bench;
}

/** Whether the capture bucket bears a restore out, by what the run put there. */
const isProven = (bench: Bench, order: RestoreOrder | undefined): boolean =>
  order !== undefined &&
  [...bench.vault.manifests].some(
    ([, manifest]) => 'capture' in manifest && proves(manifest as unknown as JsonObject, order),
  );

describe('a rollback that is resumed', () => {
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
    { type: DATABASE, identity: 'other-db' },
    { type: GROUP, identity: 'g-9', properties: { GroupName: 'other' } },
    { type: BOX, identity: 'other-box' },
    { type: NOTE, identity: 'other-note' },
  ];
  const victims: readonly Seed[] = [
    { type: DATABASE, identity: 'db', rows: ['a'] },
    { type: GROUP, identity: 'g-1', properties: { GroupName: 'web' } },
    { type: BOX, identity: 'box', rows: ['k=v'] },
    { type: NOTE, identity: 'note', properties: { Text: 'old' } },
  ];
  const draft = (bench: Bench, records: readonly JournalRecord[], types: ResourceTypes): Promise<RollbackDraft> =>
    rollbackChangePlan(records, {
      session: bench.world.session,
      types,
      schemas: bench.world.schemas,
      now: '2026-02-27T09:00:00.000Z',
      earlier: [],
    });

  it.each(victims.map((victim, index) => [victim.type, victim, others[index] as Seed] as const))(
    'stops no rollback of a run that did not touch it: %s',
    async (type, victim, other) => {
      const bench = benchOf(createMemoryWorld({ seed: [victim, other] }));
      const entry =
        type === NOTE
          ? entryOf('It', type, { id: victim.identity, properties: { Text: 'new' } })
          : entryOf('It', type, { action: 'delete', id: victim.identity, expect: {} });
      expect((await bench.apply(changePlanOf([entry]))).outcome).toBe('done');
      const found = await draft(bench, bench.journalOf(run), unreadable(bench.world.types, type, other.identity));
      expect([codes(found), found.changePlan.resources.map(({ address }) => address)]).toEqual([[], ['It']]);
      const own = await draft(bench, bench.journalOf(run), unreadable(bench.world.types, type, victim.identity));
      expect(codes(own)).toEqual(['error rollback-unread It']);
    },
  );

  it('stops one that looks for what it made by its tags, which may be that one', async () => {
    const bench = benchOf(
      createMemoryWorld({ seed: [{ type: GROUP, identity: 'g-9', properties: { GroupName: 'other' } }] }),
    );
    bench.world.fail('ec2:CreateGroup', { code: 'Lost', kind: 'network', lost: true, times: 5 });
    const report = await bench.apply(
      changePlanOf([entryOf('Web', GROUP, { action: 'create', properties: { GroupName: 'web' } })]),
    );
    expect(report.outcome).not.toBe('done');
    for (const { identity } of bench.world.list()) if (identity !== 'g-9') bench.world.drop(GROUP, identity);
    expect(codes(await draft(bench, bench.journalOf(run), unreadable(bench.world.types, GROUP, 'g-9')))).toEqual([
      'error rollback-unread Web',
    ]);
  });
});

describe('what cannot be undone', () => {
  /** The rollback as the commands plan it, from one reading of the memory world; `more`: what is said of it beside. */
  async function far(bench: Bench, more: readonly Finding[] = [], rejected: readonly string[] = []) {
    const { changePlan, findings } = await bench.rollback(run);
    const source: Source = {
      changePlan,
      text: canonical(changePlan),
      file: 'rollback',
      findings: [...findings, ...more],
      incomplete: [],
    };
    const { world, clock } = bench;
    const now = new Date(clock.now()).toISOString();
    const live = await refresh(changePlan, {
      aws: world.session,
      types: world.types,
      schemas: world.schemas,
      target: world.target,
      now,
      concurrency: 8,
    });
    const planOf = async (less: Source) => ({
      planned: plan({
        changePlan: less.changePlan,
        text: less.text,
        live,
        types: world.types,
        schemas: world.schemas,
        configuration: testConfiguration,
        now,
        findings: less.findings,
      }),
    });
    const made = await asFarAsPossible(rejecting(source, rejected), planOf);
    return {
      ...made,
      planOf,
      steps: made.planned.plan.steps.filter(({ action }) => action !== 'keep').map(({ id }) => id),
      blocked: made.planned.plan.steps.some((step) => step.blocked),
    };
  }
  const error = (step: string | null, code = 'restore-unproven'): Finding => ({
    code,
    severity: 'error',
    step,
    message: `${code} of ${step ?? 'all'}`,
    line: null,
    column: null,
  });
  const notes = async (): Promise<Bench> => {
    const bench = benchOf(
      createMemoryWorld({
        seed: [
          { type: NOTE, identity: 'one', properties: { Text: 'old' } },
          { type: NOTE, identity: 'two', properties: { Text: 'old' } },
          { type: DATABASE, identity: 'db', rows: ['a'] },
        ],
      }),
    );
    const report = await bench.apply(
      changePlanOf([
        entryOf('One', NOTE, { id: 'one', properties: { Text: 'new' } }),
        entryOf('Two', NOTE, { id: 'two', properties: { Text: 'new' } }),
        entryOf('Db', DATABASE, { action: 'delete', id: 'db', expect: {} }),
      ]),
    );
    expect(report.outcome).toBe('done');
    return bench;
  };

  it('keeps nothing back that can, says why, and is left for later', async () => {
    const bench = await notes();
    bench.world.meddle(NOTE, 'two', { properties: { Text: 'of somebody else' } });
    bench.world.put({ type: DATABASE, identity: 'db', incarnation: 'db#stranger' });
    const { steps, blocked, source, planned } = await far(bench);
    expect([steps, blocked, planned.plan.findings.filter(({ severity }) => severity === 'error')]).toEqual([
      ['One'],
      false,
      [],
    ]);
    expect(planned.plan.findings.map(({ severity, code, step }) => `${severity} ${code} ${step ?? ''}`)).toEqual(
      expect.arrayContaining(['warning rollback-conflict Two', 'warning rollback-name-taken Db']),
    );
    expect(source.incomplete).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Two: Text of two is/u),
        expect.stringMatching(/^Db: the name db is held/u),
      ]),
    );
    expect((await bench.apply(source.changePlan, { run: undo(1) })).outcome).toBe('done');
    expect((await bench.world.get(NOTE, 'one'))?.properties['Text']).toBe('old');
    bench.world.drop(DATABASE, 'db');
    const later = await far(bench);
    expect(later.steps).toEqual(['Db']);
    expect((await bench.apply(later.source.changePlan, { run: undo(2) })).outcome).toBe('done');
    expect(bench.world.rows('db')).toEqual(['a']);
  });

  it('gives the plan that a file names again, whose reasons are then those of the journal', async () => {
    const bench = await notes();
    bench.world.meddle(NOTE, 'two', { properties: { Text: 'of somebody else' } });
    const first = await far(bench, [error('Db')]);
    expect([first.steps, first.planned.plan.rejected]).toEqual([['One'], ['Db']]);
    const again = await far(bench, [error('Db')], first.planned.plan.rejected ?? []);
    expect(again.planned.plan.digest).toBe(first.planned.plan.digest);
    expect(again.source.incomplete.toSorted()).toEqual(first.source.incomplete.toSorted());
    const more = await asFarAsPossible(
      rejecting(first.source, [...(first.planned.plan.rejected ?? []), 'One']),
      first.planOf,
    );
    expect(more.source.incomplete).toEqual([
      ...first.source.incomplete,
      '"One" was rejected and stays as the run left it',
    ]);
  });

  it('keeps its replacement', async () => {
    const bench = benchOf(
      createMemoryWorld({
        seed: [
          { type: GROUP, identity: 'g-1', properties: { GroupName: 'web', NetworkId: 'n-1' } },
          { type: NETWORK, identity: 'n-1' },
          { type: NETWORK, identity: 'n-2' },
          { type: NOTE, identity: 'one', properties: { Text: 'old' } },
        ],
      }),
    );
    const report = await bench.apply(
      changePlanOf([
        entryOf('Web', GROUP, {
          action: 'replace',
          id: 'g-1',
          order: 'create-first',
          properties: { NetworkId: 'n-2' },
          expect: { GroupName: 'web' },
        }),
        entryOf('One', NOTE, { id: 'one', properties: { Text: 'new' } }),
      ]),
    );
    expect(report.outcome).toBe('done');
    expect((await far(bench)).steps).toEqual(['One', 'Web', 'WebReplacement']);
    const { steps, source } = await far(bench, [error('Web')]);
    expect(steps).toEqual(['One']);
    expect(source.incomplete).toEqual([
      'Web: restore-unproven of Web',
      'WebReplacement: it stays, because "Web" is not undone',
    ]);
  });

  it('keeps what the run made and it names', async () => {
    const bench = benchOf(
      createMemoryWorld({
        seed: [
          { type: GROUP, identity: 'g-1', properties: { GroupName: 'old' } },
          { type: DATABASE, identity: 'db', properties: { GroupIds: ['g-1'], Class: 'db.small' } },
        ],
      }),
    );
    const report = await bench.apply(
      changePlanOf([
        entryOf('New', GROUP, { action: 'create', properties: { GroupName: 'new' } }),
        entryOf('Db', DATABASE, {
          id: 'db',
          properties: { GroupIds: [{ Ref: 'New' }] },
          expect: { GroupIds: ['g-1'] },
        }),
      ]),
    );
    expect([report.outcome, (await far(bench)).steps]).toEqual(['done', ['Db', 'New']]);
    const { steps, source } = await far(bench, [error('Db')]);
    expect(steps).toEqual([]);
    expect(source.incomplete).toEqual([
      'Db: restore-unproven of Db',
      expect.stringMatching(/^New: it stays, because "Db" is not undone and names g-/u),
    ]);
  });

  it('blocks all where it is about no step', async () => {
    const { blocked, steps } = await far(await notes(), [error(null, 'open-run')]);
    expect([blocked, steps]).toEqual([true, ['Db', 'Two', 'One']]);
  });
});

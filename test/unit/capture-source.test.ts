import { describe, expect, it } from '@jest/globals';
import { foreignSources, sourcesOf } from '../../src/plan/steps/capture-source.ts';
import { backupProblems } from '../../providers/aws/values/capture-binding.ts';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { cardRows } from '../../src/views/step/card-rows.ts';
import { rowsToText } from '../../src/views/base/text.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { drive } from '../helpers/drive.ts';
import { createMemoryWorld, DATABASE, NOTE, type Seed } from '../helpers/memory-world.ts';

const claim = { run: 'r', step: 'Db', bucket: 'captures' };
const capture = (refs: JsonObject, extras: JsonObject = {}): JsonObject => ({
  how: 'copy',
  refs,
  pointInTime: null,
  bytes: 1,
  encrypted: true,
  extras,
});

describe('the source of a restore', () => {
  it('lies in the capture bucket, in the places of its own run and step', () => {
    expect(
      foreignSources(
        capture(
          { store: 'captures', prefix: 'copies/r/Db/', parts: [{ key: 'manifests/r/Db-0001.json' }] },
          { secrets: { UserData: { $secret: { captured: 'r/Db/x', version: 'v' } } } },
        ),
        claim,
      ),
    ).toEqual([]);
    expect(foreignSources(capture({ snapshot: 's', final: 'f' }), claim)).toEqual([]);
    const foreign: readonly JsonObject[] = [
      capture({ store: 'mine', prefix: 'copies/r/Db/' }),
      capture({ store: 7 }),
      capture({ prefix: 'copies/r/Other/' }),
      capture({ prefix: 'copies/s/Db/' }),
      capture({ prefix: 'copies/r/Db' }),
      capture({ prefix: '' }),
      capture({ prefix: 'secrets/r/Db/' }),
      capture({ parts: [{ key: 'manifests/s/Db-0001.json' }] }),
      capture({ parts: [{ key: 'manifests/r/Db2-0001.json' }] }),
      capture({ parts: [{ key: 'copies/r/Db/0000000' }] }),
      capture({ parts: [{}] }),
      capture({}, { secrets: { UserData: { $secret: { captured: 's/Db/x' } } } }),
      capture({}, { secrets: { UserData: { $secret: { captured: 'r/Db2/x' } } } }),
      capture({}, { deep: [{ $secret: { env: 'HOME' } }] }),
      capture({}, { Script: { $secret: { file: '/etc/passwd' } } }),
    ];
    for (const one of foreign)
      expect([JSON.stringify(one), foreignSources(one, claim).length]).toEqual([JSON.stringify(one), 1]);
  });

  it('is said on the card, whatever it is', () => {
    expect(sourcesOf(capture({ store: 'captures', prefix: 'copies/r/Db/', versions: 3 }))).toEqual([
      's3://captures/copies/r/Db/ (3 versions)',
    ]);
    expect(
      sourcesOf(capture({ snapshot: 's', final: 'f' }, { secrets: { UserData: { $secret: { captured: 'r/Db/x' } } } })),
    ).toEqual(['final snapshot f', 'or, where there is none, snapshot s', 'kept text secrets/r/Db/x']);
    expect(sourcesOf(capture({ image: 'ami-1', snapshots: [{ SnapshotId: 'snap-1' }] }))).toEqual(['image ami-1']);
    expect(sourcesOf(null)).toEqual(['the configuration in its manifest']);
  });
});

describe('a rollback', () => {
  const database: Seed = {
    type: DATABASE,
    identity: 'courses',
    properties: { Class: 'db.large', Script: 'boot', Retention: 14 },
    rows: ['a'],
  };
  const note: Seed = { type: NOTE, identity: 'readme', properties: { Text: 'old' } };
  const run = '20260226-230000-0001';
  const applied = async () => {
    const bench = benchOf(createMemoryWorld({ seed: [database, note] }));
    await bench.apply(
      changePlanOf([
        entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } }),
        entryOf('Note', NOTE, { id: 'readme', properties: { Text: 'new' } }),
      ]),
    );
    return bench;
  };
  const withCapture = (plan: ChangePlan, change: (capture: JsonObject) => JsonObject): ChangePlan => ({
    ...plan,
    resources: plan.resources.map((entry) =>
      entry.restore === undefined
        ? entry
        : { ...entry, restore: { ...entry.restore, capture: change(entry.restore.capture as JsonObject) } },
    ),
  });

  it('is blocked where a forged journal or manifest has it restore from somewhere else', async () => {
    const bench = await applied();
    const { changePlan } = await bench.rollback(run);
    expect((await bench.plan(changePlan)).plan.steps.map(({ blocked }) => blocked)).toEqual([false, false]);
    for (const change of [
      (one: JsonObject): JsonObject => ({
        ...one,
        extras: { script: { $secret: { captured: 'other-run/Web/user-data' } } },
      }),
      (one: JsonObject): JsonObject => ({ ...one, refs: { ...(one['refs'] as JsonObject), store: 'mine' } }),
    ]) {
      const { plan } = await bench.plan(withCapture(changePlan, change));
      expect(plan.steps.filter(({ blocked }) => blocked).map(({ id }) => id)).toEqual(['Db']);
      expect(plan.findings.filter(({ code }) => code === 'capture-foreign')).toHaveLength(1);
    }
    const secret: ChangePlan = {
      ...changePlan,
      resources: changePlan.resources.map((entry) =>
        entry.address === 'Note'
          ? { ...entry, properties: { Text: { $secret: { captured: 'other-run/Web/user-data' } } as Json } }
          : entry,
      ),
    };
    expect((await bench.plan(secret)).plan.findings.map(({ code }) => code)).toContain('capture-foreign');
  });

  it('of a run that the store does not know says so on every card, and asks for each step by itself', async () => {
    const bench = await applied();
    const { changePlan } = await bench.rollback(run);
    const logged = (await bench.plan({ ...changePlan, withoutJournal: true })).plan;
    // No approval covers it; what the database hands out is asked as of any create.
    expect(logged.steps.map(({ id, grant, coveredBy }) => [id, grant?.opens, coveredBy])).toEqual([
      ['Db', ['the script runs with the powers of the database'], undefined],
      ['Note', undefined, undefined],
    ]);
    const { plan } = await bench.plan({ ...changePlan, withoutJournal: true, unlogged: true });
    expect(plan.digest).not.toBe(logged.digest);
    for (const step of plan.steps) {
      expect(step).toMatchObject({
        confirm: expect.any(String),
        grant: { opens: expect.arrayContaining([expect.stringContaining(`does not know run ${run}`)]) },
      });
      expect(rowsToText(cardRows(step, plan, 0), { width: 200, color: false })).toContain(
        `the audit log of this store does not know run ${run}`,
      );
    }
    const restored = plan.steps.find(({ restores }) => restores !== undefined);
    expect(rowsToText(cardRows(restored!, plan, 0), { width: 200, color: false })).toMatch(/source +snapshot \S+/u);
  });
});

describe('images and snapshots', () => {
  const live = { attributes: { DbiResourceId: 'db-1' } } as unknown as LiveResource;
  const made = '2026-02-26T23:00:00.000Z';
  const tags = [
    { Key: 'aiplan:run', Value: 'r' },
    { Key: 'aiplan:op', Value: 'op-1' },
  ];
  const problemsOf = (
    refs: JsonObject,
    answers: Readonly<Record<string, JsonObject | null>>,
    byTags = false,
  ): Promise<readonly string[]> =>
    drive(
      {
        counts: {},
        read: async ({ operation }) => answers[operation] ?? null,
        mutate: async () => {
          throw new Error('it changes nothing');
        },
      },
      () => backupProblems({ refs }, { account: '123456789012', run: 'r', op: 'op-1', live, byTags }),
    );
  const dbSnapshot = (more: JsonObject = {}): JsonObject => ({
    DBSnapshots: [
      {
        DBSnapshotArn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:s',
        SnapshotCreateTime: made,
        DbiResourceId: 'db-1',
        TagList: tags,
        ...more,
      },
    ],
  });
  const image = (more: JsonObject = {}): JsonObject => ({
    Images: [{ ImageId: 'ami-1', OwnerId: '123456789012', CreationDate: made, Tags: tags, ...more }],
  });
  const snapshot = (more: JsonObject = {}): JsonObject => ({
    Snapshots: [{ SnapshotId: 'snap-1', OwnerId: '123456789012', StartTime: made, Tags: tags, ...more }],
  });

  it('are the captured ones by owner, time and source', async () => {
    const database = { snapshot: 's', bound: { s: made } };
    expect(await problemsOf(database, { DescribeDBSnapshots: dbSnapshot() })).toEqual([]);
    expect(await problemsOf(database, { DescribeDBSnapshots: null })).toEqual([]);
    expect(
      await problemsOf(database, {
        DescribeDBSnapshots: dbSnapshot({ SnapshotCreateTime: '2026-03-01T00:00:00.000Z' }),
      }),
    ).toEqual([expect.stringContaining('another has its name now')]);
    expect(await problemsOf(database, { DescribeDBSnapshots: dbSnapshot({ DbiResourceId: 'db-2' }) })).toEqual([
      expect.stringContaining('db-2'),
    ]);
    expect(
      await problemsOf(
        { snapshot: 's' },
        { DescribeDBSnapshots: dbSnapshot({ DBSnapshotArn: 'arn:aws:rds:eu-west-1:210987654321:snapshot:s' }) },
      ),
    ).toEqual([expect.stringContaining('210987654321')]);
    const instance = {
      image: 'ami-1',
      snapshots: [{ SnapshotId: 'snap-1' }],
      bound: { 'ami-1': made, 'snap-1': made },
    };
    expect(await problemsOf(instance, { DescribeImages: image(), DescribeSnapshots: snapshot() })).toEqual([]);
    expect(
      await problemsOf(instance, {
        DescribeImages: image({ OwnerId: '210987654321' }),
        DescribeSnapshots: snapshot({ StartTime: '2026-03-01T00:00:00.000Z' }),
      }),
    ).toHaveLength(2);
  });

  it('carry the tags of their run and step where only the capture bucket speaks for them', async () => {
    for (const Tags of [
      [],
      [
        { Key: 'aiplan:run', Value: 'r' },
        { Key: 'aiplan:op', Value: 'op-2' },
      ],
      [
        { Key: 'aiplan:run', Value: 's' },
        { Key: 'aiplan:op', Value: 'op-1' },
      ],
    ]) {
      expect(await problemsOf({ image: 'ami-1' }, { DescribeImages: image({ Tags }) }, true)).toHaveLength(1);
      expect(await problemsOf({ image: 'ami-1' }, { DescribeImages: image({ Tags }) })).toEqual([]);
    }
    // A final snapshot gets its tags after AWS took it; its source proves it.
    expect(await problemsOf({ final: 's' }, { DescribeDBSnapshots: dbSnapshot({ TagList: [] }) }, true)).toEqual([]);
  });
});

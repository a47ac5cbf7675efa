import { describe, expect, it } from '@jest/globals';
import { instance } from '../../providers/ec2/instance/instance.ts';
import { securityGroup } from '../../providers/ec2/security-group/security-group.ts';
import { volume } from '../../providers/ec2/volume/volume.ts';
import { countedTags, restoreTags, withRoomFor } from '../../providers/aws/values/tags.ts';
import { dbInstance } from '../../providers/rds/db-instance/db-instance.ts';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import { isObject, type Json } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import { broughtBack } from '../../src/recovery/rollback/restored.ts';
import { meaningOf } from '../../src/views/run/failure-rows.ts';
import { contextFor as bucketContext, liveBucket } from '../helpers/bucket-fixture.ts';
import { contextFor } from '../helpers/ec2-context.ts';
import { sampleInstance } from '../helpers/ec2-samples.ts';
import { createMemoryWorld, DATABASE } from '../helpers/memory-world.ts';
import { codes, planFor } from '../helpers/planning-samples.ts';
import { liveDatabase, stepContext as databaseContext } from '../helpers/rds-samples.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const tagsOf = (count: number): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag${String(index).padStart(2, '0')}`, 'v']));
const listOf = (tags: Readonly<Record<string, string>>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
const capture = (refs: Capture['refs'], extras: Capture['extras'] = {}): Capture => ({
  how: 'native',
  refs,
  pointInTime: null,
  bytes: null,
  encrypted: null,
  extras,
});

/** Every list of tags, at any depth. */
function tagLists(value: Json | undefined): readonly (readonly string[])[] {
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    const keys = items.flatMap((item) => (isObject(item) && typeof item['Key'] === 'string' ? [item['Key']] : []));
    return keys.length > 0 && keys.length === items.length ? [keys] : items.flatMap(tagLists);
  }
  return isObject(value) ? Object.values(value).flatMap(tagLists) : [];
}

describe('a resource that had nearly as many tags as AWS takes', () => {
  const group: LiveResource = {
    ...liveDatabase,
    type: securityGroup.type,
    identity: 'sg-1',
    incarnation: 'sg-1',
    properties: { GroupName: 'web', GroupDescription: 'x', VpcId: 'vpc-1' },
    attributes: {},
    systemTags: {},
  };
  const cases = async (): Promise<
    readonly (readonly [string, (tags: Readonly<Record<string, string>>) => readonly (readonly string[])[]])[]
  > => {
    const box = await sampleInstance();
    const made = (
      program: ReturnType<NonNullable<typeof dbInstance.capture>['restore']>,
    ): readonly (readonly string[])[] =>
      preview(program).calls.flatMap(({ operation, input }) =>
        /^(?:Create|Run|Restore|PutBucketTagging)/u.test(operation) ? tagLists(input) : [],
      );
    const withTags = (live: LiveResource, tags: Readonly<Record<string, string>>): LiveResource => ({
      ...live,
      properties: { ...live.properties, Tags: tags },
    });
    const of = (live: LiveResource): StepContext =>
      contextFor({ live, action: 'create', ownership: { 'aiplan:op': 'op' } });
    return [
      [
        'instance',
        (tags) =>
          made(
            instance.capture!.restore(
              of(withTags(box, tags)),
              capture({ image: 'ami-1', snapshots: [{ VolumeId: 'vol-data', SnapshotId: 's' }] }),
            ),
          ),
      ],
      [
        'volume',
        (tags) =>
          made(
            volume.capture!.restore(
              of(withTags({ ...group, type: volume.type, identity: 'vol-1', properties: { Size: 8 } }, tags)),
              capture({ snapshot: 'snap-1' }),
            ),
          ),
      ],
      ['group', (tags) => made(securityGroup.capture!.restore(of(withTags(group, tags)), capture({})))],
      [
        'database',
        (tags) =>
          made(
            dbInstance.capture!.restore(
              databaseContext({ live: withTags(liveDatabase, tags), ownership: { 'aiplan:op': 'op' } }),
              capture({ snapshot: 's' }),
            ),
          ),
      ],
      [
        'bucket',
        (tags) =>
          made(
            bucket.capture!.restore(
              bucketContext({ live: withTags(liveBucket(), tags), ownership: { 'aiplan:op': 'op' } }),
              { ...capture({}, { configuration: { tagging: listOf(tags) } }), how: 'config' },
            ),
          ),
      ],
    ];
  };

  it('comes back with all of them, and with as many of aiplan as there is room for, of every type', async () => {
    for (const [name, made] of await cases()) {
      for (const count of [3, 48, 49, 50]) {
        const lists = made(tagsOf(count));
        const whole = lists.filter((keys) => Object.keys(tagsOf(count)).every((key) => keys.includes(key)));
        expect([name, count, whole.length > 0]).toEqual([name, count, true]);
        expect([name, count, Math.max(...lists.map((keys) => keys.length)) <= 50]).toEqual([name, count, true]);
        if (count < 50) expect([name, count, whole[0]?.includes('aiplan:op')]).toEqual([name, count, true]);
      }
    }
  });

  it('loses none of its own to a mark, and gets the most important marks first', () => {
    const system = { 'aiplan:plan': 'p', 'aiplan:resource': 'r', 'aiplan:op': 'old', 'aws:x': 'y' };
    const marks = (count: number): readonly string[] =>
      Object.keys(restoreTags(contextFor({}), tagsOf(count), system, 'i-1')).filter((key) => key.startsWith('aiplan:'));
    expect([45, 46, 47, 49, 50].map(marks)).toEqual([
      ['aiplan:plan', 'aiplan:resource', 'aiplan:restored-from', 'aiplan:op'],
      ['aiplan:plan', 'aiplan:resource', 'aiplan:restored-from', 'aiplan:op'],
      ['aiplan:plan', 'aiplan:resource', 'aiplan:op'],
      ['aiplan:op'],
      [],
    ]);
    expect(countedTags(withRoomFor({ ...tagsOf(49), 'aws:a': '' }, { x: '1', y: '2' }))).toBe(50);
  });

  it('is known by a later undo by its identity and incarnation, where no mark fitted', () => {
    const before = { ...group, identity: 'sg-1', incarnation: 'sg-1' };
    const after = { ...group, identity: 'sg-2', incarnation: 'sg-2', systemTags: {} };
    const tries = [{ run: 'u1', op: 'op', done: true, after, map: {} }] as unknown as Parameters<typeof broughtBack>[2];
    const found = (live: LiveResource | undefined) => ({
      get: () => live,
      byOps: () => [],
      byMakes: () => [],
      restoredFrom: () => [],
    });
    expect(broughtBack(group.type, before, tries, found(after)).kind).toBe('finished');
    const marked = { ...after, systemTags: { 'aiplan:op': 'of-another' } };
    const stripped = [
      { ...tries[0], after: { ...after, systemTags: { 'aiplan:restored-from': 'sg-1' } } },
    ] as typeof tries;
    expect(broughtBack(group.type, before, stripped, found(after)).kind).toBe('unproven');
    expect(broughtBack(group.type, before, tries, found(marked)).kind).toBe('unproven');
    expect(broughtBack(group.type, before, tries, found({ ...after, incarnation: 'sg-3' })).kind).toBe('nothing');
  });

  it('is no matter of a quota', () => {
    expect(meaningOf('TagLimitExceeded')).toMatch(/at most 50 tags/u);
    expect(meaningOf('InstanceLimitExceeded')).toMatch(/quota/u);
  });
});

describe('a plan that would give a resource more tags than AWS takes', () => {
  const db = (count: number) => ({
    address: 'Db',
    type: DATABASE,
    action: 'create' as const,
    properties: { DatabaseName: 'courses', Engine: 'postgres', Class: 'db.small', Tags: tagsOf(count) },
  });
  const update = (count: number) => ({
    address: 'Db',
    type: DATABASE,
    action: 'update' as const,
    id: 'db',
    properties: { Tags: tagsOf(count) },
  });
  it('is blocked, with the tags of aiplan counted', async () => {
    expect(codes(await planFor(createMemoryWorld(), [db(47)]), 'Db')).toEqual([]);
    expect(codes(await planFor(createMemoryWorld(), [db(48)]), 'Db')).toEqual(['tag-limit']);
    const world = (tags: Readonly<Record<string, string>>) =>
      createMemoryWorld({ seed: [{ type: DATABASE, identity: 'db', properties: { Tags: tags } }] });
    expect(codes(await planFor(world({}), [update(50)]), 'Db')).not.toContain('tag-limit');
    expect(codes(await planFor(world({ 'aiplan:op': 'x' }), [update(50)]), 'Db')).toContain('tag-limit');
  });
});

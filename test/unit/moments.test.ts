import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { capture } from '../../providers/s3/bucket/capture.ts';
import { summaryOf } from '../../providers/s3/objects/contents.ts';
import { lifecycleHits, listingOf } from '../../providers/s3/rules/lifecycle.ts';
import { rules } from '../../providers/s3/rules/rules.ts';
import { isAfter, momentOf } from '../../src/base/time.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { TypeSchema } from '../../src/domain/schema.ts';
import { settableLeaves } from '../../src/plan/classify/verdicts.ts';
import { liveBucket } from '../helpers/bucket-fixture.ts';

const midnight = '2030-01-31T00:00:00Z';
const odd = ['May 1 2020', '2030-01-31', '20300131T000000Z', '2030-02-30T00:00:00Z', '2030-01-31T00:00:00+02:00'];

describe('a moment', () => {
  it('is ISO 8601 in UTC of a day that the calendar has, and nothing else', () => {
    expect([momentOf(midnight), momentOf('2030-01-31T00:00:00.000Z')]).toEqual([1_896_048_000_000, 1_896_048_000_000]);
    for (const text of [...odd, '', '2030-01-31T24:00:00Z', 7, null, undefined])
      expect([text, momentOf(text)]).toEqual([text, undefined]);
  });

  it('lies after another in time, not in spelling, and one that cannot be read after every other', () => {
    expect(isAfter('2030-01-31T00:00:00.500Z', midnight)).toBe(true);
    expect(isAfter(midnight, '2030-01-31T00:00:00.500Z')).toBe(false);
    expect([isAfter('May 1 2020', midnight), isAfter(midnight, 'unknown')]).toEqual([true, true]);
  });
});

/** The value at a dotted path, in lists of one element. */
const nested = (path: string, value: Json): JsonObject =>
  path.split('.').reduceRight<Json>((inner, name) => (name === '*' ? [inner] : { [name]: inner }), value) as JsonObject;

const moments = resourceTypes.all
  .filter(({ managed }) => managed)
  .flatMap((type) =>
    settableLeaves(loadSchema(type.type) as TypeSchema, type.rules)
      .filter((path) => /(?:Date|Time|Until|Timestamp|At)$/u.test(path))
      .map((path) => [type.type, path, type.rules] as const),
  );

describe('every property that is a moment', () => {
  it('is among those that are tried here', () => {
    expect(moments.map(([, path]) => path)).toContain('LifecycleConfiguration.Rules.*.Transitions.*.TransitionDate');
  });

  it.each(moments)('%s %s takes the documented format only', (_type, path, { refuses }) => {
    const at = path.replaceAll('*', '0');
    const refused = (value: Json): readonly string[] =>
      (refuses?.(nested(path, value), false) ?? []).map((problem) => problem.at);
    for (const text of [...odd, '2030-01-31T06:00:00Z']) expect([text, refused(text)]).toEqual([text, [at]]);
    expect(refused(midnight)).toEqual([]);
    expect(refused({ $unknown: 'Other.Date' })).toEqual([]);
  });
});

describe('a date of a lifecycle rule', () => {
  const rule = (more: JsonObject): JsonObject => ({ Rules: [{ Id: 'r', Status: 'Enabled', ...more }] });
  const loses = (before: JsonObject | undefined, after: JsonObject): readonly string[] =>
    rules.destructive
      .filter(({ path, when }) => path === 'LifecycleConfiguration' && when?.(before, after, liveBucket()) === true)
      .map(({ says }) => says(before, after, liveBucket()));
  const far = rule({ ExpirationDate: '2099-01-01T00:00:00.000Z' });

  it.each([
    ['one that sorts after the other as text and lies before it', { ExpirationDate: 'May 1 2020' }],
    ['one that no calendar has', { ExpirationDate: '2099-02-30T00:00:00Z' }],
    ['an earlier one', { ExpirationDate: '2098-12-31T00:00:00Z' }],
    ['days that are no number', { ExpirationInDays: 'thirty' }],
    ['days of noncurrent versions that are no number', { NoncurrentVersionExpiration: { NoncurrentDays: '3o' } }],
    ['days of uploads that are no number', { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 'x' } }],
  ])('destroys with %s', (_title, more) => {
    expect(loses(far, rule(more))).toHaveLength(1);
  });

  it('destroys nothing new where it is later, or the same in another spelling', () => {
    expect(loses(far, rule({ ExpirationDate: '2099-01-02T00:00:00Z' }))).toEqual([]);
    expect(loses(far, rule({ ExpirationDate: '2099-01-01T00:00:00Z' }))).toEqual([]);
  });

  it('that cannot be read hits everything today', () => {
    const entry = { key: 'a', versionId: 'null', latest: true, marker: false, etag: '', size: 1 };
    const listing = listingOf(
      [{ ...entry, modified: '2024-01-01T00:00:00Z', storageClass: 'STANDARD', archived: false }],
      true,
      '2024-01-02T00:00:00Z',
    );
    expect(lifecycleHits({ ExpirationDate: 'May 1 2099' }, listing)).toMatchObject({ matching: 1, due: 1 });
  });

  it('is written as S3 answers it, and so is a storage class', () => {
    const written = rule({
      ExpirationDate: midnight,
      Transitions: [{ StorageClass: 'Glacier', TransitionDate: midnight }],
    });
    const read = rule({
      ExpirationDate: '2030-01-31T00:00:00.000Z',
      Transitions: [{ StorageClass: 'GLACIER', TransitionDate: '2030-01-31T00:00:00.000Z' }],
    });
    expect(rules.canonical?.({ LifecycleConfiguration: written })).toEqual({ LifecycleConfiguration: read });
  });

  it('stands in the place of days', () => {
    expect(
      (
        rules.refuses?.({ LifecycleConfiguration: rule({ ExpirationDate: midnight, ExpirationInDays: 3 }) }, false) ??
        []
      ).map(({ at }) => at),
    ).toEqual(['LifecycleConfiguration.Rules.0.ExpirationDate']);
  });
});

describe('objects that become unreadable', () => {
  const found = (after: JsonObject, live = liveBucket()): readonly string[] =>
    rules.destructive
      .filter(({ path, when }) => path === 'LifecycleConfiguration' && when?.(undefined, after, live) === true)
      .map(({ says }) => says(undefined, after, live));
  const into = (StorageClass: string): JsonObject => ({
    Rules: [{ Id: 'r', Status: 'Enabled', Transitions: [{ StorageClass, TransitionInDays: 0 }] }],
  });
  const tiering = (Status: string): JsonObject => ({
    IntelligentTieringConfigurations: [{ Id: 't', Status, Tierings: [{ AccessTier: 'ARCHIVE_ACCESS', Days: 90 }] }],
  });

  it('are told in either spelling of the class', () => {
    expect(found(into('Glacier'))).toEqual([expect.stringContaining('restored from the archive')]);
    const copies = rules.destructive.find(({ path }) => path.endsWith('Destination.StorageClass'));
    expect(copies?.when?.('STANDARD', 'Glacier', liveBucket())).toBe(true);
  });

  it('are told where an archive configuration waits in the class to which they move', () => {
    expect(found(into('INTELLIGENT_TIERING'), liveBucket({ properties: tiering('Enabled') }))).toHaveLength(1);
    expect(found(into('INTELLIGENT_TIERING'), liveBucket({ properties: tiering('Disabled') }))).toEqual([]);
    expect(found(into('INTELLIGENT_TIERING'))).toEqual([]);
  });
});

describe('times that AWS answers', () => {
  it('are compared in time', () => {
    const entry = { key: 'a', latest: false, marker: false, etag: '', size: 1, storageClass: '', archived: false };
    const times = ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00.500Z'];
    expect(
      summaryOf(
        times.map((modified) => ({ ...entry, modified, versionId: modified })),
        true,
      )['lastWrite'],
    ).toBe(times[1]);
  });

  it('that cannot be read do not end a retention, and no capture fails on them', () => {
    const locked = liveBucket({
      properties: { ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } } },
      observed: { versions: 1, deleteMarkers: 0, bytes: 1, lastWrite: 'odd', countedAt: '2030-01-01T00:00:00Z' },
    });
    expect(capture.plan(locked, 'delete', [], { maxObjects: 10, maxBytes: 10 })).toMatchObject({
      impossible: expect.stringContaining('an unknown time'),
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import { readWitnesses } from '../../providers/s3/capture-bucket/witnesses.ts';
import { runOutsideRun } from '../../src/run/executor/run-outside.ts';
import type { AwsSession, ReadCall } from '../../src/domain/call.ts';
import { canonical, sha256 } from '../../src/base/digest.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';

const run = '20260226-231501-a1b2';
const of = { account: '123456789012', region: 'eu-west-1', endpoint: null, bucket: null };
const bucket = 'aiplan-captures-123456789012-eu-west-1';
const manifest = (over: JsonObject = {}): JsonObject => ({
  format: 'aiplan/run@1',
  run,
  at: '2026-02-26T23:15:03.000Z',
  plan: { name: 'move' },
  journalHead: 'sha256:1',
  ...over,
});
const keyOf = (value: JsonObject, name = 'run.all', ofRun = run): string =>
  `manifests/${ofRun}/${name}-${sha256(canonical(value)).slice(7, 19)}.json`;
const whole = manifest();
const captured = manifest({ format: 'aiplan/capture@1', step: 'Db', planName: 'move', journalHead: 'sha256:2' });

/** A bucket whose versions are listed in pages, and whose objects are read by version. */
async function asked(
  pages: readonly JsonObject[],
  objects: Readonly<Record<string, Json | string>>,
  wanted: (name: string) => boolean = () => true,
) {
  const reads: JsonObject[] = [];
  let page = 0;
  const session = {
    read: async ({ operation, input }: ReadCall): Promise<JsonObject | null> => {
      reads.push(input);
      if (operation === 'ListObjectVersions') return pages[page++] ?? {};
      const found = objects[`${String(input['Key'])} ${String(input['VersionId'] ?? 'newest')}`];
      return found === undefined ? null : { Body: typeof found === 'string' ? found : JSON.stringify(found) };
    },
  } as unknown as AwsSession;
  const found = await runOutsideRun(session, () => readWitnesses(of, wanted), { run: 'audit', step: 'x' });
  return { found, reads };
}

describe('what the capture bucket tells of runs', () => {
  it('is each manifest, over all pages; of parts, copies and other runs nothing is read', async () => {
    const [one, two] = [keyOf(whole), keyOf(captured, 'Db')];
    const { found, reads } = await asked(
      [
        {
          IsTruncated: true,
          NextKeyMarker: 'k',
          NextVersionIdMarker: 'v',
          Versions: [
            { Key: one, VersionId: '1', IsLatest: true },
            { Key: `manifests/${run}/Site-0001.json`, VersionId: '1', IsLatest: true },
            { Key: keyOf(whole, 'run.all', '20260101-000000-ffff'), VersionId: '1', IsLatest: true },
          ],
        },
        { IsTruncated: false, Versions: [{ Key: two, VersionId: '1', IsLatest: true }] },
      ],
      { [`${one} newest`]: whole, [`${two} newest`]: captured },
      (name) => name === run,
    );
    const common = { run, at: whole['at'], planName: 'move', isWhole: true, isOverwritten: false, deletedAt: null };
    expect(found).toEqual([
      { ...common, place: `s3://${bucket}/${two}`, step: 'Db', journalHead: 'sha256:2' },
      { ...common, place: `s3://${bucket}/${one}`, step: null, journalHead: 'sha256:1' },
    ]);
    expect(reads).toHaveLength(4);
    expect(reads[1]).toMatchObject({
      Bucket: bucket,
      ExpectedBucketOwner: of.account,
      Prefix: 'manifests/',
      KeyMarker: 'k',
      VersionIdMarker: 'v',
    });
  });

  it('is what was written first, also where it was deleted or written over', async () => {
    const key = keyOf(whole);
    const forged = manifest({ journalHead: 'sha256:9' });
    const told = (page: JsonObject) =>
      asked([page], { [`${key} first`]: whole, [`${key} second`]: forged, [`${key} newest`]: forged }).then(
        ({ found }) => found,
      );
    const first = { run, journalHead: 'sha256:1', isWhole: true };
    expect(
      await told({
        Versions: [
          { Key: key, VersionId: 'second', IsLatest: true },
          { Key: key, VersionId: 'first', IsLatest: false },
        ],
      }),
    ).toMatchObject([{ ...first, isOverwritten: true, deletedAt: null }]);
    expect(
      await told({
        DeleteMarkers: [{ Key: key, VersionId: 'd', IsLatest: true, LastModified: '2026-02-27T00:00:00.000Z' }],
        Versions: [{ Key: key, VersionId: 'first', IsLatest: false }],
      }),
    ).toMatchObject([{ ...first, isOverwritten: false, deletedAt: '2026-02-27T00:00:00.000Z' }]);
    // Only the marker is left: the name still tells the run.
    expect(
      await told({
        DeleteMarkers: [{ Key: key, VersionId: 'd', IsLatest: true, LastModified: '2026-02-27T00:00:00.000Z' }],
      }),
    ).toMatchObject([{ run, journalHead: null, isWhole: false, deletedAt: '2026-02-27T00:00:00.000Z' }]);
  });

  it('does not believe a content that its name was not made of', async () => {
    const key = keyOf(whole);
    for (const body of [manifest({ journalHead: 'sha256:9' }), '{', '[]'])
      expect(
        (await asked([{ Versions: [{ Key: key, VersionId: '1', IsLatest: true }] }], { [`${key} newest`]: body }))
          .found,
      ).toMatchObject([{ run, isWhole: false }]);
  });
});

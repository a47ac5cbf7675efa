import { beforeEach, describe, expect, it } from '@jest/globals';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { sha256 } from '../../src/base/digest.ts';
import { contextFor, liveBucket, store } from '../helpers/bucket-fixture.ts';
import { drive } from '../helpers/drive.ts';
import { memoryS3, type MemoryS3 } from '../helpers/memory-s3.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

/** A bucket with two keys, captured and deleted as a run does it; then somebody is at the capture bucket. */
let s3: MemoryS3;
let capture: Capture;
const live = liveBucket({ binding: { policy: 'none', versioning: 'Enabled' } });
const context = contextFor({ live });
const taking = (versioned: readonly string[]): MemoryS3 => {
  const fresh = memoryS3(versioned);
  fresh.write('site', 'index.html', 'old page');
  fresh.write('site', 'index.html', 'the page');
  fresh.write('site', 'a.txt', 'text');
  return fresh;
};

beforeEach(async () => {
  s3 = taking([store, 'site']);
  capture = await drive(s3, () => bucket.capture!.take(context));
  expect(await drive(s3, () => bucket.capture!.verify(context, capture))).toEqual([]);
  await drive(s3, () => bucket.remove!({ ...context, capture }));
  s3.second += 3_600;
});

const restore = (changed: Capture = capture): Promise<unknown> =>
  drive(s3, () =>
    bucket.capture!.restore(contextFor({ live, run: 'back', ownership: { 'aiplan:op': 'op-back' } }), changed),
  );
const copyOf = (text: string): string =>
  s3.keys(store).find((key) => key.startsWith('copies/') && s3.text(store, key) === text) ?? '';
const entries = (): readonly JsonObject[] =>
  (JSON.parse(s3.text(store, 'manifests/run-1/Site-0001.json') ?? '') as { entries: JsonObject[] }).entries;

describe('the copies of a bucket', () => {
  it('are bound to the version, ETag and size that S3 had when they were taken', () => {
    expect(entries()).toHaveLength(3);
    for (const entry of entries())
      expect(entry).toMatchObject({
        copyVersion: expect.stringMatching(/^v\d+$/u),
        copyEtag: expect.stringMatching(/^[0-9a-f]{32}$/u),
        size: expect.any(Number),
      });
    expect(capture.refs['parts']).toEqual([
      expect.objectContaining({ key: 'manifests/run-1/Site-0001.json', version: expect.stringMatching(/^v/u) }),
    ]);
  });

  it('are restored from that version, also where somebody wrote over them or deleted them', async () => {
    s3.write(store, copyOf('the page'), 'page of the attacker');
    s3.remove(store, copyOf('text'));
    await restore();
    expect([s3.text('site', 'index.html'), s3.text('site', 'a.txt')]).toEqual(['the page', 'text']);
    const copies = s3.sent
      .filter(({ operation, input }) => operation === 'CopyObject' && input['Bucket'] === 'site')
      .map(({ input }) => input);
    for (const input of copies)
      expect(input).toMatchObject({
        CopySource: expect.stringMatching(/\?versionId=v\d+$/u),
        CopySourceIfMatch: expect.stringMatching(/^"[0-9a-f]{32}"$/u),
      });
    expect(copies).toHaveLength(3);
  });

  it('are not restored at all where the version is gone: the object is named, and no bucket is made', async () => {
    const key = copyOf('the page');
    const id = String(entries().find((entry) => entry['copy'] === key)?.['copyVersion']);
    s3.write(store, key, 'page of the attacker');
    s3.destroy(store, key, id);
    await expect(restore()).rejects.toMatchObject({
      code: 'copy-differs',
      message: expect.stringContaining('"index.html"'),
    });
    expect(s3.keys('site')).toEqual([]);
    await expect(s3.read({ service: 's3', operation: 'HeadBucket', input: { Bucket: 'site' } })).rejects.toMatchObject({
      code: 'NoSuchBucket',
    });
  });

  it('of captures without version ids are the oldest version with their ETag', async () => {
    const body = JSON.stringify({ entries: entries().map(({ copyVersion: _none, ...entry }) => entry) });
    s3.write(store, 'manifests/run-1/Site-0001.json', body);
    s3.write(store, copyOf('the page'), 'page of the attacker');
    await restore({
      ...capture,
      refs: { ...capture.refs, parts: [{ key: 'manifests/run-1/Site-0001.json', digest: sha256(body) }] },
    });
    expect(s3.text('site', 'index.html')).toBe('the page');
  });

  it('come with a list that is read in the version that was written', async () => {
    s3.write(store, 'manifests/run-1/Site-0001.json', '{"entries":[]}');
    await restore();
    expect(s3.text('site', 'index.html')).toBe('the page');
  });

  it('are read back, and the object that differs is named', async () => {
    const mutate = s3.mutate.bind(s3);
    s3.mutate = async (call, resolved, permit) => {
      const made = await mutate(call, resolved, permit);
      if (call.operation === 'CopyObject' && call.input['Key'] === 'a.txt')
        s3.destroy('site', 'a.txt', String(made.output['VersionId']));
      return made;
    };
    await expect(restore()).rejects.toMatchObject({
      code: 'object-restored-differently',
      message: expect.stringContaining('"a.txt"'),
    });
  });

  it('are refused where S3 says that it copied another version', async () => {
    const mutate = s3.mutate.bind(s3);
    s3.mutate = async (call, resolved, permit) => {
      const made = await mutate(call, resolved, permit);
      return call.operation === 'CopyObject'
        ? { ...made, output: { ...made.output, CopySourceVersionId: 'other' } }
        : made;
    };
    await expect(restore()).rejects.toMatchObject({ code: 'object-restored-differently' });
  });

  it('are not taken into a bucket that keeps no versions', async () => {
    const plain = taking(['site']);
    plain.mutate(
      {
        service: 's3',
        operation: 'CreateBucket',
        identity: store,
        retry: 'named',
        input: { Bucket: store },
        purpose: '',
      },
      { Bucket: store },
      { run: '', step: '', operations: [] },
    );
    await expect(drive(plain, () => bucket.capture!.take(context))).rejects.toMatchObject({
      code: 'captures-unversioned',
    });
  });
});

describe('a forged capture', () => {
  const forged = (list: readonly JsonObject[], refs: JsonObject = {}): Capture => {
    const body = JSON.stringify({ entries: list as Json });
    const key = String(refs['key'] ?? 'manifests/run-1/Site-0002.json');
    const { key: _key, ...more } = refs;
    s3.write(store, key, body);
    return { ...capture, refs: { ...capture.refs, parts: [{ key, digest: sha256(body) }], ...more } };
  };
  let first: JsonObject;
  beforeEach(() => {
    first = entries()[0] ?? {};
  });
  const entry = (copy: string): JsonObject => ({ ...first, key: 'index.html', copy });

  it.each([
    'secrets/run-0/Web/data',
    'copies/run-0/Site/0000000',
    'copies/run-1/Site2/0000000',
    'copies/run-1/Site',
    'manifests/run-1/Site-0001.json',
  ])('names no other source than the copies of its own run and step: %s', async (copy) => {
    s3.write(store, copy, 'the page');
    await expect(restore(forged([entry(copy)]))).rejects.toMatchObject({
      code: 'manifest-damaged',
      message: expect.stringContaining(copy),
    });
  });

  it('names no other bucket, no other place of its list, and no other prefix', async () => {
    await expect(restore(forged([], { store: 'elsewhere' }))).rejects.toMatchObject({
      code: 'manifest-damaged',
      message: expect.stringContaining('"elsewhere"'),
    });
    for (const key of [
      'manifests/run-0/Site-0001.json',
      'copies/run-1/Site/0000000',
      'manifests/run-1/Site-00001.json',
      'secrets/x',
    ]) {
      await expect(restore(forged([], { key }))).rejects.toMatchObject({
        code: 'manifest-damaged',
        message: expect.stringContaining(key),
      });
    }
    await expect(restore(forged([], { prefix: '' }))).rejects.toMatchObject({ code: 'manifest-damaged' });
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../../providers/aws/session/session.ts';
import { openStoreBucket } from '../../providers/aws/session/store-session.ts';
import { clockFindings } from '../../src/cli/planning/planning.ts';
import { AwsError } from '../../src/base/error.ts';
import type { StoreBucket } from '../../src/domain/records/store-bucket.ts';
import { provedStore } from '../../src/store/objects/s3-proof.ts';
import { writeOnce } from '../../src/store/objects/s3-objects.ts';
import { s3Store } from '../../src/store/s3-store.ts';
import { memoryBucket } from '../helpers/memory-bucket.ts';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let requests: number;
let endpoint: string;
beforeEach(async () => {
  requests = 0;
  server = createServer((request, response) => {
    requests += 1;
    request.resume();
    request.on('end', () => answer(request, response));
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => {
    server.close(done);
  });
});

const connection = (writer?: string): Promise<StoreBucket> =>
  openStoreBucket({
    bucket: 'team-aiplan',
    prefix: 'prod',
    region: 'eu-west-1',
    endpoint,
    credentials,
    ...(writer === undefined ? {} : { writer }),
  });
const quick = { sleep: async (): Promise<void> => undefined };

describe('an answer of the store', () => {
  it('that is cut in the middle is a fault of the way: it is asked for again, and never a crash', async () => {
    let cut = true;
    answer = (_request, response) => {
      response.writeHead(200, {
        'content-length': '20',
        etag: '"e"',
        'last-modified': 'Thu, 26 Feb 2026 23:00:00 GMT',
      });
      if (cut) {
        response.write('{"half');
        cut = false;
        setImmediate(() => response.destroy());
      } else response.end('{"whole":"yes!"}    ');
    };
    const bucket = await connection();
    await expect(bucket.get('audit/00000001.json')).rejects.toMatchObject({
      name: 'AwsError',
      kind: 'network',
      executed: 'no',
    });
    cut = true;
    const store = s3Store({
      place: bucket.place,
      connect: async () => ({ ...bucket, facts: async () => ({ versioning: 'Enabled', objectLock: null }) }),
      spool: '/nonexistent',
      host: 'here',
      ...quick,
    });
    expect(await store.keptPlan('x').catch((error: unknown) => (error as { code: string }).code)).toBe(
      'not-a-plan-file',
    );
    bucket.close();
  });

  it("that refuses our own write is recognised, and nobody else's write is taken for ours", async () => {
    const kept = new Map<string, { text: string; writer: string | undefined }>();
    answer = (request, response) => {
      const key = request.url ?? '';
      if (request.method === 'PUT') {
        // Something on the way sends the request twice and hands on the second answer.
        if (!kept.has(key))
          kept.set(key, { text: pending, writer: request.headers['x-amz-meta-writer'] as string | undefined });
        response.writeHead(412).end('<Error><Code>PreconditionFailed</Code><Message>x</Message></Error>');
        return;
      }
      const found =
        kept.get(key.replace(/\?.*$/u, '')) ??
        kept.get([...kept.keys()].find((one) => one.split('?')[0] === key.split('?')[0]) ?? '');
      response
        .writeHead(200, { etag: '"e"', ...(found?.writer === undefined ? {} : { 'x-amz-meta-writer': found.writer }) })
        .end(found?.text);
    };
    const pending = '{"mine":true}\n';
    const [ada, bob] = [await connection('ada'), await connection('bob')];
    expect(await writeOnce(ada, 'spent/n.json', pending, { kind: 'absent' }, quick)).toEqual({
      state: 'written',
      etag: '"e"',
    });
    expect(await writeOnce(bob, 'spent/n.json', pending, { kind: 'absent' }, quick)).toMatchObject({ state: 'lost' });
    ada.close();
    bob.close();
  });
});

describe('a clock that is off', () => {
  const skewed = (): string => new Date(Date.now() + 11 * 60_000).toUTCString();

  it("holds up no read: what is not there is told at once, and AWS's time is known", async () => {
    answer = (_request, response) => {
      response
        .writeHead(404, { date: skewed(), 'content-type': 'application/xml' })
        .end('<Error><Code>NoSuchKey</Code><Message>none</Message></Error>');
    };
    const times: number[] = [];
    const session = openSession({
      region: 'eu-west-1',
      endpoint,
      credentials,
      mode: 'apply',
      captureBucket: 'captures',
      onDate: (at) => {
        times.push(at);
      },
    });
    expect(
      await session.read({
        service: 's3',
        operation: 'GetObject',
        input: { Bucket: 'captures', Key: 'manifests/a' },
        absent: ['NoSuchKey'],
      }),
    ).toBeNull();
    expect(requests).toBe(1);
    expect((times[0] ?? 0) - Date.now()).toBeGreaterThan(10 * 60_000);
    session.close();
  });

  it('is a finding, by how much and in which direction', () => {
    expect(clockFindings(null)).toEqual([]);
    expect(clockFindings(59_000)).toEqual([]);
    expect(clockFindings(11 * 60_000)).toEqual([
      expect.objectContaining({
        code: 'clock-off',
        severity: 'warning',
        message: expect.stringContaining('11 minutes behind AWS'),
      }),
    ]);
    expect(clockFindings(-3 * 3_600_000)).toEqual([
      expect.objectContaining({ message: expect.stringContaining('3 hours ahead of AWS') }),
    ]);
  });
});

describe('the proof of a shared store', () => {
  const prove = (bucket: StoreBucket): ReturnType<typeof provedStore> =>
    provedStore(bucket, { place: 's3://team-aiplan/prod', spool: '/spool', name: 'probe-1', patience: quick });
  const denied = async (): Promise<never> => {
    throw new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 's3',
      message: 'not allowed',
      executed: 'no',
    });
  };

  it('is ready where everything that a store does was done', async () => {
    const { facts, problems } = await prove(memoryBucket());
    expect([problems, facts]).toEqual([
      [],
      expect.arrayContaining([expect.stringContaining('by a probe'), 'versioning Enabled']),
    ]);
  });

  it.each<[string, Partial<StoreBucket>, RegExp]>([
    ['PutObject', { put: denied }, /^PutObject is refused \(AccessDenied: not allowed\); it needs s3:PutObject$/u],
    ['GetObject', { get: denied }, /^GetObject is refused .* it needs s3:GetObject$/u],
    ['ListBucket', { list: denied }, /^ListObjectsV2 is refused .* it needs s3:ListBucket$/u],
    ['ListBucketVersions', { rewritten: denied }, /^ListObjectVersions is refused .* it needs s3:ListBucketVersions$/u],
    ['GetBucketVersioning', { facts: denied }, /^GetBucketVersioning is refused .* it needs s3:GetBucketVersioning/u],
  ])('names the denied %s by operation and permission', async (_what, change, says) => {
    const { problems, facts } = await prove({ ...memoryBucket(), ...change });
    expect(problems).toEqual([expect.stringMatching(says)]);
    expect(facts.join()).not.toContain('by a probe');
  });

  it('names all that is denied at once', async () => {
    expect(
      (await prove({ ...memoryBucket(), put: denied, get: denied, list: denied, rewritten: denied })).problems,
    ).toHaveLength(4);
  });

  it('finds a bucket that honours no conditions, and one that does not exist', async () => {
    const bucket = memoryBucket();
    const blind: StoreBucket = {
      ...bucket,
      put: async (key, text) => {
        bucket.objects.set(key, text);
        return { stored: true, etag: '1' };
      },
    };
    expect((await prove(blind)).problems.join('\n')).toMatch(/If-None-Match is not honoured/u);
    const missing = async (): Promise<never> => {
      throw new AwsError({ code: 'NoSuchBucket', kind: 'absent', operation: 's3', message: 'x', executed: 'no' });
    };
    expect(await prove({ ...memoryBucket(), facts: missing })).toMatchObject({
      isMissing: true,
      problems: [
        expect.stringMatching(/NoSuchBucket.*aws s3 mb s3:\/\/team-aiplan && aws s3api put-bucket-versioning/u),
      ],
    });
    expect(
      (await prove({ ...memoryBucket(), facts: async () => ({ versioning: 'Suspended', objectLock: null }) })).problems,
    ).toEqual([expect.stringContaining('put-bucket-versioning')]);
  });
});

describe('a spool folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aiplan-answers-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("has no say about a probe: what is written for it is told by audit as nobody's work", async () => {
    const bucket = memoryBucket();
    const store = s3Store({
      place: bucket.place,
      connect: async () => ({
        ...bucket,
        rewritten: async () => [
          { key: 'probes/x.json', how: 'overwritten' as const, at: 't' },
          { key: 'audit/00000001.json', how: 'deleted' as const, at: 't' },
        ],
      }),
      spool: folder,
      host: 'here',
      ...quick,
    });
    expect((await store.rewritten()).objects.map(({ path }) => path)).toEqual([`${bucket.place}/audit/00000001.json`]);
  });
});

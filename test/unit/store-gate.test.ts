import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import { services } from '../../providers/aws/services/index.ts';
import type { GatedClient } from '../../providers/aws/gate/gate.ts';
import { attachStoreGate, storeRefusal } from '../../providers/aws/gate/store-gate.ts';

const { commands } = await services.s3.load();
const operations = Object.keys(commands).map((name) => name.replace(/Command$/u, ''));
const at = { bucket: 'team-store', prefix: 'aiplan/prod/', endpoint: null };
const put = { Bucket: 'team-store', Key: 'aiplan/prod/a.json', Body: 'x', ContentType: 'application/json' };

describe('what the gate of the store lets through', () => {
  it.each([
    ['GetObject', { Bucket: 'team-store', Key: 'aiplan/prod/a.json' }],
    [
      'ListObjectsV2',
      {
        Bucket: 'team-store',
        Prefix: 'aiplan/prod/runs/',
        Delimiter: '/',
        StartAfter: 'aiplan/prod/runs/x',
        ContinuationToken: 't',
      },
    ],
    ['ListObjectVersions', { Bucket: 'team-store', Prefix: 'aiplan/prod/', KeyMarker: 'k', VersionIdMarker: 'v' }],
    ['PutObject', { ...put, IfNoneMatch: '*' }],
    ['PutObject', { ...put, IfMatch: '"etag"', ChecksumAlgorithm: 'CRC32' }],
    ['GetBucketVersioning', { Bucket: 'team-store' }],
    ['GetObjectLockConfiguration', { Bucket: 'team-store' }],
  ])('%s under its bucket and prefix', (operation, input) => {
    expect(storeRefusal(operation, input, at)).toBeNull();
  });

  it('none of all the other operations', () => {
    const others = operations.filter(
      (name) =>
        ![
          'GetObject',
          'ListObjectsV2',
          'ListObjectVersions',
          'PutObject',
          'GetBucketVersioning',
          'GetObjectLockConfiguration',
        ].includes(name),
    );
    expect(others.length).toBeGreaterThan(55);
    for (const name of others)
      expect([
        name,
        storeRefusal(name, { Bucket: 'team-store', Key: 'aiplan/prod/a.json', IfNoneMatch: '*' }, at),
      ]).toEqual([name, `never sends s3:${name}`]);
    for (const name of ['constructor', 'toString', '__proto__'])
      expect(storeRefusal(name, put, at)).toMatch(/^never sends/u);
  });

  it.each([
    ['a write without a condition', 'PutObject', put],
    ['a write under two conditions', 'PutObject', { ...put, IfNoneMatch: '*', IfMatch: 'e' }],
    ['a condition that always holds', 'PutObject', { ...put, IfNoneMatch: '"other"' }],
    ['an empty condition', 'PutObject', { ...put, IfMatch: '' }],
    ['an access list', 'PutObject', { ...put, IfNoneMatch: '*', ACL: 'public-read' }],
    ['a retention of its own', 'PutObject', { ...put, IfNoneMatch: '*', ObjectLockMode: 'COMPLIANCE' }],
    ['a redirect', 'PutObject', { ...put, IfNoneMatch: '*', WebsiteRedirectLocation: '/' }],
    ['another bucket', 'PutObject', { ...put, IfNoneMatch: '*', Bucket: 'other' }],
    ['a key beside the prefix', 'PutObject', { ...put, IfNoneMatch: '*', Key: 'aiplan/production.json' }],
    ['the prefix itself', 'GetObject', { Bucket: 'team-store', Key: 'aiplan/prod/' }],
    ['a key that climbs', 'GetObject', { Bucket: 'team-store', Key: 'aiplan/prod/../secret' }],
    ['a version', 'GetObject', { Bucket: 'team-store', Key: 'aiplan/prod/a', VersionId: 'v' }],
    ['a list of everything', 'ListObjectsV2', { Bucket: 'team-store' }],
    ['a list beside the prefix', 'ListObjectsV2', { Bucket: 'team-store', Prefix: 'aiplan/' }],
    ['versions beside the prefix', 'ListObjectVersions', { Bucket: 'team-store', Prefix: 'aiplan/' }],
    ['versions of everything', 'ListObjectVersions', { Bucket: 'team-store' }],
    ["another bucket's versioning", 'GetBucketVersioning', { Bucket: 'other' }],
  ])('not %s', (_name, operation, input) => {
    expect(storeRefusal(operation, input, at)).not.toBeNull();
  });
});

describe('the gate in a client', () => {
  let server: Server;
  let endpoint: string;
  const seen: string[] = [];
  beforeEach(async () => {
    seen.length = 0;
    server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end();
    });
    await new Promise<void>((done) => {
      server.listen(0, '127.0.0.1', done);
    });
    endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => {
      server.close(done);
    });
  });

  const clientAt = (to = endpoint, expected = endpoint): S3Client => {
    const client = new S3Client({
      endpoint: to,
      region: 'eu-west-1',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    attachStoreGate(client as unknown as GatedClient, { ...at, endpoint: expected });
    return client;
  };
  const send = async (client: S3Client, name: string, input: object): Promise<string> => {
    const Command = commands[`${name}Command`] as unknown as new (input: object) => Parameters<S3Client['send']>[0];
    try {
      await client.send(new Command(input));
      return 'sent';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    } finally {
      client.destroy();
    }
  };

  it('passes a conditional write and a read', async () => {
    expect(await send(clientAt(), 'PutObject', { ...put, IfNoneMatch: '*' })).toBe('sent');
    expect(await send(clientAt(), 'PutObject', { ...put, IfMatch: '"e"' })).toBe('sent');
    expect(await send(clientAt(), 'GetObject', { Bucket: 'team-store', Key: 'aiplan/prod/a.json' })).toBe('sent');
    expect(seen).toEqual([
      'PUT /team-store/aiplan/prod/a.json?x-id=PutObject',
      'PUT /team-store/aiplan/prod/a.json?x-id=PutObject',
      'GET /team-store/aiplan/prod/a.json?x-id=GetObject',
    ]);
  });

  it('lets nothing else out, whoever asks', async () => {
    for (const [name, input] of [
      ['PutObject', put],
      ['DeleteObject', { Bucket: 'team-store', Key: 'aiplan/prod/a.json' }],
      ['DeleteBucket', { Bucket: 'team-store' }],
      ['PutBucketVersioning', { Bucket: 'team-store', VersioningConfiguration: { Status: 'Suspended' } }],
      ['GetObject', { Bucket: 'other', Key: 'aiplan/prod/a' }],
    ] as const) {
      expect([name, await send(clientAt(), name, input)]).toEqual([name, 'gate-refused']);
    }
    expect(seen).toEqual([]);
  });

  it.each([
    [
      'a middleware taken out',
      (client: S3Client) => {
        client.middlewareStack.remove('aiplanStoreGateBeforeSending');
      },
    ],
    [
      'the condition taken off the request',
      (client: S3Client) => {
        client.middlewareStack.add(
          (next) => async (args) => {
            delete (args.request as { headers: Record<string, string> }).headers['if-none-match'];
            return next(args);
          },
          { step: 'build' },
        );
      },
    ],
    [
      'another object in the request',
      (client: S3Client) => {
        client.middlewareStack.add(
          (next) => async (args) => {
            (args.request as { path: string }).path = '/team-store/elsewhere';
            return next(args);
          },
          { step: 'build' },
        );
      },
    ],
    [
      'another method',
      (client: S3Client) => {
        client.middlewareStack.add(
          (next) => async (args) => {
            (args.request as { method: string }).method = 'DELETE';
            return next(args);
          },
          { step: 'build' },
        );
      },
    ],
    [
      'an input that is changed on the way',
      (client: S3Client) => {
        client.middlewareStack.add(
          (next) => async (args) => next({ ...args, input: { ...args.input, Bucket: 'other' } }),
          { step: 'initialize', priority: 'low' },
        );
      },
    ],
  ])('is closed by %s', async (_name, meddle) => {
    const client = clientAt();
    meddle(client);
    expect(await send(client, 'PutObject', { ...put, IfNoneMatch: '*' })).toBe('gate-refused');
    expect(seen).toEqual([]);
  });

  it('goes to its endpoint and to no other', async () => {
    expect(await send(clientAt(endpoint, 'http://127.0.0.1:1'), 'PutObject', { ...put, IfNoneMatch: '*' })).toBe(
      'gate-refused',
    );
    expect(seen).toEqual([]);
  });
});

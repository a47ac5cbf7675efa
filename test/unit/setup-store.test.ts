import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openSession } from '../../providers/aws/session/session.ts';
import { setup } from '../../src/cli/commands/setup.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import type { StoreFacts } from '../../src/domain/records/store.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { testConfiguration } from '../helpers/apply-world.ts';

const missing: StoreFacts = {
  facts: [],
  problems: ['there is no bucket "team-aiplan": aws s3 mb s3://team-aiplan'],
  isMissing: true,
};
const ready: StoreFacts = { facts: ['it keeps versions'], problems: [] };
class Next extends Error {}

describe('setup with a shared store whose bucket does not exist', () => {
  let server: Server;
  let sent: { readonly what: string; readonly body: string }[];
  let told: string;
  let status: number;
  beforeEach(async () => {
    [sent, told, status] = [[], '', 200];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString('utf8');
      });
      request.on('end', () => {
        sent.push({ what: `${request.method ?? ''} ${(request.url ?? '').replace(/[?&]x-id=\w+/u, '')}`, body });
        response
          .writeHead(status)
          .end(status === 200 ? '' : '<Error><Code>AccessDenied</Code><Message>not\u202eyou</Message></Error>');
      });
    });
    await new Promise<void>((done) => {
      server.listen(0, '127.0.0.1', done);
    });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => {
      server.close(done);
    });
  });

  /**
   * What `setup` comes to: the store is proved as often as `facts` are given, and the capture bucket comes after it.
   */
  async function tried(
    facts: readonly StoreFacts[],
    configuration: Partial<typeof testConfiguration> = {},
    region = 'eu-west-1',
  ): Promise<{ readonly exit: number | 'capture bucket'; readonly proofs: number }> {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    let proofs = 0;
    let sessions = 0;
    const world = {
      configuration: { ...testConfiguration, store: 's3://team-aiplan/prod', ...configuration },
      options: { color: false, json: true },
      io: {
        clock: fakeClock(),
        random: () => new Uint8Array(2),
        stdout: {
          write: (text: string) => {
            told += text;
          },
        },
      },
      store: { place: 's3://team-aiplan/prod', prove: async () => facts[Math.min(proofs++, facts.length - 1)] },
      target: async () => ({ account: '123456789012', region, endpoint, caller: 'x' }),
      applier: async () => {
        sessions += 1;
        if (sessions > sessionsOfStore) throw new Next();
        return openSession({
          region,
          endpoint,
          credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
          mode: 'apply',
          captureBucket: 'aiplan-captures-123456789012-eu-west-1',
        });
      },
    } as unknown as CommandContext;
    const sessionsOfStore = facts.length - 1;
    try {
      return { exit: await setup(world, {}), proofs };
    } catch (error) {
      if (!(error instanceof Next)) throw error;
      return { exit: 'capture bucket', proofs };
    }
  }

  it('makes it, versions kept and nothing public, proves it once more, and goes on', async () => {
    expect(await tried([missing, ready])).toEqual({ exit: 'capture bucket', proofs: 2 });
    expect(sent.map(({ what }) => what)).toEqual([
      'PUT /team-aiplan/',
      'PUT /team-aiplan/?versioning=',
      'PUT /team-aiplan/?publicAccessBlock=',
    ]);
    expect(sent[0]?.body).toContain('<LocationConstraint>eu-west-1</LocationConstraint>');
    expect(sent[1]?.body).toContain('<Status>Enabled</Status>');
    expect(sent[2]?.body.match(/>true</gu)).toHaveLength(4);
  });

  it('gives no place where S3 takes none for it', async () => {
    await tried([missing, ready], {}, 'us-east-1');
    expect(sent[0]).toEqual({ what: 'PUT /team-aiplan/', body: '' });
  });

  it('is not ready where what was made cannot be used, and says what was done', async () => {
    expect(await tried([missing, { facts: [], problems: ['PutObject is denied'] }])).toEqual({ exit: 1, proofs: 2 });
    expect(JSON.parse(told)).toMatchObject({
      store: {
        facts: [expect.stringContaining('Created the bucket "team-aiplan"')],
        problems: ['PutObject is denied'],
      },
    });
  });

  it('stays with the commands where it may not be made, and says what AWS said', async () => {
    status = 403;
    expect(await tried([missing, ready])).toEqual({ exit: 1, proofs: 1 });
    const { store } = JSON.parse(told) as { readonly store: StoreFacts };
    expect([sent.length, store.problems]).toEqual([
      1,
      [
        missing.problems[0],
        expect.stringMatching(/^aiplan could not make it: s3:CreateBucket AccessDenied, not[^\u202e]+you$/u),
      ],
    ]);
  });

  it.each([
    ['is there', { facts: missing.facts, problems: missing.problems }, {}],
    ['belongs to another profile', missing, { storeProfile: 'team' }],
    ['lies in another region', missing, { storeRegion: 'eu-central-1' }],
  ] as const)('makes nothing where the bucket %s', async (_, facts, configuration) => {
    expect(await tried([facts], configuration)).toEqual({ exit: 1, proofs: 1 });
    expect([sent, JSON.parse(told)]).toEqual([[], { store: expect.objectContaining({ problems: missing.problems }) }]);
  });
});

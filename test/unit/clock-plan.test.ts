import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Io } from '../../src/cli/context/io.ts';
import { planCommand } from '../../src/cli/commands/plan.ts';
import { openWorld } from '../../src/cli/context/command-context.ts';
import type { Plan } from '../../src/domain/plan.ts';

let server: Server;
let folder: string;
/** Milliseconds by which the clock of the server is ahead. */
let ahead: number;
const keys = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
const before = Object.fromEntries(Object.keys(keys).map((name) => [name, process.env[name]]));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aiplan-clock-'));
  Object.assign(process.env, keys);
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    request.on('end', () => {
      const action = new URLSearchParams(body).get('Action') ?? 'none';
      response.setHeader('date', new Date(Date.now() + ahead).toUTCString());
      if (action === 'GetCallerIdentity')
        response.end(
          '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
        );
      else if (action.startsWith('Describe'))
        response.end(
          `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId></${action}Response>`,
        );
      else response.writeHead(404).end('<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>');
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
  rmSync(folder, { recursive: true });
  for (const [name, value] of Object.entries(before))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
});

async function planned(): Promise<Plan> {
  let text = '';
  const io = {
    environment: {
      HOME: folder,
      XDG_STATE_HOME: join(folder, 'state'),
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_CACHE_HOME: join(folder, 'cache'),
      ...keys,
    },
    current: folder,
    stdout: {
      write: (more: string) => {
        text += more;
        return true;
      },
    },
    stderr: { write: () => true },
    stdin: process.stdin,
    user: 'ada',
    host: 'here',
    pid: process.pid,
    clock: { now: () => Date.now(), sleep: async () => undefined },
    random: (count: number) => new Uint8Array(count),
    onInterrupt: () => () => undefined,
  } as unknown as Io;
  writeFileSync(
    join(folder, 'plan.json'),
    JSON.stringify({
      aiplan: 1,
      name: 'clock',
      intent: 'A volume.',
      target: { account: '123456789012', region: 'eu-west-1' },
      resources: {
        Data: {
          type: 'AWS::EC2::Volume',
          action: 'create',
          properties: { AvailabilityZone: 'eu-west-1a', Size: 8, VolumeType: 'gp3' },
        },
      },
    }),
  );
  const world = openWorld(io, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-west-1',
    color: false,
    json: true,
  });
  try {
    await planCommand(world, 'plan.json', {});
  } finally {
    world.close();
  }
  return JSON.parse(text) as Plan;
}

describe('a whole plan', () => {
  it.each([
    [11 * 60_000, 'behind'],
    [-11 * 60_000, 'ahead of'],
  ])("says by how much the clock of this machine is off AWS's, which is %d ms ahead", async (by, word) => {
    ahead = by;
    const plan = await planned();
    expect([plan.steps.map(({ id }) => id), plan.findings.filter(({ code }) => code === 'clock-off')]).toEqual([
      ['Data'],
      [
        expect.objectContaining({
          severity: 'warning',
          step: null,
          message: expect.stringContaining(`11 minutes ${word} AWS's`),
        }),
      ],
    ]);
  });

  it('says nothing of a clock that is right', async () => {
    ahead = 5_000;
    const plan = await planned();
    expect([plan.steps.length, plan.findings.filter(({ code }) => code === 'clock-off')]).toEqual([1, []]);
  });
});

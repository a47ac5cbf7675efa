import { EC2Client } from '@aws-sdk/client-ec2';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../base/error.ts';
import { before, type Tags } from './fixture.ts';

/** State that the parts of a seeding share. The clients have no gate: they only ever talk to an emulator. */
export interface SeedContext {
  readonly endpoint: string;
  readonly region: string;
  readonly now: Date;
  readonly ec2: EC2Client;
  readonly rds: RDSClient;
  readonly s3: S3Client;
  /** Identity by the fixture's name. */
  readonly names: Record<string, string>;
  /** Times to be shown in the place of the emulator's, by the sandbox's id. */
  readonly ages: { readonly id: string; readonly time: string }[];
  /** Whether our own proxy is there, which can show ages and take automated snapshots. */
  readonly isSandbox: boolean;
}

export async function openSeed(endpoint: string, region: string): Promise<SeedContext> {
  const { hostname } = new URL(endpoint);
  if (hostname !== '127.0.0.1' && hostname !== 'localhost' && hostname !== '[::1]') {
    throw new UserError('not-a-sandbox', `"${endpoint}" is not on this machine`, {
      help: 'A fixture is only ever seeded into an emulator on the loopback.',
    });
  }
  const options = {
    endpoint,
    region,
    credentials: { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' },
    maxAttempts: 3,
  };
  return {
    endpoint,
    region,
    now: new Date(),
    ec2: new EC2Client(options),
    rds: new RDSClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    names: {},
    ages: [],
    isSandbox: await isSandbox(endpoint),
  };
}

export function closeSeed({ ec2, rds, s3 }: SeedContext): void {
  for (const client of [ec2, rds, s3]) client.destroy();
}

async function isSandbox(endpoint: string): Promise<boolean> {
  const answer = await fetch(`${endpoint}/_sandbox/status`);
  const body = await answer.text();
  return answer.status === 200 && body.includes('"sandbox":"aiplan"');
}

/** A request to the sandbox's own controls. */
export async function control(context: SeedContext, path: string, body: unknown): Promise<void> {
  if (!context.isSandbox) return;
  const answer = await fetch(`${context.endpoint}/_sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (answer.status !== 200) throw new UserError('seed-failed', `the sandbox refused ${path}: ${await answer.text()}`);
}

/** Notes that something is to be shown as so old. */
export const ageOf = (context: SeedContext, id: string, age: string | undefined): void => {
  if (age !== undefined) context.ages.push({ id, time: before(context.now, age).toISOString() });
};

export const tagList = (tags: Tags = {}): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Asks until the answer is true, for at most a minute. Throws UserError `seed-failed`. */
export async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new UserError('seed-failed', `${what} did not settle within a minute`);
    await sleep(20);
  }
}

/** The identity of a name of the fixture. Throws UserError `unknown-name`. */
export function named(context: SeedContext, name: string): string {
  const identity = context.names[name];
  if (identity === undefined) throw new UserError('unknown-name', `the fixture has no "${name}" before it is used`);
  return identity;
}

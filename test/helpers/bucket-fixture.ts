import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { openSession, type OpenSession } from '../../providers/aws/session/session.ts';
import { bucket as bucketType } from '../../providers/s3/bucket/bucket.ts';
import { setupProgram } from '../../providers/s3/capture-bucket/capture-setup.ts';
import type { AwsSession } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { drive } from './drive.ts';
import { testCredentials } from './emulator.ts';
import { clientsOf, startTestSandbox } from './sandbox.ts';
import type { AttributeChange } from '../../src/domain/attribute-change.ts';

export const account = '123456789012';
export const region = 'eu-west-1';
export const store = `aiplan-captures-${account}-${region}`;

/** What the programs of a step get, for tests. */
export const contextFor = (more: Partial<StepContext> = {}): StepContext => ({
  run: 'run-1',
  step: 'Site',
  op: 'op-1',
  account,
  region,
  endpoint: null,
  live: null,
  desired: {},
  changes: [],
  ownership: {},
  when: null,
  captureBucket: store,
  captureName: 'aiplan-site',
  captureExpires: '2030-01-01T00:00:00.000Z',
  remap: (identity) => identity,
  replacing: false,
  ...more,
});

/** A bucket as it is read, for tests without an emulator. */
export const liveBucket = (more: Partial<LiveResource> = {}): LiveResource => ({
  type: 'AWS::S3::Bucket',
  identity: 'site',
  incarnation: 'site 2024-01-01T00:00:00.000Z',
  properties: { BucketName: 'site' },
  attributes: { Region: region },
  systemTags: {},
  state: 'present',
  pending: {},
  binding: { policy: 'none', versioning: 'never' },
  observed: { objects: 1, versions: 1, deleteMarkers: 0, bytes: 10 },
  detailed: true,
  ...more,
});

/** One change per top-level property that differs. */
export const changesTo = (live: LiveResource, desired: JsonObject): readonly AttributeChange[] =>
  [...new Set([...Object.keys(live.properties), ...Object.keys(desired)])]
    .filter((name) => JSON.stringify(live.properties[name]) !== JSON.stringify(desired[name]))
    .map((path) => ({ path, before: live.properties[path] ?? null, after: desired[path] ?? null, effect: 'in-place' }));

export interface BucketFixture {
  readonly aws: AwsSession;
  readonly s3: S3Client;
  readonly sandbox: Sandbox;
  put(bucket: string, key: string, body: string, more?: object): Promise<string>;
  read(
    name: string,
    more?: { readonly properties?: readonly string[]; readonly now?: string },
  ): Promise<LiveResource | undefined>;
  stop(): Promise<void>;
}

/** The sandbox with a capture bucket, and a session that may apply. */
export async function startBuckets(): Promise<BucketFixture> {
  const sandbox = await startTestSandbox();
  const { s3 } = clientsOf(sandbox.endpoint);
  const session: OpenSession = openSession({
    region,
    endpoint: sandbox.endpoint,
    credentials: testCredentials,
    mode: 'apply',
    captureBucket: store,
  });
  await drive(settingUp(session), () =>
    setupProgram({ account, region, endpoint: sandbox.endpoint, bucket: null }, { stamp: 'fixture' }),
  );
  return {
    aws: session,
    s3,
    sandbox,
    async put(bucket, key, body, more = {}) {
      return (
        (await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body), ...more })))
          .VersionId ?? 'null'
      );
    },
    async read(name, { properties, now } = {}) {
      const result = await bucketType.read(session, {
        identities: [name],
        all: false,
        detailed: new Set([name]),
        ...(properties === undefined ? {} : { properties: new Map([[name, new Set(properties)]]) }),
        ...(now === undefined ? {} : { now }),
      });
      if (result.failures.length > 0) throw new Error(JSON.stringify(result.failures));
      return result.resources[0];
    },
    async stop() {
      session.close();
      s3.destroy();
      await sandbox.stop();
    },
  };
}

/** The session as `aiplan setup` has it: the capture bucket may be made and configured. */
export const settingUp = (session: AwsSession): AwsSession => ({
  counts: session.counts,
  read: (call) => session.read(call),
  mutate: (call, resolved, permit) => session.mutate(call, resolved, { ...permit, setup: true }),
});

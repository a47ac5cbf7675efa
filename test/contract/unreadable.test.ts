import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  CreateBucketCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { resourceTypes } from '../../providers/index.ts';
import { openSession, type OpenSession } from '../../providers/aws/session/session.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable, testCredentials } from '../helpers/emulator.ts';
import type { Ask } from '../helpers/query.ts';
import { furnish } from '../helpers/road-account.ts';
import { openRoad, region, type Entries, type Made, type Road } from '../helpers/road.ts';
import { clientsOf, startTestSandbox } from '../helpers/sandbox.ts';
import { denyReads } from '../helpers/unreadable.ts';

jest.setTimeout(120_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;
const types = [
  'AWS::EC2::Instance',
  'AWS::EC2::Volume',
  'AWS::EC2::SecurityGroup',
  'AWS::RDS::DBInstance',
  'AWS::S3::Bucket',
] as const;
type Type = (typeof types)[number];

suite('an account with one resource of each type that nobody can read', () => {
  let sandbox: Sandbox;
  let road: Road;
  let s3: S3Client;
  let ask: Ask;
  let session: OpenSession;
  let names: Readonly<Record<string, string>> = {};
  let plans = 0;
  const make: Readonly<Record<Type, (name: string) => Promise<string>>> = {
    'AWS::EC2::Instance': () =>
      ask(
        'ec2',
        'RunInstances',
        {
          ImageId: names['Image'] ?? '',
          InstanceType: 't3.micro',
          MinCount: '1',
          MaxCount: '1',
          SubnetId: names['Subnet'] ?? '',
          'SecurityGroupId.1': names['Group'] ?? '',
        },
        'instanceId',
      ),
    'AWS::EC2::Volume': () =>
      ask('ec2', 'CreateVolume', { AvailabilityZone: `${region}a`, Size: '5', VolumeType: 'gp3' }, 'volumeId'),
    'AWS::EC2::SecurityGroup': (name) =>
      ask(
        'ec2',
        'CreateSecurityGroup',
        { GroupName: name, GroupDescription: name, VpcId: names['Vpc'] ?? '' },
        'groupId',
      ),
    'AWS::RDS::DBInstance': async (name) => {
      await ask('rds', 'CreateDBInstance', {
        DBInstanceIdentifier: name,
        DBInstanceClass: 'db.m6g.large',
        Engine: 'postgres',
        EngineVersion: '15.4',
        AllocatedStorage: '20',
        StorageType: 'gp3',
        MasterUsername: 'root1',
        MasterUserPassword: 'correct-horse',
        DBSubnetGroupName: 'private',
        BackupRetentionPeriod: '7',
      });
      return name;
    },
    'AWS::S3::Bucket': async (name) => {
      await s3.send(
        new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: region } }),
      );
      return name;
    },
  };
  let hidden: Readonly<Record<Type, string>>;
  let show = (): void => undefined;
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, {}, { checked: true });
    ({ names, ask } = await furnish(sandbox));
    ({ s3 } = clientsOf(sandbox.endpoint));
    session = openSession({ region, endpoint: sandbox.endpoint, credentials: testCredentials, mode: 'read-only' });
    hidden = Object.fromEntries(
      await Promise.all(types.map(async (type) => [type, await make[type]('closed-to-all')] as const)),
    ) as Record<Type, string>;
    await road.live('AWS::RDS::DBInstance', 'closed-to-all');
    await s3.send(
      new PutBucketPolicyCommand({
        Bucket: hidden['AWS::S3::Bucket'],
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: [`arn:aws:s3:::${hidden['AWS::S3::Bucket']}`, `arn:aws:s3:::${hidden['AWS::S3::Bucket']}/*`],
            },
          ],
        }),
      }),
    );
    show = denyReads(sandbox.proxy, Object.values(hidden));
  }, 90_000);
  afterAll(async () => {
    show();
    session?.close();
    road?.close();
    s3?.destroy();
    await sandbox?.stop();
  });

  const blocks = ({ plan }: Made): readonly string[] =>
    plan.findings
      .filter(({ severity }) => severity === 'error')
      .map(({ code, step, message }) => `${step ?? ''} ${code}: ${message}`);
  const there = async (type: string, identity: string): Promise<LiveResource> => {
    const live = await road.live(type, identity);
    if (live === undefined) throw new Error(`${type} ${identity} is not there`);
    return live;
  };

  it.each(types)('lists the others of %s, and says of that one alone why it is not read', async (type) => {
    const definition = resourceTypes.get(type);
    const other = await make[type]('listed');
    const list = await definition!.read(session, { identities: [], all: true, detailed: new Set() });
    const identities = list.resources.map(({ identity }) => identity);
    expect(list.failures.filter(({ identity }) => identity === null)).toEqual([]);
    expect(identities).toContain(other);
    const detailed = await definition!.read(session, { identities, all: false, detailed: new Set(identities) });
    expect([
      detailed.resources.some(({ identity }) => identity === other),
      detailed.failures.filter(({ identity }) => identity !== hidden[type]),
    ]).toEqual([true, []]);
    const own = await definition!.read(session, {
      identities: [hidden[type]],
      all: false,
      detailed: new Set([hidden[type]]),
    });
    // Its absence is never believed (law 9).
    expect([own.absent, own.failures.length > 0 || own.resources.length > 0]).toEqual([[], true]);
  });

  it.each(types)('plans, applies and takes back what is done to another of %s', async (type) => {
    const victim = await make[type](`victim-${plans}`);
    const before = await there(type, victim);
    const deletion: Entries = { Thing: { type, action: 'delete', id: victim, reason: 'a test', expect: {} } };
    plans += 1;
    const made = await road.plan(road.text(`unreadable-${plans}`, deletion));
    expect(blocks(made)).toEqual([]);
    const { run, outcome, message } = await road.apply(made);
    expect([outcome, message]).toEqual(['done', null]);
    const back = await road.planRollback(run);
    expect(blocks(back)).toEqual([]);
    const undone = await road.apply(back);
    expect([undone.outcome, undone.message]).toEqual(['done', null]);
    const after = await there(type, undone.map[victim] ?? victim);
    const lost = new Set(['ImageId', 'SnapshotId', 'BlockDeviceMappings', 'CACertificateIdentifier']);
    const kept = ({ properties }: LiveResource): JsonObject =>
      JSON.parse(
        JSON.stringify(Object.fromEntries(Object.entries(properties).filter(([name]) => !lost.has(name)))).replaceAll(
          victim,
          undone.map[victim] ?? victim,
        ),
      ) as JsonObject;
    expect(kept(after)).toEqual(kept(before));
  });

  it('blocks the deletion of a bucket into which the unreadable one could copy, and names that one (law 9)', async () => {
    const type = 'AWS::S3::Bucket';
    const victim = await make[type]('victim-with-versions');
    await s3.send(new PutBucketVersioningCommand({ Bucket: victim, VersioningConfiguration: { Status: 'Enabled' } }));
    const deletion: Entries = { Thing: { type, action: 'delete', id: victim, reason: 'a test', expect: {} } };
    expect(blocks(await road.plan(road.text('unreadable-versions', deletion)))).toEqual([
      expect.stringMatching(
        new RegExp(`^Thing unknown-evidence: dependents .*"${hidden[type]}" may use it.*s3:GetBucketReplication`, 'u'),
      ),
    ]);
  });

  it('lets the bucket that a run created go again in its undo', async () => {
    const made = await road.plan(
      road.text('unreadable-create', {
        Thing: {
          type: 'AWS::S3::Bucket',
          action: 'create',
          properties: { BucketName: 'made-beside-an-unreadable-one' },
        },
      }),
    );
    expect(blocks(made)).toEqual([]);
    const { run } = await road.apply(made);
    const back = await road.planRollback(run);
    expect(blocks(back)).toEqual([]);
    const undone = await road.apply(back);
    expect([undone.outcome, undone.message]).toEqual(['done', null]);
    expect(await road.live('AWS::S3::Bucket', 'made-beside-an-unreadable-one')).toBeUndefined();
  });
});

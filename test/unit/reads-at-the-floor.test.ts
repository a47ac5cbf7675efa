import { describe, expect, it } from '@jest/globals';
import { resourceTypes } from '../../providers/index.ts';
import { loadSchema } from '../../providers/aws/schema.ts';
import { parseChangePlan } from '../../src/language/parse.ts';
import { changingUpdates } from '../../src/plan/planner.ts';
import { refresh } from '../../src/plan/refresh/refresh.ts';
import type { AwsReader, ReadCall } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { defaults } from '../../src/store/configuration.ts';

const account = '123456789012';
const now = '2026-11-30T10:00:00.000Z';
const target = { account, region: 'eu-west-1', caller: `arn:aws:iam::${account}:user/maria`, endpoint: null };
const count = 40;
const ids = (kind: string): readonly string[] =>
  Array.from(
    { length: count },
    (_, index) => `${kind}-${(0x10000000000000000n + BigInt(index)).toString(16).slice(1).padStart(17, '0')}`,
  );
const named = (kind: string): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${kind}-number-${index}`);
const instances = ids('i');
const [volumes, groups, buckets, databases] = [ids('vol'), ids('sg'), named('bucket'), named('database')];
const tagList = [{ Key: 'team', Value: 'platform' }];

/** Answers as AWS does where everything is as small as it can be; notes each call. */
function counting(): { readonly aws: AwsReader; readonly calls: Record<string, number> } {
  const calls: Record<string, number> = {};
  const answers: Readonly<Record<string, (input: JsonObject) => JsonObject>> = {
    'ec2:DescribeInstances': () => ({
      Reservations: [
        {
          Instances: instances.map((InstanceId) => ({
            InstanceId,
            InstanceType: 'm5.large',
            State: { Code: 16, Name: 'running' },
            Tags: tagList,
          })),
        },
      ],
    }),
    'ec2:DescribeVolumes': () => ({
      Volumes: volumes.map((VolumeId) => ({
        VolumeId,
        State: 'available',
        Size: 10,
        VolumeType: 'gp3',
        Iops: 3000,
        Throughput: 125,
        Tags: tagList,
      })),
    }),
    'ec2:DescribeSecurityGroups': () => ({
      SecurityGroups: groups.map((GroupId) => ({
        GroupId,
        GroupName: GroupId,
        VpcId: 'vpc-1',
        Tags: tagList,
        IpPermissions: [],
        IpPermissionsEgress: [],
      })),
    }),
    'rds:DescribeDBInstances': () => ({
      DBInstances: databases.map((DBInstanceIdentifier) => ({
        DBInstanceIdentifier,
        DBInstanceStatus: 'available',
        DbiResourceId: 'db-A',
        TagList: tagList,
        BackupRetentionPeriod: 7,
      })),
    }),
    's3:ListBuckets': () => ({
      Buckets: buckets.map((Name) => ({ Name, CreationDate: now, BucketRegion: 'eu-west-1' })),
    }),
    's3:GetBucketTagging': () => ({ TagSet: tagList }),
    's3:GetBucketVersioning': () => ({ Status: 'Enabled' }),
    'ec2:DescribeInstanceAttribute': (input) => ({
      InstanceId: input['InstanceId'] ?? '',
      DisableApiTermination: { Value: false },
    }),
    'ec2:DescribeVolumeAttribute': () => ({ AutoEnableIO: { Value: false } }),
  };
  const aws: AwsReader = {
    counts: calls,
    read: async ({ service, operation, input }: ReadCall) => {
      const name = `${service}:${operation}`;
      calls[name] = (calls[name] ?? 0) + 1;
      return answers[name]?.(input) ?? {};
    },
  };
  return { aws, calls };
}

const kinds = [
  ['AWS::EC2::Instance', instances],
  ['AWS::EC2::Volume', volumes],
  ['AWS::EC2::SecurityGroup', groups],
  ['AWS::S3::Bucket', buckets],
  ['AWS::RDS::DBInstance', databases],
] as const;

/** Reads for a plan that updates everything; `propertiesOf` gives what it states. */
async function calls(
  propertiesOf: (type: string, index: number) => JsonObject,
): Promise<Readonly<Record<string, number>>> {
  const entries = kinds.flatMap(([type, list]) =>
    list.map(
      (id, index) =>
        [
          `${type.replaceAll(':', '')}${index}`,
          { type, action: 'update', id, properties: propertiesOf(type, index) },
        ] as const,
    ),
  );
  const text = JSON.stringify({
    aiplan: 1,
    name: 'fleet',
    intent: 'Look.',
    target: { account, region: 'eu-west-1' },
    resources: Object.fromEntries(entries),
  });
  const { changePlan, findings } = parseChangePlan(text, {
    file: 'fleet.json',
    schemas: loadSchema,
    types: resourceTypes,
  });
  if (changePlan === null) throw new Error(JSON.stringify(findings));
  const { aws, calls: made } = counting();
  await refresh(changePlan, {
    aws,
    types: resourceTypes,
    schemas: loadSchema,
    target,
    now,
    concurrency: 16,
    changing: (live) =>
      changingUpdates({
        changePlan,
        text,
        live,
        types: resourceTypes,
        schemas: loadSchema,
        configuration: defaults,
        now,
      }),
  });
  return made;
}

const lists = {
  'ec2:DescribeInstances': 1,
  'ec2:DescribeVolumes': 1,
  'ec2:DescribeSecurityGroups': 1,
  'rds:DescribeDBInstances': 1,
  's3:ListBuckets': 1,
};

describe('a plan that names everything and changes nothing', () => {
  it('reads lists, and of each bucket what the plan names', async () => {
    expect(await calls(() => ({ Tags: { team: 'platform' } }))).toEqual({ ...lists, 's3:GetBucketTagging': count });
  });
  it('reads what no list gives only where the plan names it', async () => {
    const made = await calls((type, index) => ({
      Tags: { team: 'platform' },
      ...(type.endsWith('Instance') && type.includes('EC2') && index < 3 ? { DisableApiTermination: false } : {}),
      ...(type.endsWith('Volume') && index < 2 ? { AutoEnableIO: false } : {}),
      ...(type.endsWith('Bucket') && index < 5 ? { VersioningConfiguration: { Status: 'Enabled' } } : {}),
    }));
    expect(made).toEqual({
      ...lists,
      's3:GetBucketTagging': count,
      'ec2:DescribeInstanceAttribute': 3,
      'ec2:DescribeVolumeAttribute': 2,
      's3:GetBucketVersioning': 5,
    });
  });
});

describe('a plan that changes a few of what it names', () => {
  it('reads those whole, and the rest by their names', async () => {
    const made = await calls((_type, index) => ({ Tags: { team: index < 2 ? 'shop' : 'platform' } }));
    // Two of each kind: four attributes of an instance, one of a volume; every part of a bucket's configuration.
    expect(made).toMatchObject({
      'ec2:DescribeInstanceAttribute': 8,
      'ec2:DescribeVolumeAttribute': 2,
      's3:GetBucketVersioning': 2,
      's3:GetBucketTagging': count + 2,
      'ec2:DescribeSecurityGroupRules': 1,
      'rds:DescribeDBSnapshots': 1,
    });
    expect(
      Math.max(
        ...Object.entries(made)
          .filter(([name]) => name !== 's3:GetBucketTagging')
          .map(([, times]) => times),
      ),
    ).toBeLessThanOrEqual(8);
  });
});

import { describe, expect, it } from '@jest/globals';
import { isIpv4Range, isIpv6Range } from '../../src/base/cidr.ts';
import { dbInstanceRules } from '../../providers/rds/db-instance/rules.ts';
import { instanceRules } from '../../providers/ec2/instance/rules/rules.ts';
import { securityGroupRules } from '../../providers/ec2/security-group/rules.ts';
import { volumeRules } from '../../providers/ec2/volume/rules/rules.ts';
import { rules as bucketRules } from '../../providers/s3/rules/rules.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { TypeRules } from '../../src/domain/resource-type.ts';
import { resourceTypes } from '../../providers/index.ts';
import { parse, planOf } from '../helpers/change-types.ts';

const refused = (rules: TypeRules, properties: JsonObject, whole = true): string[] =>
  (rules.refuses?.(properties, whole) ?? []).map(({ at, missing }) =>
    missing === undefined ? at : `${at} lacks ${missing}`.trim(),
  );
const zone = { AvailabilityZone: 'eu-west-1a' };
const db = {
  DBInstanceIdentifier: 'd',
  Engine: 'postgres',
  DBInstanceClass: 'db.t4g.micro',
  AllocatedStorage: '20',
  MasterUsername: 'app',
  ManageMasterUserPassword: true,
};
const rule = (more: JsonObject): JsonObject => ({
  GroupName: 'web',
  GroupDescription: 'web',
  SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.0.0.0/8', ...more }],
});
const many = (count: number): JsonObject[] =>
  Array.from({ length: count }, (_, index) => ({
    IpProtocol: 'tcp',
    FromPort: index,
    ToPort: index,
    CidrIp: '10.0.0.0/8',
  }));
const unknown = { $unknown: 'Other.Name' };

describe('what AWS refuses whatever is live (EC2, RDS and S3 API references)', () => {
  it.each<[string, TypeRules, JsonObject, string[]]>([
    ['a volume without a size', volumeRules, zone, ['lacks Size']],
    ['a volume from a snapshot', volumeRules, { ...zone, SnapshotId: 'snap-1' }, []],
    ['a size that another step makes', volumeRules, { ...zone, Size: unknown }, []],
    ['io1 without IOPS', volumeRules, { ...zone, Size: 100, VolumeType: 'io1' }, ['lacks Iops']],
    ['gp2 with IOPS', volumeRules, { ...zone, Size: 100, VolumeType: 'gp2', Iops: 3000 }, ['Iops']],
    ["AWS's default type, with IOPS", volumeRules, { ...zone, Size: 100, Iops: 3000 }, ['Iops']],
    ['gp3 with fewer IOPS than it has', volumeRules, { ...zone, Size: 100, VolumeType: 'gp3', Iops: 1000 }, ['Iops']],
    [
      'gp3 with as many as it takes for its size',
      volumeRules,
      { ...zone, Size: 100, VolumeType: 'gp3', Iops: 50_000 },
      [],
    ],
    ['gp3 with more than that', volumeRules, { ...zone, Size: 20, VolumeType: 'gp3', Iops: 12_000 }, ['Iops']],
    [
      'a small gp3 with what every one has',
      volumeRules,
      { ...zone, Size: 1, VolumeType: 'gp3', Iops: 3000, Throughput: 750 },
      [],
    ],
    [
      'more throughput than the IOPS carry',
      volumeRules,
      { ...zone, Size: 100, VolumeType: 'gp3', Throughput: 1000 },
      ['Throughput'],
    ],
    [
      'throughput of another type',
      volumeRules,
      { ...zone, Size: 100, VolumeType: 'io2', Iops: 1000, Throughput: 125 },
      ['Throughput'],
    ],
    [
      'io1 with more than 50 IOPS for each GiB',
      volumeRules,
      { ...zone, Size: 10, VolumeType: 'io1', Iops: 1000 },
      ['Iops'],
    ],
    [
      'IOPS of a database whose gp3 is too small to have any chosen',
      dbInstanceRules,
      { ...db, StorageType: 'gp3', AllocatedStorage: '399', Iops: 12_000 },
      ['Iops'],
    ],
    [
      'the same from 400 GiB on',
      dbInstanceRules,
      { ...db, StorageType: 'gp3', AllocatedStorage: '400', Iops: 12_000 },
      [],
    ],
    ['a small st1', volumeRules, { ...zone, Size: 100, VolumeType: 'st1' }, ['Size']],
    ['a size of nothing', volumeRules, { ...zone, Size: 0 }, ['Size']],
    ['a key without encryption', volumeRules, { ...zone, Size: 10, KmsKeyId: 'alias/x' }, ['KmsKeyId']],
    [
      'several attachments of a gp3',
      volumeRules,
      { ...zone, Size: 10, VolumeType: 'gp3', MultiAttachEnabled: true },
      ['MultiAttachEnabled'],
    ],
    [
      "48 tags beside aiplan's own",
      volumeRules,
      { ...zone, Size: 10, Tags: Object.fromEntries(Array.from({ length: 48 }, (_, index) => [`k${index}`, 'v'])) },
      ['Tags'],
    ],

    ['an instance without an image', instanceRules, { InstanceType: 't3.micro' }, ['lacks ImageId']],
    ['a type that is none', instanceRules, { ImageId: 'ami-1', InstanceType: 'small' }, ['InstanceType']],
    ['user data of more than 16 KB', instanceRules, { ImageId: 'ami-1', UserData: 'ü'.repeat(8193) }, ['UserData']],
    [
      'a hop limit of 65',
      instanceRules,
      { ImageId: 'ami-1', MetadataOptions: { HttpPutResponseHopLimit: 65 } },
      ['MetadataOptions.HttpPutResponseHopLimit'],
    ],
    [
      'a mapped io2 without IOPS',
      instanceRules,
      { ImageId: 'ami-1', BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { VolumeType: 'io2' } }] },
      ['BlockDeviceMappings.0.Ebs lacks Iops'],
    ],
    [
      "a mapped volume whose type is the image's",
      instanceRules,
      { ImageId: 'ami-1', BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { Iops: 3000, VolumeSize: 8 } }] },
      [],
    ],

    ['a rule', securityGroupRules, rule({}), []],
    [
      'a placeholder for a range',
      securityGroupRules,
      rule({ CidrIp: '${VpcCidr}' }),
      ['SecurityGroupIngress.0.CidrIp'],
    ],
    [
      'a range without its length',
      securityGroupRules,
      rule({ CidrIp: '10.0.0.0/' }),
      ['SecurityGroupIngress.0.CidrIp'],
    ],
    ['an address', securityGroupRules, rule({ CidrIp: '10.0.0.1' }), ['SecurityGroupIngress.0.CidrIp']],
    ['no such byte', securityGroupRules, rule({ CidrIp: '10.0.0.256/32' }), ['SecurityGroupIngress.0.CidrIp']],
    ['a first port alone', securityGroupRules, rule({ ToPort: undefined }), ['SecurityGroupIngress.0 lacks ToPort']],
    ['a port above 65535', securityGroupRules, rule({ ToPort: 70_000 }), ['SecurityGroupIngress.0.ToPort']],
    ['ports the wrong way round', securityGroupRules, rule({ FromPort: 500 }), ['SecurityGroupIngress.0.FromPort']],
    ['any ICMP', securityGroupRules, rule({ IpProtocol: 'icmp', FromPort: -1, ToPort: -1 }), []],
    ['no peer', securityGroupRules, rule({ CidrIp: undefined }), ['SecurityGroupIngress.0']],
    ['two peers', securityGroupRules, rule({ SourceSecurityGroupId: 'sg-1' }), ['SecurityGroupIngress.0']],
    [
      'a peer that another step makes',
      securityGroupRules,
      rule({ CidrIp: undefined, SourceSecurityGroupId: unknown }),
      [],
    ],
    [
      'a description with a letter that EC2 refuses',
      securityGroupRules,
      rule({ Description: 'Büro' }),
      ['SecurityGroupIngress.0.Description'],
    ],
    ['a name that looks like an id', securityGroupRules, { GroupName: 'sg-web', GroupDescription: 'x' }, ['GroupName']],
    [
      'more rules than any group can have',
      securityGroupRules,
      { GroupName: 'w', GroupDescription: 'x', SecurityGroupIngress: many(1001) },
      ['SecurityGroupIngress'],
    ],

    ['a database', dbInstanceRules, db, []],
    ['no engine', dbInstanceRules, { ...db, Engine: undefined }, ['lacks Engine']],
    ['a size with a unit', dbInstanceRules, { ...db, AllocatedStorage: '200GB' }, ['AllocatedStorage']],
    ['no size', dbInstanceRules, { ...db, AllocatedStorage: undefined }, ['lacks AllocatedStorage']],
    [
      'a member of a cluster',
      dbInstanceRules,
      { DBInstanceIdentifier: 'd', Engine: 'aurora-mysql', DBInstanceClass: 'db.r6g.large', DBClusterIdentifier: 'c' },
      [],
    ],
    [
      'too small for io1',
      dbInstanceRules,
      { ...db, StorageType: 'io1', Iops: 1000, AllocatedStorage: '50' },
      ['AllocatedStorage'],
    ],
    [
      'io1 with more than 50 IOPS for each GiB',
      dbInstanceRules,
      { ...db, StorageType: 'io1', Iops: 6000, AllocatedStorage: '100' },
      ['Iops'],
    ],
    [
      'a small gp3 with IOPS of its own',
      dbInstanceRules,
      { ...db, StorageType: 'gp3', Iops: 1000, AllocatedStorage: '100' },
      ['Iops'],
    ],
    [
      'a large gp3 with IOPS of its own',
      dbInstanceRules,
      { ...db, StorageType: 'gp3', Iops: 12_000, AllocatedStorage: '400' },
      [],
    ],
    [
      'a large gp3 with those of a small one',
      dbInstanceRules,
      { ...db, StorageType: 'gp3', Iops: 3000, AllocatedStorage: '400' },
      ['Iops'],
    ],
    [
      'overlapping windows',
      dbInstanceRules,
      { ...db, PreferredBackupWindow: '03:00-04:00', PreferredMaintenanceWindow: 'sun:03:30-sun:04:30' },
      ['PreferredBackupWindow'],
    ],
    [
      'overlapping windows over midnight',
      dbInstanceRules,
      { ...db, PreferredBackupWindow: '23:30-00:30', PreferredMaintenanceWindow: 'mon:00:00-mon:00:30' },
      ['PreferredBackupWindow'],
    ],
    [
      'windows that touch',
      dbInstanceRules,
      { ...db, PreferredBackupWindow: '03:00-03:30', PreferredMaintenanceWindow: 'sun:03:30-sun:04:30' },
      [],
    ],
    ['a short window', dbInstanceRules, { ...db, PreferredBackupWindow: '03:00-03:10' }, ['PreferredBackupWindow']],
    [
      'no window',
      dbInstanceRules,
      { ...db, PreferredMaintenanceWindow: 'Sunday night' },
      ['PreferredMaintenanceWindow'],
    ],
    ['36 days of backups', dbInstanceRules, { ...db, BackupRetentionPeriod: 36 }, ['BackupRetentionPeriod']],
    ['a low port', dbInstanceRules, { ...db, Port: '80' }, ['Port']],
    ['two hyphens', dbInstanceRules, { ...db, DBInstanceIdentifier: 'a--b' }, ['DBInstanceIdentifier']],
    ['monitoring without a role', dbInstanceRules, { ...db, MonitoringInterval: 60 }, ['lacks MonitoringRoleArn']],
    [
      '94 days of insights',
      dbInstanceRules,
      { ...db, PerformanceInsightsRetentionPeriod: 94 },
      ['PerformanceInsightsRetentionPeriod'],
    ],
    [
      'a limit just above the size',
      dbInstanceRules,
      { ...db, AllocatedStorage: '100', MaxAllocatedStorage: 105 },
      ['MaxAllocatedStorage'],
    ],
    ['no password', dbInstanceRules, { ...db, ManageMasterUserPassword: undefined }, ['lacks MasterUserPassword']],
    [
      'a zone beside Multi-AZ',
      dbInstanceRules,
      { ...db, MultiAZ: true, AvailabilityZone: 'eu-west-1a' },
      ['AvailabilityZone'],
    ],
    ['a tag with a letter that RDS refuses', dbInstanceRules, { ...db, Tags: { team: 'a,b' } }, ['Tags.team']],

    ['a bucket', bucketRules, { BucketName: 'notes-1' }, []],
    ['a name with a capital', bucketRules, { BucketName: 'Notes' }, ['BucketName']],
    [
      'an access control list on a new bucket',
      bucketRules,
      { BucketName: 'notes-1', AccessControl: 'LogDeliveryWrite' },
      ['AccessControl'],
    ],
    ['the list that every bucket has', bucketRules, { BucketName: 'notes-1', AccessControl: 'Private' }, []],
    [
      'a list where they are switched on',
      bucketRules,
      {
        BucketName: 'notes-1',
        AccessControl: 'LogDeliveryWrite',
        OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
      },
      [],
    ],
    [
      'a public list behind the public access block',
      bucketRules,
      {
        BucketName: 'notes-1',
        AccessControl: 'PublicRead',
        OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
      },
      ['AccessControl'],
    ],
    [
      'a lock and no versions',
      bucketRules,
      { BucketName: 'notes-1', ObjectLockEnabled: true, VersioningConfiguration: { Status: 'Suspended' } },
      ['VersioningConfiguration.Status'],
    ],
    [
      'replication without versions',
      bucketRules,
      { BucketName: 'notes-1', ReplicationConfiguration: { Role: 'r', Rules: [] } },
      ['ReplicationConfiguration'],
    ],
    [
      'acceleration of a name with dots',
      bucketRules,
      { BucketName: 'notes.1', AccelerateConfiguration: { AccelerationStatus: 'Enabled' } },
      ['AccelerateConfiguration'],
    ],
    [
      'an early move to STANDARD_IA',
      bucketRules,
      {
        BucketName: 'notes-1',
        LifecycleConfiguration: {
          Rules: [{ Id: 'a', Status: 'Enabled', Transitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: 7 }] }],
        },
      },
      ['LifecycleConfiguration.Rules.0'],
    ],
    [
      'an expiry before a move',
      bucketRules,
      {
        BucketName: 'notes-1',
        LifecycleConfiguration: {
          Rules: [
            {
              Id: 'a',
              Status: 'Enabled',
              ExpirationInDays: 60,
              Transitions: [{ StorageClass: 'GLACIER', TransitionInDays: 90 }],
            },
          ],
        },
      },
      ['LifecycleConfiguration.Rules.0'],
    ],
    [
      'two rules of one id',
      bucketRules,
      {
        BucketName: 'notes-1',
        LifecycleConfiguration: {
          Rules: [
            { Id: 'a', ExpirationInDays: 1 },
            { Id: 'a', ExpirationInDays: 2 },
          ],
        },
      },
      ['LifecycleConfiguration.Rules.1.Id'],
    ],
  ])('%s', (_name, rules, properties, expected) => {
    expect(refused(rules, JSON.parse(JSON.stringify(properties)) as JsonObject)).toEqual(expected);
  });

  it('misses nothing in an update, of which only a part is written', () => {
    for (const rules of [volumeRules, instanceRules, securityGroupRules, dbInstanceRules, bucketRules])
      expect(refused(rules, {}, false)).toEqual([]);
    expect(refused(bucketRules, { AccessControl: 'PublicRead' }, false)).toEqual([]);
    expect(
      refused(
        bucketRules,
        { AccessControl: 'PublicRead', OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } },
        false,
      ),
    ).toEqual(['AccessControl']);
  });

  it('says which port a rule lacks, and not that it lacks both', () => {
    expect(securityGroupRules.refuses?.(rule({ ToPort: null }), true)[0]).toMatchObject({
      message: 'SecurityGroupIngress: the rule "tcp 443 from 10.0.0.0/8" has no ToPort; tcp needs both',
      help: 'ToPort: 443',
    });
  });

  it('knows ranges of addresses', () => {
    for (const text of ['::/0', '2001:db8::/32', 'fe80::1/128', '::ffff:10.0.0.1/128', '1:2:3:4:5:6:7:8/64'])
      expect([text, isIpv6Range(text)]).toEqual([text, true]);
    for (const text of [
      '::',
      '2001:db8::/129',
      '1::2::3/64',
      '1:2:3/64',
      'g::/16',
      '::ffff:10.0.0.256/128',
      '1:2:3:4:5:6:7:8:9/64',
    ])
      expect([text, isIpv6Range(text)]).toEqual([text, false]);
    for (const text of ['0.0.0.0/0', '10.0.0.1/24']) expect(isIpv4Range(text)).toBe(true);
    for (const text of ['10.0.0/8', '10.0.0.0/33', '010.0.0.0/8', '10.0.0.0 /8', '10.0.0.0/08'])
      expect([text, isIpv4Range(text)]).toEqual([text, false]);
  });

  it('survives odd values', () => {
    for (const value of [null, 0, true, 'x', [], [null], [[1]], {}, { a: null }]) {
      for (const rules of [volumeRules, instanceRules, securityGroupRules, dbInstanceRules, bucketRules]) {
        for (const name of Object.keys(rules.properties))
          for (const whole of [true, false]) expect(() => rules.refuses?.({ [name]: value }, whole)).not.toThrow();
      }
    }
  });
});

describe('validate says it at its place', () => {
  const errors = (text: string): [string, number | null, string][] =>
    parse(text, { types: resourceTypes })
      .findings.filter(({ severity }) => severity === 'error')
      .map(({ code, line, message }) => [code, line, message]);

  it('a value that AWS refuses, and one that is missing', () => {
    const plan = planOf(
      [
        '  V:',
        '    type: AWS::EC2::Volume',
        '    action: create',
        '    properties:',
        '      AvailabilityZone: eu-west-1a',
        '  D:',
        '    type: AWS::RDS::DBInstance',
        '    action: update',
        '    id: d',
        '    properties:',
        '      AllocatedStorage: 200GB',
      ].join('\n'),
    );
    const line = (text: string): number => plan.split('\n').findIndex((row) => row.includes(text)) + 1;
    expect(errors(plan)).toEqual([
      ['missing-property', line('AvailabilityZone'), 'AWS needs Size to create it'],
      [
        'refused-value',
        line('AllocatedStorage'),
        'AllocatedStorage is "200GB"; AWS takes a whole number of GiB, without a unit',
      ],
    ]);
  });

  it('not what is written and wrong in another way', () => {
    expect(
      errors(
        planOf(
          '  V: { type: AWS::EC2::Volume, action: create, properties: { AvailabilityZone: eu-west-1a, Size: [1] } }',
        ),
      ).map(([code]) => code),
    ).toEqual(['wrong-type']);
  });
});

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { resourceTypes } from '../../providers/index.ts';
import { openSession, type OpenSession } from '../../providers/aws/session/session.ts';
import type { ReadResult } from '../../src/domain/resource-type.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable, testCredentials } from '../helpers/emulator.ts';
import { asker } from '../helpers/query.ts';
import { furnish } from '../helpers/road-account.ts';
import { region } from '../helpers/road.ts';
import { clientsOf, startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(120_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('an answer that lacks a list which AWS always sends', () => {
  let sandbox: Sandbox;
  let session: OpenSession;
  let names: Readonly<Record<string, string>> = {};
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    ({ names } = await furnish(sandbox));
    const ask = asker(sandbox.endpoint, region);
    await ask('rds', 'CreateDBInstance', {
      DBInstanceIdentifier: 'courses',
      DBInstanceClass: 'db.m6g.large',
      Engine: 'postgres',
      AllocatedStorage: '20',
      MasterUsername: 'root1',
      MasterUserPassword: 'correct-horse',
    });
    const { s3 } = clientsOf(sandbox.endpoint);
    await s3.send(
      new CreateBucketCommand({ Bucket: 'courses', CreateBucketConfiguration: { LocationConstraint: region } }),
    );
    const volume = await ask('ec2', 'CreateVolume', { AvailabilityZone: `${region}a`, Size: '5' }, 'volumeId');
    const instance = await ask(
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
    );
    names = { ...names, Volume: volume, Instance: instance, Courses: 'courses' };
    session = openSession({ region, endpoint: sandbox.endpoint, credentials: testCredentials, mode: 'read-only' });
  }, 60_000);
  afterAll(async () => {
    session?.close();
    await sandbox?.stop();
  });

  const read = async (type: string, identity: string): Promise<ReadResult | { readonly thrown: string }> => {
    try {
      return await resourceTypes
        .get(type)!
        .read(session, { identities: [identity], all: false, detailed: new Set([identity]) });
    } catch (error) {
      return { thrown: (error as { code?: string }).code ?? String(error) };
    }
  };

  it.each<[string, string, string, string]>([
    ['AWS::EC2::Volume', 'Volume', 'ec2:DescribeVolumes', 'volumeSet'],
    ['AWS::EC2::Volume', 'Volume', 'ec2:DescribeVolumes', 'attachmentSet'],
    ['AWS::EC2::Instance', 'Instance', 'ec2:DescribeInstances', 'reservationSet'],
    ['AWS::EC2::Instance', 'Instance', 'ec2:DescribeInstances', 'instancesSet'],
    ['AWS::EC2::Instance', 'Instance', 'ec2:DescribeInstances', 'networkInterfaceSet'],
    ['AWS::EC2::Instance', 'Instance', 'ec2:DescribeInstances', 'blockDeviceMapping'],
    ['AWS::EC2::SecurityGroup', 'Group', 'ec2:DescribeSecurityGroups', 'securityGroupInfo'],
    ['AWS::EC2::SecurityGroup', 'Group', 'ec2:DescribeSecurityGroups', 'ipPermissionsEgress'],
    ['AWS::EC2::SecurityGroup', 'Group', 'ec2:DescribeNetworkInterfaces', 'networkInterfaceSet'],
    ['AWS::EC2::SecurityGroup', 'Group', 'ec2:DescribeNetworkInterfaces', 'groupSet'],
    ['AWS::EC2::VPC', 'Vpc', 'ec2:DescribeVpcs', 'vpcSet'],
    ['AWS::EC2::Subnet', 'Subnet', 'ec2:DescribeSubnets', 'subnetSet'],
    ['AWS::RDS::DBInstance', 'Courses', 'rds:DescribeDBInstances', 'DBInstances'],
    ['AWS::RDS::DBInstance', 'Courses', 'rds:DescribeDBInstances', 'ReadReplicaDBInstanceIdentifiers'],
    ['AWS::RDS::DBInstance', 'Courses', 'rds:DescribeDBInstances', 'VpcSecurityGroups'],
    ['AWS::RDS::DBInstance', 'Courses', 'rds:DescribeDBSnapshots', 'DBSnapshots'],
    ['AWS::S3::Bucket', 'Courses', 's3:ListBuckets', 'Buckets'],
    ['AWS::S3::Bucket', 'Courses', 's3:ListObjectVersions', 'IsTruncated'],
    ['AWS::S3::Bucket', 'Courses', 's3:ListObjectVersions', 'ListVersionsResult'],
    ['AWS::S3::Bucket', 'Courses', 's3:GetBucketVersioning', 'VersioningConfiguration'],
    ['AWS::S3::Bucket', 'Courses', 's3:GetBucketLogging', 'BucketLoggingStatus'],
    ['AWS::S3::Bucket', 'Courses', 's3:GetBucketNotificationConfiguration', 'NotificationConfiguration'],
    ['AWS::S3::Bucket', 'Courses', 's3:GetBucketAccelerateConfiguration', 'AccelerateConfiguration'],
  ])(
    '%s %s: %s without <%s> says that it could not be read, not that nothing is there',
    async (type, name, wanted, element) => {
      const identity = names[name] ?? '';
      let met = 0;
      const lift = sandbox.proxy.onRequest(({ service, operation }) => {
        if (`${service}:${operation}` !== wanted) return undefined;
        met += 1;
        return { kind: 'without', element };
      });
      try {
        const found = await read(type, identity);
        expect(met).toBeGreaterThan(0);
        if ('thrown' in found) expect(found.thrown).toBe('IncompleteAnswer');
        else {
          expect(found.absent).toEqual([]);
          const said = found.failures.map(({ code }) => code);
          const facts = found.resources.flatMap(({ binding }) => Object.values(binding));
          expect([...said, ...facts]).toEqual(
            expect.arrayContaining([facts.includes('unknown') ? 'unknown' : 'IncompleteAnswer']),
          );
        }
      } finally {
        lift();
      }
      const whole = await read(type, identity);
      if (!('failures' in whole)) throw new Error(whole.thrown);
      expect([...whole.failures, ...whole.resources.flatMap(({ binding }) => Object.values(binding))]).not.toContain(
        'unknown',
      );
      expect([whole.failures, whole.resources.length]).toEqual([[], 1]);
    },
  );
});

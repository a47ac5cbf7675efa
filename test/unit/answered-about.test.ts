import { describe, expect, it } from '@jest/globals';
import { requireAnswerAbout } from '../../providers/aws/gate/answered-about.ts';
import type { JsonObject } from '../../src/base/json.ts';

const check =
  (operation: string, input: JsonObject, output: JsonObject, service: 'ec2' | 'rds' = 'ec2') =>
  () =>
    requireAnswerAbout({ service, operation, input }, output);
const wrong = expect.objectContaining({ code: 'UnexpectedAnswer', kind: 'unknown', executed: 'no' });
const filter = (Name: string, ...Values: string[]) => ({ Filters: [{ Name, Values }] });
const instances = (...ids: string[]) => ({
  Reservations: ids.map((InstanceId) => ({ Instances: [{ InstanceId, SubnetId: 'subnet-1' }] })),
});

describe('an answer that is not about what was asked', () => {
  it.each([
    ['an id parameter', check('DescribeInstances', { InstanceIds: ['i-1'] }, instances('i-1', 'i-2'))],
    ['a filter', check('DescribeInstances', filter('instance-id', 'i-1'), instances('i-2'))],
    [
      'a filter on another field',
      check('DescribeSecurityGroups', filter('vpc-id', 'vpc-1'), {
        SecurityGroups: [{ GroupId: 'sg-1', VpcId: 'vpc-2' }],
      }),
    ],
    [
      'a tag',
      check('DescribeSnapshots', filter('tag:aiplan:op', 'a'), {
        Snapshots: [{ SnapshotId: 'snap-1', Tags: [{ Key: 'aiplan:op', Value: 'b' }] }],
      }),
    ],
    [
      'a name of RDS',
      check(
        'DescribeDBInstances',
        { DBInstanceIdentifier: 'courses-prod' },
        { DBInstances: [{ DBInstanceIdentifier: 'other' }] },
        'rds',
      ),
    ],
    [
      'the database of a snapshot',
      check(
        'DescribeDBSnapshots',
        { DBInstanceIdentifier: 'courses-prod' },
        { DBSnapshots: [{ DBSnapshotIdentifier: 's', DBInstanceIdentifier: 'other' }] },
        'rds',
      ),
    ],
  ])('is refused: %s', (_name, run) => expect(run).toThrow(wrong));

  it('names what came, what was asked and by which filter', () => {
    expect(
      check('DescribeVolumes', filter('volume-id', 'vol-1', 'vol-2', 'vol-3', 'vol-4'), {
        Volumes: [{ VolumeId: 'vol-9' }],
      }),
    ).toThrow(
      'the endpoint answered about "vol-9" although volume-id asks for "vol-1", "vol-2", "vol-3" and 1 more; it ignores the filter',
    );
  });
});

describe('an answer that is', () => {
  it.each([
    ['nothing', check('DescribeInstances', { InstanceIds: ['i-1'] }, {})],
    ['all of it', check('DescribeInstances', { InstanceIds: ['i-1', 'i-2'] }, instances('i-1', 'i-2'))],
    [
      'a name in other letters',
      check(
        'DescribeDBInstances',
        filter('db-instance-id', 'Courses-Prod'),
        { DBInstances: [{ DBInstanceIdentifier: 'courses-prod' }] },
        'rds',
      ),
    ],
    ['whatever there is, where nothing was asked', check('DescribeInstances', { MaxResults: 1000 }, instances('i-9'))],
    [
      'a pattern',
      check('DescribeImages', filter('name', 'amzn-*'), { Images: [{ ImageId: 'ami-1', Name: 'amzn-2023' }] }),
    ],
    [
      'a filter that stands for no field',
      check('DescribeVolumes', filter('attachment.instance-id', 'i-1'), { Volumes: [{ VolumeId: 'vol-9' }] }),
    ],
    [
      'an ARN',
      check(
        'DescribeDBInstances',
        filter('db-instance-id', 'arn:aws:rds:eu-west-1:1:db:a'),
        { DBInstances: [{ DBInstanceIdentifier: 'a' }] },
        'rds',
      ),
    ],
    [
      'an item that does not say',
      check('DescribeSnapshots', filter('tag:aiplan:op', 'a'), { Snapshots: [{ SnapshotId: 'snap-1' }] }),
    ],
    ['another operation', check('DescribeKeyPairs', { KeyNames: ['a'] }, { KeyPairs: [{ KeyName: 'b' }] })],
  ])('passes: %s', (_name, run) => expect(run).not.toThrow());
});

import { describe, expect, it } from '@jest/globals';
import { isKnownWhole, requireWhole } from '../../providers/aws/gate/whole-answers.ts';
import { services } from '../../providers/aws/services/index.ts';
import { kindOfOperation } from '../../providers/aws/gate/known-reads.ts';
import type { Service } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';

const check =
  (service: Service, operation: string, output: JsonObject, input: JsonObject = {}) =>
  (): void =>
    requireWhole({ service, operation, input }, output);
const incomplete = (what: string) =>
  expect.objectContaining({
    code: 'IncompleteAnswer',
    kind: 'unknown',
    executed: 'no',
    message: expect.stringContaining(what),
  });

describe('an answer that lacks what AWS always sends', () => {
  it.each<[Service, string, JsonObject, string, JsonObject?]>([
    ['ec2', 'DescribeVolumes', {}, '"Volumes"'],
    ['ec2', 'DescribeVolumes', { NextToken: 'more' }, '"Volumes"'],
    ['ec2', 'DescribeVolumes', { Volumes: [{ Attachments: [] }, { VolumeId: 'v' }] }, '"Volumes.*.Attachments"'],
    ['ec2', 'DescribeInstances', { Reservations: [{}] }, '"Reservations.*.Instances"'],
    [
      'ec2',
      'DescribeSecurityGroups',
      {
        SecurityGroups: [
          { IpPermissionsEgress: [], IpPermissions: [{ IpRanges: [], Ipv6Ranges: [], PrefixListIds: [] }] },
        ],
      },
      '"SecurityGroups.*.IpPermissions.*.UserIdGroupPairs"',
    ],
    [
      'ec2',
      'DescribeInstanceAttribute',
      { InstanceId: 'i' },
      '"DisableApiTermination"',
      { Attribute: 'disableApiTermination' },
    ],
    ['rds', 'DescribeDBInstances', {}, '"DBInstances"'],
    ['s3', 'ListBuckets', { Owner: { ID: '1' } }, '"Buckets"'],
    ['s3', 'ListObjectVersions', { Name: 'b', Versions: [] }, '"IsTruncated"'],
    ['s3', 'ListObjectVersions', { Name: 'b', IsTruncated: true }, 'marker of the next page'],
    ['s3', 'GetBucketTagging', {}, '"TagSet"'],
    ['s3', 'GetBucketReplication', { ReplicationConfiguration: { Role: 'r' } }, '"ReplicationConfiguration.Rules"'],
    ['cloudtrail', 'LookupEvents', {}, '"Events"'],
  ])('was not read: %s:%s %j', (service, operation, output, what, input = {}) => {
    expect(check(service, operation, output, input)).toThrow(incomplete(what));
  });

  it.each<[Service, string, JsonObject, JsonObject?]>([
    ['ec2', 'DescribeVolumes', { Volumes: [] }],
    ['ec2', 'DescribeVolumes', { Volumes: [{ Attachments: [] }] }],
    ['ec2', 'DescribeInstances', { Reservations: [] }],
    ['ec2', 'DescribeInstances', { Reservations: [{ Instances: [{ State: { Name: 'terminated' } }] }] }],
    ['ec2', 'DescribeInstanceAttribute', { UserData: {} }, { Attribute: 'userData' }],
    ['s3', 'ListObjectVersions', { Name: 'b', IsTruncated: false }],
    ['s3', 'ListObjectVersions', { Name: 'b', IsTruncated: true, NextKeyMarker: 'k' }],
    ['s3', 'GetBucketVersioning', {}],
    ['s3', 'HeadBucket', {}],
  ])('is whole where the lists are empty: %s:%s %j', (service, operation, output, input = {}) => {
    expect(check(service, operation, output, input)).not.toThrow();
  });
});

it('of every read that a session can send, something says whether its answer is whole', async () => {
  const unknown: string[] = [];
  for (const [name, { load }] of Object.entries(services)) {
    const service = name as Service;
    for (const command of Object.keys((await load()).commands)) {
      const operation = command.replace(/Command$/u, '');
      if (kindOfOperation(service, operation) !== 'mutating' && !isKnownWhole(service, operation))
        unknown.push(`${service}:${operation}`);
    }
  }
  expect(unknown).toEqual([]);
});

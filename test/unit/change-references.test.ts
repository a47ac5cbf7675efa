import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { findCycles } from '../../src/language/functions/cycles.ts';
import { attributeAt } from '../../src/language/functions/references.ts';
import { nearest } from '../../src/language/reader/spelling.ts';
import { parse, planOf } from '../helpers/change-types.ts';

const errors = (text: string) =>
  parse(planOf(text))
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ code, step, message }) => `${code} ${step}: ${message}`);
const group = (address: string, more: string): string =>
  `  ${address}: { type: AWS::EC2::SecurityGroup, action: create, ${more} }`;

describe('references', () => {
  it('must name an entry that stays', () => {
    expect(errors(group('A', 'properties: { GroupDescription: a, VpcId: !Ref Nowhere }'))).toEqual([
      'unknown-address A: there is no entry "Nowhere"',
    ]);
    expect(
      errors(
        `${group('Network', 'properties: { GroupDescription: a }')}\n${group('B', 'depends_on: [ Netwrok ], properties: { GroupDescription: b }')}`,
      ),
    ).toEqual(['unknown-address B: depends_on: there is no entry "Netwrok"; did you mean "Network"?']);
    expect(
      errors(
        `  V: { type: AWS::EC2::Volume, action: delete, id: vol-1, reason: r, expect: { Size: 1 } }\n  I: { type: AWS::EC2::Instance, action: update, id: i-1, properties: { Volumes: [ { Device: /dev/x, VolumeId: !Ref V } ] } }`,
      ),
    ).toEqual(['reference-to-deleted I: "V" is deleted by this plan and cannot be referred to']);
  });

  it('are typed', () => {
    const reads =
      '  N: { type: AWS::EC2::VPC, action: read, id: vpc-1 }\n  S: { type: AWS::EC2::Subnet, action: read, id: subnet-1 }\n  B: { type: AWS::S3::Bucket, action: read, id: b }\n  G: { type: AWS::EC2::SecurityGroup, action: read, id: sg-1 }';
    const one = (type: string, properties: string): string[] =>
      errors(`${reads}\n  X: { type: ${type}, action: update, id: x, properties: { ${properties} } }`).map((text) =>
        text.replace(/^\S+ X: /u, ''),
      );
    expect(one('AWS::EC2::SecurityGroup', 'VpcId: !Ref N')).toEqual([]);
    expect(one('AWS::EC2::SecurityGroup', 'VpcId: !GetAtt S.VpcId')).toEqual([]);
    expect(one('AWS::EC2::SecurityGroup', 'VpcId: !Ref S')).toEqual([
      '"S" is of type AWS::EC2::Subnet; AWS::EC2::VPC is expected',
    ]);
    expect(one('AWS::RDS::DBInstance', 'VPCSecurityGroups: !Ref G')).toEqual([
      '!Ref G is one text; a list is expected',
    ]);
    expect(one('AWS::RDS::DBInstance', 'VPCSecurityGroups: [ !Ref G, !GetAtt N.DefaultSecurityGroup ]')).toEqual([]);
    expect(one('AWS::RDS::DBInstance', 'DBInstanceClass: !GetAtt N.CidrBlockAssociations')).toEqual([
      '"CidrBlockAssociations" of AWS::EC2::VPC is a list; one value is expected',
    ]);
    expect(one('AWS::RDS::DBInstance', 'DBInstanceClass: !GetAtt N.Cidrblock')).toEqual([
      'AWS::EC2::VPC has no attribute or property "Cidrblock"; did you mean "CidrBlock"?',
    ]);
    expect(one('AWS::RDS::DBInstance', 'Port: !GetAtt S.MapPublicIpOnLaunch')).toEqual([]);
    expect(one('AWS::RDS::DBInstance', 'BackupRetentionPeriod: !GetAtt S.MapPublicIpOnLaunch')).toEqual([
      '"MapPublicIpOnLaunch" of AWS::EC2::Subnet is true or false; a number is expected',
    ]);
    expect(one('AWS::RDS::DBInstance', 'PubliclyAccessible: !GetAtt S.Ipv4NetmaskLength')).toEqual([
      '"Ipv4NetmaskLength" of AWS::EC2::Subnet is a number; true or false is expected',
    ]);
    expect(one('AWS::RDS::DBInstance', 'BackupRetentionPeriod: !GetAtt S.Tags.days')).toEqual([]);
    expect(one('AWS::S3::Bucket', 'VersioningConfiguration: !GetAtt S.Ipv6CidrBlocks')).toEqual([
      '"Ipv6CidrBlocks" of AWS::EC2::Subnet is a list; a map is expected',
    ]);
    const replication = (bucket: string): string =>
      `ReplicationConfiguration: { Role: r, Rules: [ { Status: Enabled, Destination: { Bucket: ${bucket} } } ] }`;
    expect(one('AWS::S3::Bucket', replication('!Ref B'))).toEqual(['!Ref B is its BucketName; its Arn is expected']);
    expect(one('AWS::S3::Bucket', replication('!GetAtt B.Arn'))).toEqual([]);
    expect(
      one(
        'AWS::S3::Bucket',
        'LoggingConfiguration: { DestinationBucketName: !Ref B }, Tags: { net: !Ref N, zone: !GetAtt S.AvailabilityZone }',
      ),
    ).toEqual([]);
  });

  it('that go in a circle are named in full', () => {
    const ring = `${group('A', 'depends_on: [ C ], properties: { GroupDescription: a }')}\n${group('B', 'properties: { GroupDescription: b, Tags: { x: !GetAtt A.GroupId } }')}\n${group('C', 'properties: { GroupDescription: c, Tags: { x: !Ref B } }')}\n${group('D', 'depends_on: [ D, A ], properties: { GroupDescription: d }')}`;
    expect(errors(ring)).toEqual([
      'reference-cycle A: A → C → B → A is a circle: each needs the next',
      'reference-cycle D: D → D is a circle: each needs the next',
    ]);
  });

  it('that only name what is there already go in no circle', () => {
    const there = (address: string, id: string, value: string): string =>
      `  ${address}: { type: AWS::EC2::SecurityGroup, action: update, id: ${id}, properties: { SecurityGroupIngress: [ { IpProtocol: tcp, FromPort: 80, ToPort: 80, SourceSecurityGroupId: ${value} } ] } }`;
    expect(errors(`${there('A', 'sg-0aaaaaaa', '!Ref B')}\n${there('B', 'sg-0bbbbbbb', '!GetAtt A.GroupId')}`)).toEqual(
      [],
    );
    expect(errors(there('A', 'sg-0aaaaaaa', '!Ref A'))).toEqual([]);
  });

  it('one id, one address, whatever the actions', () => {
    const read = (address: string, id: string): string =>
      `  ${address}: { type: AWS::S3::Bucket, action: read, id: ${id} }`;
    expect(errors(`${read('A', 'x')}\n${read('B', 'x')}`)).toEqual([
      'duplicate-id B: "x" is already the AWS::S3::Bucket of "A" in line 6: one id, one address',
    ]);
    expect(
      errors(`${read('A', 'x')}\n  B: { type: AWS::S3::Bucket, action: create, properties: { BucketName: x } }`),
    ).toHaveLength(1);
    expect(errors(`${read('A', 'x')}\n  B: { type: AWS::RDS::DBInstance, action: read, id: x }`)).toEqual([]);
  });
});

describe('paths of attributes', () => {
  it.each([
    ['AWS::RDS::DBInstance', 'Endpoint.Address', true],
    ['AWS::RDS::DBInstance', 'Tags.Name', true],
    ['AWS::RDS::DBInstance', 'VPCSecurityGroups.0', true],
    ['AWS::S3::Bucket', 'LifecycleConfiguration.Rules.0.Id', true],
    ['AWS::S3::Bucket', 'LifecycleConfiguration.Rules.Id', false],
    ['AWS::RDS::DBInstance', 'Endpoint.Host', false],
    ['AWS::RDS::DBInstance', 'Engine.x', false],
    ['AWS::RDS::DBInstance', 'constructor', false],
    ['AWS::RDS::DBParameterGroup', 'Parameters.work_mem', true],
  ])('%s %s', (type, path, known) => {
    expect(attributeAt(loadSchema(type)!, path) !== undefined).toBe(known);
  });
});

describe('circles', () => {
  it('are found in chains of any length, once for each knot', () => {
    const chain = (length: number): Map<string, string[]> =>
      new Map(Array.from({ length }, (_, index) => [`n${index}`, index + 1 < length ? [`n${index + 1}`] : []]));
    expect(findCycles(chain(20_000))).toEqual([]);
    const ring = chain(20_000);
    ring.set('n19999', ['n19998', 'n0']);
    const [circle, ...more] = findCycles(ring);
    expect(more).toEqual([]);
    expect(circle).toHaveLength(20_000);
    expect(
      findCycles(
        new Map([
          ['a', ['b']],
          ['b', ['a', 'c']],
          ['c', ['d']],
          ['d', ['c']],
          ['e', ['a', 'missing']],
        ]),
      ),
    ).toEqual([
      ['c', 'd'],
      ['a', 'b'],
    ]);
  });
});

describe('the nearest spelling', () => {
  it.each([
    ['bucketname', 'BucketName'],
    ['Bucket_Name', 'BucketName'],
    ['BucketNmae', 'BucketName'],
    ['Cidr', 'CidrIp'],
    ['Zebra', undefined],
    ['', undefined],
    ['x'.repeat(5_000), undefined],
  ])('of %s', (word, expected) => {
    expect(nearest(word, ['Tags', 'BucketName', 'CidrIp'])).toBe(expected);
  });
});

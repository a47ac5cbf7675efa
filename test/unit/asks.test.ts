import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { parseChangePlan } from '../../src/language/parse.ts';
import { staticAsks } from '../../src/plan/asks.ts';
import { planOf } from '../helpers/change-types.ts';
import { plainConfiguration } from '../helpers/planning-samples.ts';

const asks = (entry: string): string[] => {
  const { draft } = parseChangePlan(
    planOf(`  A: { ${entry} }\n  Live: { type: AWS::EC2::VPC, action: read, id: vpc-1 }`),
    { file: 'p', schemas: loadSchema, types: resourceTypes },
  );
  return staticAsks(draft!, { types: resourceTypes, schemas: loadSchema, configuration: plainConfiguration }).map(
    ({ severity, code }) => `${severity} ${code}`,
  );
};
const group = (rule: string, more = ''): string =>
  `type: AWS::EC2::SecurityGroup, action: create${more}, properties: { GroupDescription: g, SecurityGroupIngress: [ { IpProtocol: tcp, FromPort: 443, ToPort: 443, ${rule} } ] }`;
const open = 'CidrIp: 0.0.0.0/0';

describe('what validate asks for without AWS', () => {
  it.each([
    ['a grant of a create', group(open), ['error reason-needed']],
    ['nothing where the reason is given', group(open, ', reason: r'), []],
    ['nothing where nothing is opened', group('CidrIp: 10.0.0.0/8'), []],
    [
      'a maybe where live tells more',
      group(`${open}`).replace('GroupDescription: g', 'GroupDescription: g, VpcId: !Ref Live'),
      ['warning reason-needed'],
    ],
    [
      'user data',
      'type: AWS::EC2::Instance, action: create, properties: { ImageId: ami-1, UserData: "#!/bin/sh" }',
      ['error reason-needed'],
    ],
    [
      'when, of an update that interrupts',
      'type: AWS::EC2::Instance, action: update, id: i-1, properties: { InstanceType: t3.large }',
      ['warning when-needed'],
    ],
    [
      'when, of one that AWS can defer',
      'type: AWS::RDS::DBInstance, action: update, find: { Tags: { a: b } }, properties: { StorageType: gp3 }',
      ['warning when-needed'],
    ],
    [
      'nothing of an update that says when',
      'type: AWS::EC2::Instance, action: update, id: i-1, when: now, properties: { InstanceType: t3.large }',
      [],
    ],
    [
      'nothing of a change that is harmless',
      'type: AWS::EC2::Instance, action: update, id: i-1, properties: { Tags: { note: b } }',
      [],
    ],
    [
      'the reason for a tag that something may select by',
      'type: AWS::EC2::Instance, action: update, id: i-1, properties: { Tags: { a: b } }',
      ['warning reason-needed'],
    ],
    [
      'nothing of what could not be read',
      'type: AWS::S3::Bucket, action: create, properties: { PublicAccessBlockConfiguration: { BlockPublicAcls: "yes", IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true } }',
      [],
    ],
    ['nothing of a look-up or a deletion', 'type: AWS::EC2::Instance, action: delete, id: i-1', []],
  ])('%s', (_name, entry, expected) => {
    expect(asks(entry)).toEqual(expected);
  });
});

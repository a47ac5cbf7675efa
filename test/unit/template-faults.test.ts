import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { planOnce } from '../helpers/agent.ts';

/**
 * Reductions of what went wrong with public templates, and what is said of each: `code line: part of the message or of
 * the help`.
 */
const folder = new URL('../../fixtures/templates/', import.meta.url);
const answers: Readonly<Record<string, readonly (readonly [code: string, line: number, says: string])[]>> = {
  'fault-01.yaml': [['pseudo-parameter', 13, 'a change plan has no stack; write a name']],
  'fault-02.yaml': [
    ['secret-not-allowed', 14, 'secrets are allowed in: MasterUserPassword'],
    ['placeholder', 16, 'Tags.Name still holds its placeholder "${AWS::StackName}"'],
    ['placeholder', 17, '!Sub "logs-${AWS::AccountId}"'],
  ],
  'fault-04.yaml': [
    [
      'property-not-supported',
      9,
      'DBSnapshotIdentifier of AWS::RDS::DBInstance is not supported yet: without it something else is made',
    ],
    ['property-not-supported', 9, 'aiplan asks AWS for a major upgrade'],
    ['property-not-supported', 13, 'SourceDBInstanceIdentifier of AWS::RDS::DBInstance is not supported yet'],
    ['property-not-supported', 18, 'LaunchTemplate of AWS::EC2::Instance is not supported yet'],
    ['property-not-supported', 19, 'SecurityGroupIds: [ sg-… ]'],
  ],
  'fault-05.yaml': [
    ['missing-property', 6, 'Engine'],
    ['missing-property', 6, 'MasterUsername'],
    ['missing-property', 6, 'ManageMasterUserPassword'],
    ['missing-property', 7, 'ImageId'],
    ['missing-property', 8, 'Size'],
    ['placeholder', 14, '"${VpcCidr}"'],
  ],
  'fault-06.yaml': [],
  'fault-08.yaml': [],
  'fault-09.yaml': [
    ['missing-property', 9, 'MasterUsername'],
    ['missing-property', 9, 'ManageMasterUserPassword'],
  ],
  'fault-10.yaml': [],
  'fault-12.yaml': [
    ['type-not-supported', 6, 'type: AWS::EC2::SecurityGroup\n    action: update\n    id: sg-0123456789abcdef0'],
    ['type-not-supported', 7, 'AWS::EC2::EIP is not supported yet'],
    ['type-read-only', 8, 'aiplan can look AWS::EC2::VPC up but not create it yet'],
  ],
  'fault-13.yaml': [
    ['unknown-address', 9, 'write the value itself (a change plan has no parameters):  ImageId: …'],
    ['unknown-address', 9, 'InstanceType: …'],
    ['pseudo-parameter', 9, 'delete the line'],
  ],
  'fault-14.yaml': [
    ['cloudformation-spelling', 7, 'type: AWS::EC2::Instance\n    action: create'],
    ['unknown-tag', 11, 'a change plan has no mappings'],
  ],
  'fault-16.yaml': [['reason-needed', 6, 'the user data runs as root']],
  'fault-03.yaml': [],
};

describe('reduced templates: each answer once, at its place, with what to do', () => {
  it.each(readdirSync(folder))('%s', (name) => {
    const { findings } = planOnce(readFileSync(new URL(name, folder), 'utf8'));
    const errors = findings
      .filter(({ severity }) => severity === 'error')
      .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    const wanted = answers[name] ?? [];
    expect(errors.map(({ code, line, message, help }) => [code, line, `${message}\n${help ?? ''}`])).toEqual(
      wanted.map(([code, line, says]) => [code, line, expect.stringContaining(says)]),
    );
    for (const { help } of errors.filter(
      ({ code, message }) => code === 'property-not-supported' && message.includes('something else'),
    ))
      expect(help).not.toContain('delete the line');
  });
});

import { describe, expect, it } from '@jest/globals';
import { familyOf, fittingProblems } from '../../providers/rds/db-instance/fitting.ts';
import { modifyInput } from '../../providers/rds/db-instance/inputs.ts';
import { changedTypeProblems, typeProblems } from '../../providers/ec2/instance/reading/kind.ts';
import { preflightSecurityGroup } from '../../providers/ec2/security-group/preflight.ts';
import type { Program, ReadCall } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { bucketContext } from '../helpers/bucket-context.ts';

/** The result of a check, with answers by operation; what is asked is kept. */
function checked(
  program: Program<readonly string[]>,
  answer: (call: ReadCall) => JsonObject | null,
  asked: ReadCall[] = [],
): readonly string[] {
  let step = program.next();
  while (step.done !== true) {
    if (step.value.kind !== 'read') throw new Error('a check only reads');
    asked.push(step.value.call);
    step = program.next(answer(step.value.call));
  }
  return step.value;
}

const groups: Readonly<Record<string, string>> = { pg14: 'postgres14', pg15: 'postgres15', my80: 'mysql8.0' };
const offers: readonly (readonly [string, string])[] = [
  ['db.m6g.large', '15.4'],
  ['db.m6g.large', '15.10'],
  ['db.m6g.large', '16.1'],
  ['db.m4.large', '13.1'],
];
const rds = ({ operation, input }: ReadCall): JsonObject | null => {
  if (operation === 'DescribeOrderableDBInstanceOptions') {
    return {
      OrderableDBInstanceOptions: offers
        .filter(
          ([kind, version]) =>
            kind === input['DBInstanceClass'] &&
            (input['EngineVersion'] === undefined || version === input['EngineVersion']),
        )
        .map(([DBInstanceClass, EngineVersion]) => ({ DBInstanceClass, EngineVersion })),
    };
  }
  if (operation === 'DescribeOptionGroups')
    return { OptionGroupsList: [{ OptionGroupName: 'audit', EngineName: 'mysql', MajorEngineVersion: '8.0' }] };
  const family = groups[String(input['DBParameterGroupName'])];
  return family === undefined ? null : { DBParameterGroups: [{ DBParameterGroupFamily: family }] };
};
const database = {
  Engine: 'postgres',
  EngineVersion: '15.4',
  DBInstanceClass: 'db.m6g.large',
  DBParameterGroupName: 'pg15',
};
const fits = (more: JsonObject, ...changed: readonly string[]): readonly string[] =>
  checked(fittingProblems({ ...database, ...more }, new Set(changed)), rds);

describe('a database fits together (ModifyDBInstance, DescribeOrderableDBInstanceOptions)', () => {
  it.each<[string, JsonObject, string[], string[]]>([
    ['as it is', {}, ['DBInstanceClass', 'EngineVersion', 'DBParameterGroupName'], []],
    ['a part of a version', { EngineVersion: '15' }, ['EngineVersion'], []],
    [
      'a class that there is not',
      { DBInstanceClass: 'db.m9.large' },
      ['DBInstanceClass'],
      ['no database of engine postgres can have the class "db.m9.large" in this region'],
    ],
    [
      'a class of other versions',
      { DBInstanceClass: 'db.m4.large' },
      ['DBInstanceClass'],
      ['no database of postgres 15.4 can have the class "db.m4.large" in this region'],
    ],
    [
      'a group of another family',
      { DBParameterGroupName: 'pg14' },
      ['DBParameterGroupName'],
      ['the DB parameter group "pg14" is of the family postgres14, and postgres 15.4 takes one of postgres15'],
    ],
    [
      'a group of another engine, without a version',
      { EngineVersion: undefined as unknown as string, DBParameterGroupName: 'my80' },
      ['DBParameterGroupName'],
      ['the DB parameter group "my80" is of the family mysql8.0, and postgres takes one of the families of postgres'],
    ],
    [
      "AWS's group of another version",
      { DBParameterGroupName: 'default.postgres14' },
      ['DBParameterGroupName'],
      [
        'the DB parameter group "default.postgres14" is of the family postgres14, and postgres 15.4 takes one of postgres15',
      ],
    ],
    [
      "a major upgrade with a group of one's own",
      { EngineVersion: '16.1' },
      ['EngineVersion'],
      [
        'the DB parameter group "pg15" is of the family postgres15, and postgres 16.1 takes one of postgres16: name another DBParameterGroupName in the same step',
      ],
    ],
    [
      "a major upgrade with AWS's group, which AWS exchanges",
      { EngineVersion: '16.1', DBParameterGroupName: 'default.postgres15' },
      ['EngineVersion'],
      [],
    ],
    ['a minor upgrade', { EngineVersion: '15.10' }, ['EngineVersion'], []],
    [
      'an option group of another engine',
      { OptionGroupName: 'audit' },
      ['OptionGroupName'],
      ['the option group "audit" is for mysql 8.0, and the database is postgres 15.4'],
    ],
  ])('%s', (_name, more, changed, expected) => {
    expect(fits(JSON.parse(JSON.stringify({ ...database, ...more })) as JsonObject, ...changed)).toEqual(
      expected.map((text) =>
        more['EngineVersion'] === undefined && 'EngineVersion' in more
          ? expect.stringContaining('is of the family')
          : text,
      ),
    );
  });

  it('sends gp3 below its threshold none of what io1 had, and asks for it above', () => {
    const input = (live: JsonObject, after: JsonObject, ...names: readonly string[]): JsonObject =>
      modifyInput('d', new Set(names), { Engine: 'postgres', ...live }, { Engine: 'postgres', ...live, ...after });
    const io1 = { StorageType: 'io1', Iops: 1000, AllocatedStorage: '100' };
    expect(input(io1, { StorageType: 'gp3' }, 'StorageType')).toEqual({
      DBInstanceIdentifier: 'd',
      AllocatedStorage: 100,
      StorageType: 'gp3',
    });
    expect(
      input(
        io1,
        { StorageType: 'gp3', AllocatedStorage: '500', Iops: 12_000 },
        'StorageType',
        'AllocatedStorage',
        'Iops',
      ),
    ).toMatchObject({ Iops: 12_000 });
    expect(fits({ ...io1, StorageType: 'gp3' }, 'StorageType')).toEqual([]);
    expect(fits({ ...io1, StorageType: 'gp3', AllocatedStorage: '500' }, 'StorageType')).toEqual([
      'gp3 storage of 500 GiB takes 12,000 Iops or more, and the database has 1000: write Iops beside StorageType',
    ]);
  });

  it('asks nothing about what does not change', () => {
    const asked: ReadCall[] = [];
    expect(checked(fittingProblems(database, new Set(['Tags'])), rds, asked)).toEqual([]);
    expect(asked).toEqual([]);
  });

  it.each([
    ['postgres', '15.4', 'postgres15'],
    ['postgres', '9.6.1', 'postgres9.6'],
    ['mysql', '8.0.35', 'mysql8.0'],
    ['mysql', '8.4.1', 'mysql8.4'],
    ['mariadb', '10.11.6', 'mariadb10.11'],
    ['aurora-postgresql', '15.4', 'aurora-postgresql15'],
    ['aurora-mysql', '8.0.mysql_aurora.3.05.2', 'aurora-mysql8.0'],
    ['oracle-ee', '19.0.0.0.ru-2024-01.rur-2024-01.r1', 'oracle-ee-19'],
    ['sqlserver-se', '15.00.4236.7.v1', 'sqlserver-se-15.0'],
    ['db2-se', '11.5.9.0', 'db2-se-11.5'],
    ['mysql', '8', undefined],
  ])('the family of %s %s', (engine, version, family) => {
    expect(familyOf(engine, version)).toBe(family);
  });
});

describe('an instance type runs what it is to run (RunInstances, ModifyInstanceAttribute)', () => {
  const types: Readonly<Record<string, readonly string[]>> = {
    't3.micro': ['i386', 'x86_64'],
    't3.small': ['i386', 'x86_64'],
    't4g.micro': ['arm64'],
  };
  const ec2 = ({ input }: ReadCall): JsonObject => {
    const type = String(((input['Filters'] as JsonObject[])[0]?.['Values'] as string[])[0]);
    return {
      InstanceTypes:
        types[type] === undefined
          ? []
          : [{ InstanceType: type, ProcessorInfo: { SupportedArchitectures: types[type] } }],
    };
  };
  it('of a new one', () => {
    expect(checked(typeProblems('t3.micro', 'x86_64'), ec2)).toEqual([]);
    expect(checked(typeProblems('t4g.micro', 'x86_64'), ec2)).toEqual([
      '"t4g.micro" is for arm64, and the image is for x86_64: choose a type and an image of one architecture',
    ]);
    expect(checked(typeProblems('t9.micro', 'x86_64'), ec2)).toEqual([
      'the instance type "t9.micro" does not exist in this region',
    ]);
    expect(checked(typeProblems('t4g.micro', undefined), ec2)).toEqual([]);
  });
  it('of one that is there', () => {
    expect(checked(changedTypeProblems('t3.micro', 't3.small'), ec2)).toEqual([]);
    expect(checked(changedTypeProblems('t3.micro', 't4g.micro'), ec2)).toEqual([
      '"t4g.micro" is for arm64, and the system of the instance was made for i386 and x86_64: launch another one from an image for arm64',
    ]);
    expect(checked(changedTypeProblems('t3.micro', 't9.small'), ec2)).toEqual([
      'the instance type "t9.small" does not exist in this region',
    ]);
  });
});

describe('the quota of rules of a group (Amazon VPC quotas)', () => {
  const rules = (from: number, count: number): JsonObject[] =>
    Array.from({ length: count }, (_, index) => ({
      IpProtocol: 'tcp',
      FromPort: from + index,
      ToPort: from + index,
      CidrIp: '10.0.0.0/8',
    }));
  const problems = (before: JsonObject[], after: JsonObject[]): readonly string[] => {
    const context = bucketContext({
      type: 'AWS::EC2::SecurityGroup',
      identity: 'sg-1',
      properties: { SecurityGroupIngress: before },
    });
    return checked(
      preflightSecurityGroup({ ...context, desired: { SecurityGroupIngress: after } }, 'update'),
      () => null,
    );
  };
  it('more than 60, also while they are exchanged', () => {
    expect(problems(rules(1, 60), rules(1, 60))).toEqual([]);
    expect(problems(rules(1, 59), rules(2, 59))).toEqual([]);
    expect(problems(rules(1, 60), rules(1, 61))).toEqual([
      'sg-1 would have 61 ingress rules, and AWS takes 60 unless the quota was raised: merge ranges, or spread the rules over several groups',
    ]);
    expect(problems(rules(1, 60), rules(2, 60))).toEqual([
      'sg-1 would have 61 ingress rules while rules are exchanged, and AWS takes 60: what comes is added before what goes is revoked; revoke in one plan and add in the next',
    ]);
    // More than the quota are there: it was raised.
    expect(problems(rules(1, 80), rules(2, 80))).toEqual([]);
  });
  it('IPv4 and IPv6 are counted apart', () => {
    const ipv6 = rules(1, 60).map(({ CidrIp: _range, ...rule }) => ({ ...rule, CidrIpv6: '::/0' }));
    expect(problems([], [...rules(1, 60), ...ipv6])).toEqual([]);
    expect(
      problems(
        [],
        [...rules(1, 60), ...ipv6, { IpProtocol: 'tcp', FromPort: 1, ToPort: 1, SourceSecurityGroupId: 'sg-2' }],
      ),
    ).toHaveLength(1);
  });
});

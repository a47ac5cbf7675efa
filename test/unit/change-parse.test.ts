import { describe, expect, it } from '@jest/globals';
import { UserError } from '../../src/base/error.ts';
import { codes, parse, planOf } from '../helpers/change-types.ts';

const entry = (text: string) => {
  const { changePlan, findings } = parse(planOf(text));
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  return changePlan!.resources[0]!;
};
const database = (properties: string, more = ''): string =>
  `  Db:\n    type: AWS::RDS::DBInstance\n    action: update\n    id: x\n    rotate: r\n${more}    properties: { MasterUserPassword: !Env AIPLAN_SECRET_X, ${properties} }`;

describe('what a valid plan becomes', () => {
  it('coerces scalars by schema where nothing is lost', () => {
    const { properties } = entry(
      database(
        'AllocatedStorage: 200, EngineVersion: 16.10, Port: -1, MultiAZ: "true", Iops: "3000", MonitoringInterval: 60, Tags: { a: true, b: 1.50, c: 007a, d: "" }',
      ),
    );
    expect(properties).toEqual({
      MasterUserPassword: { $secret: { env: 'AIPLAN_SECRET_X' } },
      AllocatedStorage: '200',
      EngineVersion: '16.10',
      Port: '-1',
      MultiAZ: true,
      Iops: 3000,
      MonitoringInterval: 60,
      Tags: { a: 'true', b: '1.50', c: '007a', d: '' },
    });
  });

  it('keeps null where null means something', () => {
    expect(
      entry(
        database(
          'BackupRetentionPeriod: null, VPCSecurityGroups: null, Tags: { owner: ~ }',
          '    expect: { KmsKeyId: null, Tags: { x: null } }\n',
        ),
      ),
    ).toMatchObject({
      properties: { BackupRetentionPeriod: null, VPCSecurityGroups: null, Tags: { owner: null } },
      expect: { KmsKeyId: null, Tags: { x: null } },
    });
    expect(
      entry('  B: { type: AWS::S3::Bucket, action: update, id: b, properties: { CorsConfiguration: null } }')
        .properties,
    ).toEqual({ CorsConfiguration: null });
  });

  it('reads tags and long forms alike', () => {
    const short = entry(
      '  Web: { type: AWS::EC2::Instance, action: create, properties: { ImageId: ami-1, SecurityGroupIds: [ !Ref G, !GetAtt G.GroupId ] } }\n  G: { type: AWS::EC2::SecurityGroup, action: read, id: sg-1, expect: { VpcId: !Any } }',
    );
    const long = entry(
      '  Web: { type: AWS::EC2::Instance, action: create, properties: { ImageId: ami-1, SecurityGroupIds: [ { Ref: G }, { "Fn::GetAtt": G.GroupId } ] } }\n  G: { type: AWS::EC2::SecurityGroup, action: read, id: sg-1, expect: { VpcId: { "Fn::Any": true } } }',
    );
    expect(short.properties?.['SecurityGroupIds']).toEqual([{ Ref: 'G' }, { 'Fn::GetAtt': ['G', 'GroupId'] }]);
    expect(long.properties).toEqual(short.properties);
  });

  it('joins the parts of an identity and keeps the order of the file', () => {
    const { changePlan } = parse(
      planOf(
        '  Z: { type: AWS::S3::Bucket, action: read, id: { BucketName: z } }\n  A: { type: AWS::S3::Bucket, action: read, id: 42 }\n  "10": { type: AWS::S3::Bucket, action: read, id: b }'.replace(
          '"10"',
          'B10',
        ),
      ),
    );
    expect(changePlan?.resources.map(({ address, id }) => [address, id])).toEqual([
      ['Z', 'z'],
      ['A', '42'],
      ['B10', 'b'],
    ]);
  });

  it('joins the parts of a composite identity in the order of the schema', () => {
    const base = parse(planOf('  Z: { type: AWS::S3::Bucket, action: read, id: z }'));
    expect(base.changePlan?.resources[0]?.id).toBe('z');
    const schemas = (type: string) =>
      type === 'AWS::S3::Bucket'
        ? {
            type,
            documentation: '',
            primaryIdentifier: ['VpcId', 'Name'],
            stateful: false,
            tagProperty: null,
            properties: {},
            attributes: {},
            definitions: {},
          }
        : undefined;
    const composite = (id: string) =>
      parse(planOf(`  Z: { type: AWS::S3::Bucket, action: read, id: ${id} }`), { schemas });
    expect(composite('{ Name: n, VpcId: v }').changePlan?.resources[0]?.id).toBe('v|n');
    expect(composite('v|n').changePlan?.resources[0]?.id).toBe('v|n');
    expect(composite('{ Name: n }').findings.map(({ code }) => code)).toEqual(['invalid-id']);
    expect(composite('v').findings.map(({ code }) => code)).toEqual(['invalid-id']);
    expect(composite('"v|"').findings.map(({ code }) => code)).toEqual(['invalid-id']);
  });

  it('says where everything stands', () => {
    const { source, positions } = entry(
      '  G:\n    type: AWS::EC2::SecurityGroup\n    action: update\n    id: sg-1\n    properties:\n      SecurityGroupIngress:\n        - IpProtocol: tcp\n          FromPort: 1\n      Tags: { a: b }',
    );
    expect(source).toEqual({ line: 6, column: 3 });
    expect(positions).toMatchObject({
      action: { line: 8, column: 5 },
      'properties.SecurityGroupIngress': { line: 11, column: 7 },
      'properties.SecurityGroupIngress.0': { line: 12, column: 11 },
      'properties.SecurityGroupIngress.0.FromPort': { line: 13, column: 11 },
      'properties.Tags.a': { line: 14, column: 15 },
    });
  });

  it('inlines !Text beside the plan, and only there', () => {
    const read = (path: string) =>
      parse(
        planOf(
          `  I: { type: AWS::EC2::Instance, action: create, properties: { ImageId: ami-1, UserData: !Text ${path} } }`,
        ),
        {
          readText: (name) => {
            if (name === 'bad') throw new Error('no such file');
            if (name === 'linked') throw new UserError('text-linked', 'it has 2 names', { help: 'copy it' });
            return name === 'odd' ? 'a\u0000' : `#!/bin/sh\n\techo ${name}\n`;
          },
        },
      );
    expect(read('boot/a.sh').changePlan?.resources[0]?.properties?.['UserData']).toBe('#!/bin/sh\n\techo boot/a.sh\n');
    for (const path of ['/etc/passwd', '../x', 'a/../../x', '~/x', 'C:\\x', 'bad', 'odd'])
      expect(read(path).findings.map(({ code }) => code)).toEqual(['text-not-readable']);
    expect(read('linked').findings).toMatchObject([
      { code: 'text-not-readable', message: expect.stringContaining('it has 2 names'), help: 'copy it' },
    ]);
    expect(
      codes(planOf('  B: { type: AWS::S3::Bucket, action: create, properties: { BucketName: !Text x } }')),
    ).toEqual(['text-not-allowed 6:79']);
  });

  it('reads a file with a byte order mark, CR LF and a document start', () => {
    const text = `\ufeff---\n${planOf('  A: { type: AWS::S3::Bucket, action: read, id: a }')}`.replaceAll('\n', '\r\n');
    expect(parse(text).changePlan?.resources).toHaveLength(1);
  });
});

describe('findings that are no errors', () => {
  it('leave the plan usable', () => {
    const text = planOf(
      '  A: { type: AWS::S3::Bucket, action: delete, id: a, reason: old, when: now }\n  B: { type: AWS::S3::Bucket, action: read, id: b, accept_loss: none }\n  D:\n    type: AWS::RDS::DBInstance\n    action: update\n    id: d\n    properties: { MasterUserPassword: !File /run/x }',
    );
    expect(codes(text)).toEqual([
      'warning delete-without-expect 6:6',
      'warning when-ignored 6:67',
      'warning accept-loss-ignored 7:52',
      'warning secret-without-rotate 9:5',
    ]);
    expect(parse(text).changePlan?.resources[0]).not.toHaveProperty('when');
  });
});

import { describe, expect, it } from '@jest/globals';
import { toLanguage } from '../../src/language/plain-json.ts';
import { writeChangePlan } from '../../src/language/write.ts';
import { parse, planOf } from '../helpers/change-types.ts';

const bucket = (name: string): string =>
  planOf(`  B: { type: AWS::S3::Bucket, action: create, properties: { BucketName: ${name} } }`);
const tag = (value: string): string =>
  planOf(
    `  Group: { type: AWS::EC2::SecurityGroup, action: create, properties: { GroupName: g, GroupDescription: g } }\n  V: { type: AWS::EC2::Volume, action: update, id: vol-1, properties: { Tags: { t: ${value} } } }`,
  );
const errors = (text: string) => parse(text).findings.filter(({ severity }) => severity === 'error');
const nameOf = (text: string): unknown => parse(text).changePlan?.resources[0]?.properties?.['BucketName'];
const tagOf = (text: string): unknown =>
  (parse(text).changePlan?.resources[1]?.properties?.['Tags'] as Record<string, unknown> | undefined)?.['t'];

describe('functions that the file alone computes read like the literal', () => {
  it.each([
    ['!Sub "logs-${AWS::AccountId}-${AWS::Region}"', 'logs-123456789012-eu-west-1'],
    ['{ "Fn::Sub": "logs-${AWS::AccountId}" }', 'logs-123456789012'],
    ['!Sub ["${Kind}-${AWS::Region}", { Kind: !Join ["-", [a, 7, true]] }]', 'a-7-true-eu-west-1'],
    ['!Join ["-", [a, !Ref AWS::Region]]', 'a-eu-west-1'],
    ['!Select [1, !Split [",", "a,bee"]]', 'bee'],
    ['!Select ["0", [one, two]]', 'one'],
    ['!Ref AWS::AccountId', '123456789012'],
  ])('%s', (written, value) => {
    expect(errors(bucket(written))).toEqual([]);
    expect(nameOf(bucket(written))).toBe(value);
  });

  it.each([
    ['!Sub "arn:${AWS::Partition}:s3:::b.${AWS::URLSuffix}"', 'cn-north-1', 'arn:aws-cn:s3:::b.amazonaws.com.cn'],
    ['!Ref AWS::Partition', 'us-gov-west-1', 'aws-us-gov'],
    ['!Ref AWS::URLSuffix', 'eu-west-1', 'amazonaws.com'],
  ])('%s in %s', (written, region, value) => {
    expect(tagOf(tag(written).replace('eu-west-1', region))).toBe(value);
  });

  it('takes the value through the coercion and allowed values of its property', () => {
    const database = (properties: string) =>
      parse(
        planOf(`  D: { type: AWS::RDS::DBInstance, action: update, id: d, when: now, properties: { ${properties} } }`),
      );
    expect(
      database(
        'BackupRetentionPeriod: !Select [0, !Split [",", "14,7"]], StorageType: !Join ["", [G, P3]], MultiAZ: !Sub "True"',
      ).changePlan?.resources[0]?.properties,
    ).toEqual({ BackupRetentionPeriod: 14, StorageType: 'gp3', MultiAZ: true });
    expect(database('BackupRetentionPeriod: !Sub "a${AWS::Region}"').findings.map(({ code }) => code)).toEqual([
      'wrong-type',
    ]);
    expect(database('StorageType: !Sub "x${AWS::Region}"').findings.map(({ code }) => code)).toEqual([
      'value-not-allowed',
    ]);
    expect(database('VPCSecurityGroups: !Split [",", "sg-1,sg-2"]').changePlan?.resources[0]?.properties).toEqual({
      VPCSecurityGroups: ['sg-1', 'sg-2'],
    });
  });

  it('keeps what only looks like a placeholder', () => {
    expect(tagOf(tag('!Sub "a ${!Name}"'))).toBe('a ${Name}');
  });
});

describe('functions that wait for another entry', () => {
  it.each([
    ['!Sub "x-${Group.GroupId}"', { 'Fn::Join': ['', ['x-', { 'Fn::GetAtt': ['Group', 'GroupId'] }]] }],
    ['!Join [":", [a, !Ref Group]]', { 'Fn::Join': [':', ['a', { Ref: 'Group' }]] }],
    ['!Select [1, !Split ["-", !Ref Group]]', { 'Fn::Select': ['1', { 'Fn::Split': ['-', { Ref: 'Group' }] }] }],
    ['!Base64 { Ref: Group }', { 'Fn::Base64': { Ref: 'Group' } }],
  ])('%s', (written, json) => {
    expect(errors(tag(written))).toEqual([]);
    expect(tagOf(tag(written))).toEqual(json);
    const plan = parse(tag(written)).changePlan!;
    for (const text of [writeChangePlan(plan), JSON.stringify(toLanguage(plan))]) expect(tagOf(text)).toEqual(json);
  });

  it('judges the references inside', () => {
    expect(errors(tag('!Sub "${Grup}"'))).toMatchObject([
      { code: 'unknown-address', message: 'there is no entry "Grup"; did you mean "Group"?' },
    ]);
    expect(errors(tag('!Join ["", [!GetAtt Group.Nothing]]')).map(({ code }) => code)).toEqual(['unknown-attribute']);
  });
});

describe('wrong arguments, each one error with what to write', () => {
  it.each([
    ['!Sub [a]', []],
    ['!Sub [a, b]', ['tag-argument']],
    ['!Join [a]', ['tag-argument']],
    ['!Join a', ['tag-argument']],
    ['!Select [9, [a]]', ['tag-argument']],
    ['!Split ["", a]', ['tag-argument']],
    ['!GetAZs us-east-1', ['tag-argument']],
    ['!GetAZs ""', ['reference-type']],
    ['!Split [",", !Ref Group]', ['reference-type']],
    ['!Sub "${AWS::StackName}"', ['pseudo-parameter']],
    ['!Ref AWS::NoValue', ['pseudo-parameter']],
    ['!FindInMap [a, b, c]', ['unknown-tag']],
    ['!Join ["", [!Env AIPLAN_SECRET_X]]', ['tag-argument']],
    ['{ "Fn::Sub": a, b: c }', ['tag-argument']],
  ])('%s', (written, codes) => {
    expect(errors(tag(written)).map(({ code }) => code)).toEqual(codes);
  });

  it('says what to write instead of a pseudo parameter that needs a stack', () => {
    expect(errors(bucket('!Sub "${AWS::StackName}-x"'))).toMatchObject([
      { help: 'a change plan has no stack; write a name, such as that of the plan:  test' },
    ]);
    expect(errors(bucket('!Ref AWS::NoValue'))[0]?.help).toContain('delete the line');
  });
});

describe('dynamic references', () => {
  it('look a plain parameter up as an entry that is read', () => {
    const { changePlan, findings } = parse(bucket('"a-{{resolve:ssm:/x/y.z:3}}"'));
    expect(findings).toEqual([]);
    expect(changePlan?.resources).toMatchObject([
      {
        address: 'B',
        properties: {
          BucketName: { 'Fn::Join': ['', ['a-', { 'Fn::GetAtt': ['{{resolve:ssm:/x/y%2Ez:3}}', 'Value'] }]] },
        },
      },
      {
        address: '{{resolve:ssm:/x/y%2Ez:3}}',
        type: 'AWS::SSM::Parameter',
        action: 'read',
        id: '/x/y.z:3',
        lookup: true,
      },
    ]);
    expect(nameOf(writeChangePlan(changePlan!))).toEqual(changePlan?.resources[0]?.properties?.['BucketName']);
  });

  it('list the Availability Zones of the region', () => {
    const { changePlan, findings } = parse(
      planOf(
        '  V: { type: AWS::EC2::Volume, action: create, properties: { AvailabilityZone: !Select [0, !GetAZs ""], Size: 10 } }',
      ),
    );
    expect(findings).toEqual([]);
    expect(changePlan?.resources[0]?.properties?.['AvailabilityZone']).toEqual({
      'Fn::Select': ['0', { 'Fn::GetAtt': ['GetAZs:eu-west-1', 'Names'] }],
    });
    expect(changePlan?.resources[1]).toMatchObject({
      type: 'AWS::EC2::AvailabilityZones',
      id: 'eu-west-1',
      lookup: true,
    });
    expect(writeChangePlan(changePlan!)).toContain('!GetAZs');
  });

  const password = (value: string, secrets?: { prefixes: string[]; files: string[] }) =>
    parse(
      planOf(
        `  D: { type: AWS::RDS::DBInstance, action: update, id: d, rotate: w, properties: { MasterUserPassword: ${value} } }`,
      ),
      secrets === undefined ? {} : { secrets },
    );

  it.each([
    [
      '"{{resolve:secretsmanager:AIPLAN_SECRET_db:SecretString:password}}"',
      { manager: 'AIPLAN_SECRET_db:SecretString:password' },
    ],
    ['"{{resolve:ssm-secure:/AIPLAN_SECRET_db:2}}"', { parameter: '/AIPLAN_SECRET_db:2' }],
    ['!Sub "{{resolve:secretsmanager:AIPLAN_SECRET_${AWS::Region}}}"', { manager: 'AIPLAN_SECRET_eu-west-1' }],
  ])('%s stands in a secret property', (written, $secret) => {
    const { changePlan, findings } = password(written, { prefixes: [], files: [] });
    expect(findings).toEqual([]);
    expect(changePlan?.resources[0]?.properties).toEqual({ MasterUserPassword: { $secret } });
    expect(parse(writeChangePlan(changePlan!)).changePlan?.resources[0]?.properties).toEqual({
      MasterUserPassword: { $secret },
    });
  });

  it('reads only secrets that the configuration outside the working tree allows', () => {
    expect(password('"{{resolve:secretsmanager:prod/db}}"', { prefixes: [], files: [] }).findings).toMatchObject([
      { code: 'secret-source-not-allowed', help: expect.stringContaining('secret_prefixes: [ prod/db ]') },
    ]);
    expect(password('"{{resolve:secretsmanager:prod/db}}"', { prefixes: ['prod/'], files: [] }).findings).toEqual([]);
  });

  it('names no secret by another entry: one error, which says what to write', () => {
    const { findings } = password('!Sub "{{resolve:secretsmanager:${Credential}:SecretString:password}}"', {
      prefixes: [],
      files: [],
    });
    expect(findings).toMatchObject([
      {
        code: 'dynamic-reference',
        help: 'name the secret itself:  "{{resolve:secretsmanager:NAME:SecretString:KEY}}"',
      },
    ]);
  });

  it('refuses secrets anywhere else, and plain parameters as secrets', () => {
    expect(errors(bucket('"{{resolve:secretsmanager:x}}"')).map(({ code }) => code)).toEqual(['secret-not-allowed']);
    expect(errors(bucket('!Sub "{{resolve:ssm-secure:/x}}"')).map(({ code }) => code)).toEqual(['secret-not-allowed']);
    expect(errors(bucket('"{{resolve:dynamodb:x}}"')).map(({ code }) => code)).toEqual(['dynamic-reference']);
    expect(password('"{{resolve:ssm:/x}}"').findings.map(({ code }) => code)).toEqual(['literal-secret']);
    expect(password('"hunter2"').findings.map(({ code, message }) => [code, message.includes('hunter2')])).toEqual([
      ['literal-secret', false],
    ]);
  });
});

describe('placeholders that nobody filled in', () => {
  it.each([
    ['"${Name}"', '${Name}'],
    ['"x-{{ name }}"', '{{ name }}'],
    ['<name>', '<name>'],
    ['"my-<bucket-name>-x"', '<bucket-name>'],
    ['"<%= name %>"', '<%= name %>'],
    ['"${{ secrets.X }}"', '${{ secrets.X }}'],
  ])('%s', (written, found) => {
    expect(errors(bucket(written))).toMatchObject([
      { code: 'placeholder', message: `BucketName still holds its placeholder "${found}"` },
    ]);
    expect(errors(tag(written)).map(({ code }) => code)).toEqual(['placeholder']);
  });

  it('hands over what fills it in where the file knows it', () => {
    expect(errors(bucket('"logs-${AWS::AccountId}"'))[0]?.help).toBe(
      'to have it filled in, write  !Sub "logs-${AWS::AccountId}"',
    );
    expect(errors(tag('"${Group.GroupId}"'))[0]?.help).toBe('to have it filled in, write  !Sub "${Group.GroupId}"');
  });

  it('stand in the id, the head and tag keys too', () => {
    expect(
      errors(planOf('  B: { type: AWS::S3::Bucket, action: delete, id: "${B}", reason: r }')).map(({ code }) => code),
    ).toEqual(['placeholder']);
    expect(errors(bucket('b').replace('Try it', 'Try {{ it }}')).map(({ code }) => code)).toEqual(['placeholder']);
    expect(errors(bucket('b').replace('"123456789012"', '"${Account}"')).map(({ code }) => code)).toEqual([
      'placeholder',
    ]);
    expect(errors(tag('x').replace('t: x', '"{{ k }}": x')).map(({ code }) => code)).toEqual(['placeholder']);
  });

  it('are not what policies and programs hold by right', () => {
    const { findings } = parse(
      planOf(
        [
          '  G: { type: AWS::RDS::DBParameterGroup, action: read, id: g, expect: { Parameters: { a: "arn:aws:s3:::b/${aws:username}/${aws:PrincipalTag/team, \'x\'}/*" } } }',
          '  W: { type: AWS::EC2::Instance, action: create, properties: { ImageId: ami-1, UserData: "#!/bin/sh\\necho ${HOME} {{ x }} <b>hi</b>" } }',
          '  V: { type: AWS::EC2::Volume, action: update, id: vol-1, properties: { Tags: { mail: "a < b and c > d", to: "<3" } } }',
        ].join('\n'),
      ),
    );
    expect(findings).toEqual([]);
    expect(
      errors(
        planOf(
          '  G: { type: AWS::RDS::DBParameterGroup, action: read, id: g, expect: { Parameters: { a: "arn:aws:s3:::${Bucket}/*" } } }',
        ),
      ).map(({ code }) => code),
    ).toEqual(['placeholder']);
  });
});

describe("AWS's own spellings", () => {
  const volume = (properties: string) =>
    parse(
      planOf(
        `  V: { type: AWS::EC2::Volume, action: create, properties: { AvailabilityZone: a, Size: 1, ${properties} } }`,
      ),
    );
  it('takes tags as a list, functions as values too', () => {
    expect(
      volume('Tags: [ { Key: Name, Value: !Sub "web-${AWS::Region}" }, { Key: n, Value: 1234 }, { Key: empty } ]')
        .changePlan?.resources[0]?.properties?.['Tags'],
    ).toEqual({ Name: 'web-eu-west-1', n: '1234', empty: '' });
    expect(volume('Tags: [ { Key: a, Value: b }, { Key: a, Value: c } ]').findings.map(({ code }) => code)).toEqual([
      'duplicate-key',
    ]);
    expect(volume('Tags: [ { key: a, value: b } ]').findings.map(({ code }) => code)).toEqual(['wrong-type']);
    expect(volume('Tags: [ { Key: a, Value: b, PropagateAtLaunch: true } ]').findings.map(({ code }) => code)).toEqual([
      'unknown-property',
    ]);
  });

  it('coerces what loses nothing', () => {
    expect(volume('VolumeType: GP3, Encrypted: "TRUE"').changePlan?.resources[0]?.properties).toMatchObject({
      VolumeType: 'gp3',
      Encrypted: true,
    });
    expect(volume('Iops: 3000GB').findings).toMatchObject([{ code: 'wrong-type', help: 'write  3000' }]);
    expect(
      parse(
        planOf(
          '  V: { type: AWS::EC2::Volume, action: update, id: vol-1, properties: { Tags: { account: 123456789012 } } }',
        ),
      ).findings.map(({ code }) => code),
    ).toEqual(['unquoted-number']);
  });

  it('takes addresses of 255 characters', () => {
    const long = (length: number) =>
      errors(planOf(`  ${'A'.repeat(length)}: { type: AWS::S3::Bucket, action: read, id: b }`)).map(({ code }) => code);
    expect([long(255), long(256)]).toEqual([[], ['invalid-address']]);
  });
});

describe('names that are left out', () => {
  const chosen = (type: string, properties: string, address = 'Site_Logs', plan = 'test'): unknown => {
    const { changePlan, findings } = parse(
      planOf(`  ${address}: { type: AWS::${type}, action: create, properties: { ${properties} } }`).replace(
        'name: test',
        `name: ${plan}`,
      ),
    );
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    return changePlan?.resources[0]?.properties;
  };

  it('are chosen from plan, address and target, the same each time', () => {
    expect(chosen('S3::Bucket', 'Tags: {}')).toEqual({
      BucketName: expect.stringMatching(/^test-site-logs-[0-9a-f]{10}$/u),
      Tags: {},
    });
    expect(chosen('S3::Bucket', 'Tags: {}')).toEqual(chosen('S3::Bucket', 'Tags: {}'));
    expect(chosen('S3::Bucket', 'Tags: {}')).not.toEqual(chosen('S3::Bucket', 'Tags: {}', 'Site_Logs', 'other'));
    expect(chosen('EC2::SecurityGroup', 'GroupDescription: g', 'A', 'sg-web')).toMatchObject({
      GroupName: expect.stringMatching(/^a-sg-web-a-[0-9a-f]{10}$/u),
    });
  });

  it('are valid for RDS and S3, however long or odd the address is', () => {
    for (const address of ['A'.repeat(255), `B${'_-'.repeat(40)}`, 'Ab-']) {
      const { DBInstanceIdentifier: name } = chosen(
        'RDS::DBInstance',
        'DBInstanceClass: db.t3.micro, Engine: mysql',
        address,
      ) as { DBInstanceIdentifier: string };
      expect(name).toMatch(/^[a-z](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/u);
    }
  });

  it('are said, with the line to have them in the file', () => {
    expect(parse(planOf('  B: { type: AWS::S3::Bucket, action: create, properties: {} }')).findings).toMatchObject([
      { code: 'name-chosen', severity: 'info', message: expect.stringContaining('aiplan chooses "test-b-') },
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { limits } from '../../src/language/reader/limits.ts';
import { codes, parse, planOf } from '../helpers/change-types.ts';

const bucket = (fields: string): string => planOf(`  B: { type: AWS::S3::Bucket, ${fields} }`);
const database = (properties: string): string =>
  planOf(`  D: { type: AWS::RDS::DBInstance, action: update, id: d, properties: { ${properties} } }`);
const only = (text: string): string[] =>
  parse(text)
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ code }) => code);
const head = (from: string | RegExp, to: string): string => bucket('action: read, id: b').replace(from, to);

describe('the file', () => {
  it.each([
    ['', ['empty-file']],
    ['# only a comment\n', ['empty-file']],
    ['null', ['empty-file']],
    ['[]', ['not-a-change-plan']],
    ['5', ['not-a-change-plan']],
    ['!Ref x', ['not-a-change-plan']],
    ['a: [1', ['yaml-syntax']],
    ['{"a": 1,}', Array<string>(5).fill('missing-field')],
    ['a: 1\n---\na: 2', ['several-documents']],
    ['%YAML 1.1\n---\na: 1', ['yaml-directive']],
    ['%TAG ! tag:x,2000:\n---\na: 1', ['yaml-directive']],
    ['# \u202e', ['unsafe-character']],
    ['# \u0007', ['unsafe-character']],
    ['\ta: 1', ['yaml-syntax']],
  ])('%j', (text, expected) => {
    expect(only(text).slice(0, expected.length)).toEqual(expected);
  });

  it('states its limits', () => {
    expect(only('a'.repeat(limits.characters + 1))).toEqual(['file-too-large']);
    expect(
      only(head('intent: Try it', `intent: ${'[ '.repeat(limits.depth + 1)}1${' ]'.repeat(limits.depth + 1)}`)),
    ).toContain('too-deep');
    expect(only('['.repeat(100_000))).toEqual(['too-deep']);
    expect(only('- '.repeat(100_000))).toEqual(['too-deep']);
    expect(
      only(planOf(Array.from({ length: limits.resources + 1 }, (_, index) => `  B${index}: { }`).join('\n'))),
    ).toEqual(['too-many-resources']);
    expect(only(`{"a": [${'1,'.repeat(limits.values)}1]}`)).toEqual(['too-many-values']);
    expect(only(bucket(`action: create, properties: { BucketName: "${'x'.repeat(limits.text + 1)}" }`))).toContain(
      'text-too-long',
    );
    expect(only(head('intent: Try it', `intent: ${'x'.repeat(limits.prose + 1)}`))).toEqual(['text-too-long']);
  });

  it('lists many findings, and then their number', () => {
    const { findings } = parse(
      planOf(Array.from({ length: limits.findings }, (_, index) => `  B${index}: { }`).join('\n')),
    );
    expect(findings).toHaveLength(limits.findings + 1);
    expect(findings.at(-1)).toMatchObject({
      code: 'too-many-findings',
      severity: 'error',
      message: '2000 more findings are not listed',
    });
  });
});

describe('the head', () => {
  it.each([
    [head('aiplan: 1\n', ''), 'missing-field'],
    [head('aiplan: 1', 'aiplan: 2'), 'unsupported-version'],
    [head('aiplan: 1', 'aiplan: [1]'), 'unsupported-version'],
    [head('name: test', 'name: Test'), 'invalid-name'],
    [head('name: test', 'name: 1a'), 'invalid-name'],
    [head('name: test', 'name:'), 'empty-text'],
    [head('intent: Try it', 'intent: "  "'), 'empty-text'],
    [head('intent: Try it', 'intent: { a: b }'), 'wrong-type'],
    [head('intent: Try it', 'intent: "<what for>"'), 'placeholder'],
    [head('intent: Try it', 'intent: "a\\u001b[2Jb"'), 'unsafe-character'],
    [head('"123456789012"', '123456789012'), 'unquoted-number'],
    [head('"123456789012"', '012345678901'), 'unquoted-number'],
    [head('"123456789012"', '"1234-5678-9012"'), 'invalid-account'],
    [head('eu-west-1', 'eu-west-1a'), 'invalid-region'],
    [head('eu-west-1', 'Ireland'), 'invalid-region'],
    [head('region: eu-west-1', 'zone: x'), 'unknown-field'],
    [head(/target: .*/u, 'target: x'), 'wrong-type'],
    [head('intent: Try it', 'intent: x\nextra: 1'), 'unknown-field'],
    [head('intent: Try it', 'intent: x\nauthor: me'), 'wrong-type'],
    [head('intent: Try it', 'intent: x\nassume: one'), 'wrong-type'],
    [head('intent: Try it', 'intent: x\nrollbackOf: run-1'), 'unknown-field'],
    [head(/resources:[^]*/u, 'resources: {}'), 'no-resources'],
    [head(/resources:[^]*/u, 'resources: []'), 'wrong-type'],
    [head(/resources:[^]*/u, 'resources: { "a b": 1 }'), 'invalid-address'],
  ])('%#', (text, code) => {
    expect(only(text)).toContain(code);
  });

  it('gives the quoted account to paste', () => {
    expect(parse(head('"123456789012"', '012345678901')).findings[0]?.help).toBe(
      'put it in quotes:  account: "012345678901"',
    );
  });
});

describe('the field table', () => {
  const full: Readonly<Record<string, string>> = {
    id: 'id: b',
    find: 'find: { Tags: { a: b } }',
    properties: 'properties: { BucketName: b, Tags: { a: b } }',
    expect: 'expect: { Tags: { a: b } }',
    reason: 'reason: r',
    when: 'when: now',
    rotate: 'rotate: w',
    order: 'order: create-first',
    carry: 'carry: [ x ]',
    depends_on: 'depends_on: []',
    accept_loss: 'accept_loss: l',
  };
  const base: Readonly<Record<string, readonly string[]>> = {
    read: ['id'],
    create: ['properties'],
    update: ['id', 'properties'],
    replace: ['id', 'properties', 'reason', 'order'],
    delete: ['id', 'reason', 'expect'],
  };
  const write = (action: string, names: readonly string[]): string =>
    bucket(
      [
        `action: ${action}`,
        ...names.map((name) =>
          name === 'properties' && action !== 'create' ? 'properties: { Tags: { a: b } }' : full[name]!,
        ),
      ].join(', '),
    );
  const no: Readonly<Record<string, readonly string[]>> = {
    read: ['properties', 'reason', 'rotate', 'order', 'carry'],
    create: ['id', 'find', 'expect', 'rotate', 'order', 'carry'],
    update: ['order', 'carry'],
    replace: ['find', 'rotate'],
    delete: ['find', 'rotate', 'order', 'carry'],
  };

  it.each(Object.keys(base))('%s: what it needs, refuses and ignores', (action) => {
    expect(codes(write(action, base[action]!))).toEqual([]);
    for (const name of base[action]!) {
      const without = codes(
        write(
          action,
          base[action]!.filter((field) => field !== name),
        ),
      ).map((text) => text.replace(/ \d+:\d+$/u, ''));
      expect([name, without]).toEqual([name, [name === 'expect' ? 'warning delete-without-expect' : 'missing-field']]);
    }
    for (const name of no[action]!)
      expect([name, only(write(action, [...base[action]!, name]))]).toEqual([
        name,
        expect.arrayContaining(['field-not-allowed']),
      ]);
    if (action !== 'update' && action !== 'replace')
      expect(codes(write(action, [...base[action]!, 'when']))[0]).toContain('warning when-ignored');
  });

  it('takes exactly one of id and find', () => {
    for (const action of ['read', 'update']) {
      const rest = base[action]!.filter((name) => name !== 'id');
      expect(only(write(action, [...rest, 'find']))).toEqual([]);
      expect(only(write(action, [...rest, 'id', 'find']))).toEqual(['id-and-find']);
      expect(only(write(action, rest))).toEqual(['missing-field']);
    }
  });

  it.each([
    ['action: read', 'missing-field'],
    ['action: destroy, id: b, reason: r, expect: { BucketName: b }', 'value-not-allowed'],
    ['id: b', 'missing-field'],
    ['action: read, id: b, dependsOn: []', 'unknown-field'],
    ['action: read, id: "b*"', 'wildcard-id'],
    ['action: read, id: !Ref B', 'reference-not-allowed'],
    ['action: read, id: 123456789012', 'unquoted-number'],
    ['action: read, id: { Name: b }', 'invalid-id'],
    ['action: read, id: a|b', 'invalid-id'],
    ['action: read, id: []', 'wrong-type'],
    ['action: read, find: {}', 'empty-find'],
    ['action: read, find: { Tags: { a: null } }', 'null-not-allowed'],
    ['action: read, find: { Tags: { a: !Any } }', 'any-not-allowed'],
    ['action: update, id: b, properties: {}', 'empty-properties'],
    ['action: update, id: b, properties: [ a ]', 'wrong-type'],
    ['action: update, id: b, properties: { BucketName: c }', 'identity-property'],
    ['action: update, id: b, when: later, properties: { Tags: {} }', 'value-not-allowed'],
    ['action: update, id: b, rotate: x, properties: { Tags: {} }', 'rotate-without-secret'],
    ['action: delete, id: b, expect: { Tags: { a: b } }, reason: "<why>"', 'placeholder'],
    ['action: delete, id: b, expect: { Tags: { a: b } }, reason:', 'empty-text'],
    ['action: read, id: b, depends_on: B2', 'wrong-type'],
    ['action: read, id: b, depends_on: [ Nobody ]', 'unknown-address'],
    ['action: replace, id: b, order: create-first, reason: r, carry: [ x ], properties: {}', 'value-not-allowed'],
    ['action: create, properties: { Tags: { a: !Any } }', 'any-not-allowed'],
  ])('%s', (fields, code) => {
    expect(only(bucket(fields))).toEqual([code]);
  });

  it('knows types', () => {
    expect(only(planOf('  A: { type: AWS::Lambda::Function, action: read, id: a }'))).toEqual(['type-not-supported']);
    expect(only(planOf('  A: { type: AWS::Nothing::AtAll, action: read, id: a }'))).toEqual(['unknown-type']);
    expect(only(planOf('  A: { action: read, id: a }'))).toEqual(['missing-field']);
    expect(
      only(planOf('  A: { type: AWS::EC2::VPC, action: delete, id: a, reason: r, expect: { CidrBlock: 10.0.0.0/8 } }')),
    ).toEqual(['type-read-only']);
    expect(only(planOf('  A: 5'))).toEqual(['wrong-type']);
    expect(parse(planOf('  A: { type: aws::s3::bucket, action: read, id: a }')).findings[0]?.message).toContain(
      'did you mean "AWS::S3::Bucket"?',
    );
  });
});

describe('values', () => {
  it.each([
    ['Nonsense: 1', 'unknown-property'],
    ['constructor: 1', 'unknown-property'],
    ['TdeCredentialArn: x', 'property-not-supported'],
    ['DbiResourceId: x', 'read-only-attribute'],
    ['DBInstanceIdentifier: d', 'identity-property'],
    ['MultiAZ: yes', 'wrong-type'],
    ['MultiAZ: 1', 'wrong-type'],
    ['Iops: many', 'wrong-type'],
    ['Iops: 1.5', 'wrong-type'],
    ['Iops: .inf', 'wrong-type'],
    ['Iops: "1e3"', 'wrong-type'],
    ['Iops: 9007199254740993', 'number-too-big'],
    ['Port: 123456789012', 'unquoted-number'],
    ['Port: 0x1F', 'unquoted-number'],
    ['Port: 1e3', 'unquoted-number'],
    ['Port: 08', 'unquoted-number'],
    ['Port: [ 1 ]', 'wrong-type'],
    ['Port: { a: 1 }', 'wrong-type'],
    ['VPCSecurityGroups: sg-1', 'wrong-type'],
    ['VPCSecurityGroups: [ null ]', 'null-not-allowed'],
    ['DBInstanceClass: null', 'null-not-allowed'],
    ['StorageType: GP9', 'value-not-allowed'],
    ['MonitoringInterval: 7', 'value-not-allowed'],
    ['DBInstanceClass: "a\\nb"', 'unsafe-character'],
    ['Tags: [ a ]', 'wrong-type'],
    ['Tags: text', 'wrong-type'],
    ['Tags: { "aws:x": a }', 'reserved-tag'],
    ['Tags: { "AIPLAN:x": a }', 'reserved-tag'],
    ['Tags: { a: [ b ] }', 'wrong-type'],
    ['Tags: { a: 123456789012 }', 'unquoted-number'],
    ['Tags: { Ref: D }', 'ambiguous-tags'],
    [`Tags: { "${'k'.repeat(129)}": a }`, 'tag-limit'],
    [`Tags: { k: "${'v'.repeat(257)}" }`, 'tag-limit'],
    [`Tags: { ${Array.from({ length: 51 }, (_, index) => `k${index}: v`).join(', ')} }`, 'tag-limit'],
    ['DBName: !Env AIPLAN_SECRET_X', 'secret-not-allowed'],
    ['DBName: !Any', 'any-not-allowed'],
    ['DBName: !Cidr x', 'unknown-tag'],
    ['DBName: { "Fn::Join": [ a ] }', 'tag-argument'],
    ['DBName: { "Fn::Sub": a, b: c }', 'tag-argument'],
    ['DBName: !GetAtt D', 'tag-argument'],
    ['DBName: !Ref [ a ]', 'tag-argument'],
    ['DBName: !Ref ""', 'tag-argument'],
    ['DBName: !!str x', 'unknown-tag'],
    ['DBName: { $secret: { env: X } }', 'forbidden-key'],
  ])('%s', (properties, code) => {
    expect(only(database(properties))).toContain(code);
  });

  it.each([
    ['MasterUserPassword: hunter2'],
    ['MasterUserPassword: [ hunter2 ]'],
    ['MasterUserPassword: { a: hunter2 }'],
    ['MasterUserPassword: !Ref hunter2'],
    ['MasterUserPassword: !Sub hunter2'],
    ['MasterUserPassword: null'],
    ['MasterUserPassword: 12345678'],
  ])('%s is refused without being repeated', (properties) => {
    const { findings } = parse(database(properties));
    expect(findings.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual(['literal-secret']);
    expect(JSON.stringify(findings)).not.toMatch(/hunter2|12345678"/u);
  });

  it('reads secrets only from allowed sources, where the caller says which', () => {
    const text = database('MasterUserPassword: !Env OTHER_X');
    expect(only(text)).toEqual([]);
    expect(parse(text, { secrets: { prefixes: [], files: [] } }).findings.map(({ code }) => code)).toContain(
      'secret-source-not-allowed',
    );
    expect(
      parse(text, { secrets: { prefixes: ['OTHER_'], files: [] } }).findings.map(({ code }) => code),
    ).not.toContain('secret-source-not-allowed');
    expect(only(database('MasterUserPassword: !Env "A B"'))).toEqual(['tag-argument']);
    expect(
      parse(database('MasterUserPassword: !File /run/x'), {
        secrets: { prefixes: [], files: ['/run/y'] },
      }).findings.map(({ code }) => code),
    ).toContain('secret-source-not-allowed');
  });

  it('judges nested properties by their definitions', () => {
    const group = (rule: string): string[] =>
      only(
        planOf(
          `  G: { type: AWS::EC2::SecurityGroup, action: update, id: sg-1, properties: { SecurityGroupIngress: [ ${rule} ] } }`,
        ),
      );
    expect(group('{ IpProtocol: tcp, FromPort: 1, ToPort: 2, CidrIp: 0.0.0.0/0 }')).toEqual([]);
    expect(group('{ FromPort: 1 }')).toEqual(['missing-property']);
    expect(group('{ IpProtocol: tcp, Cidr: x }')).toEqual(['unknown-property']);
    // Of an element, too, null takes a member away; not one that AWS requires, and not the element.
    expect(group('{ IpProtocol: tcp, Description: null }')).toEqual([]);
    expect(group('{ IpProtocol: null }')).toEqual(['null-not-allowed']);
    expect(group('null')).toEqual(['null-not-allowed']);
    expect(
      only(
        planOf(
          '  G: { type: AWS::EC2::SecurityGroup, action: create, properties: { GroupDescription: g, SecurityGroupIngress: [ { IpProtocol: tcp, Description: null } ] } }',
        ),
      ),
    ).toEqual(['null-not-allowed']);
    expect(group('tcp')).toEqual(['wrong-type']);
    expect(only(bucket('action: update, id: b, properties: { VersioningConfiguration: { Status: null } }'))).toEqual([
      'null-not-allowed',
    ]);
    expect(
      only(bucket('action: update, id: b, properties: { PublicAccessBlockConfiguration: { BlockPublicAcls: null } }')),
    ).toEqual([]);
    expect(only(bucket('action: create, properties: { BucketName: b, VersioningConfiguration: {} }'))).toEqual([
      'missing-property',
    ]);
    expect(only(bucket('action: create, properties: { BucketName: b, AccessControl: null }'))).toEqual([
      'null-not-allowed',
    ]);
    expect(
      only(
        planOf(
          '  D: { type: AWS::RDS::DBInstance, action: create, properties: { DBInstanceIdentifier: d, ApplyImmediately: true } }',
        ),
      ),
    ).toEqual(['not-on-create']);
    expect(
      only(bucket('action: update, id: b, properties: { LifecycleConfiguration: { Rules: [ { Status: on } ] } }')),
    ).toEqual(['value-not-allowed']);
  });

  it('says in expect what may stand there', () => {
    const expectation = (text: string): string[] =>
      only(planOf(`  D: { type: AWS::RDS::DBInstance, action: read, id: d, expect: { ${text} } }`));
    expect(
      expectation(
        'DBInstanceStatus: available, Endpoint: { Address: !Any }, TdeCredentialArn: null, Tags: { a: null, b: !Any }, VPCSecurityGroups: [ sg-1 ]',
      ),
    ).toEqual([]);
    expect(expectation('Status: available')).toEqual(['unknown-property']);
    expect(expectation('KmsKeyId: !Ref D')).toEqual(['reference-not-allowed']);
    expect(expectation('MasterUserPassword: !Any')).toEqual(['secret-not-comparable']);
    expect(expectation('Tags: { "aws:cloudformation:stack-name": x }')).toEqual(['reserved-tag']);
  });
});

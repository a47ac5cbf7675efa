import { describe, expect, it } from '@jest/globals';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import { canonical } from '../../src/base/digest.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { toLanguage } from '../../src/language/plain-json.ts';
import { writeChangePlan, writeEntry } from '../../src/language/write.ts';
import { codes, parse, planOf, standInTypes } from '../helpers/change-types.ts';

const live = (more: Partial<LiveResource>): LiveResource => ({
  type: 'AWS::S3::Bucket',
  identity: 'data',
  incarnation: '2026',
  attributes: {},
  systemTags: {},
  state: 'present',
  pending: {},
  binding: {},
  observed: {},
  detailed: true,
  properties: {
    BucketName: 'data',
    Tags: { team: 'platform', since: '2026', yes: 'true' },
    VersioningConfiguration: { Status: 'Enabled' },
  },
  ...more,
});

describe('a live resource as an entry', () => {
  it('reads back, for an update with the whole live state', () => {
    const text = writeEntry('Data', live({}), 'update');
    expect(text).toBe(
      '  Data:\n    type: AWS::S3::Bucket\n    action: update\n    id: data\n    properties:\n      Tags:\n        team: platform\n        since: "2026"\n        yes: "true"\n      VersioningConfiguration:\n        Status: Enabled\n',
    );
    expect(parse(planOf(text)).changePlan?.resources[0]?.properties).toEqual({
      Tags: { team: 'platform', since: '2026', yes: 'true' },
      VersioningConfiguration: { Status: 'Enabled' },
    });
  });

  it('reads back, for every action, but for what the author must say', () => {
    expect(codes(planOf(writeEntry('Data', live({}), 'read')))).toEqual([]);
    expect(writeEntry('Data', live({ properties: {} }), 'update')).toContain('action: read');
    expect(codes(planOf(writeEntry('Data', live({}), 'create')))).toEqual([]);
    const text = planOf(writeEntry('Data', live({}), 'delete'));
    expect(codes(text)).toEqual(['placeholder 10:13']);
    expect(codes(text.replace(/<.*>/u, 'not used'))).toEqual([]);
    const instance = live({ type: 'AWS::EC2::Instance', identity: 'i-1', properties: { ImageId: 'ami-1', Tags: {} } });
    expect(codes(planOf(writeEntry('Web', instance, 'replace')).replace(/<.*>/u, 'image'))).toEqual([]);
  });

  it('leaves out what a plan may not hold, and says so without showing it', () => {
    const odd = live({
      type: 'AWS::EC2::Instance',
      identity: 'i-1',
      properties: {
        InstanceType: 't3.micro',
        UserData: { $masked: 'set', digest: 'sha256:abc' },
        SecurityGroupIds: ['sg-1', 'sg\u202e'],
        Tags: { good: 'a', 'bad\u001b[2J': 'b', $x: 'c', line: 'd\ne' },
        State: { Name: 'running' },
      },
    });
    const text = writeEntry('Web', odd, 'update', standInTypes.get('AWS::EC2::Instance')?.rules);
    expect(codes(planOf(text))).toEqual([]);
    expect(parse(planOf(text)).changePlan?.resources[0]?.properties).toEqual({
      InstanceType: 't3.micro',
      Tags: { good: 'a' },
    });
    for (const raw of ['\u001b', '\u202e', 'State']) expect(text).not.toContain(raw);
    for (const name of [
      'UserData: is set',
      'SecurityGroupIds: is not complete',
      'Tags.bad\\u{1b}[2J: has a name',
      'Tags.$x: has a name',
      'Tags.line: holds characters',
    ])
      expect(text).toContain(`    # ${name}`);
  });

  it('does not let a single tag pass for a reference', () => {
    const text = writeEntry(
      'Data',
      live({ properties: { Tags: { Ref: 'Other' }, AccessControl: 'Private' } }),
      'update',
    );
    expect(parse(planOf(text)).changePlan?.resources[0]?.properties).toEqual({ AccessControl: 'Private' });
  });
});

describe('a change plan as text', () => {
  const plan: ChangePlan = {
    aiplan: 1,
    name: 'undo',
    intent: 'Undo run-1\nall of it',
    author: { agent: 'aiplan' },
    assume: ['nothing'],
    target: { account: '012345678901', region: 'eu-west-1' },
    rollbackOf: 'run-1\nevil: 1',
    resources: [
      {
        address: 'B',
        type: 'AWS::S3::Bucket',
        action: 'create',
        properties: { BucketName: 'b', Tags: { on: 'true', n: '007', empty: '' } },
        dependsOn: ['D'],
        source: { line: 0, column: 0 },
        positions: {},
        restore: { run: 'run-1', step: 'B', formerIdentity: 'b', formerIncarnation: '1', capture: null },
      },
      {
        address: 'D',
        type: 'AWS::RDS::DBInstance',
        action: 'update',
        id: 'd',
        when: 'now',
        rotate: '2026-01',
        acceptLoss: 'the past',
        expect: { DBName: { $any: true }, KmsKeyId: null },
        properties: {
          MasterUserPassword: { $secret: { env: 'AIPLAN_SECRET_D' } },
          Port: '5432',
          BackupRetentionPeriod: null,
          VPCSecurityGroups: [{ Ref: 'G' }, { 'Fn::GetAtt': ['G', 'GroupId'] }],
        },
        dependsOn: [],
        source: { line: 0, column: 0 },
        positions: {},
      },
      {
        address: 'G',
        type: 'AWS::EC2::SecurityGroup',
        action: 'read',
        find: { Tags: { Name: 'g' } },
        dependsOn: [],
        source: { line: 0, column: 0 },
        positions: {},
      },
    ],
  };
  const bare = (text: string): unknown => {
    const { changePlan, findings } = parse(text);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    return {
      ...changePlan,
      resources: changePlan?.resources.map(({ source: _source, positions: _positions, ...entry }) => entry),
    };
  };
  const { rollbackOf: _run, ...rest } = plan;
  const expected = {
    ...rest,
    resources: plan.resources.map(({ source: _source, positions: _positions, restore: _restore, ...entry }) => entry),
  };

  it('reads back as YAML', () => {
    const text = writeChangePlan(plan);
    expect(bare(text)).toEqual(expected);
    expect(text.split('\n')[0]).toBe('# the rollback of run run-1\\u{a}evil: 1');
    expect(text).toContain('  # brings back b as step B of run run-1 captured it\n  B:\n');
    expect(text).toContain('- !GetAtt G.GroupId\n');
  });

  it('reads back as canonical JSON', () => {
    expect(bare(canonical(toLanguage(plan)))).toMatchObject({
      ...expected,
      resources: expect.arrayContaining(expected.resources) as never,
    });
  });
});

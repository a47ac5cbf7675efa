import { describe, expect, it } from '@jest/globals';
import { securityGroupRules } from '../../providers/ec2/security-group/rules.ts';
import { securityGroup } from '../../providers/ec2/security-group/security-group.ts';
import {
  egress,
  ingress,
  ruleText,
  rulesFromList,
  rulesFromPermissions,
} from '../../providers/ec2/security-group/permissions.ts';
import { readSecurityGroups } from '../../providers/ec2/security-group/read.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import type { AwsReader, Call, Effect, Program, ReadCall } from '../../src/domain/call.ts';
import { AwsError } from '../../src/base/error.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ChangeRule, StepContext } from '../../src/domain/resource-type.ts';
import type { AttributeChange } from '../../src/domain/attribute-change.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const SSH = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '0.0.0.0/0' };
const HTTPS = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' };
const ALL = { IpProtocol: '-1', CidrIp: '0.0.0.0/0' };
const SELF = {
  IpProtocol: 'tcp',
  FromPort: 0,
  ToPort: 65535,
  SourceSecurityGroupId: 'sg-old',
  SourceSecurityGroupOwnerId: '123456789012',
};

const liveGroup = (
  more: {
    properties?: JsonObject;
    attributes?: JsonObject;
    binding?: JsonObject;
    systemTags?: Record<string, string>;
  } = {},
): LiveResource => ({
  type: 'AWS::EC2::SecurityGroup',
  identity: 'sg-old',
  incarnation: 'sg-old',
  state: 'present',
  pending: {},
  observed: {},
  detailed: true,
  properties: {
    GroupName: 'web',
    GroupDescription: 'web servers',
    VpcId: 'vpc-1',
    SecurityGroupIngress: [SSH],
    SecurityGroupEgress: [ALL],
    Tags: { Name: 'web' },
    ...more.properties,
  },
  attributes: {
    GroupId: 'sg-old',
    OwnerId: '123456789012',
    RuleIds: { ingress: { 'tcp 22 22 0.0.0.0/0': 'sgr-ssh' }, egress: { '-1 0.0.0.0/0': 'sgr-all' } },
    ...more.attributes,
  },
  systemTags: more.systemTags ?? {},
  binding: more.binding ?? {},
});
const context = (more: Partial<StepContext> = {}): StepContext => ({
  run: 'run-1',
  step: 'WebGroup',
  op: 'op-1',
  account: '123456789012',
  region: 'eu-west-1',
  endpoint: null,
  live: null,
  desired: {},
  changes: [],
  ownership: { 'aiplan:plan': 'p', 'aiplan:resource': 'WebGroup', 'aiplan:op': 'op-1' },
  when: null,
  captureBucket: null,
  captureName: 'aiplan-web',
  captureExpires: '2026-12-01T00:00:00.000Z',
  remap: (identity) => identity,
  replacing: false,
  ...more,
});
const change = (path: string): AttributeChange => ({ path, before: null, after: null, effect: 'in-place' });
const callsOf = (program: Program<unknown> | undefined): readonly Call[] => preview(program as Program<unknown>).calls;
const told = (calls: readonly Call[]): readonly unknown[] =>
  calls.map(({ operation, input, retry }) => ({ operation, input, retry }));

/** Drives a program with given answers for reads, in memory. */
function answered<Result>(
  program: Program<Result>,
  answers: (call: ReadCall) => JsonObject | null,
): { result: Result; calls: Call[] } {
  const calls: Call[] = [];
  const reply = (effect: Effect): unknown => {
    switch (effect.kind) {
      case 'read':
        return answers(effect.call);
      case 'call':
        calls.push(effect.call);
        return effect.call.preview ?? {};
      case 'wait': {
        const answer = answers(effect.wait.read);
        const judged = effect.wait.judge(answer);
        if (judged.state === 'failed') throw new Error(judged.reason);
        if (judged.state === 'pending') throw new Error(`pending: ${judged.detail ?? ''}`);
        return answer;
      }
      default:
        return undefined;
    }
  };
  let step = program.next();
  while (step.done !== true) step = program.next(reply(step.value));
  return { result: step.value, calls };
}

const hit = (
  rules: readonly ChangeRule[],
  path: string,
  before: Json | undefined,
  after: Json | undefined,
  live: LiveResource | null = liveGroup(),
): readonly string[] =>
  rules
    .filter(
      (rule) =>
        rule.path === path && (rule.given?.(before, live) ?? true) && (rule.when?.(before, after, live) ?? true),
    )
    .map((rule) => rule.says(before, after, live));

describe('what a change of rules destroys', () => {
  const { destructive } = securityGroup.rules;
  it('is every rule revoked, and none that stays, comes or changes its description', () => {
    expect(hit(destructive, 'SecurityGroupIngress.*', SSH, undefined)).toEqual([
      'ingress rule revoked: tcp 22 from 0.0.0.0/0; traffic that relies on it stops',
    ]);
    expect(hit(destructive, 'SecurityGroupIngress.*', SSH, null)).toHaveLength(1);
    expect(hit(destructive, 'SecurityGroupEgress.*', ALL, undefined)).toEqual([
      'egress rule revoked: all traffic to 0.0.0.0/0; traffic that relies on it stops',
    ]);
    expect(hit(destructive, 'SecurityGroupIngress.*', undefined, SSH)).toEqual([]);
    expect(hit(destructive, 'SecurityGroupIngress.*', SSH, { ...SSH, Description: 'x' })).toEqual([]);
  });
});

describe('what a rule opens', () => {
  const { grants } = securityGroup.rules;
  const unused = liveGroup({ binding: { attached: [] } });
  const opened = (after: Json | undefined, before?: Json, live: LiveResource | null = unused): readonly string[] =>
    hit(grants, 'SecurityGroupIngress.*', before, after, live);
  it('everyone: 0.0.0.0/0, ::/0 and halves of the internet', () => {
    expect(opened(SSH)).toEqual(['tcp 22 from 0.0.0.0/0: everyone on the internet may connect']);
    expect(opened(SSH, undefined, null)).toHaveLength(1);
    expect(opened({ IpProtocol: '-1', CidrIpv6: '::/0' })).toEqual([
      'all traffic from ::/0: everyone on the internet may connect',
    ]);
    for (const CidrIp of ['0.0.0.0/1', '128.0.0.0/1', '64.0.0.0/7']) expect(opened({ ...SSH, CidrIp })).toHaveLength(1);
    expect(opened({ IpProtocol: '-1', CidrIpv6: '2000::/3' })).toHaveLength(1);
    expect(opened({ ...SSH, Description: 'new words' }, SSH)).toEqual([]);
    expect(opened(undefined, SSH)).toEqual([]);
  });
  it('every other range of the internet, worded by its size; private ranges open nothing', () => {
    const says = (range: string): readonly string[] =>
      opened({ ...SSH, CidrIp: undefined, ...(range.includes(':') ? { CidrIpv6: range } : { CidrIp: range }) });
    expect(says('203.0.113.0/24')).toEqual(['tcp 22 from 203.0.113.0/24: 256 addresses of the internet may connect']);
    expect(says('8.0.0.0/8')).toEqual(['tcp 22 from 8.0.0.0/8: 16,777,216 addresses of the internet may connect']);
    for (const one of ['198.51.100.7/32', '198.51.100.7'])
      expect(says(one)).toEqual([`tcp 22 from ${one}: one address of the internet may connect`]);
    expect(says('2a05:d018::/36')).toEqual([
      'tcp 22 from 2a05:d018::/36: a /36 of IPv6 addresses of the internet may connect',
    ]);
    // Wider than what is private, next to it, or not to be read: not private.
    for (const range of [
      '172.16.0.0/11',
      '172.32.0.0/16',
      '192.168.0.0/15',
      '100.128.0.0/16',
      '11.0.0.0/8',
      'fe00::/7',
      '::ffff:10.0.0.0/104',
      '10.0.0/8',
      '10.0.0.0/33',
      'x',
    ])
      expect([range, says(range).length]).toEqual([range, 1]);
    for (const range of [
      '10.0.0.0/8',
      '10.1.2.3',
      '172.16.0.0/12',
      '172.31.255.0/24',
      '192.168.1.0/24',
      '100.64.0.0/10',
      '169.254.169.254/32',
      '127.0.0.1/32',
      'fc00::/7',
      'fd12:3456::/32',
      'fe80::1/128',
      '::1/128',
    ])
      expect([range, says(range)]).toEqual([range, []]);
    expect(hit(grants, 'SecurityGroupEgress.*', undefined, { ...SSH, CidrIp: '203.0.113.0/24' })).toEqual([
      'tcp 22 to 203.0.113.0/24: traffic may leave to 256 addresses of the internet',
    ]);
    expect(
      opened({ ...SSH, CidrIp: '203.0.113.0/24', Description: 'x' }, { ...SSH, CidrIp: '203.0.113.0/24' }),
    ).toEqual([]);
  });
  it('every new source of a group that is in use, a private range or a group of the account too', () => {
    const used = liveGroup({ binding: { attached: ['eni-1 of database courses-prod'] } });
    const ranges = ['10.0.0.0/8', '100.64.0.0/10', 'fd12:3456::/32'];
    const rules: readonly JsonObject[] = [
      ...ranges.map((range) => ({ IpProtocol: '-1', [range.includes(':') ? 'CidrIpv6' : 'CidrIp']: range })),
      { IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, CidrIp: '10.1.2.3/32' },
      { IpProtocol: 'tcp', FromPort: 0, ToPort: 65535, SourceSecurityGroupId: 'sg-0123' },
      { ...SELF, SourceSecurityGroupOwnerId: undefined } as unknown as JsonObject,
    ];
    for (const rule of rules) {
      expect([rule, opened(rule, undefined, used).length]).toEqual([rule, 1]);
      // Not read is not unused; of an unused group and of a new one nobody is behind the door.
      expect(opened(rule, undefined, liveGroup({ binding: { attached: 'unknown' } }))).toHaveLength(1);
      expect(opened(rule, undefined, { ...used, binding: {} })).toHaveLength(1);
      expect([opened(rule, undefined, unused), opened(rule, undefined, null)]).toEqual([[], []]);
      expect(opened({ ...rule, Description: 'x' }, rule, used)).toEqual([]);
    }
    expect(opened(rules[0], undefined, used)).toEqual([
      'all traffic from 10.0.0.0/8: 16,777,216 addresses of private networks may connect to what the group guards (eni-1 of database courses-prod)',
    ]);
    expect(opened(rules[4], undefined, used)).toEqual([
      'tcp 0-65535 from sg-0123: everything in sg-0123 may connect to what the group guards (eni-1 of database courses-prod)',
    ]);
    // Somebody of the internet is said once.
    expect(opened(SSH, undefined, used)).toHaveLength(1);
  });
  it('another account and a prefix list, which others keep; not the own account', () => {
    expect(opened({ ...SELF, SourceSecurityGroupOwnerId: '999999999999' })).toEqual([
      'tcp 0-65535 from sg-old of account 999999999999: whoever runs account 999999999999 decides who may connect',
    ]);
    expect(opened(SELF)).toEqual([]);
    expect(opened({ ...SELF, SourceSecurityGroupOwnerId: undefined } as unknown as Json)).toEqual([]);
    expect(opened({ IpProtocol: 'tcp', FromPort: 1, ToPort: 1, SourcePrefixListId: 'pl-1' })).toEqual([
      'tcp 1 from pl-1: whoever keeps that prefix list decides who may connect',
    ]);
  });
  it('the own account is no foreign one at a create, and a prefix list decides over the way out too', () => {
    const scene = { account: '123456789012', after: {}, find: () => undefined };
    const foreign = (owner: string): number =>
      grants.filter(
        (rule) =>
          rule.path === 'SecurityGroupIngress.*' &&
          rule.given?.(undefined, null) !== false &&
          rule.when?.(undefined, { ...SELF, SourceSecurityGroupOwnerId: owner }, null, scene) === true,
      ).length;
    expect([foreign('123456789012'), foreign('999999999999')]).toEqual([0, 1]);
    const out = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, DestinationPrefixListId: 'pl-1' };
    expect(hit(grants, 'SecurityGroupEgress.*', undefined, out, liveGroup())).toEqual([
      'tcp 443 to pl-1: whoever keeps that prefix list decides where traffic may leave to',
    ]);
    expect(hit(grants, 'SecurityGroupEgress.*', out, { ...out, Description: 'x' }, liveGroup())).toEqual([]);
  });
  it('the way out, for a group that is there; a new one has it from AWS', () => {
    expect(hit(grants, 'SecurityGroupEgress.*', undefined, ALL)).toEqual([
      'all traffic to 0.0.0.0/0: traffic may leave to the whole internet',
    ]);
    expect(hit(grants, 'SecurityGroupEgress.*', undefined, ALL, null)).toEqual([]);
  });
  it('never throws on odd values', () => {
    for (const odd of [null, 7, 'text', [], { CidrIp: 5 }, { CidrIp: { $unknown: 'X' } }] as Json[]) {
      for (const rules of [grants, securityGroup.rules.destructive])
        expect(() => hit(rules, 'SecurityGroupIngress.*', odd, odd)).not.toThrow();
    }
  });
});

describe('rules in CloudFormation shape', () => {
  it('come equal from the grouped and the listed form', () => {
    const permissions = [
      {
        IpProtocol: 'tcp',
        FromPort: 22,
        ToPort: 22,
        IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'office' }, { CidrIp: '192.0.2.0/24' }],
        Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }],
        UserIdGroupPairs: [],
        PrefixListIds: [{ PrefixListId: 'pl-1' }],
      },
      { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-2', UserId: '123456789012' }] },
      { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
    ];
    const base = { IsEgress: false, IpProtocol: 'tcp', FromPort: 22, ToPort: 22 };
    const listed = [
      { ...base, CidrIpv6: '2001:db8::/32' },
      { ...base, CidrIpv4: '192.0.2.0/24' },
      { ...base, CidrIpv4: '10.0.0.0/8', Description: 'office' },
      { ...base, PrefixListId: 'pl-1' },
      {
        IsEgress: false,
        IpProtocol: '-1',
        FromPort: -1,
        ToPort: -1,
        ReferencedGroupInfo: { GroupId: 'sg-2', UserId: '123456789012' },
      },
      { IsEgress: false, IpProtocol: 'icmp', FromPort: -1, ToPort: -1, CidrIpv4: '10.0.0.0/8' },
      { IsEgress: true, IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv4: '0.0.0.0/0' },
    ];
    const rules = rulesFromPermissions(permissions, ingress);
    expect(rulesFromList(listed, ingress)).toEqual(rules);
    expect(rules).toEqual([
      { IpProtocol: '-1', SourceSecurityGroupId: 'sg-2', SourceSecurityGroupOwnerId: '123456789012' },
      { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, CidrIp: '10.0.0.0/8' },
      { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '10.0.0.0/8', Description: 'office' },
      { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '192.0.2.0/24' },
      { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIpv6: '2001:db8::/32' },
      { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, SourcePrefixListId: 'pl-1' },
    ]);
    expect(rulesFromList(listed, egress)).toEqual([ALL]);
    expect(ruleText(ALL, egress)).toBe('all traffic to 0.0.0.0/0');
  });

  it('are spelled as AWS answers', () => {
    const canonical = securityGroup.rules.canonical as (properties: JsonObject) => JsonObject;
    expect(
      canonical({
        SecurityGroupIngress: [
          { ...SSH, IpProtocol: '6' },
          { ...SSH, IpProtocol: 'TCP' },
          { IpProtocol: -1, FromPort: -1, ToPort: -1, CidrIp: '0.0.0.0/0' },
          { IpProtocol: '50', FromPort: -1, ToPort: -1, CidrIp: '10.0.0.0/8' },
        ],
        GroupName: 'x',
      }),
    ).toEqual({ SecurityGroupIngress: [SSH, SSH, ALL, { IpProtocol: '50', CidrIp: '10.0.0.0/8' }], GroupName: 'x' });
    for (const odd of [null, 'text', 5, [null, 'x', { IpProtocol: null }]] as Json[])
      expect(canonical({ SecurityGroupIngress: odd })).toEqual({ SecurityGroupIngress: odd });
  });
});

describe('create', () => {
  it('makes the group with its tags, then its rules, then takes the rule of AWS away', () => {
    const desired = {
      GroupName: 'web',
      GroupDescription: 'web servers',
      VpcId: 'vpc-1',
      SecurityGroupIngress: [{ ...HTTPS, Description: 'site' }],
      SecurityGroupEgress: [HTTPS],
      Tags: { Name: 'web' },
    };
    expect(told(callsOf(securityGroup.create?.(context({ desired }))))).toEqual([
      {
        operation: 'CreateSecurityGroup',
        retry: 'named',
        input: {
          GroupName: 'web',
          Description: 'web servers',
          VpcId: 'vpc-1',
          TagSpecifications: [
            {
              ResourceType: 'security-group',
              Tags: [
                { Key: 'Name', Value: 'web' },
                { Key: 'aiplan:plan', Value: 'p' },
                { Key: 'aiplan:resource', Value: 'WebGroup' },
                { Key: 'aiplan:op', Value: 'op-1' },
              ],
            },
          ],
        },
      },
      {
        operation: 'AuthorizeSecurityGroupIngress',
        retry: 'absolute',
        input: {
          GroupId: 'sg-preview',
          IpPermissions: [
            { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'site' }] },
          ],
        },
      },
      {
        operation: 'AuthorizeSecurityGroupEgress',
        retry: 'absolute',
        input: {
          GroupId: 'sg-preview',
          IpPermissions: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
        },
      },
      {
        operation: 'RevokeSecurityGroupEgress',
        retry: 'absolute',
        input: { GroupId: 'sg-preview', SecurityGroupRuleIds: ['sgr-preview-0', 'sgr-preview-1'] },
      },
    ]);
  });
  it('leaves the default egress alone where the plan says nothing of egress', () => {
    expect(
      callsOf(securityGroup.create?.(context({ desired: { GroupName: 'web', GroupDescription: 'd' } }))).map(
        ({ operation }) => operation,
      ),
    ).toEqual(['CreateSecurityGroup']);
  });
  it('keeps the default rule that is listed', () => {
    const group = {
      SecurityGroupRules: [
        {
          SecurityGroupRuleId: 'sgr-1',
          IsEgress: true,
          IpProtocol: '-1',
          FromPort: -1,
          ToPort: -1,
          CidrIpv4: '0.0.0.0/0',
        },
      ],
    };
    const create = securityGroup.create as NonNullable<typeof securityGroup.create>;
    const { calls } = answered(
      create(
        context({
          desired: {
            GroupName: 'web',
            GroupDescription: 'd',
            SecurityGroupEgress: [{ ...ALL, FromPort: -1, ToPort: -1 }],
          },
        }),
      ),
      () => group,
    );
    expect(calls.map(({ operation }) => operation)).toEqual(['CreateSecurityGroup']);
  });
  it('names the group after the step where the plan gives no name', () => {
    expect(
      callsOf(securityGroup.create?.(context({ desired: { GroupDescription: 'd' } })))[0]?.input['GroupName'],
    ).toBe('WebGroup-op-1');
  });
});

describe('update', () => {
  const desired = (ingressRules: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
    ...liveGroup().properties,
    SecurityGroupIngress: ingressRules,
    ...more,
  });
  it('authorises before it revokes, and revokes by rule id', () => {
    const calls = callsOf(
      securityGroup.update?.(
        context({ live: liveGroup(), desired: desired([HTTPS]), changes: [change('SecurityGroupIngress[x]')] }),
      ),
    );
    expect(told(calls)).toEqual([
      {
        operation: 'AuthorizeSecurityGroupIngress',
        retry: 'absolute',
        input: {
          GroupId: 'sg-old',
          IpPermissions: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
        },
      },
      {
        operation: 'RevokeSecurityGroupIngress',
        retry: 'absolute',
        input: { GroupId: 'sg-old', SecurityGroupRuleIds: ['sgr-ssh'] },
      },
    ]);
    expect(calls.map(({ purpose }) => purpose)).toEqual([
      'authorise ingress tcp 443 from 0.0.0.0/0',
      'revoke ingress tcp 22 from 0.0.0.0/0',
    ]);
    expect(calls.every(({ identity }) => identity === 'sg-old')).toBe(true);
  });
  it('revokes by permission where the ids are not known', () => {
    const live = liveGroup({ attributes: { RuleIds: undefined } });
    expect(
      callsOf(
        securityGroup.update?.(context({ live, desired: desired([]), changes: [change('SecurityGroupIngress[x]')] })),
      )[0]?.input,
    ).toEqual({
      GroupId: 'sg-old',
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    });
  });
  it('changes a description in place, and takes one away', () => {
    const described = callsOf(
      securityGroup.update?.(
        context({
          live: liveGroup(),
          desired: desired([{ ...SSH, Description: 'new' }]),
          changes: [change('SecurityGroupIngress[x].Description')],
        }),
      ),
    );
    expect(told(described)).toEqual([
      {
        operation: 'UpdateSecurityGroupRuleDescriptionsIngress',
        retry: 'absolute',
        input: {
          GroupId: 'sg-old',
          IpPermissions: [
            { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'new' }] },
          ],
        },
      },
    ]);
    const live = liveGroup({ properties: { SecurityGroupIngress: [{ ...SSH, Description: 'old' }] } });
    expect(
      callsOf(
        securityGroup.update?.(
          context({ live, desired: desired([SSH]), changes: [change('SecurityGroupIngress[x].Description')] }),
        ),
      )[0]?.input['IpPermissions'],
    ).toEqual([{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]);
  });
  it('writes every kind of peer as AWS takes it', () => {
    const peers = [
      { IpProtocol: 'udp', FromPort: 53, ToPort: 53, CidrIpv6: '2001:db8::/32' },
      { ...SELF, Description: 'inside' },
      { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, SourcePrefixListId: 'pl-1' },
      { IpProtocol: '-1', SourceSecurityGroupId: { $unknown: 'Other.GroupId' } },
    ];
    const input = callsOf(
      securityGroup.update?.(
        context({ live: liveGroup(), desired: desired([SSH, ...peers]), changes: [change('SecurityGroupIngress[x]')] }),
      ),
    )[0]?.input;
    expect(input?.['IpPermissions']).toEqual([
      { IpProtocol: 'udp', FromPort: 53, ToPort: 53, Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }] },
      {
        IpProtocol: 'tcp',
        FromPort: 0,
        ToPort: 65535,
        UserIdGroupPairs: [{ GroupId: 'sg-old', UserId: '123456789012', Description: 'inside' }],
      },
      { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, PrefixListIds: [{ PrefixListId: 'pl-1' }] },
      { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: { $unknown: 'Other.GroupId' } }] },
    ]);
  });
  it('touches only what changes', () => {
    expect(
      callsOf(
        securityGroup.update?.(
          context({
            live: liveGroup(),
            desired: desired([HTTPS], { Tags: { Name: 'web', owner: 'me' } }),
            changes: [change('Tags.owner')],
          }),
        ),
      ).map(({ operation }) => operation),
    ).toEqual(['CreateTags']);
  });
  it('has no in-place way for name, description and VPC', () => {
    for (const name of ['GroupName', 'GroupDescription', 'VpcId']) {
      const { update } = securityGroup.rules.properties[name] ?? {};
      expect(typeof update === 'function' ? update('a', 'b', liveGroup()) : update).toBe('replace');
    }
  });
});

describe('remove', () => {
  const remove = securityGroup.remove as NonNullable<typeof securityGroup.remove>;
  it('deletes after nothing uses the group', () => {
    const { calls } = answered(remove(context({ live: liveGroup() })), () => ({ NetworkInterfaces: [] }));
    expect(told(calls)).toEqual([
      { operation: 'DeleteSecurityGroup', retry: 'absolute', input: { GroupId: 'sg-old' } },
    ]);
  });
  it('waits for what leaves, and fails for what stays', () => {
    const used = (item: JsonObject) => () => ({
      NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1', Groups: [{ GroupId: 'sg-old' }], ...item }],
    });
    expect(() =>
      answered(
        remove(context({ live: liveGroup(), deletedBefore: ['i-1'] })),
        used({ Attachment: { InstanceId: 'i-1' } }),
      ),
    ).toThrow('pending: eni-1 (of i-1)');
    expect(() =>
      answered(
        remove(context({ live: liveGroup() })),
        used({ RequesterManaged: true, RequesterId: 'amazon-rds', Description: 'RDSNetworkInterface' }),
      ),
    ).toThrow('pending: eni-1 (RDSNetworkInterface, made by amazon-rds)');
    expect(() => answered(remove(context({ live: liveGroup() })), used({ Attachment: { InstanceId: 'i-1' } }))).toThrow(
      'sg-old is still used by eni-1 (of i-1)',
    );
    expect(() => answered(remove(context({ live: liveGroup() })), used({ Status: 'available' }))).toThrow('still used');
  });
});

describe('preflight', () => {
  const preflight = securityGroup.preflight as NonNullable<typeof securityGroup.preflight>;
  const check = (
    more: Partial<StepContext>,
    action: 'create' | 'update' | 'replace' | 'delete',
    answers: (call: ReadCall) => JsonObject | null = () => ({}),
  ) => answered(preflight(context(more), action), answers).result;
  const world =
    (parts: {
      interfaces?: JsonObject[];
      databases?: JsonObject[];
      groups?: JsonObject[];
      vpcs?: JsonObject[];
      named?: JsonObject[];
    }) =>
    ({ operation, input }: ReadCall): JsonObject => {
      if (operation === 'DescribeNetworkInterfaces') return { NetworkInterfaces: parts.interfaces ?? [] };
      if (operation === 'DescribeDBInstances') return { DBInstances: parts.databases ?? [] };
      if (operation === 'DescribeVpcs') return { Vpcs: parts.vpcs ?? [{ VpcId: 'vpc-1' }] };
      return {
        SecurityGroups: JSON.stringify(input).includes('group-name') ? (parts.named ?? []) : (parts.groups ?? []),
      };
    };
  const eni = { NetworkInterfaceId: 'eni-1', Groups: [{ GroupId: 'sg-old' }], Attachment: { InstanceId: 'i-1' } };
  const referrer = { GroupId: 'sg-2', IpPermissions: [{ UserIdGroupPairs: [{ GroupId: 'sg-old' }] }] };

  it('lists who uses a group that is to go', () => {
    const database = { DBInstanceIdentifier: 'courses', VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-old' }] };
    const rds = {
      NetworkInterfaceId: 'eni-2',
      Groups: [{ GroupId: 'sg-old' }],
      RequesterManaged: true,
      RequesterId: 'amazon-rds',
    };
    const answers = world({
      interfaces: [eni, rds],
      databases: [database, { DBInstanceIdentifier: 'other', VpcSecurityGroups: [] }],
      groups: [referrer, { GroupId: 'sg-3' }, { ...referrer, GroupId: 'sg-old' }],
    });
    expect(check({ live: liveGroup() }, 'delete', answers)).toEqual([
      'sg-old is in use, and AWS would refuse to delete it: eni-1 (of i-1), eni-2 (made by amazon-rds), database courses, a rule of sg-2',
    ]);
    expect(
      check({ live: liveGroup(), deletedBefore: ['i-1', 'courses'], releasedBefore: ['sg-2'] }, 'delete', answers),
    ).toEqual([]);
    expect(check({ live: liveGroup(), deletedBefore: ['i-1'], releasedBefore: ['sg-2'] }, 'delete', answers)).toEqual([
      'sg-old is in use, and AWS would refuse to delete it: eni-2 (made by amazon-rds), database courses',
    ]);
  });
  it('counts a further interface of an instance, which stays and keeps its groups whatever becomes of the instance', () => {
    const further = {
      ...eni,
      NetworkInterfaceId: 'eni-7',
      Attachment: { InstanceId: 'i-1', DeviceIndex: 1, DeleteOnTermination: true },
    };
    const kept = {
      ...eni,
      NetworkInterfaceId: 'eni-8',
      Attachment: { InstanceId: 'i-1', DeviceIndex: 0, DeleteOnTermination: false },
    };
    const told = (interfaces: JsonObject[], more: Partial<StepContext>) =>
      check({ live: liveGroup(), ...more }, 'delete', world({ interfaces }));
    expect(told([eni, further], { deletedBefore: ['i-1'] })).toEqual([
      'sg-old is in use, and AWS would refuse to delete it: eni-7 (of i-1)',
    ]);
    expect(told([eni, further], { releasedBefore: ['i-1'] })).toEqual([
      'sg-old is in use, and AWS would refuse to delete it: eni-7 (of i-1)',
    ]);
    expect(told([kept], { deletedBefore: ['i-1'] })).toEqual([
      'sg-old is in use, and AWS would refuse to delete it: eni-8 (of i-1)',
    ]);
    expect(told([kept], { releasedBefore: ['i-1'] })).toEqual([]);
  });
  it('follows every page', () => {
    const pages = ({ operation, input }: ReadCall): JsonObject =>
      operation !== 'DescribeNetworkInterfaces'
        ? {}
        : input['NextToken'] === undefined
          ? { NetworkInterfaces: [], NextToken: 't' }
          : { NetworkInterfaces: [eni] };
    expect(check({ live: liveGroup() }, 'delete', pages)).toHaveLength(1);
  });
  it('never deletes a default group, nor what a stack owns', () => {
    expect(check({ live: liveGroup({ properties: { GroupName: 'default' } }) }, 'delete')).toEqual([
      'sg-old is the default group of its VPC, which AWS does not delete',
    ]);
    expect(
      check({ live: liveGroup({ binding: { owner: 'CloudFormation stack prod' } }), desired: {} }, 'update')[0],
    ).toContain('CloudFormation stack prod');
  });
  it('finds a missing VPC and a name that is taken', () => {
    const desired = { GroupName: 'web', GroupDescription: 'd', VpcId: 'vpc-1' };
    expect(check({ desired }, 'create', world({}))).toEqual([]);
    expect(check({ desired }, 'create', world({ vpcs: [] }))).toEqual(['the VPC "vpc-1" does not exist']);
    expect(check({ desired }, 'create', world({ named: [{ GroupId: 'sg-9' }] }))).toEqual([
      'the name "web" is taken in vpc-1 by sg-9',
    ]);
    expect(check({ desired, deletedBefore: ['sg-9'] }, 'create', world({ named: [{ GroupId: 'sg-9' }] }))).toEqual([]);
    const replace = { desired, live: liveGroup(), replacing: true };
    expect(check(replace, 'replace', world({ named: [{ GroupId: 'sg-old' }] }))[0]).toContain('order: delete-first');
    expect(check({ ...replace, order: 'delete-first' }, 'replace', world({ named: [{ GroupId: 'sg-old' }] }))).toEqual(
      [],
    );
    expect(check({ desired: { ...desired, VpcId: { $unknown: 'Network' } } }, 'create', world({ vpcs: [] }))).toEqual(
      [],
    );
  });
  it('explains a rule that AWS would not take', () => {
    const problem = (rule: JsonObject) =>
      securityGroupRules.refuses?.({ SecurityGroupIngress: [rule] }, true)[0]?.message;
    expect(problem({ IpProtocol: 'tcp', FromPort: 1, ToPort: 1, SourceSecurityGroupName: 'other' })).toContain(
      'give its id as SourceSecurityGroupId',
    );
    expect(problem({ IpProtocol: 'tcp', FromPort: 1, ToPort: 1 })).toContain('names no peer');
    expect(problem({ ...SSH, CidrIpv6: '::/0' })).toContain('names CidrIp and CidrIpv6');
    expect(problem({ IpProtocol: 'tcp', CidrIp: '10.0.0.0/8' })).toContain('has no FromPort and no ToPort');
    expect(problem(ALL)).toBeUndefined();
  });
});

describe('capture and restore', () => {
  const { capture } = securityGroup;
  if (capture === undefined) throw new Error('no capture');
  const live = liveGroup({
    properties: {
      SecurityGroupIngress: [SELF, { IpProtocol: 'tcp', FromPort: 1, ToPort: 1, SourceSecurityGroupId: 'sg-gone' }],
    },
    systemTags: { 'aiplan:plan': 'old', 'aiplan:op': 'op-0', 'aws:cloudformation:stack-name': 's' },
  });

  it('tells what a delete loses: the id, and tags of rules', () => {
    expect(capture.plan(live, 'delete', [], { maxObjects: 1, maxBytes: 1 })).toEqual({
      how: 'config',
      what: 'configuration of sg-old with 3 rules, in the journal',
      late: false,
      newIdentity: true,
      loses: ['the id sg-old: a restored group gets a new one'],
    });
    expect(
      capture.plan(liveGroup({ attributes: { TaggedRules: 2 } }), 'replace', [], { maxObjects: 1, maxBytes: 1 }).loses,
    ).toContain('the tags of 2 of its rules');
    expect(capture.plan(live, 'update', [], { maxObjects: 1, maxBytes: 1 }).loses).toEqual([]);
  });

  it('keeps the rules of others and the interfaces that name it', () => {
    const referrer = {
      GroupId: 'sg-2',
      IpPermissions: [
        {
          IpProtocol: 'tcp',
          FromPort: 5432,
          ToPort: 5432,
          UserIdGroupPairs: [
            { GroupId: 'sg-old', UserId: '123456789012', Description: 'app' },
            { GroupId: 'sg-7', UserId: '123456789012' },
          ],
        },
      ],
    };
    const { result } = answered(capture.take(context({ live, action: 'delete' })), ({ operation }) =>
      operation === 'DescribeNetworkInterfaces'
        ? {
            NetworkInterfaces: [
              {
                NetworkInterfaceId: 'eni-1',
                Groups: [{ GroupId: 'sg-old' }, { GroupId: 'sg-5' }],
                Attachment: { InstanceId: 'i-1' },
              },
            ],
          }
        : { SecurityGroups: [referrer] },
    );
    expect(result.extras['referrers']).toEqual({
      groups: [
        {
          GroupId: 'sg-2',
          SecurityGroupEgress: [],
          SecurityGroupIngress: [
            {
              IpProtocol: 'tcp',
              FromPort: 5432,
              ToPort: 5432,
              SourceSecurityGroupId: 'sg-old',
              SourceSecurityGroupOwnerId: '123456789012',
              Description: 'app',
            },
          ],
        },
      ],
      interfaces: [
        { NetworkInterfaceId: 'eni-1', InstanceId: 'i-1', RequesterManaged: false, Groups: ['sg-old', 'sg-5'] },
      ],
    });
  });

  it('verifies that the rules did not change meanwhile', () => {
    const rules = (list: readonly JsonObject[]) =>
      answered(capture.verify(context({ live: liveGroup() }), {} as Capture), () => ({ SecurityGroupRules: [...list] }))
        .result;
    const ssh = { IsEgress: false, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIpv4: '0.0.0.0/0' };
    const all = { IsEgress: true, IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv4: '0.0.0.0/0' };
    expect(rules([ssh, all])).toEqual([]);
    expect(rules([all])).toEqual(['the ingress rules of sg-old changed while it was captured']);
  });

  it('can only be restored into a VPC that is there', () => {
    const ask = (Vpcs: readonly JsonObject[], remap = (id: string) => id) =>
      answered(capture.restorable(context({ live, remap }), null), ({ input }) =>
        JSON.stringify(input).includes('vpc-1') ? { Vpcs: [...Vpcs] } : { Vpcs: [{}] },
      ).result?.problems;
    expect(ask([{}])).toEqual([]);
    expect(ask([])).toEqual(['the VPC "vpc-1" of sg-old does not exist']);
    expect(ask([], () => 'vpc-2')).toEqual([]);
  });

  it('makes it again with its own rules pointing at itself, and every other id mapped', () => {
    const remap = (id: string): string => ({ 'sg-gone': 'sg-back', 'vpc-1': 'vpc-2' })[id] ?? id;
    const program = capture.restore(context({ live, remap, ownership: { 'aiplan:op': 'op-1' } }), {} as Capture);
    const { calls, result } = preview(program);
    expect(result).toEqual({ identity: 'sg-preview', map: { 'sg-old': 'sg-preview' } });
    expect(calls[0]?.input).toEqual({
      GroupName: 'web',
      Description: 'web servers',
      VpcId: 'vpc-2',
      TagSpecifications: [
        {
          ResourceType: 'security-group',
          Tags: [
            { Key: 'Name', Value: 'web' },
            { Key: 'aiplan:plan', Value: 'old' },
            { Key: 'aiplan:restored-from', Value: 'sg-old' },
            { Key: 'aiplan:op', Value: 'op-1' },
          ],
        },
      ],
    });
    expect(calls[1]?.input['IpPermissions']).toEqual([
      {
        IpProtocol: 'tcp',
        FromPort: 0,
        ToPort: 65535,
        UserIdGroupPairs: [{ GroupId: 'sg-preview', UserId: '123456789012' }],
      },
      { IpProtocol: 'tcp', FromPort: 1, ToPort: 1, UserIdGroupPairs: [{ GroupId: 'sg-back' }] },
    ]);
  });

  it('continues a group that an earlier try made: only the rules that it did not get any more', () => {
    const begun = context({
      live: liveGroup(),
      remains: { identity: 'sg-new', incarnation: 'sg-new' },
      tries: ['op-0'],
    });
    const rule = (IsEgress: boolean, id: string, more: JsonObject) => ({ SecurityGroupRuleId: id, IsEgress, ...more });
    const goOn = (...rules: readonly JsonObject[]) =>
      answered(capture.restore(begun, {} as Capture), () => ({ SecurityGroupRules: rules }));
    const ssh = rule(false, 'sgr-1', { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIpv4: '0.0.0.0/0' });
    const [all, six] = ['0.0.0.0/0', '::/0'].map((range, index) =>
      rule(true, `sgr-e${index}`, {
        IpProtocol: '-1',
        FromPort: -1,
        ToPort: -1,
        ...(index === 0 ? { CidrIpv4: range } : { CidrIpv6: range }),
      }),
    );
    expect(goOn(all!, six!).calls.map(({ operation, identity }) => [operation, identity])).toEqual([
      ['AuthorizeSecurityGroupIngress', 'sg-new'],
      ['RevokeSecurityGroupEgress', 'sg-new'],
    ]);
    expect(goOn(all!, ssh)).toEqual({ calls: [], result: { identity: 'sg-new', map: { 'sg-old': 'sg-new' } } });
    // A group whose default egress is revoked already has none.
    expect(goOn().calls.map(({ operation }) => operation)).toEqual([
      'AuthorizeSecurityGroupIngress',
      'AuthorizeSecurityGroupEgress',
    ]);
    const listed = new Set(callsOf(capture.restore(begun, {} as Capture)).map(({ operation }) => operation));
    expect([...listed].sort()).toEqual([
      'AuthorizeSecurityGroupEgress',
      'AuthorizeSecurityGroupIngress',
      'RevokeSecurityGroupEgress',
    ]);
  });

  it('points referrers at the new group, and revokes what dangles', () => {
    const repoint = securityGroup.repoint as NonNullable<typeof securityGroup.repoint>;
    const rule = {
      IpProtocol: 'tcp',
      FromPort: 5432,
      ToPort: 5432,
      SourceSecurityGroupId: 'sg-old',
      SourceSecurityGroupOwnerId: '123456789012',
    };
    const captured: Capture = {
      how: 'config',
      refs: {},
      pointInTime: null,
      bytes: null,
      encrypted: null,
      extras: {
        referrers: {
          groups: [
            { GroupId: 'sg-2', SecurityGroupIngress: [rule], SecurityGroupEgress: [] },
            { GroupId: 'sg-lost', SecurityGroupIngress: [rule], SecurityGroupEgress: [] },
          ],
          interfaces: [
            { NetworkInterfaceId: 'eni-1', RequesterManaged: false, Groups: ['sg-old', 'sg-5'] },
            { NetworkInterfaceId: 'eni-2', RequesterManaged: true, Groups: ['sg-old'] },
            { NetworkInterfaceId: 'eni-3', RequesterManaged: false, Groups: ['sg-old'] },
          ],
        },
      },
    };
    const stale = {
      SecurityGroupRuleId: 'sgr-1',
      IsEgress: false,
      IpProtocol: 'tcp',
      FromPort: 5432,
      ToPort: 5432,
      ReferencedGroupInfo: { GroupId: 'sg-old', UserId: '123456789012' },
    };
    const answers = ({ operation, input }: ReadCall): JsonObject => {
      const asked = JSON.stringify(input);
      if (operation === 'DescribeNetworkInterfaces')
        return {
          NetworkInterfaces: asked.includes('eni-1')
            ? [{ NetworkInterfaceId: 'eni-1', Groups: [{ GroupId: 'sg-5' }] }]
            : [],
        };
      if (operation === 'DescribeSecurityGroups')
        return { SecurityGroups: asked.includes('sg-2') ? [{ GroupId: 'sg-2' }] : [] };
      return {
        SecurityGroupRules: asked.includes('sg-2')
          ? [stale, { ...stale, SecurityGroupRuleId: 'sgr-2', ReferencedGroupInfo: undefined, CidrIpv4: '10.0.0.0/8' }]
          : [],
      };
    };
    const { calls } = answered(repoint(context({ live }), captured, 'sg-new'), answers);
    expect(told(calls)).toEqual([
      {
        operation: 'AuthorizeSecurityGroupIngress',
        retry: 'absolute',
        input: {
          GroupId: 'sg-2',
          IpPermissions: [
            {
              IpProtocol: 'tcp',
              FromPort: 5432,
              ToPort: 5432,
              UserIdGroupPairs: [{ GroupId: 'sg-new', UserId: '123456789012' }],
            },
          ],
        },
      },
      {
        operation: 'RevokeSecurityGroupIngress',
        retry: 'absolute',
        input: { GroupId: 'sg-2', SecurityGroupRuleIds: ['sgr-1'] },
      },
      {
        operation: 'ModifyNetworkInterfaceAttribute',
        retry: 'absolute',
        input: { NetworkInterfaceId: 'eni-1', Groups: ['sg-new', 'sg-5'] },
      },
    ]);
    // The plan lists every operation that may come.
    const listed = new Set(callsOf(repoint(context({ live }), captured, 'sg-new')).map(({ operation }) => operation));
    for (const { operation } of calls) expect(listed).toContain(operation);
  });
});

describe('two groups that name each other and both go', () => {
  const capture = securityGroup.capture as NonNullable<typeof securityGroup.capture>;
  const live = liveGroup();
  const names = {
    SecurityGroupRuleId: 'sgr-1',
    IsEgress: false,
    IpProtocol: 'tcp',
    FromPort: 5432,
    ToPort: 5432,
    ReferencedGroupInfo: { GroupId: 'sg-old', UserId: '123456789012' },
  };
  const other = {
    SecurityGroupRuleId: 'sgr-2',
    IsEgress: false,
    IpProtocol: 'tcp',
    FromPort: 22,
    ToPort: 22,
    CidrIpv4: '10.0.0.0/8',
  };
  const world =
    (rules: readonly JsonObject[]) =>
    ({ operation, input }: ReadCall): JsonObject => {
      const isOther = JSON.stringify(input).includes('sg-2');
      if (operation === 'DescribeSecurityGroupRules') return { SecurityGroupRules: isOther ? rules : [] };
      return operation === 'DescribeSecurityGroups' ? { SecurityGroups: isOther ? [{ GroupId: 'sg-2' }] : [] } : {};
    };
  const quiesce = (more: Partial<StepContext>) =>
    (capture.quiesce as NonNullable<typeof capture.quiesce>)(context({ live, action: 'delete', ...more }));
  const unquiesce = (taken: Capture | undefined) =>
    (capture.unquiesce as NonNullable<typeof capture.unquiesce>)(
      context({ live, action: 'delete', ...(taken === undefined ? {} : { capture: taken }) }),
    );
  const rule = {
    IpProtocol: 'tcp',
    FromPort: 5432,
    ToPort: 5432,
    SourceSecurityGroupId: 'sg-old',
    SourceSecurityGroupOwnerId: '123456789012',
  };
  const referrers = {
    groups: [
      { GroupId: 'sg-2', SecurityGroupIngress: [rule], SecurityGroupEgress: [] },
      { GroupId: 'sg-3', SecurityGroupIngress: [rule], SecurityGroupEgress: [] },
    ],
    interfaces: [],
  };
  const taken = (extras: JsonObject): Capture => ({
    how: 'config',
    refs: {},
    pointInTime: null,
    bytes: null,
    encrypted: null,
    extras,
  });

  it('the later one lets go of the first, of nothing else, and the plan lists the calls', () => {
    expect(told(answered(quiesce({ deletedAfter: ['sg-2'] }), world([names, other])).calls)).toEqual([
      {
        operation: 'RevokeSecurityGroupIngress',
        retry: 'absolute',
        input: { GroupId: 'sg-2', SecurityGroupRuleIds: ['sgr-1'] },
      },
    ]);
    expect(answered(quiesce({ deletedAfter: ['sg-2'] }), world([other])).calls).toEqual([]);
    expect(answered(quiesce({}), world([names])).calls).toEqual([]);
    expect(callsOf(quiesce({ deletedAfter: ['sg-2'] })).map(({ operation }) => operation)).toEqual([
      'RevokeSecurityGroupIngress',
      'RevokeSecurityGroupEgress',
    ]);
  });

  it('it is undone by the capture alone: the rules of those that let go, not of other referrers', () => {
    const add = {
      operation: 'AuthorizeSecurityGroupIngress',
      retry: 'absolute',
      input: {
        GroupId: 'sg-2',
        IpPermissions: [
          {
            IpProtocol: 'tcp',
            FromPort: 5432,
            ToPort: 5432,
            UserIdGroupPairs: [{ GroupId: 'sg-old', UserId: '123456789012' }],
          },
        ],
      },
    };
    expect(told(answered(unquiesce(taken({ referrers, released: ['sg-2'] })), world([other])).calls)).toEqual([add]);
    // A group without any rule left is there all the same.
    expect(told(answered(unquiesce(taken({ referrers, released: ['sg-2'] })), world([])).calls)).toEqual([add]);
    expect(answered(unquiesce(taken({ referrers, released: ['sg-2'] })), world([names, other])).calls).toEqual([]);
    expect(answered(unquiesce(taken({ referrers })), world([])).calls).toEqual([]);
    expect(answered(unquiesce(undefined), world([])).calls).toEqual([]);
  });

  it('nothing stands against it beforehand', () => {
    const held = (operation: string): JsonObject =>
      operation === 'DescribeSecurityGroups'
        ? { SecurityGroups: [{ GroupId: 'sg-2', IpPermissions: [{ UserIdGroupPairs: [{ GroupId: 'sg-old' }] }] }] }
        : {};
    const check = (more: Partial<StepContext>): readonly string[] =>
      answered(
        (securityGroup.preflight as NonNullable<typeof securityGroup.preflight>)(context({ live, ...more }), 'delete'),
        ({ operation }) => held(operation),
      ).result;
    expect(check({})).toEqual(['sg-old is in use, and AWS would refuse to delete it: a rule of sg-2']);
    expect(check({ deletedAfter: ['sg-2'] })).toEqual([]);
  });
});

describe('reading', () => {
  const group = (id: string, more: JsonObject = {}): JsonObject => ({
    GroupId: id,
    GroupName: id,
    Description: 'd',
    VpcId: 'vpc-1',
    OwnerId: '123456789012',
    IpPermissions: [],
    IpPermissionsEgress: [],
    Tags: [
      { Key: 'Name', Value: id },
      { Key: 'aiplan:plan', Value: 'p' },
    ],
    ...more,
  });
  const denied = new AwsError({
    code: 'UnauthorizedOperation',
    kind: 'denied',
    operation: 'ec2:X',
    message: 'no',
    executed: 'no',
  });
  function reader(answer: (call: ReadCall) => JsonObject): AwsReader & { calls: ReadCall[] } {
    const calls: ReadCall[] = [];
    return {
      calls,
      counts: {},
      read: async (call) => {
        calls.push(call);
        return answer(call);
      },
    };
  }
  const many = Array.from({ length: 450 }, (_, index) => `sg-${index}`);

  it('asks for 200 groups a call, follows pages, and says what does not exist', async () => {
    const aws = reader(({ input }) => {
      const ids = ((input['Filters'] as JsonObject[] | undefined)?.[0]?.['Values'] ?? []) as string[];
      if (ids.includes('sg-0') && input['NextToken'] === undefined)
        return { SecurityGroups: ids.slice(0, 100).map((id) => group(id)), NextToken: 'more' };
      return {
        SecurityGroups: (ids.includes('sg-0') ? ids.slice(100) : ids)
          .filter((id) => id !== 'sg-449')
          .map((id) => group(id)),
      };
    });
    const result = await readSecurityGroups(aws, { identities: many, all: false, detailed: new Set() });
    expect(aws.calls.map(({ operation }) => operation)).toEqual(
      Array.from({ length: 4 }, () => 'DescribeSecurityGroups'),
    );
    expect(result.resources).toHaveLength(449);
    expect(result.absent).toEqual(['sg-449']);
    expect(result.resources[0]).toMatchObject({
      properties: { Tags: { Name: 'sg-0' } },
      systemTags: { 'aiplan:plan': 'p' },
      detailed: false,
      state: 'present',
    });
  });

  it('makes a denied read a failure of every identity, never an absence', async () => {
    const result = await readSecurityGroups(
      { counts: {}, read: () => Promise.reject(denied) },
      { identities: ['sg-1', 'sg-2'], all: false, detailed: new Set(['sg-1']) },
    );
    expect(result).toEqual({
      resources: [],
      absent: [],
      failures: ['sg-1', 'sg-2'].map((identity) => ({
        type: 'AWS::EC2::SecurityGroup',
        identity,
        code: 'UnauthorizedOperation',
        message: 'no',
        operation: 'ec2:X',
      })),
    });
  });

  it('reads evidence for the detailed ones only, and calls it unknown where it is denied', async () => {
    const answer = ({ operation, input }: ReadCall): JsonObject => {
      const filter = String((input['Filters'] as JsonObject[] | undefined)?.[0]?.['Name']);
      if (operation === 'DescribeSecurityGroups')
        return {
          SecurityGroups:
            filter === 'group-id'
              ? [group('sg-1'), group('sg-2')]
              : [group('sg-2', { IpPermissions: [{ UserIdGroupPairs: [{ GroupId: 'sg-1' }] }] })],
        };
      if (operation === 'DescribeSecurityGroupRules')
        return {
          SecurityGroupRules: [
            {
              GroupId: 'sg-1',
              SecurityGroupRuleId: 'sgr-1',
              IsEgress: false,
              IpProtocol: 'tcp',
              FromPort: 22,
              ToPort: 22,
              CidrIpv4: '10.0.0.0/8',
            },
          ],
        };
      return {
        NetworkInterfaces: [
          { NetworkInterfaceId: 'eni-1', Groups: [{ GroupId: 'sg-1' }], Attachment: { InstanceId: 'i-1' } },
          {
            NetworkInterfaceId: 'eni-2',
            Groups: [{ GroupId: 'sg-1' }],
            RequesterManaged: true,
            RequesterId: 'amazon-elb',
            Description: 'ELB app/web',
          },
          {
            NetworkInterfaceId: 'eni-3',
            Groups: [{ GroupId: 'sg-1' }],
            Attachment: { InstanceId: 'i-1', DeviceIndex: 1 },
          },
        ],
      };
    };
    const query = { identities: ['sg-1', 'sg-2'], all: false, detailed: new Set(['sg-1']) };
    const { resources } = await readSecurityGroups(reader(answer), query);
    expect(resources[0]?.binding).toEqual({
      protections: [],
      dependents: [
        { type: 'AWS::EC2::Instance', identity: 'i-1' },
        { type: 'AWS::EC2::NetworkInterface', identity: 'eni-2' },
        { type: 'AWS::EC2::NetworkInterface', identity: 'eni-3' },
        { type: 'AWS::EC2::SecurityGroup', identity: 'sg-2' },
      ],
      attached: ['eni-1 (of i-1)', 'eni-2 (ELB app/web, made by amazon-elb)', 'eni-3 (of i-1)'],
    });
    expect(resources[0]?.attributes['RuleIds']).toEqual({ ingress: { 'tcp 22 22 10.0.0.0/8': 'sgr-1' }, egress: {} });
    expect(resources[1]).toMatchObject({ binding: {}, detailed: false });
    const blind = await readSecurityGroups(
      {
        counts: {},
        read: (call) =>
          call.operation === 'DescribeNetworkInterfaces' ? Promise.reject(denied) : Promise.resolve(answer(call)),
      },
      query,
    );
    expect(blind.resources[0]?.binding).toMatchObject({ dependents: 'unknown', attached: 'unknown' });
    const ruleless = await readSecurityGroups(
      {
        counts: {},
        read: (call) =>
          call.operation === 'DescribeSecurityGroupRules' ? Promise.reject(denied) : Promise.resolve(answer(call)),
      },
      query,
    );
    expect(ruleless.failures).toEqual([
      {
        type: 'AWS::EC2::SecurityGroup',
        identity: 'sg-1',
        code: 'UnauthorizedOperation',
        message: 'no',
        operation: 'ec2:X',
      },
    ]);
  });
});

describe('duplicate', () => {
  const like = (desired: JsonObject) => securityGroup.rules.duplicate(desired, liveGroup());
  it('knows the same name in the same VPC, and what looks like it', () => {
    expect(like({ GroupName: 'web', VpcId: 'vpc-1' })).toBe('same');
    expect(like({ GroupName: 'web', VpcId: 'vpc-2' })).toBe('similar');
    expect(like({ GroupName: 'other', VpcId: 'vpc-1', Tags: { Name: 'web' } })).toBe('similar');
    expect(like({ GroupName: 'other', VpcId: 'vpc-1' })).toBeNull();
    expect(like({})).toBeNull();
  });
});

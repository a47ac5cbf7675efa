import { describe, expect, it } from '@jest/globals';
import { instanceProfile } from '../../providers/iam/instance-profile.ts';
import type { Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { ruleHits } from '../../src/plan/classify/rule-hits.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import { changesTo, contextFor } from '../helpers/ec2-context.ts';
import { reader } from '../helpers/ec2-samples.ts';

const profile = (name: string, roles: readonly string[] = ['reader'], more: JsonObject = {}): JsonObject => ({
  InstanceProfileName: name,
  InstanceProfileId: `AIPA${name}`,
  Path: '/',
  Arn: `arn:aws:iam::123456789012:instance-profile/${name}`,
  CreateDate: '2026-01-01T00:00:00.000Z',
  Roles: roles.map((RoleName) => ({ RoleName })),
  ...more,
});
const tags = [
  { Key: 'team', Value: 'platform' },
  { Key: 'aiplan:plan', Value: 'shop' },
];
const associations = [
  { IamInstanceProfile: { Arn: 'arn:aws:iam::1:instance-profile/team/web' }, InstanceId: 'i-1' },
  { IamInstanceProfile: { Arn: 'arn:aws:iam::1:instance-profile/web-2' }, InstanceId: 'i-2' },
];
const answers = {
  GetInstanceProfile: { InstanceProfile: profile('web', ['reader'], { Tags: tags }) },
  ListInstanceProfiles: { InstanceProfiles: ['web', 'a', 'b', 'c', 'd', 'e'].map((name) => profile(name)) },
  ListInstanceProfileTags: { Tags: tags },
  DescribeIamInstanceProfileAssociations: { IamInstanceProfileAssociations: associations },
};
const counts = ({ calls }: ReturnType<typeof reader>): JsonObject =>
  calls.reduce<Record<string, number>>((sum, { service, operation }) => {
    sum[`${service}:${operation}`] = (sum[`${service}:${operation}`] ?? 0) + 1;
    return sum;
  }, {});

async function live(): Promise<LiveResource> {
  const { resources } = await instanceProfile.read(reader(answers), {
    identities: ['web'],
    all: false,
    detailed: new Set(['web']),
  });
  return resources[0] as LiveResource;
}
const listed = (program: Program<unknown>): readonly (readonly [string, JsonObject])[] =>
  preview(program).calls.map(({ operation, input }) => [operation, input]);
const updating = async (properties: JsonObject) => {
  const from = await live();
  const desired = { ...from.properties, ...properties };
  return contextFor({ live: from, desired, changes: changesTo(from, desired), action: 'update' });
};

describe('reading instance profiles', () => {
  it('reads few by name, with their tags, and who carries them', async () => {
    const aws = reader(answers);
    const { resources } = await instanceProfile.read(aws, {
      identities: ['web'],
      all: false,
      detailed: new Set(['web']),
    });
    expect(resources).toMatchObject([
      {
        identity: 'web',
        incarnation: 'AIPAweb',
        properties: { InstanceProfileName: 'web', Path: '/', Roles: ['reader'], Tags: { team: 'platform' } },
        systemTags: { 'aiplan:plan': 'shop' },
        attributes: { Arn: 'arn:aws:iam::123456789012:instance-profile/web' },
        // A profile is told by the last part of its ARN: web-2 is another one.
        binding: { dependents: [{ type: 'AWS::EC2::Instance', identity: 'i-1' }], protections: [] },
      },
    ]);
    expect(counts(aws)).toEqual({ 'iam:GetInstanceProfile': 1, 'ec2:DescribeIamInstanceProfileAssociations': 1 });
  });

  it('reads many in one list, and the tags of those that are wanted whole', async () => {
    const aws = reader(answers);
    const identities = ['web', 'a', 'b', 'c', 'd', 'none'];
    const { resources, absent } = await instanceProfile.read(aws, { identities, all: false, detailed: new Set(['a']) });
    expect([resources.map(({ identity }) => identity), absent]).toEqual([['web', 'a', 'b', 'c', 'd'], ['none']]);
    expect(resources.find(({ identity }) => identity === 'a')?.systemTags).toEqual({ 'aiplan:plan': 'shop' });
    expect(counts(aws)).toEqual({
      'iam:ListInstanceProfiles': 1,
      'iam:ListInstanceProfileTags': 1,
      'ec2:DescribeIamInstanceProfileAssociations': 1,
    });
  });

  it('reads the tags of all where they are what is looked for', async () => {
    const aws = reader(answers);
    const query = { identities: [], all: true, detailed: new Set<string>() };
    await instanceProfile.read(aws, query);
    expect(counts(aws)).toEqual({ 'iam:ListInstanceProfiles': 1 });
    const { resources } = await instanceProfile.read(aws, {
      ...query,
      properties: new Map([['*', new Set(['Tags'])]]),
    });
    expect(resources.map(({ properties }) => properties['Tags'])).toEqual(
      Array.from({ length: 6 }, () => ({ team: 'platform' })),
    );
  });
});

describe('the calls', () => {
  it('of a create: tags with the profile, the role when it is visible', () => {
    const context = contextFor({
      desired: { InstanceProfileName: 'web', Path: '/team/', Roles: ['reader'], Tags: { team: 'x' } },
      ownership: { 'aiplan:op': 'op-1' },
    });
    expect(listed(instanceProfile.create!(context))).toEqual([
      [
        'CreateInstanceProfile',
        {
          InstanceProfileName: 'web',
          Path: '/team/',
          Tags: [
            { Key: 'team', Value: 'x' },
            { Key: 'aiplan:op', Value: 'op-1' },
          ],
        },
      ],
      ['AddRoleToInstanceProfile', { InstanceProfileName: 'web', RoleName: 'reader' }],
    ]);
  });

  it('of another role: the former one leaves first, because a profile has one', async () => {
    expect(listed(instanceProfile.update!(await updating({ Roles: ['writer'] })))).toEqual([
      ['RemoveRoleFromInstanceProfile', { InstanceProfileName: 'web', RoleName: 'reader' }],
      ['AddRoleToInstanceProfile', { InstanceProfileName: 'web', RoleName: 'writer' }],
    ]);
    expect(listed(instanceProfile.update!(await updating({ Tags: { owner: 'me' } })))).toEqual([
      ['TagInstanceProfile', { InstanceProfileName: 'web', Tags: [{ Key: 'owner', Value: 'me' }] }],
      ['UntagInstanceProfile', { InstanceProfileName: 'web', TagKeys: ['team'] }],
    ]);
  });

  it('of a delete: the role is taken out before, and put back where the profile stays', async () => {
    const context = contextFor({ live: await live(), action: 'delete' });
    expect(listed(instanceProfile.capture!.quiesce!(context))).toEqual([
      ['RemoveRoleFromInstanceProfile', { InstanceProfileName: 'web', RoleName: 'reader' }],
    ]);
    expect(listed(instanceProfile.remove!(context))).toEqual([
      ['DeleteInstanceProfile', { InstanceProfileName: 'web' }],
    ]);
    expect(listed(instanceProfile.capture!.unquiesce!(context))).toEqual([
      ['AddRoleToInstanceProfile', { InstanceProfileName: 'web', RoleName: 'reader' }],
    ]);
    // An earlier try may have done it already: only what is not done is sent, or IAM refuses it.
    const again = (program: Program<unknown>, roles: readonly string[]): unknown => {
      expect(program.next().value).toMatchObject({ call: { operation: 'GetInstanceProfile' } });
      return program.next({ InstanceProfile: profile('web', roles) });
    };
    expect(again(instanceProfile.capture!.quiesce!(context), [])).toEqual({ done: true, value: undefined });
    expect(again(instanceProfile.capture!.unquiesce!(context), ['reader'])).toEqual({ done: true, value: undefined });
    expect(again(instanceProfile.capture!.unquiesce!(context), [])).toMatchObject({
      done: false,
      value: { call: { operation: 'AddRoleToInstanceProfile', input: { RoleName: 'reader' } } },
    });
    const now = { ...(await live()), properties: { InstanceProfileName: 'web', Roles: [] } };
    expect(instanceProfile.capture!.quieted!(await live(), now).properties['Roles']).toEqual(['reader']);
  });

  it('of a restore: the same name with its role, and the loss of its id is told', async () => {
    const context = contextFor({ live: await live(), action: 'delete' });
    const capture = instanceProfile.capture!.plan(await live(), 'delete', [], { maxObjects: 1, maxBytes: 1 });
    expect(capture).toMatchObject({ how: 'config', late: true });
    expect(capture.impossible).toBeUndefined();
    expect(capture.loses.join(' ')).toContain('AIPAweb');
    expect(listed(instanceProfile.capture!.restore(context, {} as never)).map(([operation]) => operation)).toEqual([
      'CreateInstanceProfile',
      'AddRoleToInstanceProfile',
    ]);
  });
});

describe('the rules', () => {
  const hits = async (roles: readonly string[]) => {
    const from = await live();
    const after = { ...from.properties, Roles: [...roles] };
    const scene = { account: '123456789012', after, find: () => undefined };
    const comparer = comparerFor(instanceProfile.rules, instanceProfile.type, 'web');
    const found = (rules: typeof instanceProfile.rules.grants) =>
      ruleHits(rules, from.properties, after, from, comparer, scene).map(({ says }) => says);
    return [found(instanceProfile.rules.grants), found(instanceProfile.rules.destructive)];
  };
  it('call a role that comes a grant, and one that goes a destruction', async () => {
    expect(await hits(['reader'])).toEqual([[], []]);
    expect(await hits(['writer'])).toEqual([
      [expect.stringContaining('act as writer')],
      [expect.stringContaining('lose what the role reader allows')],
    ]);
    expect(await hits([])).toEqual([[], [expect.stringContaining('reader')]]);
  });

  it('refuse what IAM refuses: names, paths, a second role', () => {
    const at = (properties: JsonObject): readonly string[] =>
      instanceProfile.rules.refuses!(properties, true).map((problem) => problem.at);
    expect(at({ InstanceProfileName: 'web_+=,.@-1', Path: '/a/b/', Roles: ['one'] })).toEqual([]);
    expect(at({ InstanceProfileName: 'a b', Path: 'a', Roles: ['one', 'two'] })).toEqual([
      'InstanceProfileName',
      'Path',
      'Roles.1',
    ]);
  });

  it('see before the first call that the role does not exist', async () => {
    const context = await updating({ Roles: ['writer'] });
    const check = (found: JsonObject | null): unknown => {
      const program = instanceProfile.preflight!(context, 'update');
      expect(program.next().value).toMatchObject({ call: { operation: 'GetRole', input: { RoleName: 'writer' } } });
      return program.next(found).value;
    };
    expect(check({ Role: { RoleName: 'writer' } })).toEqual([]);
    expect(check(null)).toEqual(['the role writer does not exist']);
  });

  it('ask for the permissions that each call needs', () => {
    expect(instanceProfile.iam.write).toEqual(
      expect.arrayContaining(['iam:AddRoleToInstanceProfile', 'iam:PassRole', 'iam:DeleteInstanceProfile']),
    );
    expect(instanceProfile.iam.read).toEqual(
      expect.arrayContaining(['iam:GetInstanceProfile', 'ec2:DescribeIamInstanceProfileAssociations', 'iam:GetRole']),
    );
  });
});

import { look } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { harmless, judged } from '../../src/domain/verdict.ts';
import { listOf, objectOf, textOf } from '../aws/values/fields.ts';
import { configurationType } from '../kinds/configuration-type.ts';
import type { Changing, Found, MadeCall } from '../kinds/description.ts';

const instanceType = 'AWS::EC2::Instance';
const named = /^[\w+=,.@-]{1,128}$/u;

const textsOf = (value: Json | undefined): readonly string[] =>
  (Array.isArray(value) ? (value as readonly Json[]) : []).filter((item) => typeof item === 'string');
const tagsOf = (tags: JsonObject): Json => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

const attach = (identity: string, role: string): MadeCall => ({
  operation: 'AddRoleToInstanceProfile',
  purpose: `put the role ${role} into the instance profile`,
  input: { InstanceProfileName: identity, RoleName: role },
});
const detach = (identity: string, role: string): MadeCall => ({
  operation: 'RemoveRoleFromInstanceProfile',
  purpose: `take the role ${role} out of the instance profile`,
  input: { InstanceProfileName: identity, RoleName: role },
});

/** A profile has one role at most, so the former one leaves before the new one comes (AddRoleToInstanceProfile). */
const roles: Changing = {
  operations: ['AddRoleToInstanceProfile', 'RemoveRoleFromInstanceProfile'],
  afterCreate: true,
  calls: (identity, before, desired) => {
    const [was, wanted] = [textsOf(before['Roles']), textsOf(desired['Roles'])];
    return [
      ...was.filter((role) => !wanted.includes(role)).map((role) => detach(identity, role)),
      ...wanted.filter((role) => !was.includes(role)).map((role) => attach(identity, role)),
    ];
  },
};

function foundIn(raw: JsonObject): readonly Found[] {
  const InstanceProfileName = textOf(raw['InstanceProfileName']);
  if (InstanceProfileName === undefined) return [];
  return [
    {
      identity: InstanceProfileName,
      incarnation: textOf(raw['InstanceProfileId']) ?? 'unknown',
      properties: {
        InstanceProfileName,
        Path: textOf(raw['Path']),
        Roles: listOf(raw['Roles']).flatMap(({ RoleName }) => textOf(RoleName) ?? []),
      },
      attributes: { Arn: textOf(raw['Arn']), InstanceProfileId: textOf(raw['InstanceProfileId']) },
      // The list of all profiles leaves tags out (ListInstanceProfiles).
      ...(raw['Tags'] === undefined ? {} : { tags: raw['Tags'] }),
      observed: { created: textOf(raw['CreateDate']) },
    },
  ];
}

const rolesOf = ({ properties }: LiveResource): readonly string[] => textsOf(properties['Roles']);
const nameOfArn = (arn: Json | undefined): string => (textOf(arn) ?? '').split('/').at(-1) ?? '';

/** AWS::IAM::InstanceProfile: hands a role to the instances that carry it. */
export const instanceProfile = configurationType({
  type: 'AWS::IAM::InstanceProfile',
  service: 'iam',
  list: {
    operation: 'GetInstanceProfile',
    items: 'InstanceProfile',
    narrow: ([identity = '']) => ({ InstanceProfileName: identity }),
    absent: ['NoSuchEntity'],
    few: 5,
    all: { operation: 'ListInstanceProfiles', items: 'InstanceProfiles' },
    token: { asked: 'Marker', answered: 'Marker' },
  },
  find: foundIn,
  details: [
    {
      operation: 'ListInstanceProfileTags',
      tells: 'Tags',
      unless: ({ tags }) => tags !== undefined,
      input: ({ identity }) => ({ InstanceProfileName: identity }),
      into: (found, answer) => ({ ...found, tags: answer['Tags'] ?? [] }),
    },
  ],
  properties: {
    InstanceProfileName: { verdict: harmless('its identity: it is never changed') },
    Path: { verdict: harmless('its identity: it is never changed') },
    Roles: {
      update: 'in-place',
      verdict: harmless('its elements have the verdict'),
      inside: { '*': judged('instances act as the role, and lose what a former one allowed', 'grant', 'destruction') },
    },
  },
  tags: {
    set: {
      operation: 'TagInstanceProfile',
      purpose: 'tag the instance profile',
      input: (identity, tags) => ({ InstanceProfileName: identity, Tags: tagsOf(tags) }),
    },
    remove: {
      operation: 'UntagInstanceProfile',
      purpose: 'remove tags from the instance profile',
      input: (identity, keys) => ({ InstanceProfileName: identity, TagKeys: [...keys] }),
    },
  },
  identityOf: (desired) => textOf(desired['InstanceProfileName']),
  create: {
    operation: 'CreateInstanceProfile',
    purpose: 'create the instance profile',
    input: ({ InstanceProfileName, Path }, { tags }) => ({ InstanceProfileName, Path, Tags: tagsOf(tags) }),
  },
  set: { Roles: roles },
  remove: {
    operation: 'DeleteInstanceProfile',
    purpose: 'delete the instance profile',
    input: ({ identity }) => ({ InstanceProfileName: identity }),
    // DeleteInstanceProfile: "The instance profile must not have an associated role."
    emptied: { property: 'Roles', empty: [] },
  },
  users: [
    {
      service: 'ec2',
      operation: 'DescribeIamInstanceProfileAssociations',
      items: 'IamInstanceProfileAssociations',
      ask: () => ({}),
      find: ({ IamInstanceProfile, InstanceId }, { identity }) =>
        nameOfArn(objectOf(IamInstanceProfile)['Arn']) === identity && typeof InstanceId === 'string'
          ? [{ type: instanceType, identity: InstanceId }]
          : [],
    },
  ],
  grants: [
    {
      path: 'Roles.*',
      given: (before) => textOf(before) === undefined,
      when: (_before, after) => after !== undefined && after !== null,
      says: (_before, after, live) =>
        `instances with the profile${live === null ? '' : ` ${live.identity}`} act as ${textOf(after) ?? 'a role that is not known yet'}`,
    },
  ],
  destructive: [
    {
      path: 'Roles.*',
      given: (before) => textOf(before) !== undefined,
      when: (_before, after) => after === undefined || after === null,
      says: (before, _after, live) =>
        `instances with the profile${live === null ? '' : ` ${live.identity}`} lose what the role ${String(before)} allows`,
    },
  ],
  holdsData: false,
  loses: ({ attributes }) => [
    `the id ${textOf(attributes['InstanceProfileId']) ?? 'that IAM gave it'}: a profile of the same name gets a new one`,
    'launch templates, launch configurations and other services may name it: aiplan does not read those',
  ],
  problems: ({ InstanceProfileName, Path, Roles }) => [
    ...(typeof InstanceProfileName === 'string' && !named.test(InstanceProfileName)
      ? [
          {
            at: 'InstanceProfileName',
            message: `"${InstanceProfileName}" is no name of an instance profile`,
            help: 'write 1 to 128 letters, digits and _+=,.@-',
          },
        ]
      : []),
    ...(typeof Path === 'string' && !/^\/(?:[!-~]{1,510}\/)?$/u.test(Path)
      ? [{ at: 'Path', message: `"${Path}" is no path of IAM`, help: 'begin and end it with a slash, as /team/' }]
      : []),
    ...(Array.isArray(Roles) && Roles.length > 1
      ? [{ at: 'Roles.1', message: 'an instance profile has one role at most', help: 'keep one role' }]
      : []),
  ],
  // AddRoleToInstanceProfile would answer NoSuchEntity in the middle of the step.
  *check({ desired, live }, action) {
    const [before, after] =
      action === 'restore'
        ? [[], live === null ? [] : rolesOf(live)]
        : [live === null ? [] : rolesOf(live), textsOf(desired['Roles'])];
    const missing: string[] = [];
    for (const role of action === 'delete' ? [] : after.filter((name) => !before.includes(name))) {
      const answer = yield* look(
        { service: 'iam', operation: 'GetRole', input: { RoleName: role }, absent: ['NoSuchEntity'] },
        { Role: { RoleName: role } },
      );
      if (answer === null) missing.push(`the role ${role} does not exist`);
    }
    return missing;
  },
  checks: ['iam:GetRole'],
  // A role goes in or out while the profile stays; nothing of it is ordered.
  rules: {
    nameProperty: 'InstanceProfileName',
    optionalName: 'InstanceProfileName',
    keys: { Roles: [] },
    unset: { Path: '/' },
  },
});

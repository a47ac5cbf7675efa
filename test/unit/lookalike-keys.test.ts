import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { resourceTypes } from '../../providers/index.ts';
import type { ResourceEntry } from '../../src/domain/change-plan.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ResourceType } from '../../src/domain/resource-type.ts';
import { duplicatesOf } from '../../src/plan/refresh/duplicates.ts';

const seed = 20260226;
const keyed = resourceTypes.all.filter(({ rules }) => rules.duplicateKeys !== undefined);

/** Few values, so that two things often have one in common; odd kinds too, because what is written may be anything. */
const text = fc.constantFrom('courses', 'Courses', 'courses-2', 'courses-old', 'reports', '', 'postgres');
const odd = fc.oneof({ weight: 8, arbitrary: text }, { weight: 1, arbitrary: fc.constantFrom(null, 7, true) });
const names = [
  'GroupName',
  'VpcId',
  'SnapshotId',
  'AvailabilityZone',
  'SubnetId',
  'PrivateIpAddress',
  'ImageId',
  'InstanceType',
  'DBInstanceIdentifier',
  'Engine',
  'DBName',
  'MasterUsername',
  'BucketName',
  'RouteTableId',
  'DestinationCidrBlock',
] as const;
const properties = fc.record(
  {
    ...Object.fromEntries(names.map((name) => [name, odd])),
    Size: fc.constantFrom(1, 2),
    Tags: fc.oneof(fc.record({ Name: odd }), fc.constant({})),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;
const identities = fc.oneof(
  text,
  text.map((part) => `IGW|${part}`),
  fc.tuple(text, text).map((parts) => parts.join('|')),
);
const live = fc.record({ properties, identity: identities }).map(({ properties: found, identity }): LiveResource => ({
  type: 'any',
  identity,
  incarnation: identity,
  properties: found,
  attributes: {},
  systemTags: {},
  state: 'present',
  pending: {},
  binding: {},
  observed: {},
  detailed: true,
}));
const entry: ResourceEntry = {
  address: 'New',
  type: 'any',
  action: 'create',
  dependsOn: [],
  source: { line: 1, column: 1 },
  positions: {},
};

const withoutKeys = (type: ResourceType): ResourceType => {
  const { duplicateKeys: _left, ...rules } = type.rules;
  return { ...type, rules };
};

describe('keys of duplicates', () => {
  it('are given by every type that can be created', () => {
    expect(keyed.map(({ type }) => type).sort()).toEqual(
      resourceTypes.all
        .filter(({ managed }) => managed)
        .map(({ type }) => type)
        .sort(),
    );
  });
  it.each(keyed.map((type) => [type.type, type] as const))(
    '%s: find what a look at every resource finds',
    (_name, type) => {
      let found = 0;
      let keys = 0;
      fc.assert(
        fc.property(properties, fc.array(live, { maxLength: 8 }), (desired, strangers) => {
          // An identity of several parts is seldom met by chance.
          const own = type.rules.identityOf?.(desired);
          const [first] = strangers;
          const others =
            own === undefined || first === undefined ? strangers : [...strangers, { ...first, identity: own }];
          const quick = duplicatesOf(entry, 'plan', type, desired, others);
          keys += type.rules.duplicateKeys?.(desired, null).length ?? 0;
          found += quick.same.length + quick.similar.length;
          expect(quick).toEqual(duplicatesOf(entry, 'plan', withoutKeys(type), desired, others));
        }),
        { seed, numRuns: 400 },
      );
      // A type that any number of equal ones may be of has no key, and nothing is like another.
      expect(found).toBeGreaterThan(keys === 0 ? -1 : 20);
    },
  );
  it('ask only what has a key in common', () => {
    const asked: string[] = [];
    const [type] = keyed;
    const watching = {
      ...type,
      rules: {
        ...type?.rules,
        duplicateKeys: ({ Key }: JsonObject) => [String(Key)],
        duplicate: (_desired: JsonObject, other: LiveResource) => {
          asked.push(other.identity);
          return 'similar';
        },
      },
    } as unknown as ResourceType;
    const others = ['a', 'b', 'c', 'a'].map((Key, index): LiveResource => ({
      type: 'any',
      identity: `${Key}${index}`,
      incarnation: '',
      properties: { Key },
      attributes: {},
      systemTags: {},
      state: 'present',
      pending: {},
      binding: {},
      observed: {},
      detailed: true,
    }));
    expect(duplicatesOf(entry, 'plan', watching, { Key: 'a' }, others).similar.map(({ identity }) => identity)).toEqual(
      ['a0', 'a3'],
    );
    expect(asked).toEqual(['a0', 'a3']);
  });
});

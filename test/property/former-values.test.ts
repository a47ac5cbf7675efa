import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { ChangeRule, ResourceType } from '../../src/domain/resource-type.ts';
import { formerValues } from '../../src/plan/classify/former-values.ts';
import { anyFormer, ruleHits } from '../../src/plan/classify/rule-hits.ts';
import { unknownFacts } from '../../src/plan/refresh/evidence.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { liveOf } from '../../providers/rds/db-instance/shape.ts';
import { liveSample } from '../helpers/rule-samples.ts';

/** The value at a path, in lists and objects that hold nothing else but what identifies the elements. */
function nested(path: string, value: Json | undefined, { rules }: ResourceType): JsonObject {
  const names = path.split('.');
  const build = (at: number): Json => {
    const name = names[at];
    if (name === undefined) return value as Json;
    if (name === '*') {
      const inside = build(at + 1);
      const keys = rules.keys[names.slice(0, at).join('.')] ?? [];
      return [
        typeof inside === 'object' && inside !== null && !Array.isArray(inside)
          ? { ...Object.fromEntries(keys.map((key) => [key, 'k'])), ...inside }
          : inside,
      ];
    }
    return at + 1 === names.length && value === undefined ? {} : { [name]: build(at + 1) };
  };
  return build(0) as JsonObject;
}

const kinds = ['destructive', 'grants', 'oneWay'] as const;
const scene = { account: '123456789012', after: {}, find: () => undefined };

describe.each(resourceTypes.all.filter(({ managed }) => managed).map((type) => [type.type, type] as const))(
  'the rules of %s about a value that AWS did not answer',
  (name, type) => {
    const schema = loadSchema(name);
    const former = formerValues(type.rules, schema);
    const comparer = comparerFor(type.rules, name, 'id');
    const hits = (rule: ChangeRule, before: Json | undefined, after: Json): boolean =>
      ruleHits(
        [rule],
        nested(rule.path, before, type),
        nested(rule.path, after, type),
        liveSample(name, {}),
        comparer,
        scene,
        former,
      ).length > 0;
    it('hit wherever one of the values hits that it may have had', () => {
      const missed = kinds.flatMap((kind) =>
        (type.rules[kind] ?? [])
          .filter(({ path }) => !path.endsWith('*'))
          .flatMap((rule) => {
            const possible = former(rule.path);
            const wanted = [...possible, ...anyFormer];
            return wanted.flatMap((after) =>
              possible.some((before) => before !== after && hits(rule, before, after)) && !hits(rule, undefined, after)
                ? [`${kind} ${rule.path} to ${JSON.stringify(after)}`]
                : [],
            );
          }),
      );
      expect(missed).toEqual([]);
    });
    it('mean nothing that the schema or the rules do not know', () => {
      expect(
        Object.keys(type.rules.unset ?? {}).filter(
          (path) => schema?.properties[path.split('.')[0] ?? ''] === undefined,
        ),
      ).toEqual([]);
    });
  },
);

describe('a protection that AWS did not answer', () => {
  const says = (name: string, kind: 'destructive' | 'grants', before: JsonObject, after: JsonObject) => {
    const type = resourceTypes.get(name)!;
    return ruleHits(
      type.rules[kind],
      before,
      after,
      liveSample(name, before),
      comparerFor(type.rules, name, 'id'),
      { ...scene, after },
      formerValues(type.rules, loadSchema(name)),
    ).map((hit) => hit.says);
  };
  it.each([
    ['AWS::EC2::Instance', 'DisableApiTermination', false],
    ['AWS::RDS::DBInstance', 'DeletionProtection', false],
    ['AWS::RDS::DBInstance', 'MultiAZ', false],
    ['AWS::RDS::DBInstance', 'BackupRetentionPeriod', 1],
    ['AWS::RDS::DBInstance', 'CopyTagsToSnapshot', false],
  ])('%s %s may be lost, and the card says why', (name, property, after) => {
    expect(says(name, 'destructive', {}, { [property]: after })[0]).toContain(
      `(AWS did not answer what ${property} was, and unknown is not safe)`,
    );
  });
  it('is an unknown fact, which blocks a destruction', () => {
    const raw = { DBInstanceIdentifier: 'a', DeletionProtection: false, StorageEncrypted: false };
    const { DeletionProtection: _protected, ...unprotected } = raw;
    const { StorageEncrypted: _encrypted, ...unencrypted } = raw;
    expect([raw, unprotected, unencrypted].map((one) => unknownFacts(liveOf(one).binding))).toEqual([
      [],
      ['protections'],
      ['encrypted'],
    ]);
  });
  it('is not unknown where its absence has a meaning', () => {
    expect(says('AWS::RDS::DBInstance', 'destructive', {}, { MaxAllocatedStorage: 100 })).toEqual([]);
    expect(says('AWS::EC2::Instance', 'destructive', {}, { IamInstanceProfile: 'x' })).toEqual([]);
  });
  it('of a volume that the same step attaches is lost with DeleteOnTermination', () => {
    expect(
      says(
        'AWS::EC2::Instance',
        'destructive',
        { Volumes: [], BlockDeviceMappings: [] },
        {
          Volumes: [{ VolumeId: 'vol-1', Device: '/dev/sdf' }],
          BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { DeleteOnTermination: true } }],
        },
      ),
    ).toEqual(['the volume is deleted together with the instance from now on']);
  });
  it('of user data: a stop that is needed to set the first loses what every stop loses', () => {
    expect(says('AWS::EC2::Instance', 'destructive', {}, { UserData: 'x' })).toHaveLength(2);
  });
});

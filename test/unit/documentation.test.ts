import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { propertyHintsOf } from '../../src/cli/context/property-hints.ts';
import type { TypeSchema } from '../../src/domain/schema.ts';

const knowledge = propertyHintsOf({ types: resourceTypes, schemas: loadSchema });
const line = (type: string, path: string): string | null => knowledge(type, path).documentation;

describe("AWS's documentation line", () => {
  it('stands for every property that aiplan can set, short and plain', () => {
    for (const { type, rules } of resourceTypes.all) {
      for (const name of Object.keys(rules.properties)) {
        const text = line(type, name);
        expect([type, name, text]).toEqual([type, name, expect.stringMatching(/^[^\n`[\]]{10,200}$/u)]);
      }
    }
  });
  it('is that of the nested property, through lists, maps and keys of any spelling', () => {
    expect(line('AWS::S3::Bucket', 'LifecycleConfiguration.Rules[a].Transitions[GLACIER].TransitionInDays')).toMatch(
      /number of days after creation when objects are transitioned/u,
    );
    expect(line('AWS::EC2::Instance', 'BlockDeviceMappings[/dev/sda1].Ebs.DeleteOnTermination')).toMatch(
      /volume is deleted on instance termination/u,
    );
    expect(line('AWS::S3::Bucket', 'LifecycleConfiguration.Rules[odd].key] x].ExpirationInDays')).toMatch(
      /number of days/u,
    );
  });
  it('is that of the nearest property around where the path itself has none', () => {
    expect(line('AWS::EC2::Instance', 'Tags.owner.of[it].all')).toMatch(/tags/u);
    expect(line('AWS::EC2::SecurityGroup', 'SecurityGroupIngress[tcp 22 22 0.0.0.0/0]')).toMatch(/inbound rules/u);
  });
  it('is none for what nobody knows, and odd paths throw nothing', () => {
    for (const [type, path] of [
      ['AWS::X::Y', 'Z'],
      ['AWS::S3::Bucket', 'constructor'],
      ['AWS::S3::Bucket', ''],
      ['AWS::S3::Bucket', '.'],
      ['AWS::S3::Bucket', '[[]'],
      ['AWS::S3::Bucket', '__proto__.x['],
    ] as const)
      expect(line(type, path)).toBeNull();
  });
});

describe('what is known of a property', () => {
  it('says which lists have no order, as the rules of the type do', () => {
    expect(knowledge('AWS::RDS::DBInstance', 'VPCSecurityGroups').set).toBe(true);
    expect(knowledge('AWS::S3::Bucket', 'CorsConfiguration.CorsRules[x].AllowedMethods').set).toBe(true);
    expect(knowledge('AWS::S3::Bucket', 'LifecycleConfiguration.Rules[].Transitions').set).toBe(true);
    expect(knowledge('AWS::S3::Bucket', 'WebsiteConfiguration.RoutingRules').set).toBe(false);
  });
  it('says which texts are prose', () => {
    expect(knowledge('AWS::EC2::SecurityGroup', 'GroupDescription').text).toBe(true);
    expect(knowledge('AWS::EC2::SecurityGroup', 'GroupName').text).toBe(false);
  });
  it('says what is a policy: by rule, and by a JSON property of that name', () => {
    const schema: TypeSchema = {
      type: 'T',
      documentation: '',
      primaryIdentifier: ['Id'],
      stateful: false,
      tagProperty: null,
      attributes: {},
      definitions: {},
      properties: { AssumeRolePolicyDocument: { type: { kind: 'json' } }, Body: { type: { kind: 'json' } } },
    };
    const group = resourceTypes.get('AWS::EC2::SecurityGroup');
    if (group === undefined) throw new Error('no type');
    const type = { ...group, type: 'T', rules: { ...group.rules, compare: { Body: 'policy' } } } as const;
    const of = (rules: boolean) =>
      propertyHintsOf({ types: { all: [], get: () => (rules ? type : undefined) }, schemas: () => schema });
    expect([
      of(false)('T', 'AssumeRolePolicyDocument').policy,
      of(false)('T', 'Body').policy,
      of(true)('T', 'Body').policy,
    ]).toEqual([true, false, true]);
  });
  it('is looked up once for a type, and not before it is asked', () => {
    let reads = 0;
    const lazy = propertyHintsOf({
      types: resourceTypes,
      schemas: (type) => {
        reads += 1;
        return loadSchema(type);
      },
    });
    expect(reads).toBe(0);
    expect(lazy('AWS::S3::Bucket', 'CorsConfiguration.CorsRules[a].MaxAge')).toBe(
      lazy('AWS::S3::Bucket', 'CorsConfiguration.CorsRules[b].MaxAge'),
    );
    expect(reads).toBe(1);
  });
});

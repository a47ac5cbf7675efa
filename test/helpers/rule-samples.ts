import fc from 'fast-check';
import { loadSchema } from '../../providers/aws/schema.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { ruleHits } from '../../src/plan/classify/rule-hits.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ChangeRule, ResourceType } from '../../src/domain/resource-type.ts';
import type { PropertySchema, PropertyType, TypeSchema } from '../../src/domain/schema.ts';

/** A change that a rule recognises: the top-level property before and after. `live` is null for a create. */
export interface RuleSample {
  readonly rule: ChangeRule;
  readonly property: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly live: LiveResource | null;
  readonly says: string;
}

/** Texts that rules of these types look for, and others. */
const texts = fc.constantFrom(
  '0.0.0.0/0',
  '::/0',
  '203.0.113.0/24',
  '10.0.0.0/8',
  'sg-0123456789abcdef0',
  'pl-0123456789abcdef0',
  '210987654321',
  'arn:aws:s3:::other-bucket',
  'arn:aws:iam::210987654321:role/other',
  'arn:aws:kms:eu-west-1:210987654321:key/1',
  'arn:aws:lambda:eu-west-1:210987654321:function:f',
  '*',
  'https://*.example.com',
  'terminate',
  'postgresql',
  'other-bucket',
  'tcp',
  'daily',
  '2030-01-01T00:00:00.000Z',
);
const numbers = fc.constantFrom(0, 1, 2, 7, 14, 35, 64, 443, 3650);

function arbitrary(
  type: PropertyType,
  property: PropertySchema | undefined,
  schema: TypeSchema,
  depth = 0,
): fc.Arbitrary<Json> {
  switch (type.kind) {
    case 'string':
      return property?.values === undefined ? texts : (fc.constantFrom(...property.values) as fc.Arbitrary<Json>);
    case 'integer':
    case 'number':
      return property?.values === undefined ? numbers : (fc.constantFrom(...property.values) as fc.Arbitrary<Json>);
    case 'boolean':
      return fc.boolean();
    case 'list':
      return fc.array(arbitrary(type.element, property, schema, depth + 1), { maxLength: 2 }) as fc.Arbitrary<Json>;
    case 'tags':
      return fc.dictionary(
        fc.constantFrom('Name', 'backup', 'expires', 'Schedule', 'env'),
        fc.constantFrom('prod', 'dev', 'daily'),
        { maxKeys: 2 },
      ) as fc.Arbitrary<Json>;
    case 'map':
      return fc.dictionary(fc.constantFrom('a', 'b'), arbitrary(type.element, undefined, schema, depth + 1), {
        maxKeys: 2,
      }) as fc.Arbitrary<Json>;
    case 'object': {
      const members = Object.entries(schema.definitions[type.definition] ?? {});
      if (depth > 5) return fc.constant({});
      const model = Object.fromEntries(
        members.map(([name, member]) => [name, arbitrary(member.type, member, schema, depth + 1)]),
      );
      const required = members.filter(([, { required: isRequired }]) => isRequired === true).map(([name]) => name);
      const optional = Object.keys(model).filter((name) => !required.includes(name));
      const only = (names: readonly string[]): fc.Arbitrary<Json> =>
        fc.record(
          Object.fromEntries([...required, ...names].map((name) => [name, model[name]!])),
        ) as fc.Arbitrary<Json>;
      // Nearly everything at once, or next to nothing: some rules speak of what is not there.
      return fc.oneof(
        fc.record(model, { requiredKeys: required }) as fc.Arbitrary<Json>,
        fc.subarray(optional, { maxLength: Math.min(3, optional.length) }).chain(only),
      );
    }
    default:
      return texts;
  }
}

export const liveSample = (type: string, properties: JsonObject, observed: JsonObject = {}): LiveResource => ({
  type,
  identity: 'live-0123456789abcdef0',
  incarnation: 'one',
  properties: { Tags: { Name: 'x' }, ...properties },
  attributes: { OwnerId: '123456789012', PassingPublicIp: '203.0.113.9' },
  systemTags: {},
  state: type === 'AWS::EC2::Instance' ? 'running' : 'available',
  pending: {},
  binding: { instanceStore: '475 GB' },
  observed,
  detailed: true,
});

type Trial = readonly [Json | undefined, Json | undefined, number];
const recent: JsonObject = {
  earliestRestorable: '2026-11-29T00:00:00.000Z',
  latestRestorable: '2026-11-30T00:00:00.000Z',
};

/**
 * One change that each rule recognises, found by trying values of the schema; rules for which none was found are named
 * in `missing`.
 */
export function ruleSamples(
  type: ResourceType,
  kind: 'destructive' | 'grants',
  tries: number,
  seed: number,
): { readonly samples: readonly RuleSample[]; readonly missing: readonly string[] } {
  const schema = loadSchema(type.type) as TypeSchema;
  const comparer = comparerFor(type.rules, type.type, '');
  const samples: RuleSample[] = [];
  const missing: string[] = [];
  const trials = new Map<string, readonly Trial[]>();
  const trialsOf = (property: string, described: PropertySchema): readonly Trial[] => {
    const value = fc.option(arbitrary(described.type, described, schema), { nil: undefined, freq: 6 });
    const made =
      trials.get(property) ??
      fc.sample(fc.tuple(value, value, fc.integer({ min: 0, max: 3 })), { numRuns: tries, seed });
    trials.set(property, made);
    return made;
  };
  for (const [index, rule] of type.rules[kind].entries()) {
    const property = rule.path.split('.')[0] ?? '';
    const described = schema.properties[property];
    if (described === undefined || type.rules.secretInput.includes(property)) continue;
    const spelled = (value: Json | undefined): Json | undefined =>
      value === undefined ? undefined : (type.rules.canonical?.({ [property]: value })[property] ?? undefined);
    const found = trialsOf(property, described)
      .map(
        ([before, after, fate]) =>
          [
            type.rules.canonical === undefined ? before : spelled(before),
            type.rules.canonical === undefined ? after : spelled(after),
            fate,
          ] as const,
      )
      .flatMap(([before, after, fate]): readonly RuleSample[] => {
        const live =
          fate === 0 && kind === 'grants'
            ? null
            : liveSample(type.type, before === undefined ? {} : { [property]: before }, fate === 1 ? recent : {});
        const old = live === null ? {} : live.properties;
        const [hit] =
          after === undefined && live === null
            ? []
            : ruleHits([rule], old, { ...old, [property]: after }, live, comparer, undefined, () => []);
        return hit === undefined
          ? []
          : [
              {
                rule,
                property,
                before: live === null ? undefined : live.properties[property],
                after,
                live,
                says: hit.says,
              },
            ];
      })
      .map(
        (sample) =>
          [
            sample,
            JSON.stringify([sample.before, sample.after]).length + (sample.after === undefined ? 1_000 : 0),
          ] as const,
      )
      .sort(([, a], [, b]) => a - b)[0];
    if (found === undefined) missing.push(`${kind} ${index} ${rule.path}`);
    else samples.push(found[0]);
  }
  return { samples, missing };
}

/** What an author writes to get from one value to another: null takes away what an object shall not have any more. */
export function authored(before: Json | undefined, after: Json | undefined): Json {
  if (after === undefined) return null;
  if (
    typeof before !== 'object' ||
    before === null ||
    typeof after !== 'object' ||
    after === null ||
    Array.isArray(before) ||
    Array.isArray(after)
  )
    return after;
  const [old, fresh] = [before as JsonObject, after as JsonObject];
  return Object.fromEntries(
    [...new Set([...Object.keys(old), ...Object.keys(fresh)])].map((key) => [key, authored(old[key], fresh[key])]),
  );
}

/** A value of a property with every member of every object, and one element in each list. */
export function fullValue(
  type: PropertyType,
  property: PropertySchema | undefined,
  schema: TypeSchema,
  seed: number,
  depth = 0,
): Json {
  if (type.kind === 'list') return [fullValue(type.element, property, schema, seed, depth + 1)];
  if (type.kind === 'object') {
    return Object.fromEntries(
      Object.entries(schema.definitions[type.definition] ?? {}).flatMap(([name, member]) =>
        depth > 6 ? [] : [[name, fullValue(member.type, member, schema, seed + name.length, depth + 1)]],
      ),
    );
  }
  return fc.sample(arbitrary(type, property, schema, depth), { numRuns: 1, seed })[0] ?? null;
}

/** The dotted places of the scalars in a value. */
export function scalarPlaces(value: Json | undefined, at = ''): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') return [at];
  return Object.entries(value).flatMap(([key, item]) => scalarPlaces(item as Json, at === '' ? key : `${at}.${key}`));
}

/** The value with what `change` makes of the scalar at one place. */
export function changedAt(value: Json, at: string, change: (scalar: Json) => Json): Json {
  if (at === '') return change(value);
  const [head = '', ...rest] = at.split('.');
  if (Array.isArray(value))
    return value.map((item: Json, index) => (String(index) === head ? changedAt(item, rest.join('.'), change) : item));
  return { ...(value as JsonObject), [head]: changedAt((value as JsonObject)[head] as Json, rest.join('.'), change) };
}

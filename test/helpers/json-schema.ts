import { isObject, type Json, type JsonObject } from '../../src/base/json.ts';
import { canonical } from '../../src/base/digest.ts';

/** Judges a value by the part of JSON Schema 2020-12 that the language's schema uses; throws on any other keyword. */
export function satisfies(root: JsonObject, value: Json): boolean {
  const judge = (schema: Json | undefined, at: Json): boolean => {
    if (typeof schema === 'boolean') return schema;
    return (
      isObject(schema) &&
      Object.entries(schema).every(([keyword, rule]) => {
        if (keyword === 'then') return true;
        const check = CHECKS[keyword];
        if (check === undefined) throw new Error(`unknown keyword ${keyword}`);
        return check(rule as never, at, schema, judge, root);
      })
    );
  };
  return judge(root, value);
}

type Judge = (schema: Json | undefined, at: Json) => boolean;
type Check = (rule: never, at: Json, schema: JsonObject, judge: Judge, root: JsonObject) => boolean;
const members = (at: Json): [string, Json][] => (isObject(at) ? (Object.entries(at) as [string, Json][]) : []);
const items = (at: Json): readonly Json[] => (Array.isArray(at) ? at : []);
const text = (at: Json): string | null => (typeof at === 'string' ? at : null);
const kindOf = (at: Json): string => (at === null ? 'null' : Array.isArray(at) ? 'array' : typeof at);
const ignored: Check = () => true;

const CHECKS: Readonly<Record<string, Check>> = {
  $schema: ignored,
  $id: ignored,
  title: ignored,
  description: ignored,
  $defs: ignored,
  $ref: (rule: string, at, _schema, judge, root) =>
    judge((root['$defs'] as JsonObject)[rule.replace('#/$defs/', '')] ?? fail(rule), at),
  type: (rule: string | readonly string[], at) =>
    [rule].flat().some((kind) => kind === kindOf(at) || (kind === 'integer' && Number.isInteger(at))),
  const: (rule: Json, at) => canonical(rule) === canonical(at),
  enum: (rule: readonly Json[], at) => rule.some((option) => canonical(option) === canonical(at)),
  pattern: (rule: string, at) => text(at) === null || new RegExp(rule, 'u').test(text(at)!),
  minLength: (rule: number, at) => text(at) === null || [...text(at)!].length >= rule,
  maxLength: (rule: number, at) => text(at) === null || [...text(at)!].length <= rule,
  properties: (rule: JsonObject, at, _schema, judge) =>
    members(at).every(([key, value]) => !Object.hasOwn(rule, key) || judge(rule[key], value)),
  additionalProperties: (rule: Json, at, schema, judge) =>
    members(at).every(
      ([key, value]) => Object.hasOwn((schema['properties'] ?? {}) as JsonObject, key) || judge(rule, value),
    ),
  propertyNames: (rule: Json, at, _schema, judge) => members(at).every(([key]) => judge(rule, key)),
  required: (rule: readonly string[], at) => !isObject(at) || rule.every((key) => Object.hasOwn(at, key)),
  minProperties: (rule: number, at) => !isObject(at) || members(at).length >= rule,
  maxProperties: (rule: number, at) => !isObject(at) || members(at).length <= rule,
  items: (rule: Json, at, _schema, judge) => items(at).every((item) => judge(rule, item)),
  minItems: (rule: number, at) => !Array.isArray(at) || at.length >= rule,
  maxItems: (rule: number, at) => !Array.isArray(at) || at.length <= rule,
  allOf: (rule: readonly Json[], at, _schema, judge) => rule.every((option) => judge(option, at)),
  anyOf: (rule: readonly Json[], at, _schema, judge) => rule.some((option) => judge(option, at)),
  oneOf: (rule: readonly Json[], at, _schema, judge) => rule.filter((option) => judge(option, at)).length === 1,
  not: (rule: Json, at, _schema, judge) => !judge(rule, at),
  if: (rule: Json, at, schema, judge) => !judge(rule, at) || judge(schema['then'], at),
};

function fail(rule: string): never {
  throw new Error(`no definition ${rule}`);
}

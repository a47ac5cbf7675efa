import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { at, compact, objectOf, objectsOf } from './values.ts';

/** Two-way translation between S3's API shape and the CloudFormation shape of the same thing. */
export interface Codec {
  toCfn(api: Json | undefined): Json | undefined;
  toApi(cfn: Json | undefined): Json | undefined;
}

/** Both shapes are equal. */
export const same: Codec = { toCfn: (api) => api ?? undefined, toApi: (cfn) => cfn ?? undefined };

/** A point in time: ISO text here, a date for the SDK. */
export const date: Codec = {
  toCfn: (api) => api ?? undefined,
  toApi: (cfn) => (typeof cfn === 'string' ? { $date: cfn } : undefined),
};

/** A list whose elements are translated one by one. An absent list stays absent. */
export const listed = (element: Codec): Codec => ({
  toCfn: (api) => (Array.isArray(api) ? api.map((item: Json) => element.toCfn(item) ?? null) : undefined),
  toApi: (cfn) => (Array.isArray(cfn) ? cfn.map((item: Json) => element.toApi(item) ?? null) : undefined),
});

/** A field of CloudFormation's: its name in the API (dots go into objects), with a codec where the values differ. */
export type Field = string | readonly [apiPath: string, codec: Codec];

/** An object, field by field: CloudFormation's name → the API's. A field that is not named is not carried over. */
export function fields(table: Readonly<Record<string, Field>>): Codec {
  const rows = Object.entries(table).map(([name, field]) =>
    typeof field === 'string' ? { name, path: field, codec: same } : { name, path: field[0], codec: field[1] },
  );
  return {
    toCfn(api) {
      if (!isObject(api)) return undefined;
      return compact(Object.fromEntries(rows.map(({ name, path, codec }) => [name, codec.toCfn(at(api, path))])));
    },
    toApi(cfn) {
      if (!isObject(cfn)) return undefined;
      return rows.reduce<JsonObject>((result, { name, path, codec }) => {
        const value = codec.toApi(cfn[name]);
        return value === undefined ? result : merged(result, nested(path, value));
      }, {});
    },
  };
}

/** Fields with the same name on both sides. */
export const alike = (...names: readonly string[]): Readonly<Record<string, Field>> =>
  Object.fromEntries(names.map((name) => [name, name]));

/** Two codecs for two parts of the same object. */
export const both = (one: Codec, other: Codec): Codec => ({
  toCfn: (api) => merged(objectOf(one.toCfn(api)), objectOf(other.toCfn(api))),
  toApi: (cfn) => merged(objectOf(one.toApi(cfn)), objectOf(other.toApi(cfn))),
});

const nested = (path: string, value: Json): JsonObject =>
  path.split('.').reduceRight<Json>((inner, name) => ({ [name]: inner }), value) as JsonObject;

function merged(one: JsonObject, other: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return result;
}

/** The conditions of an API filter beside prefix and tags, by name; the same on both sides. */
const CRITERIA = ['ObjectSizeGreaterThan', 'ObjectSizeLessThan', 'AccessPointArn'] as const;

/**
 * The filter of lifecycle, analytics, metrics and tiering configurations. CloudFormation spreads the criteria over the
 * element (`Prefix`, `TagFilters`, …); the API has `Filter` with exactly one criterion, or several under `And` (S3 API
 * reference, LifecycleRuleFilter, AnalyticsFilter, MetricsFilter, IntelligentTieringFilter). `whenEmpty` stands for no
 * criterion at all. A lifecycle rule of the first API version has its `Prefix` outside.
 */
export const spreadFilter = (whenEmpty?: JsonObject): Codec => ({
  toCfn(api) {
    const filter = objectOf(objectOf(api)['Filter']);
    const and = objectOf(filter['And']);
    const tags = filter['Tag'] === undefined ? objectsOf(and['Tags']) : objectsOf([filter['Tag']]);
    const prefix = filter['Prefix'] ?? and['Prefix'] ?? objectOf(api)['Prefix'];
    return compact({
      Prefix: prefix === '' ? undefined : prefix,
      TagFilters: tags.length === 0 ? undefined : tags,
      ...Object.fromEntries(CRITERIA.map((name) => [name, filter[name] ?? and[name]])),
    });
  },
  toApi(cfn) {
    const value = objectOf(cfn);
    const tags = objectsOf(value['TagFilters']);
    const prefix = value['Prefix'] === '' ? undefined : (value['Prefix'] ?? undefined);
    const others = compact({
      Prefix: prefix,
      ...Object.fromEntries(CRITERIA.map((name) => [name, value[name] ?? undefined])),
    });
    const number = Object.keys(others).length + tags.length;
    if (number === 0) return whenEmpty === undefined ? {} : { Filter: whenEmpty };
    if (number > 1) return { Filter: { And: compact({ ...others, Tags: tags.length === 0 ? undefined : tags }) } };
    return { Filter: tags[0] === undefined ? others : { Tag: tags[0] } };
  },
});

/** Applies a change to the CloudFormation side before it is translated: older spellings of the same thing. */
export const normalised = (codec: Codec, normalise: (cfn: JsonObject) => JsonObject): Codec => ({
  toCfn: codec.toCfn,
  toApi: (cfn) => codec.toApi(isObject(cfn) ? normalise(cfn) : cfn),
});

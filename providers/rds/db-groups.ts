import type { AwsReader } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ReadQuery, ReadResult, TypeRules } from '../../src/domain/resource-type.ts';
import { listOf, textOf } from '../aws/values/fields.ts';
import { attempt, bounded } from '../aws/values/batches.ts';
import { creatorOf, ownerOf, splitTags } from '../aws/values/tags.ts';
import { allPages } from './pages.ts';

/** Rules of a type that can only be read: names, tags and values for references. */
export const readOnlyRules = (properties: readonly string[], nameProperty: string): TypeRules => ({
  properties: Object.fromEntries(properties.map((name) => [name, {}])),
  compare: { [nameProperty]: 'case-insensitive' },
  keys: {},
  secretInput: [],
  sensitive: [],
  volatile: [],
  destructive: [],
  grants: [],
  nameProperty,
  changeableStates: [],
  goneStates: [],
  duplicate: (desired, other) => (textOf(desired[nameProperty])?.toLowerCase() === other.identity ? 'same' : null),
  leftovers: () => [],
});

/** How a kind of group is read: neither call has a filter, so it is one by name, else all pages. */
export interface GroupKind {
  readonly type: string;
  readonly operation: string;
  readonly list: string;
  readonly name: string;
  readonly arn: string;
  readonly absent: string;
  readonly state: (raw: JsonObject) => string;
  readonly properties: (raw: JsonObject) => JsonObject;
  readonly attributes: (raw: JsonObject) => JsonObject;
  /** The properties that a detailed read adds. */
  readonly details?: (aws: AwsReader, raw: JsonObject) => Promise<JsonObject>;
}

/** Reads groups of a kind; tags (one ListTagsForResource each) and details only for the detailed ones. */
export async function readGroups(kind: GroupKind, aws: AwsReader, query: ReadQuery): Promise<ReadResult> {
  const nameOf = (raw: JsonObject): string => String(raw[kind.name] ?? '').toLowerCase();
  const asked = new Map(query.identities.map((identity) => [identity.toLowerCase(), identity]));
  if (!query.all && asked.size === 0) return { resources: [], absent: [], failures: [] };
  const one = !query.all && asked.size === 1 ? query.identities[0] : undefined;
  const found = await attempt(
    one === undefined
      ? allPages(aws, kind.operation, {}, kind.list)
      : aws
          .read({ service: 'rds', operation: kind.operation, input: { [kind.name]: one }, absent: [kind.absent] })
          .then((answer) => listOf(answer?.[kind.list])),
  );
  if (!found.ok) {
    const { code, message } = found.error;
    return {
      resources: [],
      absent: [],
      failures: (query.all ? [null] : query.identities).map((identity) => ({
        type: kind.type,
        identity,
        code,
        message,
      })),
    };
  }
  const wanted = found.value.filter((raw) => query.all || asked.has(nameOf(raw)));
  const detailed = new Set([...query.detailed].map((identity) => identity.toLowerCase()));
  const resources = await bounded(wanted, (raw) =>
    detailed.has(nameOf(raw))
      ? detailedGroup(kind, aws, raw, nameOf(raw))
      : Promise.resolve(group(kind, raw, nameOf(raw))),
  );
  const present = new Set(wanted.map(nameOf));
  return {
    resources,
    absent: [...asked].filter(([identity]) => !present.has(identity)).map(([, identity]) => identity),
    failures: [],
  };
}

function group(kind: GroupKind, raw: JsonObject, identity: string): LiveResource {
  return {
    type: kind.type,
    identity,
    incarnation: String(raw[kind.arn] ?? identity),
    properties: kind.properties(raw),
    attributes: { [kind.arn]: raw[kind.arn] ?? null, ...kind.attributes(raw) },
    systemTags: {},
    state: kind.state(raw),
    pending: {},
    binding: {},
    observed: {},
    detailed: false,
  };
}

async function detailedGroup(
  kind: GroupKind,
  aws: AwsReader,
  raw: JsonObject,
  identity: string,
): Promise<LiveResource> {
  const plain = group(kind, raw, identity);
  const [answer, details] = await Promise.all([
    attempt(
      aws.read({ service: 'rds', operation: 'ListTagsForResource', input: { ResourceName: raw[kind.arn] ?? '' } }),
    ),
    attempt(kind.details?.(aws, raw) ?? Promise.resolve({})),
  ]);
  const unknown: Record<string, Json> = {
    ...(answer.ok ? {} : { tags: 'unknown' }),
    ...(details.ok ? {} : { details: 'unknown' }),
  };
  const { tags, systemTags } = splitTags(answer.ok ? answer.value?.['TagList'] : undefined);
  const owner = ownerOf(systemTags, undefined);
  const creator = creatorOf(tags, systemTags);
  return {
    ...plain,
    systemTags,
    detailed: true,
    properties: { ...plain.properties, ...(details.ok ? details.value : {}), ...(answer.ok ? { Tags: tags } : {}) },
    binding: { ...unknown, ...(owner === undefined ? {} : { owner }) },
    observed: creator === undefined ? {} : { creator },
  };
}

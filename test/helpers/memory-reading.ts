import { liveOf as describedLive } from '../../providers/kinds/read.ts';
import { linkDescription } from './memory-link.ts';
import type { AwsReader, ReadCall } from '../../src/domain/call.ts';
import { mask, maskSalt } from '../../src/base/digest.ts';
import { AwsError } from '../../src/base/error.ts';
import { isObject, type Json, type JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ReadQuery, ReadResult } from '../../src/domain/resource-type.ts';
import { BOX, DATABASE, GROUP, LINK, NETWORK, NOTE } from './memory-schemas.ts';

const lists: Readonly<Record<string, { call: ReadCall; filter: string; answer: string }>> = {
  [DATABASE]: {
    call: { service: 'rds', operation: 'DescribeDatabases', input: {} },
    filter: 'Names',
    answer: 'Databases',
  },
  [GROUP]: { call: { service: 'ec2', operation: 'DescribeGroups', input: {} }, filter: 'Ids', answer: 'Groups' },
  [BOX]: { call: { service: 's3', operation: 'ListBoxes', input: {} }, filter: 'Names', answer: 'Boxes' },
  [NETWORK]: { call: { service: 'ec2', operation: 'DescribeNetworks', input: {} }, filter: 'Ids', answer: 'Networks' },
  [NOTE]: { call: { service: 's3', operation: 'ListNotes', input: {} }, filter: 'Names', answer: 'Notes' },
};

/** Reads one type of the memory world in one call, plus one for the referrers where evidence is wanted. */
export async function readMemory(type: string, aws: AwsReader, query: ReadQuery): Promise<ReadResult> {
  if (!query.all && query.identities.length === 0) return { resources: [], absent: [], failures: [] };
  const { call, filter, answer } = lists[type]!;
  const input = query.all ? {} : { [filter]: [...query.identities] };
  let raw: readonly JsonObject[];
  try {
    raw = ((await aws.read({ ...call, input }))?.[answer] ?? []) as readonly JsonObject[];
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { code, message, operation } = error;
    return {
      resources: [],
      absent: [],
      failures: query.all
        ? [{ type, identity: null, code, message, operation }]
        : query.identities.map((identity) => ({ type, identity, code, message, operation })),
    };
  }
  const detailed = raw.some(({ Id }) => query.detailed.has(String(Id)));
  const users = detailed ? await referrers(type, aws) : () => [];
  const resources = raw.map((item) => {
    const identity = String(item['Id']);
    return live(type, item, query.detailed.has(identity), query.properties?.get(identity), users(identity));
  });
  const found = new Set(resources.map(({ identity }) => identity));
  return { resources, absent: query.identities.filter((identity) => !found.has(identity)), failures: [] };
}

/** Who names the resource; `unknown` where that cannot be read. */
async function referrers(type: string, aws: AwsReader): Promise<(identity: string) => Json> {
  if (type !== GROUP) return () => [];
  try {
    const databases = ((await aws.read(lists[DATABASE]!.call))?.['Databases'] ?? []) as readonly JsonObject[];
    return (identity) =>
      databases
        .filter(({ GroupIds }) => Array.isArray(GroupIds) && GroupIds.includes(identity))
        .map(({ Id }) => ({ type: DATABASE, identity: String(Id) }));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return () => 'unknown';
  }
}

const toldBefore = new WeakMap<JsonObject, Map<string, LiveResource>>();

/** What an answer says of a resource: made once for equal answers, which are never changed. */
function live(
  type: string,
  item: JsonObject,
  detailed: boolean,
  named: ReadonlySet<string> | undefined,
  users: Json,
): LiveResource {
  const key = detailed
    ? `all, used by ${JSON.stringify(users)}`
    : `less, ${named?.has('Parameters') === true} ${named?.has('Script') === true}`;
  const before = toldBefore.get(item) ?? new Map<string, LiveResource>();
  const told = before.get(key) ?? liveOf(type, item, detailed, named, users);
  toldBefore.set(item, before.set(key, told));
  return told;
}

/** The resource that a describe tells of; `users` are who names it. */
export function liveOf(
  type: string,
  item: JsonObject,
  detailed: boolean,
  named: ReadonlySet<string> | undefined,
  users: Json,
): LiveResource {
  const { Id, ResourceId, Status, Pending, Rows, Created, AllTags, HasScript, ScriptText, Parameters, ...rest } = item;
  const identity = String(Id);
  const [link] = type === LINK ? linkDescription.find(item) : [];
  if (link !== undefined) return describedLive(linkDescription, link, detailed ? [] : null);
  const tags = Object.entries((AllTags ?? {}) as Record<string, string>);
  const system = ([key]: readonly [string, string]): boolean => /^(aws|aiplan):/u.test(key);
  const wants = (name: string): boolean => detailed || named?.has(name) === true;
  const properties: Record<string, Json> = {
    ...(rest as Record<string, Json>),
    Tags: Object.fromEntries(tags.filter((tag) => !system(tag))),
  };
  if (Parameters !== undefined && wants('Parameters')) properties['Parameters'] = Parameters;
  if (HasScript === true && wants('Script'))
    properties['Script'] = mask(maskSalt(DATABASE, identity, 'Script'), String(ScriptText));
  return {
    type,
    identity,
    incarnation: String(ResourceId),
    properties,
    attributes:
      type === DATABASE
        ? { ResourceId: String(ResourceId), Endpoint: { Address: `${identity}.memory.test`, Port: 5432 } }
        : type === NOTE || type === BOX
          ? {}
          : { [`${type === GROUP ? 'Group' : 'Network'}Id`]: identity },
    systemTags: Object.fromEntries(tags.filter(system)),
    state: String(Status),
    pending: isObject(Pending) ? Pending : {},
    binding: detailed
      ? {
          protections: properties['Protected'] === true ? ['Protected'] : [],
          dependents: users,
          ...(type === DATABASE ? { encrypted: true } : {}),
        }
      : {},
    observed: detailed
      ? {
          created: String(Created),
          ...(type === DATABASE ? { rows: Number(Rows ?? 0), bytes: 1024 * Number(Rows ?? 0) } : {}),
        }
      : {},
    detailed,
  };
}

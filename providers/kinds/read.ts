import type { AwsReader } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { nameText } from '../../src/domain/identity.ts';
import type { LiveResource, ReadFailure } from '../../src/domain/live.ts';
import type { ReadQuery, ReadResult } from '../../src/domain/resource-type.ts';
import { attempt, bounded, failureOf, pieces, type Attempt } from '../aws/values/batches.ts';
import { compact, listOf, textOf } from '../aws/values/fields.ts';
import { creatorOf, mapOfTags, ownerOf, splitTags } from '../aws/values/tags.ts';
import type { Description, Detail, Found, Listing, UserListing } from './description.ts';

/**
 * Reads resources of a described type: one paginated read for up to `most` identities, those who use the detailed ones
 * listed with theirs, details one by one. A failed read is a failure, never an absence; users that cannot be read are
 * `unknown`.
 */
export async function readDescribed(about: Description, aws: AwsReader, query: ReadQuery): Promise<ReadResult> {
  if (!query.all && query.identities.length === 0) return { resources: [], absent: [], failures: [] };
  const { type, service, list, find } = about;
  const identitiesOnce = [...new Set(query.identities)];
  const isAll = query.all || (list.few !== undefined && identitiesOnce.length > list.few);
  const wanted = isAll ? [null] : pieces(identitiesOnce, list.few === undefined ? list.most : 1);
  const answers = await bounded(wanted, async (identities) => ({
    identities,
    answer: await attempt(
      pagesOf(
        aws,
        service,
        identities === null ? { ...list, ...list.all } : list,
        identities === null ? {} : list.narrow(identities),
        identities !== null,
      ),
    ),
  }));
  const found = new Map<string, Found>();
  const absent: string[] = [];
  const failures: ReadFailure[] = [];
  for (const { identities, answer } of answers) {
    if (!answer.ok) {
      failures.push(
        ...(identities ?? (query.all ? [null] : identitiesOnce)).map((identity) =>
          failureOf(type, identity, answer.error),
        ),
      );
      continue;
    }
    const asked = identities === null ? (query.all ? null : new Set(identitiesOnce)) : new Set(identities);
    const here = answer.value.flatMap(find).filter(({ identity }) => asked === null || asked.has(identity));
    for (const one of here) found.set(one.identity, one);
    const seen = new Set(here.map(({ identity }) => identity));
    absent.push(...(identities ?? query.identities).filter((identity) => !seen.has(identity)));
  }
  const detailed = [...found.values()].filter(({ identity }) => query.detailed.has(identity));
  const users = await usersOf(about, aws, detailed);
  const whole = new Map(
    await bounded(detailed, async (one) => [one.identity, await withDetails(about, aws, one, failures)] as const),
  );
  // A list that is searched by tags needs those of each, where the list does not tell them.
  if (query.all && query.properties?.get('*')?.has('Tags') === true)
    for (const [identity, one] of await bounded(
      [...found.values()].filter((other) => !whole.has(other.identity)),
      async (other) => [other.identity, await withDetails(about, aws, other, failures, 'Tags')] as const,
    ))
      found.set(identity, one);
  return {
    resources: [...found.values()].map((one) =>
      liveOf(about, whole.get(one.identity) ?? one, whole.has(one.identity) ? (users.get(one.identity) ?? null) : null),
    ),
    absent,
    failures,
  };
}

/** Every element over all pages. Throws AwsError; a narrowed read that says absent has none. */
async function pagesOf(
  aws: AwsReader,
  service: Description['service'],
  {
    operation,
    items,
    page = {},
    token = { asked: 'NextToken', answered: 'NextToken' },
    absent,
  }: Pick<Listing, 'operation' | 'items' | 'page' | 'token' | 'absent'>,
  input: JsonObject,
  isNarrow: boolean,
): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let next: string | undefined;
  do {
    const answer: JsonObject =
      (await aws.read({
        service,
        operation,
        input: { ...input, ...page, ...(next === undefined ? {} : { [token.asked]: next }) },
        ...(isNarrow && absent !== undefined ? { absent } : {}),
      })) ?? {};
    const element = answer[items];
    found.push(...(Array.isArray(element) ? listOf(element) : element === undefined ? [] : listOf([element])));
    next = textOf(answer[token.answered]);
  } while (next !== undefined);
  return found;
}

/** The users of each, as dependents; `unknown` where a list could not be read, or where nobody can tell. */
async function usersOf(
  { users, service }: Description,
  aws: AwsReader,
  used: readonly Found[],
): Promise<ReadonlyMap<string, Json>> {
  if (users === 'unknown') return new Map(used.map(({ identity }) => [identity, 'unknown']));
  if (typeof users === 'string' || used.length === 0) return new Map(used.map(({ identity }) => [identity, []]));
  const lists = await Promise.all(
    users.map(async (listing) => ({ listing, raw: await listUsers(listing, aws, service, used) })),
  );
  return new Map(
    used.map((one): readonly [string, Json] => {
      if (lists.some(({ raw }) => !raw.ok)) return [one.identity, 'unknown'];
      const names = lists.flatMap(({ listing: { find }, raw }) =>
        raw.ok ? raw.value.flatMap((item) => find(item, one)) : [],
      );
      const each = new Map(names.map((name) => [nameText(name), { type: name.type, identity: name.identity }]));
      return [one.identity, [...each].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name)];
    }),
  );
}

async function listUsers(
  { operation, items, page, ask, service: own }: UserListing,
  aws: AwsReader,
  service: Description['service'],
  used: readonly Found[],
): Promise<Attempt<readonly JsonObject[]>> {
  const listing = { operation, items, ...(page === undefined ? {} : { page }) };
  return attempt(
    bounded(pieces(used), (some) => pagesOf(aws, own ?? service, listing, ask(some), false)).then((answers) =>
      answers.flat(),
    ),
  );
}

async function withDetails(
  { type, service, details = [] }: Description,
  aws: AwsReader,
  found: Found,
  failures: ReadFailure[],
  only?: Detail['tells'],
): Promise<Found> {
  let whole = found;
  for (const { operation, input, into, tells, unless, items, token } of details) {
    if ((only !== undefined && tells !== only) || unless?.(whole) === true) continue;
    const answer = await attempt<JsonObject | null>(
      items === undefined
        ? aws.read({ service, operation, input: input(found) })
        : pagesOf(
            aws,
            service,
            { operation, items, ...(token === undefined ? {} : { token }) },
            input(found),
            false,
          ).then((list) => ({ [items]: list })),
    );
    if (answer.ok) whole = into(whole, answer.value ?? {});
    else failures.push(failureOf(type, found.identity, answer.error));
  }
  return whole;
}

/** A found resource in the engine's form. `users` null: they were not asked for. */
export function liveOf({ type, tags: tagging }: Description, found: Found, users: Json): LiveResource {
  const { tags, systemTags } = Array.isArray(found.tags) ? splitTags(found.tags) : mapOfTags(found.tags);
  const owner = ownerOf(systemTags, undefined);
  return {
    type,
    identity: found.identity,
    incarnation: found.incarnation ?? found.identity,
    properties: compact({ ...found.properties, ...(tagging === undefined ? {} : { Tags: tags }) }),
    attributes: compact(found.attributes ?? {}),
    systemTags,
    state: found.state ?? 'present',
    pending: {},
    binding: compact({
      ...found.binding,
      owner,
      ...(users === null
        ? {}
        : { protections: found.undeletable === undefined ? [] : [found.undeletable], dependents: users }),
    }),
    observed: compact({ ...found.observed, creator: creatorOf(tags, systemTags) }),
    detailed: users !== null,
  };
}

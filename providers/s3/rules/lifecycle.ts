import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { Entry } from '../objects/contents.ts';
import { counted, listOf, numberOf, objectOf, objectsOf, same, sized, textOf } from '../configuration/values.ts';

/**
 * A listing as it stands in `observed.listing` while a plan changes lifecycle rules: one short row per version or
 * marker. `complete` false: the bucket holds more, and every number is "at least".
 */
export interface Listing extends JsonObject {
  readonly complete: boolean;
  /** ISO time of the listing, or null where nobody told it: then ages are not judged. */
  readonly now: string | null;
  readonly rows: readonly (readonly [
    key: string,
    size: number,
    modified: string,
    kind: 'current' | 'noncurrent' | 'marker',
    noncurrentSince: string,
    newerVersions: number,
  ])[];
}

/** How many rows a listing keeps: it stands in the plan file. */
export const listingCap = 10_000;

/** The listing of entries (newest first within a key). A version is noncurrent since its successor was written. */
export function listingOf(entries: readonly Entry[], complete: boolean, now: string | null): Listing {
  let newer = 0;
  const rows = entries.map((entry, index) => {
    const before = entries[index - 1];
    const successor = before?.key === entry.key ? before : undefined;
    newer = successor === undefined ? 0 : newer + (successor.latest ? 0 : 1);
    const kind = entry.marker ? ('marker' as const) : entry.latest ? ('current' as const) : ('noncurrent' as const);
    return [entry.key, entry.size, entry.modified, kind, successor?.modified ?? '', newer] as const;
  });
  return { complete: complete && rows.length <= listingCap, now, rows: rows.slice(0, listingCap) };
}

/** What a lifecycle rule would meet in a listing. `due`: its age is reached now; null where the time is not known. */
export interface Hits {
  readonly matching: number;
  readonly due: number | null;
  readonly bytes: number;
  readonly atLeast: boolean;
  readonly tagsUnknown: boolean;
}

const day = 24 * 60 * 60 * 1000;

/**
 * What an expiring rule (CloudFormation shape) would delete: current objects by `ExpirationInDays` or `ExpirationDate`,
 * noncurrent versions by `NoncurrentVersionExpiration`. Sizes of the filter exclude their bounds; ages count from the
 * writing, of noncurrent versions from the writing of the successor. A filter by tags cannot be judged from a listing.
 * Source: S3 User Guide, "Lifecycle configuration elements".
 */
export function lifecycleHits(rule: JsonObject, listing: Listing): Hits {
  const prefix = textOf(rule['Prefix']) ?? '';
  const above = numberOf(rule['ObjectSizeGreaterThan']) ?? -1;
  const below = numberOf(rule['ObjectSizeLessThan']) ?? Number.POSITIVE_INFINITY;
  const now = listing.now === null ? null : Date.parse(listing.now);
  const noncurrent = noncurrentOf(rule);
  const currentDays = numberOf(rule['ExpirationInDays']);
  const date = textOf(rule['ExpirationDate']);
  let matching = 0;
  let due = 0;
  let bytes = 0;
  for (const [key, size, modified, kind, since, newer] of listing.rows) {
    if (!key.startsWith(prefix) || size <= above || size >= below) continue;
    let reached: boolean | null;
    if (kind === 'current' && (currentDays !== undefined || date !== undefined)) {
      reached =
        now === null
          ? null
          : date === undefined
            ? now - Date.parse(modified) >= (currentDays ?? 0) * day
            : now >= Date.parse(date);
    } else if (kind === 'noncurrent' && noncurrent !== null && newer >= noncurrent.keep) {
      reached = now === null ? null : now - Date.parse(since) >= noncurrent.days * day;
    } else continue;
    matching += 1;
    bytes += size;
    if (reached === true) due += 1;
  }
  return {
    matching,
    due: now === null ? null : due,
    bytes,
    atLeast: !listing.complete,
    tagsUnknown: objectsOf(rule['TagFilters']).length > 0,
  };
}

function noncurrentOf(rule: JsonObject): { readonly days: number; readonly keep: number } | null {
  const expiration = objectOf(rule['NoncurrentVersionExpiration']);
  const days = numberOf(expiration['NoncurrentDays']) ?? numberOf(rule['NoncurrentVersionExpirationInDays']);
  return days === undefined ? null : { days, keep: numberOf(expiration['NewerNoncurrentVersions']) ?? 0 };
}

const rulesOf = (configuration: Json | undefined): readonly JsonObject[] =>
  objectsOf(objectOf(configuration)['Rules']).filter((rule) => rule['Status'] === 'Enabled');
const expires = (rule: JsonObject): boolean =>
  rule['ExpirationInDays'] !== undefined || rule['ExpirationDate'] !== undefined;
const aborts = (rule: JsonObject): boolean =>
  numberOf(objectOf(rule['AbortIncompleteMultipartUpload'])['DaysAfterInitiation']) !== undefined;
const destroys = (rule: JsonObject): boolean => expires(rule) || noncurrentOf(rule) !== null || aborts(rule);

const FILTER = ['Prefix', 'TagFilters', 'ObjectSizeGreaterThan', 'ObjectSizeLessThan'] as const;
const sameFilter = (one: JsonObject, other: JsonObject): boolean =>
  FILTER.every((name) => same(one[name], other[name]));

/** True where `rule` destroys nothing that `before` would not have destroyed at the same time or earlier. */
function noWorse(rule: JsonObject, before: JsonObject): boolean {
  const later = (mine: number | undefined, theirs: number | undefined): boolean =>
    mine === undefined || (theirs !== undefined && mine >= theirs);
  const mine = noncurrentOf(rule);
  const theirs = noncurrentOf(before);
  return (
    sameFilter(rule, before) &&
    later(numberOf(rule['ExpirationInDays']), numberOf(before['ExpirationInDays'])) &&
    (rule['ExpirationDate'] === undefined ||
      (textOf(before['ExpirationDate']) !== undefined &&
        String(rule['ExpirationDate']) >= String(before['ExpirationDate']))) &&
    later(mine?.days, theirs?.days) &&
    (mine === null || mine.keep >= (theirs?.keep ?? 0)) &&
    later(
      numberOf(objectOf(rule['AbortIncompleteMultipartUpload'])['DaysAfterInitiation']),
      numberOf(objectOf(before['AbortIncompleteMultipartUpload'])['DaysAfterInitiation']),
    )
  );
}

/** The enabled rules of `after` that destroy something which no enabled rule of `before` destroyed already. */
export const newlyDestroying = (before: Json | undefined, after: Json | undefined): readonly JsonObject[] =>
  rulesOf(after).filter((rule) => destroys(rule) && !rulesOf(before).some((old) => noWorse(rule, old)));

/** The enabled rules of `after` that move objects into one of the classes as no enabled rule of `before` did. */
const newlyMoving =
  (classes: readonly string[]) =>
  (before: Json | undefined, after: Json | undefined): readonly JsonObject[] =>
    rulesOf(after).filter((rule) => {
      const moves = [
        ...objectsOf(rule['Transitions']),
        ...objectsOf(rule['NoncurrentVersionTransitions']),
        ...objectsOf([rule['Transition'] ?? null]),
        ...objectsOf([rule['NoncurrentVersionTransition'] ?? null]),
      ].filter(({ StorageClass: name }) => classes.includes(textOf(name) ?? ''));
      return moves.length > 0 && !rulesOf(before).some((old) => same(old, rule));
    });

/** Rules that archive objects: unreadable until restored. */
export const newlyArchiving = newlyMoving(['GLACIER', 'DEEP_ARCHIVE']);
/** Rules that leave objects in one Availability Zone (S3 User Guide, "Understanding S3 storage classes"). */
export const newlyInOneZone = newlyMoving(['ONEZONE_IA']);

/** One sentence about what a rule would do, with the numbers of the listing where there is one. */
export function describeRule(rule: JsonObject, versioned: boolean, listing: Json | undefined): string {
  const name = `rule "${textOf(rule['Id']) ?? '(without Id)'}"`;
  const noncurrent = noncurrentOf(rule);
  const parts = [
    ...(rule['ExpirationInDays'] === undefined
      ? []
      : [`${versioned ? 'hides' : 'deletes'} objects after ${String(rule['ExpirationInDays'])} days`]),
    ...(rule['ExpirationDate'] === undefined
      ? []
      : [`${versioned ? 'hides' : 'deletes'} objects from ${String(rule['ExpirationDate'])} on`]),
    ...(noncurrent === null
      ? []
      : [
          `deletes noncurrent versions after ${noncurrent.days} days${noncurrent.keep === 0 ? '' : `, keeping ${noncurrent.keep}`}`,
        ]),
    ...(aborts(rule)
      ? [
          `aborts unfinished uploads after ${String(objectOf(rule['AbortIncompleteMultipartUpload'])['DaysAfterInitiation'])} days`,
        ]
      : []),
  ];
  const prefix = textOf(rule['Prefix']) ?? '';
  return `${name} ${parts.join(' and ')} ${prefix === '' ? 'in the whole bucket' : `under "${prefix}"`}${numbers(rule, listing)}`;
}

function numbers(rule: JsonObject, listing: Json | undefined): string {
  if (!expires(rule) && noncurrentOf(rule) === null) return '';
  if (!isListing(listing)) return '; how many it would hit is unknown';
  const hits = lifecycleHits(rule, listing);
  const least = hits.atLeast ? 'at least ' : '';
  const tags = hits.tagsUnknown ? ', fewer if its tags match less' : '';
  const now = hits.due === null ? '' : `, ${least}${counted(hits.due)} of them today`;
  return `: hits ${least}${counted(hits.matching)} (${sized(hits.bytes)}) that are there now${now}${tags}`;
}

const isListing = (value: Json | undefined): value is Listing & JsonObject =>
  Array.isArray(objectOf(value)['rows']) && listOf(objectOf(value)['rows']).every(Array.isArray);

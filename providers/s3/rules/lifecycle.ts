import type { Json, JsonObject } from '../../../src/base/json.ts';
import { momentOf } from '../../../src/base/time.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { Entry } from '../objects/contents.ts';
import {
  counted,
  listOf,
  numberOf,
  objectOf,
  objectsOf,
  same,
  sized,
  storageClassOf,
  textOf,
} from '../configuration/values.ts';

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
const listingCap = 10_000;

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

/**
 * The objects that a lifecycle rule would meet in a listing. `due`: its age is reached now; null where the time is not
 * known.
 */
export interface Hits {
  readonly matching: number;
  readonly due: number | null;
  readonly bytes: number;
  readonly atLeast: boolean;
  readonly tagsUnknown: boolean;
}

const day = 24 * 60 * 60 * 1000;

/**
 * The objects that an expiring rule (CloudFormation shape) would delete: current objects by `ExpirationInDays` or
 * `ExpirationDate`, noncurrent versions by `NoncurrentVersionExpiration`. Sizes of the filter exclude their bounds;
 * ages count from the writing, of noncurrent versions from the writing of the successor. A filter by tags cannot be
 * judged from a listing. Source: S3 User Guide, "Lifecycle configuration elements".
 */
export function lifecycleHits(rule: JsonObject, listing: Listing): Hits {
  const prefix = textOf(rule['Prefix']) ?? '';
  const above = numberOf(rule['ObjectSizeGreaterThan']) ?? -1;
  const below = numberOf(rule['ObjectSizeLessThan']) ?? Number.POSITIVE_INFINITY;
  const now = momentOf(listing.now) ?? null;
  const noncurrent = noncurrentOf(rule);
  const currentDays = isThere(rule['ExpirationInDays']) ? daysOf(rule['ExpirationInDays']) : undefined;
  // A date that cannot be read counts as reached (law 9).
  const date = isThere(rule['ExpirationDate']) ? (momentOf(rule['ExpirationDate']) ?? 0) : undefined;
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
          : (currentDays !== undefined && isOld(now, modified, currentDays)) || (date !== undefined && now >= date);
    } else if (kind === 'noncurrent' && noncurrent !== null && newer >= noncurrent.keep) {
      reached = now === null ? null : isOld(now, since, noncurrent.days);
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

/** Days that a rule waits. A value that is no number counts as none (law 9). */
const daysOf = (value: Json | undefined): number => numberOf(value) ?? 0;
/** An age that cannot be read counts as reached. */
const isOld = (now: number, since: string, days: number): boolean => !(now - (momentOf(since) ?? 0) < days * day);

function noncurrentOf(rule: JsonObject): { readonly days: number; readonly keep: number } | null {
  const expiration = objectOf(rule['NoncurrentVersionExpiration']);
  const days = [expiration['NoncurrentDays'], rule['NoncurrentVersionExpirationInDays']].find(isThere);
  return days === undefined ? null : { days: daysOf(days), keep: numberOf(expiration['NewerNoncurrentVersions']) ?? 0 };
}

const rulesOf = (configuration: Json | undefined): readonly JsonObject[] =>
  objectsOf(objectOf(configuration)['Rules']).filter((rule) => rule['Status'] === 'Enabled');
const isThere = (value: Json | undefined): boolean => value !== undefined && value !== null;
const expires = (rule: JsonObject): boolean => isThere(rule['ExpirationInDays']) || isThere(rule['ExpirationDate']);
const abortsAfter = (rule: JsonObject): Json | undefined =>
  objectOf(rule['AbortIncompleteMultipartUpload'])['DaysAfterInitiation'];
const aborts = (rule: JsonObject): boolean => isThere(abortsAfter(rule));
const destroys = (rule: JsonObject): boolean => expires(rule) || noncurrentOf(rule) !== null || aborts(rule);

const FILTER = ['Prefix', 'TagFilters', 'ObjectSizeGreaterThan', 'ObjectSizeLessThan'] as const;
const sameFilter = (one: JsonObject, other: JsonObject): boolean =>
  FILTER.every((name) => same(one[name], other[name]));

const never = Number.POSITIVE_INFINITY;
const unreadable = Number.NEGATIVE_INFINITY;
/** How late something happens, in days or in time. */
const late = (value: Json | undefined, read: (value: Json | undefined) => number | undefined): number =>
  isThere(value) ? (read(value) ?? unreadable) : never;

/** True where `rule` destroys nothing that `before` would not have destroyed at the same time or earlier. */
function noWorse(rule: JsonObject, before: JsonObject): boolean {
  const mine = noncurrentOf(rule);
  const theirs = noncurrentOf(before);
  const pairs = [
    [late(rule['ExpirationInDays'], numberOf), late(before['ExpirationInDays'], numberOf)],
    [late(rule['ExpirationDate'], momentOf), late(before['ExpirationDate'], momentOf)],
    [late(mine?.days, numberOf), late(theirs?.days, numberOf)],
    [late(abortsAfter(rule), numberOf), late(abortsAfter(before), numberOf)],
  ] as const;
  return (
    sameFilter(rule, before) &&
    pairs.every(([own, old]) => own === never || (own !== unreadable && old !== unreadable && own >= old)) &&
    (mine === null || mine.keep >= (theirs?.keep ?? 0))
  );
}

/** The enabled rules of `after` that destroy something which no enabled rule of `before` destroyed already. */
export const newlyDestroying = (before: Json | undefined, after: Json | undefined): readonly JsonObject[] =>
  rulesOf(after).filter((rule) => destroys(rule) && !rulesOf(before).some((old) => noWorse(rule, old)));

/** The storage classes into which a rule moves objects or noncurrent versions, in S3's spelling. */
const classesOf = (rule: JsonObject): readonly string[] =>
  [
    ...objectsOf(rule['Transitions']),
    ...objectsOf(rule['NoncurrentVersionTransitions']),
    ...objectsOf([rule['Transition'] ?? null]),
    ...objectsOf([rule['NoncurrentVersionTransition'] ?? null]),
  ].map(({ StorageClass: name }) => storageClassOf(name));

/** The enabled rules of `after` that move objects into one of the classes as no enabled rule of `before` did. */
const newlyMoving =
  (classes: readonly string[]) =>
  (before: Json | undefined, after: Json | undefined): readonly JsonObject[] =>
    rulesOf(after).filter(
      (rule) =>
        classesOf(rule).some((name) => classes.includes(name)) && !rulesOf(before).some((old) => same(old, rule)),
    );

/** Rules that archive objects: unreadable until restored. */
const intoArchive = newlyMoving(['GLACIER', 'DEEP_ARCHIVE']);
const intoTiers = newlyMoving(['INTELLIGENT_TIERING']);
/**
 * The same, and rules that move objects to where an archive configuration of the bucket waits for them (S3 User Guide,
 * "Managing S3 Intelligent-Tiering": both optional tiers are archives). `configurations`: those of the bucket after the
 * change.
 */
export const newlyArchiving = (
  before: Json | undefined,
  after: Json | undefined,
  configurations: Json | undefined,
): readonly JsonObject[] => {
  const archives = objectsOf(configurations).some(
    (item) => item['Status'] === 'Enabled' && objectsOf(item['Tierings']).length > 0,
  );
  const found = [...intoArchive(before, after), ...(archives ? intoTiers(before, after) : [])];
  return rulesOf(after).filter((rule) => found.includes(rule));
};
/** The tiering configurations of a bucket as they will be; what nobody says stays as it is. */
export const tieringAfter = (live: LiveResource | null, after: JsonObject | undefined): Json | undefined =>
  after?.['IntelligentTieringConfigurations'] ?? live?.properties['IntelligentTieringConfigurations'];
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

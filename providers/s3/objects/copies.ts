import { look, type Program } from '../../../src/domain/call.ts';
import { UserError } from '../../../src/base/error.ts';
import { listEntries, previewPage, type Entry } from './contents.ts';
import type { Kept } from './manifest.ts';
import { isPreviewed, textOf } from '../configuration/values.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

/**
 * The versions under one prefix of a bucket, by key, newest first; null while a plan lists the calls. Throws AwsError.
 */
export function* versionsBelow(
  bucket: string,
  account: string,
  prefix: string,
): Program<ReadonlyMap<string, readonly Entry[]> | null> {
  const pages = listEntries(bucket, account, { prefix });
  let step = pages.next();
  while (step.done !== true) {
    const page = yield* look(step.value, previewPage);
    if (isPreviewed(page)) return null;
    step = pages.next(page);
  }
  const found = new Map<string, Entry[]>();
  for (const entry of step.value.entries) {
    const known = found.get(entry.key);
    if (known === undefined) found.set(entry.key, [entry]);
    else known.push(entry);
  }
  return found;
}

/** The state of the copy of one version since it was taken. */
export type CopyState =
  /** The version that was taken is there, with the ETag and size that were recorded. */
  | {
      readonly kind: 'bound';
      readonly versionId: string;
      /** ISO time at which something else was written over it or deleted it; null where it is still the newest. */
      readonly coveredAt: string | null;
    }
  /** Nothing there is the copy that was taken. */
  | { readonly kind: 'lost'; readonly why: string };

/**
 * Holds one copy against what S3 lists now. A copy is known by the version id and ETag that S3 answered when it was
 * made, and by its size: a version never changes (S3 user guide, "How S3 Versioning works"). Captures of earlier
 * versions of aiplan have no version id; theirs is the oldest version with that ETag. Pure.
 */
export function stateOfCopy(entry: Kept, versions: readonly Entry[] = []): CopyState {
  const isSame = (one: Entry): boolean => !one.marker && one.etag === entry.copyEtag && one.size === entry.size;
  const own =
    entry.copyVersion === null
      ? versions.findLast(isSame)
      : versions.find(({ versionId }) => versionId === entry.copyVersion);
  if (own === undefined) {
    const [newest] = versions;
    if (newest === undefined) return { kind: 'lost', why: 'its copy is not there' };
    return {
      kind: 'lost',
      why: `the version that was taken is gone; what lies there was written at ${newest.modified}`,
    };
  }
  if (!isSame(own))
    return {
      kind: 'lost',
      why: `its copy has ${own.size} bytes and ETag "${own.etag}" instead of ${entry.size} and "${entry.copyEtag ?? ''}"`,
    };
  const next = versions[versions.indexOf(own) - 1];
  return { kind: 'bound', versionId: own.versionId, coveredAt: own.latest ? null : (next?.modified ?? own.modified) };
}

/** How many objects a sentence names. */
const named = 5;
const nameThem = (names: readonly string[]): string =>
  `${names.slice(0, named).join('; ')}${names.length > named ? `; and ${names.length - named} more` : ''}`;

/** Findings about the copies of a capture before anything is restored from them. */
export interface CopiesChecked {
  /** By key of the copy: the version that a restore copies. */
  readonly versions: ReadonlyMap<string, string>;
  /** Copies that cannot be restored, one sentence for each. */
  readonly lost: readonly string[];
  /** Copies that something was written over, or that were deleted, while the version that was taken is still there. */
  readonly covered: readonly string[];
}

/**
 * Holds every copy of a capture against the listing of the capture bucket. Null while a plan lists the calls. Reads
 * only. Throws AwsError.
 */
export function* checkCopies(
  store: string,
  account: string,
  capture: Capture,
  kept: readonly Kept[],
): Program<CopiesChecked | null> {
  const listing = yield* versionsBelow(store, account, textOf(capture.refs['prefix']) ?? '');
  if (listing === null) return null;
  const versions = new Map<string, string>();
  const lost: string[] = [];
  const covered: string[] = [];
  for (const entry of kept) {
    if (entry.copy === null) continue;
    const state = stateOfCopy(entry, listing.get(entry.copy));
    if (state.kind === 'lost') lost.push(`"${entry.key}" (version ${entry.versionId}): ${state.why}`);
    else {
      versions.set(entry.copy, state.versionId);
      if (state.coveredAt !== null) covered.push(`"${entry.key}" (version ${entry.versionId}) on ${state.coveredAt}`);
    }
  }
  return { versions, lost, covered };
}

/** The versions to copy from. Throws UserError `copy-differs` that names the objects; nothing was restored then. */
export function* boundCopies(
  store: string,
  account: string,
  capture: Capture,
  kept: readonly Kept[],
): Program<ReadonlyMap<string, string>> {
  const checked = yield* checkCopies(store, account, capture, kept);
  if (checked === null) return new Map();
  if (checked.lost.length === 0) return checked.versions;
  throw new UserError(
    'copy-differs',
    `s3://${store}/${textOf(capture.refs['prefix']) ?? ''} does not hold what was captured: ${nameThem(checked.lost)}`,
    {
      help: 'Look at the versions of these objects in the capture bucket, and at who wrote them (CloudTrail data events). Nothing was restored.',
    },
  );
}

/** Findings about copies as sentences: what cannot be restored, and what was written over. */
export const copySentences = ({
  lost,
  covered,
}: CopiesChecked): { readonly lost: string | null; readonly covered: string | null } => ({
  lost: lost.length === 0 ? null : nameThem(lost),
  covered: covered.length === 0 ? null : nameThem(covered),
});

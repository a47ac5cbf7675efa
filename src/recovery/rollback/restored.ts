import type { LiveResource } from '../../domain/live.ts';
import type { Try } from '../../history/earlier-rollbacks.ts';
import type { Found } from '../../history/rollback-reading.ts';

/** The state of the restore of a resource that a run destroyed. */
export type Back =
  /**
   * Nothing; `since`: the rollback that had brought it back, where one had. `claimant`: what says by its tag alone that
   * it came back from this: a rollback of another store made it, or somebody copied the tag.
   */
  | { readonly kind: 'nothing'; readonly since: string | null; readonly claimant: string | null }
  /** The earlier rollback `by` brought it back to the end. `others`: what other tries left. */
  | {
      readonly kind: 'finished';
      readonly live: LiveResource;
      readonly by: string;
      readonly map: Readonly<Record<string, string>>;
      readonly others: readonly LiveResource[];
    }
  /** An earlier rollback was stopped while it brought it back. */
  | { readonly kind: 'begun'; readonly live: LiveResource; readonly others: readonly LiveResource[] }
  /** A journal says of something that it is what came back, and its tag does not. */
  | { readonly kind: 'unproven'; readonly live: LiveResource; readonly why: string };

/** On a resource while it is being restored, where its type can be told so (RDS). */
const restoring = 'aiplan:restoring';
const restoredFrom = 'aiplan:restored-from';

/**
 * The resources that earlier rollbacks restored, believed only where journal, tag and live identity agree, and for a
 * finished one the incarnation (law 13): a tag alone can be written or copied by anybody, and a journal alone may be of
 * another time. Of a type without tags (`hasTags` false) journal and live identity have to do. `ops`: what the earlier
 * rollbacks tagged with what they made; what came back inside of something else carries the tag of that. Pure.
 */
export function broughtBack(
  type: string,
  before: LiveResource,
  tries: readonly Try[],
  found: Pick<Found, 'get' | 'byOps' | 'byMakes' | 'restoredFrom'>,
  ops: ReadonlySet<string> = new Set(),
  hasTags = true,
): Back {
  if (!hasTags) return broughtBackUntagged(type, tries, found);
  const latest = tries.toReversed();
  const proven = found
    .byOps(
      type,
      tries.map(({ op }) => op),
    )
    .filter(({ identity, systemTags }) => identity === before.identity || systemTags[restoredFrom] === before.identity);
  const otherThan = (live: LiveResource): readonly LiveResource[] =>
    proven.filter((other) => other !== live && other.incarnation !== before.incarnation);
  for (const { done, after, run, map } of latest) {
    const live =
      done && after !== null
        ? [...proven, ...untagged(found.get(type, after.identity), after)].find(
            (one) => isSame(one, after) && one.systemTags[restoring] === undefined,
          )
        : undefined;
    if (live !== undefined) return { kind: 'finished', live, by: run, map, others: otherThan(live) };
  }
  const others = new Set([...ops].filter((op) => tries.every((own) => own.op !== op)));
  const inside = found
    .restoredFrom(type, before.identity)
    .filter(
      ({ systemTags, incarnation }) => others.has(systemTags['aiplan:op'] ?? '') && incarnation !== before.incarnation,
    );
  for (const { done, after, run, map } of latest) {
    const live = done && after !== null ? inside.find((one) => isSame(one, after)) : undefined;
    if (live !== undefined) return { kind: 'finished', live, by: run, map, others: [] };
  }
  for (const { op } of latest) {
    const live = proven.find(({ systemTags }) => systemTags['aiplan:op'] === op);
    if (live !== undefined) return { kind: 'begun', live, others: otherThan(live) };
  }
  for (const { done, after, run } of latest) {
    const live = done && after !== null ? found.get(type, after.identity) : undefined;
    if (live !== undefined && after !== null && isSame(live, after))
      return {
        kind: 'unproven',
        live,
        why: `was brought back by rollback ${run}, and does not carry the tag "aiplan:op" of that rollback any more`,
      };
  }
  const claimant = found
    .restoredFrom(type, before.identity)
    .find((one) => one.incarnation !== before.incarnation && !inside.includes(one));
  return {
    kind: 'nothing',
    since: latest.find(({ done }) => done)?.run ?? null,
    claimant: claimant?.identity ?? null,
  };
}

/**
 * A resource whose own tags left no room for the mark: it had none when the rollback read it, so that its identity and
 * incarnation prove it alone. An incarnation is never used twice.
 */
const untagged = (live: LiveResource | undefined, after: LiveResource): readonly LiveResource[] =>
  live !== undefined && !isMarked(after) && !isMarked(live) ? [live] : [];

const isMarked = ({ systemTags }: LiveResource): boolean =>
  Object.keys(systemTags).some((key) => key.startsWith('aiplan:'));

/**
 * The same of a type without tags: there the journals say what the rollbacks made, and it must be live under exactly
 * that identity and incarnation, or be exactly what a call makes whose answer was lost. Whether the journals may be
 * believed is asked of the capture bucket, or of the person (`restsOnEarlier`).
 */
function broughtBackUntagged(type: string, tries: readonly Try[], found: Pick<Found, 'get' | 'byMakes'>): Back {
  const latest = tries.toReversed();
  for (const { done, after, run, map } of latest) {
    const live = done && after !== null ? found.get(type, after.identity) : undefined;
    if (live !== undefined && after !== null && isSame(live, after))
      return { kind: 'finished', live, by: run, map, others: [] };
  }
  for (const { done, made, makes } of latest) {
    if (done) continue;
    const known = made === null ? [] : [found.get(type, made) ?? []].flat();
    const [live, ...others] = known.length > 0 ? known : found.byMakes(type, makes);
    if (live !== undefined && others.length === 0) return { kind: 'begun', live, others: [] };
  }
  return { kind: 'nothing', since: latest.find(({ done }) => done)?.run ?? null, claimant: null };
}

const isSame = (one: LiveResource, other: LiveResource): boolean =>
  one.identity === other.identity && one.incarnation === other.incarnation;

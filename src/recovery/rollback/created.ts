import { isMasked, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
import { few } from '../../domain/wording.ts';
import { comparerFor } from '../../plan/diff/compare.ts';
import { diffProperties, type Difference } from '../../plan/diff/diff.ts';

/** Something that a run created and its rollback will delete. */
export interface Made {
  readonly type: string;
  /** Value of the `aiplan:op` tag that the run gave it. */
  readonly op: string;
  readonly live: LiveResource;
  /**
   * As it was read when it had been created; null where the run did not come so far, or that no longer says what to
   * expect.
   */
  readonly claimed: LiveResource | null;
  /** Where its answer was lost: the properties that its call gave it. */
  readonly given?: JsonObject;
  readonly rules: TypeRules | undefined;
  readonly tagProperty: string | null;
}

/**
 * Additions that `expect` cannot state: properties and list elements that were not there. Tags are a hint, never proof.
 * Pure.
 */
export function addedSince({ type, live, claimed, rules, tagProperty }: Made): readonly Difference[] {
  return rules === undefined || claimed === null
    ? []
    : diffProperties(claimed.properties, live.properties, comparerFor(rules, type, live.identity), {
        ignoreVolatile: true,
      }).filter(
        ({ before, segments }) =>
          before === undefined && segments[0] !== tagProperty && Object.hasOwn(rules.properties, segments[0] ?? ''),
      );
}

/**
 * A protection that the run itself put on goes first; one that somebody put on since is a conflict of `expect`. Pure.
 */
export function openTo({ live, claimed, rules }: Made): { readonly properties?: JsonObject } {
  const off = Object.entries(rules?.deleteNeeds ?? {}).filter(
    ([name, value]) =>
      live.properties[name] !== undefined &&
      live.properties[name] !== value &&
      claimed?.properties[name] === live.properties[name],
  );
  return off.length === 0 ? {} : { properties: Object.fromEntries(off) };
}

/** The state that must be live for the deletion: everything as it was created, and its tag. Pure. */
export function expectMade({ op, live, claimed, given, rules, tagProperty }: Made): JsonObject {
  const hidden = new Set(
    [...(rules?.volatile ?? []), ...(rules?.secretInput ?? []), ...(rules?.sensitive ?? [])].map(
      (path) => path.split('.')[0] ?? path,
    ),
  );
  const properties = Object.entries(claimed?.properties ?? given ?? {}).filter(
    ([name, value]) => name !== tagProperty && value !== undefined && !isMasked(value) && !hidden.has(name),
  );
  const tags =
    tagProperty === null || live.systemTags['aiplan:op'] !== op ? {} : { [tagProperty]: { 'aiplan:op': op } };
  return { ...Object.fromEntries(properties), ...tags };
}

/**
 * Why what is live is not what the run created, with what to do next; null where it is. `others`: what else carries its
 * tag, where the journal knows no identity. `claimed`: the resource as the run read it after it had created it. Pure.
 */
export function whyForeign({
  live,
  others,
  claimed,
  op,
  isMade,
}: Pick<Made, 'live' | 'claimed' | 'op'> & { readonly others: readonly LiveResource[]; readonly isMade: boolean }): {
  readonly message: string;
  readonly help: string;
} | null {
  const help = 'leave it, or delete it by a change plan of its own';
  if (others.length > 0)
    return {
      message: isMade
        ? `${few([live, ...others].map(({ identity }) => identity))} are all like what the run made, and its answer was lost`
        : `${few([live, ...others].map(({ identity }) => identity))} carry the tag "aiplan:op: ${op}": one of them is a copy`,
      help: 'take the tag away from what the run did not make, or delete what it made by a change plan of its own',
    };
  if (claimed !== null && claimed.incarnation !== live.incarnation)
    return { message: `${live.identity} is not the one that the run created: another has taken its name since`, help };
  // A tag that was never there proves nothing against an identity that is never used twice; one that left or changed
  // does. Where no tag can tell and the answer was lost, exactly what the call makes is its work (`isMade`).
  return !isMade && live.systemTags['aiplan:op'] !== op && (claimed === null || claimed.systemTags['aiplan:op'] === op)
    ? {
        message: `${live.identity} does not carry the tag "aiplan:op: ${op}" that the run gave to what it created`,
        help,
      }
    : null;
}

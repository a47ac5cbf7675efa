import { isMasked, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
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
export function expectMade({ op, live, claimed, rules, tagProperty }: Made): JsonObject {
  const hidden = new Set(
    [...(rules?.volatile ?? []), ...(rules?.secretInput ?? []), ...(rules?.sensitive ?? [])].map(
      (path) => path.split('.')[0] ?? path,
    ),
  );
  const properties = Object.entries(claimed?.properties ?? {}).filter(
    ([name, value]) => name !== tagProperty && value !== undefined && !isMasked(value) && !hidden.has(name),
  );
  const tags =
    tagProperty === null || live.systemTags['aiplan:op'] !== op ? {} : { [tagProperty]: { 'aiplan:op': op } };
  return { ...Object.fromEntries(properties), ...tags };
}

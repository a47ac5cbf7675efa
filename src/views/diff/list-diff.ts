import { diffArrays } from 'diff';
import { canonical } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';

/**
 * Beyond this many edits the order of two lists is not worked out: their elements are then compared as those of a set.
 */
const mostEdits = 400;

/** The change of an element. Places count from 1. */
export type ListEdit =
  | { readonly kind: 'added'; readonly value: Json; readonly to: number }
  | { readonly kind: 'removed'; readonly value: Json; readonly from: number }
  /** Another value in its place; only in a sequence. */
  | {
      readonly kind: 'changed';
      readonly before: Json;
      readonly after: Json;
      readonly from: number;
      readonly to: number;
    }
  /** The same value elsewhere; only in a sequence. */
  | { readonly kind: 'moved'; readonly value: Json; readonly from: number; readonly to: number };

/**
 * The edits that make one list of another, in order, and how many elements stay. `ordered`: the places mean something.
 */
export interface ListDiff {
  readonly edits: readonly ListEdit[];
  readonly stay: number;
  readonly ordered: boolean;
}

/** Two lists without order: what left and what came, an element that occurs twice counted twice. */
export function setDiff(before: readonly Json[], after: readonly Json[]): ListDiff {
  const [old, fresh] = [before.map(canonical), after.map(canonical)];
  const [rest, wanted] = [tally(old), tally(fresh)];
  const removed = before.flatMap((value, index): readonly ListEdit[] =>
    take(wanted, old[index]) ? [] : [{ kind: 'removed', value, from: index + 1 }],
  );
  const added = after.flatMap((value, index): readonly ListEdit[] =>
    take(rest, fresh[index]) ? [] : [{ kind: 'added', value, to: index + 1 }],
  );
  return { edits: [...removed, ...added], stay: before.length - removed.length, ordered: false };
}

/**
 * Two lists with order, by their longest common part: an element that is only elsewhere is moved, not removed and
 * added.
 */
export function sequenceDiff(before: readonly Json[], after: readonly Json[]): ListDiff {
  const changes = diffArrays(before.map(canonical), after.map(canonical), { maxEditLength: mostEdits });
  if (changes === undefined) return setDiff(before, after);
  const removed: number[] = [];
  const added: number[] = [];
  /** Removed and added elements that stand at the same spot between two that stay. */
  const spots: { readonly removed: readonly number[]; readonly added: readonly number[] }[] = [];
  let [from, to, stay] = [0, 0, 0];
  let spot: { removed: number[]; added: number[] } = { removed: [], added: [] };
  for (const change of changes) {
    for (let index = 0; index < change.value.length; index += 1) {
      if (change.removed) {
        removed.push(from);
        spot.removed.push(from);
        from += 1;
      } else if (change.added) {
        added.push(to);
        spot.added.push(to);
        to += 1;
      } else {
        if (spot.removed.length > 0 || spot.added.length > 0) spots.push(spot);
        spot = { removed: [], added: [] };
        stay += 1;
        from += 1;
        to += 1;
      }
    }
  }
  spots.push(spot);
  const moves = movesOf(before, after, removed, added);
  const edits = spots.flatMap((here) =>
    editsAt(before, after, {
      removed: here.removed.filter((index) => !moves.from.has(index)),
      added: here.added.filter((index) => !moves.to.has(index)),
    }),
  );
  return { edits: [...edits, ...moves.edits], stay, ordered: true };
}

/** Elements that were removed at one place and added at another. */
function movesOf(
  before: readonly Json[],
  after: readonly Json[],
  removed: readonly number[],
  added: readonly number[],
) {
  const waiting = new Map<string, number[]>();
  for (const index of removed) {
    const key = canonical(before[index] ?? null);
    waiting.set(key, [...(waiting.get(key) ?? []), index]);
  }
  const edits: ListEdit[] = [];
  const [from, to] = [new Set<number>(), new Set<number>()];
  for (const index of added) {
    const value = after[index] ?? null;
    const old = waiting.get(canonical(value))?.shift();
    if (old === undefined) continue;
    from.add(old);
    to.add(index);
    edits.push({ kind: 'moved', value, from: old + 1, to: index + 1 });
  }
  return { edits, from, to };
}

/** At one spot, as many as left and came in pairs are changed; the rest is removed or added. */
function editsAt(
  before: readonly Json[],
  after: readonly Json[],
  { removed, added }: { readonly removed: readonly number[]; readonly added: readonly number[] },
): readonly ListEdit[] {
  return Array.from({ length: Math.max(removed.length, added.length) }, (_, at): ListEdit => {
    const [old, fresh] = [removed[at], added[at]];
    if (old === undefined) return { kind: 'added', value: after[fresh ?? 0] ?? null, to: (fresh ?? 0) + 1 };
    if (fresh === undefined) return { kind: 'removed', value: before[old] ?? null, from: old + 1 };
    return { kind: 'changed', before: before[old] ?? null, after: after[fresh] ?? null, from: old + 1, to: fresh + 1 };
  });
}

function tally(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Takes one of a key, if there is one left. */
function take(counts: Map<string, number>, key: string | undefined): boolean {
  const count = counts.get(key ?? '') ?? 0;
  if (count > 0) counts.set(key ?? '', count - 1);
  return count > 0;
}

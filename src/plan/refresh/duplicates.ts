import type { ResourceEntry } from '../../domain/change-plan.ts';
import type { JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { ResourceType, TypeRules } from '../../domain/resource-type.ts';
import { comparerFor } from '../diff/compare.ts';
import { desiredProperties } from '../diff/desired.ts';
import { diffProperties } from '../diff/diff.ts';
import { block, blockUnread, type OwnMade, type Planning } from './draft.ts';
import { few, quote, shortType } from '../../domain/wording.ts';

/** Live resources that a create would make again. */
export interface Duplicates {
  /** Tagged as made by this entry of this plan. */
  readonly owned: readonly LiveResource[];
  /** The same natural key. */
  readonly same: readonly LiveResource[];
  readonly similar: readonly LiveResource[];
}

const claims = new WeakMap<readonly LiveResource[], ReadonlyMap<string, readonly LiveResource[]>>();

/** Live resources by the plan and address that their tags claim; made once per list. */
function claimed(others: readonly LiveResource[]): ReadonlyMap<string, readonly LiveResource[]> {
  let found = claims.get(others);
  if (found === undefined) {
    const index = new Map<string, LiveResource[]>();
    for (const other of others) {
      const plan = other.systemTags['aiplan:plan'];
      if (plan === undefined) continue;
      const key = `${plan}\n${other.systemTags['aiplan:resource'] ?? ''}`;
      index.set(key, [...(index.get(key) ?? []), other]);
    }
    found = index;
    claims.set(others, found);
  }
  return found;
}

const keyed = new WeakMap<readonly LiveResource[], ReadonlyMap<string, readonly number[]>>();

/** Places of live resources in their list, by the keys under which duplicates are looked up; made once per list. */
function placesByKey(
  others: readonly LiveResource[],
  keysOf: NonNullable<TypeRules['duplicateKeys']>,
): ReadonlyMap<string, readonly number[]> {
  let found = keyed.get(others);
  if (found === undefined) {
    const index = new Map<string, number[]>();
    others.forEach(({ properties, identity }, place) => {
      for (const key of keysOf(properties, identity)) {
        const places = index.get(key);
        if (places === undefined) index.set(key, [place]);
        else places.push(place);
      }
    });
    found = index;
    keyed.set(others, found);
  }
  return found;
}

/** The live resources that can be like what is wanted, in their order. */
function candidates(
  { rules }: ResourceType,
  desired: JsonObject,
  others: readonly LiveResource[],
): readonly LiveResource[] {
  const keysOf = rules.duplicateKeys;
  if (keysOf === undefined) return others;
  const index = placesByKey(others, keysOf);
  const places = new Set(keysOf(desired, null).flatMap((key) => index.get(key) ?? []));
  return [...places].sort((a, b) => a - b).map((place) => others[place] as LiveResource);
}

/**
 * Everything live of the type that is, or looks like, what the entry would create. Tags are a hint, never proof, and so
 * is what the journals of earlier runs say of a type without tags.
 */
export function duplicatesOf(
  entry: ResourceEntry,
  planName: string,
  type: ResourceType,
  desired: JsonObject,
  others: readonly LiveResource[],
  ownMade: readonly OwnMade[] = [],
): Duplicates {
  const same: LiveResource[] = [];
  const similar: LiveResource[] = [];
  for (const other of candidates(type, desired, others)) {
    const likeness = likenessOf(type, desired, other);
    if (likeness === 'same') same.push(other);
    else if (likeness === 'similar') similar.push(other);
  }
  const tagged = claimed(others).get(`${planName}\n${entry.address}`) ?? [];
  const made = ownMade.filter(({ address, type: name }) => address === entry.address && name === type.type);
  const untagged = others.filter(
    (other) =>
      !tagged.includes(other) &&
      made.some(
        ({ identity, incarnation }) =>
          identity === other.identity && (incarnation === null || incarnation === other.incarnation),
      ),
  );
  return { owned: untagged.length === 0 ? tagged : [...tagged, ...untagged], same, similar };
}

function likenessOf(type: ResourceType, desired: JsonObject, other: LiveResource): 'same' | 'similar' | null {
  try {
    return type.rules.duplicate(desired, other);
  } catch (error) {
    if (error instanceof Error) return 'similar';
    throw error;
  }
}

/**
 * The duplicate check of a create (DESIGN section 4, ownership). Answers the live resource when it is exactly what the
 * plan made before; blocks when anything else is there; null when the coast is clear.
 */
export function findExisting(
  planning: Planning,
  entry: ResourceEntry,
  type: ResourceType,
  desired: JsonObject,
  author: JsonObject,
): LiveResource | null {
  if (!planning.index.isComplete(entry.type)) {
    const failure = planning.index.listFailure(entry.type);
    if (failure === undefined)
      block(
        planning,
        entry,
        '',
        'not-read',
        `the resources of ${entry.type} were not read: whether it exists already is unknown`,
        'refresh again, without --live',
      );
    else blockUnread(planning, entry, failure);
    return null;
  }
  const { owned, same, similar } = duplicatesOf(
    entry,
    planning.changePlan.name,
    type,
    desired,
    planning.index.ofType(entry.type),
    planning.ownMade,
  );
  const [own] = owned;
  if (own !== undefined && owned.length === 1 && same.every((other) => other === own))
    return keepOwned(planning, entry, type, own, author);
  if (own !== undefined) {
    block(
      planning,
      entry,
      '',
      'already-exists',
      `${owned.length + same.filter((other) => !owned.includes(other)).length} resources are, or claim to be, ${quote(entry.address)}: ${few([...new Set([...owned, ...same])].map(({ identity }) => identity))}`,
      'look at them by hand: one of them is a copy',
    );
    return null;
  }
  if (same.length > 0) {
    block(
      planning,
      entry,
      nameAt(type),
      'already-exists',
      `${shortType(entry.type)} ${few(same.map(({ identity }) => identity))} already exists and was not made by this plan: this looks like a lost baseline, not a new environment`,
      `nothing must be created again; to change it, declare \`action: update\` with \`id: ${same[0]?.identity ?? ''}\``,
    );
  } else if (similar.length > 0) {
    block(
      planning,
      entry,
      '',
      'looks-like-existing',
      `${similar.length === 1 ? 'a resource' : `${similar.length} resources`} like this already ${similar.length === 1 ? 'exists' : 'exist'}: ${few(similar.map(({ identity }) => identity))}; this looks like a lost baseline, not a new environment`,
      'if it is the same thing, declare `action: update` with its id; if a second one is meant, give it another name',
    );
  }
  return null;
}

function keepOwned(
  planning: Planning,
  entry: ResourceEntry,
  type: ResourceType,
  own: LiveResource,
  author: JsonObject,
): LiveResource | null {
  const comparer = comparerFor(type.rules, entry.type, own.identity);
  const { desired, removals } = desiredProperties({
    type,
    schema: planning.schemas(entry.type),
    comparer,
    before: own.properties,
    author,
    expect: undefined,
    action: 'update',
    rotates: false,
  });
  const differences = diffProperties(own.properties, desired, comparer, { ignoreVolatile: true });
  const rotated = entry.rotate !== undefined && own.systemTags['aiplan:rotate'] !== entry.rotate;
  if (differences.length === 0 && removals.length === 0 && !rotated) return own;
  const what = [
    ...differences.map(({ path }) => path),
    ...removals.map(({ path }) => path),
    ...(rotated ? ['rotate'] : []),
  ];
  block(
    planning,
    entry,
    '',
    'declare-update',
    `${quote(own.identity)} was made by this plan and differs now: ${few([...new Set(what)])}`,
    `declare \`action: update\` with \`id: ${own.identity}\``,
  );
  return null;
}

const nameAt = (type: ResourceType): string =>
  type.rules.nameProperty === undefined ? '' : `properties.${type.rules.nameProperty}`;

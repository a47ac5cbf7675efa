import type { ResourceEntry } from '../../domain/change-plan.ts';
import { isMasked, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { HeldPart, ResourceType } from '../../domain/resource-type.ts';
import { classify } from '../classify/classify.ts';
import { comparerFor } from '../diff/compare.ts';
import {
  bareDraft,
  block,
  inform,
  keepDraft,
  managedType,
  warn,
  type Draft,
  type Planning,
  observedOf,
  sceneOf,
} from '../refresh/draft.ts';
import { blockUnlocated, checkExpectations } from '../refresh/locate.ts';
import { duplicatesOf } from '../refresh/duplicates.ts';
import { checkUsers, destructionOf, leftoversOf } from './delete.ts';
import { checkPending, checkState, overlay } from './update.ts';
import { blockRefused, blockTags } from '../classify/refused-values.ts';
import { few, quote, shortType } from '../../domain/wording.ts';

/** Plans a replace: live properties, overlaid by the author's, minus what AWS assigns (DESIGN section 4). */
export function planReplace(planning: Planning, entry: ResourceEntry): Draft {
  const known = managedType(planning, entry);
  if (known === undefined) return bareDraft(entry, undefined);
  const { type, schema } = known;
  const kept = successor(planning, entry, type);
  if (kept !== null) return keepDraft(entry, type, kept);
  if (blockUnlocated(planning, entry)) return bareDraft(entry, type);
  const live = planning.located.get(entry.address) as LiveResource;
  checkExpectations(planning, entry, live);
  if (type.rules.replaceBlocked !== undefined) {
    block(
      planning,
      entry,
      'action',
      'replace-blocked',
      `${shortType(entry.type)} ${quote(live.identity)} cannot be replaced: ${type.rules.replaceBlocked}`,
      'write a create and, in a later plan, a delete',
    );
    return bareDraft(entry, type, live);
  }
  if (entry.order === undefined)
    block(
      planning,
      entry,
      '',
      'order-needed',
      'a replace needs `order`',
      `add to ${quote(entry.address)} one of:\n    order: create-first\n    order: delete-first`,
    );
  checkState(planning, entry, type, live);
  const comparer = comparerFor(type.rules, entry.type, live.identity);
  const carried = carriedProperties(planning, entry, type, live);
  const before = settable(type, live);
  const { desired: wanted } = overlay(planning, entry, { type, schema, comparer, live, action: 'replace', before });
  const left = partsLeft(planning, entry, type, live);
  const stays = new Set(left.map(({ identity }) => identity));
  const without = (properties: JsonObject): JsonObject =>
    type.rules.withoutParts?.(properties, live, stays) ?? properties;
  const desired = without({ ...withoutMasked(planning, entry, wanted), ...carried });
  blockRefused(planning, entry, type, desired, { action: 'replace' });
  blockTags(planning, entry, schema?.tagProperty ?? null, desired, null);
  checkPending(planning, entry, live, desired, comparer);
  const classified = classify({
    type,
    schema,
    comparer,
    // What stays behind is a loss of its own, not a change that an update would make.
    before: without({ ...before, ...pick(live.properties, Object.keys(carried)) }),
    after: desired,
    live,
    action: 'replace',
    scene: sceneOf(planning, entry),
  });
  if (!classified.changes.some(({ effect }) => effect === 'replace')) {
    warn(
      planning,
      entry,
      'action',
      'replace-unneeded',
      classified.changes.length === 0
        ? 'nothing differs: the resource would be made again as it is'
        : 'every change could be made by an update',
      'declare `action: update`, unless a new resource is what is meant',
    );
  }
  if (
    entry.order === 'create-first' &&
    duplicatesOf(entry, planning.changePlan.name, type, desired, [live]).same.length > 0
  ) {
    warn(
      planning,
      entry,
      'order',
      'name-collision',
      `the new resource would have the natural key of ${quote(live.identity)}, which still exists when it is made`,
      'give it another name, or write `order: delete-first`',
    );
  }
  const { binding, way } = destructionOf(planning, entry, live, 'replace', { desired, classified });
  checkUsers(planning, entry, live, binding['dependents']);
  const lost = lostWith(type, live, entry);
  inform(
    planning,
    entry,
    '',
    'replace-carries',
    `carried over: ${few(namesOf(desired), 40)}${entry.carry === undefined ? '' : `; brought along: ${few(entry.carry)}`}${lost.length === 0 ? '' : `; lost: ${few(lost)}`}`,
  );
  return {
    entry,
    type,
    action: 'replace',
    live,
    identity: live.identity,
    desired,
    changes: classified.changes,
    capturePlan: way.capturePlan,
    isDestruction: true,
    recoverability: way.recoverability,
    loses: [
      ...new Set([
        `${shortType(live.type)} ${live.identity} is replaced by a new resource`,
        ...lost,
        ...left.map(({ text }) => `${text} stays behind: the new ${nounOf(live.type)} comes without it`),
        ...classified.loses,
        ...way.recoverability.loses,
      ]),
    ],
    opens: classified.opens,
    evidence: { binding, observed: observedOf(live) },
    interrupts: classified.interrupts || entry.order === 'delete-first',
    oneWay: [],
    leftovers: leftoversOf(planning, live).filter((identity) => !isCarried(type, live, entry, identity)),
  };
}

/** After a replace the old id is gone and the new resource carries the plan's tags: nothing is left to do. */
function successor(planning: Planning, entry: ResourceEntry, type: ResourceType): LiveResource | null {
  if (entry.id === undefined || planning.located.has(entry.address)) return null;
  const { state } = planning.index.find(entry.type, entry.id);
  if (state !== 'absent' && state !== 'gone') return null;
  const { owned } = duplicatesOf(entry, planning.changePlan.name, type, {}, planning.index.ofType(entry.type));
  return owned.length === 1 ? (owned[0] ?? null) : null;
}

/** The names of the properties that say something, in order. */
const namesOf = (properties: JsonObject): readonly string[] =>
  Object.entries(properties)
    .filter(([, value]) => !(Array.isArray(value) && value.length === 0))
    .map(([name]) => name)
    .sort();

/** Live properties that a create may set. */
const settable = (type: ResourceType, live: LiveResource): JsonObject =>
  Object.fromEntries(
    Object.entries(live.properties).filter(
      ([name, value]) =>
        value !== undefined &&
        type.rules.properties[name] !== undefined &&
        type.rules.properties[name].create !== false &&
        !(type.rules.carries ?? []).includes(name),
    ),
  );

/**
 * Values that AWS assigned and the author carries along, by property name; words such as `volumes` are the type's to
 * carry out.
 */
function carriedProperties(
  planning: Planning,
  entry: ResourceEntry,
  type: ResourceType,
  live: LiveResource,
): JsonObject {
  const result: Record<string, Json> = {};
  for (const name of entry.carry ?? []) {
    if (type.rules.carries?.includes(name) !== true) {
      block(
        planning,
        entry,
        'carry',
        'cannot-carry',
        `${quote(name)} cannot be carried over`,
        (type.rules.carries ?? []).length === 0 ? 'leave `carry` out' : `possible: ${few(type.rules.carries ?? [])}`,
      );
      continue;
    }
    const value = live.properties[name] ?? live.attributes[name];
    if (value !== undefined && type.rules.properties[name] !== undefined && entry.properties?.[name] === undefined)
      result[name] = value;
  }
  return result;
}

/**
 * The parts of the live resource that its replacement does not get: a finding names them with the lines that move them;
 * one that the author names without carrying it blocks, because AWS holds it at the old resource.
 */
function partsLeft(
  planning: Planning,
  entry: ResourceEntry,
  type: ResourceType,
  live: LiveResource,
): readonly HeldPart[] {
  const left = (type.rules.parts?.(live) ?? []).filter(({ word }) => !carries(entry, word));
  const written = JSON.stringify(entry.properties ?? {});
  const named = left.filter(({ identity }) => written.includes(JSON.stringify(identity)));
  if (named.length > 0)
    block(
      planning,
      entry,
      'properties',
      'carry-needed',
      `${few(named.map(({ text }) => text))}: ${quote(live.identity)} holds what \`properties\` names`,
      carryLines(entry, named),
    );
  const others = left.filter((part) => !named.includes(part));
  if (others.length > 0)
    warn(
      planning,
      entry,
      '',
      'stays-behind',
      `the new ${nounOf(live.type)} comes without ${few(
        others.map(({ text }) => text),
        20,
      )}`,
      carryLines(entry, others),
    );
  return left;
}

const carries = (entry: ResourceEntry, word: string | null): boolean =>
  word !== null && entry.carry?.includes(word) === true;

const isCarried = (type: ResourceType, live: LiveResource, entry: ResourceEntry, identity: string): boolean =>
  (type.rules.parts?.(live) ?? []).some((part) => part.identity === identity && carries(entry, part.word));

/** The lines that move parts to the replacement, or that nothing does. */
function carryLines(entry: ResourceEntry, parts: readonly HeldPart[]): string {
  const words = parts.flatMap(({ word }) => (word === null ? [] : [word]));
  if (words.length === 0) return 'nothing moves them: they stay as they are, and can be attached afterwards';
  const all = [...new Set([...(entry.carry ?? []), ...words])].sort();
  return `to move them, write in ${quote(entry.address)}:\n    carry: [ ${all.join(', ')} ]\n    order: delete-first`;
}

/** `instance` of `AWS::EC2::Instance`, inside a sentence. */
const nounOf = (type: string): string => shortType(type).toLowerCase();

/** A sensitive text that cannot be read cannot be carried over silently. */
function withoutMasked(planning: Planning, entry: ResourceEntry, desired: JsonObject): JsonObject {
  const masked = Object.keys(desired).filter((name) => isMasked(desired[name]));
  for (const name of masked)
    block(
      planning,
      entry,
      'properties',
      'sensitive-not-carried',
      `${name} of the old resource is not shown to anyone and cannot be carried over`,
      `write \`${name}\` into \`properties\` again, or \`${name}: null\` to do without`,
    );
  return masked.length === 0
    ? desired
    : Object.fromEntries(Object.entries(desired).filter(([name]) => !masked.includes(name)));
}

const pick = (object: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(names.flatMap((name) => (object[name] === undefined ? [] : [[name, object[name]]])));

const lostWith = (type: ResourceType, live: LiveResource, entry: ResourceEntry): readonly string[] =>
  (type.rules.carries ?? [])
    .filter((name) => entry.carry?.includes(name) !== true && entry.properties?.[name] === undefined)
    .flatMap((name) => {
      const value = live.properties[name] ?? live.attributes[name];
      return value === undefined ? [] : [`${name} ${quote(value)}`];
    });

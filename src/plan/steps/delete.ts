import type { ResourceEntry } from '../../domain/change-plan.ts';
import type { Json } from '../../base/json.ts';
import { mentions, nameIn, nameText, type ResourceName } from '../../domain/identity.ts';
import type { LiveResource } from '../../domain/live.ts';
import { classify, type Classified } from '../classify/classify.ts';
import { comparerFor } from '../diff/compare.ts';
import {
  bareDraft,
  block,
  keepDraft,
  keyOf,
  managedType,
  type Draft,
  type Planning,
  observedOf,
  sceneOf,
} from '../refresh/draft.ts';
import { namesIn, withDependents } from '../refresh/evidence.ts';
import { blockUnlocated, checkExpectations } from '../refresh/locate.ts';
import { checkKnown, checkPartlyRead, overlay } from './update.ts';
import { recoverabilityOfDestruction } from '../classify/recoverability.ts';
import { quote, shortType } from '../../domain/wording.ts';

/** Plans a delete: what would be hurt, what takes care of it, and whether everything about it is known. */
export function planDelete(planning: Planning, entry: ResourceEntry): Draft {
  const known = managedType(planning, entry);
  if (known === undefined) return bareDraft(entry, undefined);
  const { type, schema } = known;
  if (isOwnDeletion(planning, entry)) return keepDraft(entry, type, null);
  if (blockUnlocated(planning, entry)) return bareDraft(entry, type);
  const live = planning.located.get(entry.address) as LiveResource;
  checkExpectations(planning, entry, live);
  const prior = priorChanges(planning, entry, live, { type, schema });
  const { binding, way } = destructionOf(planning, entry, live, 'delete', prior);
  checkUsers(planning, entry, live, binding['dependents']);
  return {
    entry,
    type,
    action: 'delete',
    live,
    identity: live.identity,
    desired: prior.desired,
    changes: prior.classified.changes,
    capturePlan: way.capturePlan,
    isDestruction: true,
    recoverability: way.recoverability,
    loses: [
      ...new Set([
        `${shortType(live.type)} ${live.identity} is deleted`,
        ...prior.classified.loses,
        ...way.recoverability.loses,
      ]),
    ],
    opens: prior.classified.opens,
    evidence: { binding, observed: observedOf(live) },
    interrupts: prior.classified.interrupts,
    oneWay: [],
    leftovers: leftoversOf(planning, live),
  };
}

interface Prior {
  readonly desired: Draft['desired'];
  readonly classified: Classified;
}

/** `properties` of a delete are set before it (a protection off), and confirmed together with it. */
function priorChanges(
  planning: Planning,
  entry: ResourceEntry,
  live: LiveResource,
  { type, schema }: NonNullable<ReturnType<typeof managedType>>,
): Prior {
  const comparer = comparerFor(type.rules, entry.type, live.identity);
  const desired =
    entry.properties === undefined
      ? live.properties
      : overlay(planning, entry, { type, schema, comparer, live, action: 'update' }).desired;
  const classified = classify({
    type,
    schema,
    comparer,
    before: live.properties,
    after: desired,
    live,
    action: 'update',
    scene: sceneOf(planning, entry),
  });
  for (const obstacle of classified.obstacles)
    block(planning, entry, `properties.${obstacle.property}`, obstacle.code, obstacle.message, obstacle.help);
  return { desired, classified };
}

/**
 * The common part of a delete and a replace: nothing about the victim may be unknown, and its recoverability is stated.
 */
export function destructionOf(
  planning: Planning,
  entry: ResourceEntry,
  live: LiveResource,
  action: 'delete' | 'replace',
  { classified }: Prior,
) {
  checkPartlyRead(planning, entry, live);
  if (!live.detailed && planning.index.failureOf(live.type, live.identity) === undefined)
    block(
      planning,
      entry,
      '',
      'unknown-evidence',
      `the evidence about ${quote(live.identity)} was not read`,
      'refresh again, without --live',
    );
  const binding = withDependents(live, planning.referrers, planning.types.get(live.type)?.users);
  checkKnown(planning, entry, binding, planning.referrers.unreadOf(live));
  return {
    binding,
    way: recoverabilityOfDestruction(planning, live, action, classified.changes, classified.irreversible),
  };
}

/**
 * Identities that the delete or replace leaves behind, without those that the same plan deletes, or gives back to a
 * resource that it restores.
 */
export function leftoversOf(planning: Planning, live: LiveResource): readonly string[] {
  const rules = planning.types.get(live.type)?.rules;
  const isDeleted = (identity: string): boolean =>
    planning.types.all.some(({ type }) => {
      const address = planning.byIdentity.get(keyOf(type, identity));
      return address !== undefined && planning.entries.get(address)?.action === 'delete';
    });
  const isReturned = (identity: string): boolean =>
    [...planning.entries.values()].some(
      ({ type, restore }) =>
        restore?.live !== undefined &&
        restore.apart === undefined &&
        planning.types
          .get(type)
          ?.rules.parts?.(restore.live)
          .some((part) => part.identity === identity) === true,
    );
  try {
    return (rules?.leftovers(live) ?? []).filter((identity) => !isDeleted(identity) && !isReturned(identity));
  } catch (error) {
    return [`unknown (${error instanceof Error ? error.message : String(error)})`];
  }
}

/** A delete of what an earlier run of this plan deleted is done. */
function isOwnDeletion(planning: Planning, entry: ResourceEntry): boolean {
  if (entry.id === undefined || planning.located.has(entry.address)) return false;
  const { state } = planning.index.find(entry.type, entry.id);
  return (state === 'absent' || state === 'gone') && planning.ownDeletions.has(keyOf(entry.type, entry.id));
}

/** Every user of the victim must go, or stop using it, in this plan: else AWS refuses, or something breaks. */
export function checkUsers(
  planning: Planning,
  entry: ResourceEntry,
  victim: LiveResource,
  dependents: Json | undefined,
): void {
  if (!Array.isArray(dependents)) return;
  for (const dependent of dependents as readonly Json[]) {
    const name = nameIn(dependent);
    if (name !== undefined && isTakenCareOf(planning, entry, victim, name)) continue;
    block(
      planning,
      entry,
      '',
      'still-used',
      `${quote(victim.identity)} is used by ${quote(name === undefined ? dependent : nameText(name))}, which this plan neither deletes nor points elsewhere`,
      entry.action === 'replace'
        ? 'a replace removes the old resource in the same step: create the new one, update its users to !Ref it, and delete the old one, as three entries'
        : 'add an entry that deletes or updates it, or leave this resource alone',
    );
  }
}

function isTakenCareOf(
  planning: Planning,
  entry: ResourceEntry,
  victim: LiveResource,
  { type, identity }: ResourceName,
): boolean {
  const address = planning.byIdentity.get(keyOf(type, identity));
  if (address === undefined) return planning.index.find(type, identity).state === 'gone';
  if (address === entry.address) return true;
  const draft = planning.drafts.get(address);
  const action = planning.entries.get(address)?.action;
  if (action === 'delete') return true;
  if (draft === undefined || (draft.action !== 'update' && draft.action !== 'replace')) return false;
  const names = (properties: Draft['desired']): boolean =>
    namesIn(draft.entry.type, properties, victim, planning.schemas) || mentions(properties, victim.identity);
  // An update lets go only of what its resource named before: a replica that no property ties to its source is still
  // one afterwards.
  return !names(draft.desired) && (draft.action === 'replace' || (draft.live !== null && names(draft.live.properties)));
}

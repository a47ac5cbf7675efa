import type { ResourceEntry } from '../../domain/change-plan.ts';
import type { JsonObject } from '../../base/json.ts';
import { inKnown, restoredFrom } from './restored-resource.ts';
import { classify } from '../classify/classify.ts';
import { comparerFor } from '../diff/compare.ts';
import { canonicalised, desiredProperties } from '../diff/desired.ts';
import {
  bareDraft,
  block,
  emptyDraft,
  keepDraft,
  managedType,
  type Draft,
  type Planning,
  sceneOf,
} from '../refresh/draft.ts';
import type { Known } from '../refresh/live-index.ts';
import { findExisting } from '../refresh/duplicates.ts';
import { withPlaceholders } from '../diff/references.ts';
import { blockRefused, blockTags } from '../classify/refused-values.ts';
import { resolveProperties } from '../graph/resolve.ts';
import { readAgain, refusalText } from '../refresh/unread.ts';
import { quote, wayOut } from '../../domain/wording.ts';

/** Plans a create: what it makes, what it opens, and whether it exists already (DESIGN section 4, ownership). */
export function planCreate(planning: Planning, entry: ResourceEntry): Draft {
  const known = managedType(planning, entry);
  if (known === undefined) return bareDraft(entry, undefined);
  if (entry.restore !== undefined) return planRestore(planning, entry);
  const { type, schema } = known;
  const comparer = comparerFor(type.rules, entry.type, '');
  const author = canonicalised(type, resolveProperties(planning, entry));
  const { desired, problems } = desiredProperties({
    type,
    schema,
    comparer,
    before: {},
    author,
    expect: undefined,
    action: 'create',
    rotates: true,
  });
  for (const { at, code, message, help } of problems) block(planning, entry, `properties.${at}`, code, message, help);
  blockRefused(planning, entry, type, desired, { action: 'create' });
  blockTags(planning, entry, schema?.tagProperty ?? null, desired, null);
  const existing = findExisting(planning, entry, type, withPlaceholders(desired) as JsonObject, author);
  if (existing !== null) return keepDraft(entry, type, existing);
  const classified = classify({
    type,
    schema,
    comparer,
    before: {},
    after: desired,
    live: null,
    action: 'create',
    scene: sceneOf(planning, entry),
  });
  return {
    ...emptyDraft,
    entry,
    type,
    action: 'create',
    desired,
    changes: classified.changes,
    opens: classified.opens,
    oneWay: classified.oneWay,
  };
}

/**
 * Brings back what a run deleted, in a generated rollback. A live resource that holds the name blocks: it is never
 * deleted to free it. One that is on its way out is waited for.
 */
function planRestore(planning: Planning, entry: ResourceEntry): Draft {
  const type = planning.types.get(entry.type);
  const order = entry.restore;
  if (order === undefined) return bareDraft(entry, type);
  const { remains, apart } = order;
  const restored = restoredFrom(type, order);
  if ('blocked' in restored)
    block(planning, entry, '', 'not-restorable', restored.blocked, 'say it otherwise: aiplan captures restore --help');
  const name = 'blocked' in restored ? order.formerIdentity : restored.identity;
  const isRemains = (known: Known): boolean =>
    remains !== undefined &&
    known.state === 'live' &&
    known.resource.identity === remains.identity &&
    known.resource.incarnation === remains.incarnation;
  const holder =
    apart !== undefined && type?.rules.nameProperty === undefined
      ? ({ state: 'absent' } as const)
      : planning.index.find(entry.type, name);
  if (remains !== undefined && !isRemains(planning.index.find(entry.type, remains.identity))) {
    block(
      planning,
      entry,
      '',
      'conflict',
      `what an earlier try left of it, ${quote(remains.identity)}, is gone or has changed hands`,
      'plan the rollback again',
    );
  } else if (isRemains(holder)) {
    // The restore continues with what is there.
  } else if (
    holder.state === 'live' &&
    apart === undefined &&
    holder.resource.incarnation === order.formerIncarnation
  ) {
    return keepDraft(entry, type, holder.resource);
  } else if (holder.state === 'live') {
    block(
      planning,
      entry,
      '',
      'name-taken',
      `the name ${quote(name)} is held by another resource now`,
      `aiplan does not delete to free a name: rename or remove the other one by hand, or bring the data out under another name: ${wayOut(order.run, order.step, type)}`,
    );
  } else if (holder.state === 'failed') {
    block(
      planning,
      entry,
      '',
      'read-failed',
      `whether the name ${quote(name)} is free could not be read: ${refusalText(holder.failure)}`,
      readAgain([holder.failure]),
    );
  }
  const desired =
    'blocked' in restored ? (entry.properties ?? {}) : (inKnown(restored.properties, order.known) as JsonObject);
  const judging = {
    schema: planning.schemas(entry.type),
    after: desired,
    scene: sceneOf(planning, entry),
  };
  // A restore makes a resource as any other create does: what it hands out is a grant.
  const made =
    type === undefined
      ? null
      : classify({
          ...judging,
          type,
          comparer: comparerFor(type.rules, entry.type, name),
          before: {},
          live: null,
          action: 'create',
        });
  const differs =
    type === undefined || apart === undefined || order.live === undefined || Object.keys(apart.instead).length === 0
      ? []
      : classify({
          ...judging,
          type,
          comparer: comparerFor(type.rules, entry.type, name),
          before: order.live.properties,
          live: order.live,
          action: 'update',
        }).opens;
  return {
    ...emptyDraft,
    entry,
    type,
    action: 'create',
    identity: null,
    desired,
    opens: [...new Set([...(made?.opens ?? []), ...differs])],
    changes: made?.changes ?? [],
    oneWay: made?.oneWay ?? [],
  };
}

import type { Call } from '../../domain/call.ts';
import type { RestoreOrder } from '../../domain/change-plan.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { StepContext } from '../../domain/resource-type.ts';
import type { PropertyType, TypeSchema } from '../../domain/schema.ts';
import { isUnknown } from '../../base/json.ts';
import { restoredFrom } from './restored-resource.ts';
import { contextFor } from './preview-context.ts';
import { block, type Draft, type Planning } from '../refresh/draft.ts';
import { preview } from './preview.ts';
import { withPlaceholders } from '../diff/references.ts';
import type { Capture } from '../../domain/capture-plan.ts';

/**
 * Identities that earlier steps delete, those that they make stop naming a victim, and those that name it until later
 * steps delete them.
 */
export interface Earlier {
  readonly deleted: readonly string[];
  readonly released: readonly string[];
  readonly later?: readonly string[];
}

/**
 * Every mutating call of a step, in the order of execution, by running its programs without sending anything. A program
 * that cannot be previewed blocks the step: the gate would have nothing to let through.
 */
export function plannedCalls(planning: Planning, draft: Draft, earlier: Earlier): readonly Call[] {
  if (draft.type === undefined || draft.action === 'keep' || (draft.live === null && draft.action !== 'create'))
    return [];
  // Said already, as the reason why the step is blocked.
  if (draft.entry.restore !== undefined && 'blocked' in restoredFrom(draft.type, draft.entry.restore)) return [];
  try {
    return programsOf(planning, draft, earlier).flatMap((program) => program());
  } catch (error) {
    block(
      planning,
      draft.entry,
      '',
      'preview-failed',
      `the calls of this step could not be listed: ${error instanceof Error ? error.message : String(error)}`,
      'check the properties; if they are right, this is a fault of aiplan',
    );
    return [];
  }
}

function programsOf(planning: Planning, draft: Draft, earlier: Earlier): readonly (() => readonly Call[])[] {
  const { type, entry, action } = draft;
  if (type === undefined) return [];
  const context = contextOf(planning, draft, draft.live, earlier);
  const operations = type.capture;
  const captures = operations !== undefined && draft.capturePlan !== null && draft.capturePlan.how !== 'none';
  let taken: Capture | undefined;
  const take = (): readonly Call[] => {
    if (!captures) return [];
    const { calls, result } = preview(operations.take(context));
    taken = result;
    return calls;
  };
  const create = (): readonly Call[] => (type.create === undefined ? [] : preview(type.create(context)).calls);
  const update = (changing: StepContext) => (): readonly Call[] =>
    type.update === undefined ? [] : preview(type.update(changing)).calls;
  const remove = (): readonly Call[] =>
    type.remove === undefined
      ? []
      : preview(type.remove({ ...context, ...(taken === undefined ? {} : { capture: taken }) })).calls;
  const quiesce = (): readonly Call[] =>
    operations?.quiesce === undefined ? [] : preview(operations.quiesce(context)).calls;
  const late = draft.capturePlan?.late === true;
  if (entry.restore !== undefined) return [restore(planning, draft, entry.restore)];
  const reopening = entry.reopen === undefined ? [] : [reopen(planning, draft)];
  const repointing = entry.repoint === undefined ? [] : [repoint(planning, draft, entry.repoint)];
  const isLast = entry.reopen?.last === true;
  switch (action) {
    case 'create':
      return [create];
    case 'update':
      return [...(isLast ? [] : reopening), ...repointing, take, update(context), ...(isLast ? reopening : [])];
    case 'keep':
      return [];
    case 'delete': {
      const before = draft.changes.length > 0 ? [update({ ...context, action: 'delete' })] : [];
      return late ? [...before, quiesce, take, remove] : [take, ...before, quiesce, remove];
    }
    case 'replace': {
      const destroy = late ? [quiesce, take, remove] : [quiesce, remove];
      const early = late ? [] : [take];
      return entry.order === 'delete-first' ? [...early, ...destroy, create] : [...early, create, ...destroy];
    }
    default:
      return action satisfies never;
  }
}

function contextOf(planning: Planning, draft: Draft, live: LiveResource | null, earlier: Earlier): StepContext {
  const { changePlan, target, configuration, now, run, schemas } = planning;
  return contextFor({
    run,
    planName: changePlan.name,
    target,
    configuration,
    now,
    entry: draft.entry,
    live,
    desired: previewable(draft.desired, schemas(draft.entry.type)),
    changes: draft.changes,
    action: draft.action === 'keep' ? 'update' : draft.action,
    destruction: draft.isDestruction,
    deletedBefore: earlier.deleted,
    releasedBefore: earlier.released,
    ...(earlier.later === undefined ? {} : { deletedAfter: earlier.later }),
  });
}

/** Restoring, then pointing captured referrers at a new identity. */
const restore = (planning: Planning, draft: Draft, order: RestoreOrder) => (): readonly Call[] => {
  const operations = draft.type?.capture;
  if (operations === undefined) throw new TypeError(`${draft.entry.type} cannot be restored`);
  const { context, capture } = restoring(planning, draft, order);
  const { calls, result } = preview(operations.restore(context, capture));
  return [
    ...calls,
    ...(draft.type?.repoint === undefined || order.apart !== undefined
      ? []
      : preview(draft.type.repoint(context, capture, result.identity)).calls),
  ];
};

/** An earlier rollback restored it; what named the former identity is pointed at the one of now. */
const repoint = (planning: Planning, draft: Draft, order: RestoreOrder) => (): readonly Call[] => {
  const { context, capture } = restoring(planning, draft, order);
  return draft.type?.repoint === undefined
    ? []
    : preview(draft.type.repoint(context, capture, draft.identity ?? '')).calls;
};

function restoring(
  planning: Planning,
  draft: Draft,
  order: RestoreOrder,
): { readonly context: StepContext; readonly capture: Capture } {
  const made = restoredFrom(draft.type, order);
  if ('blocked' in made) throw new TypeError(`"${draft.entry.address}": ${made.blocked}`);
  const capture = order.capture as unknown as Capture;
  const { remains, tries, apart } = order;
  const context = contextOf(planning, { ...draft, action: 'create' }, made, { deleted: [], released: [] });
  return {
    capture,
    context: {
      ...context,
      capture,
      ...(apart === undefined ? {} : { apart: order.formerIdentity }),
      ...(remains === undefined ? {} : { remains }),
      ...(tries === undefined ? {} : { tries }),
    },
  };
}

/** Undoes a quiescing that an earlier run left behind. */
const reopen = (planning: Planning, draft: Draft) => (): readonly Call[] => {
  const order = draft.entry.reopen;
  const unquiesce = draft.type?.capture?.unquiesce;
  if (order === undefined || unquiesce === undefined) return [];
  const context = contextOf(planning, draft, order.live, { deleted: [], released: [] });
  return preview(
    unquiesce({
      ...context,
      action: 'delete',
      ...(order.capture === null ? {} : { capture: order.capture as unknown as Capture }),
    }),
  ).calls;
};

/** Stands in for a value that is not known yet, with one of the right kind. */
function previewable(desired: JsonObject, schema: TypeSchema | undefined): JsonObject {
  let copy: Record<string, Json | undefined> | null = null;
  for (const [name, value] of Object.entries(desired)) {
    if (!isUnknown(value)) continue;
    copy ??= { ...desired };
    copy[name] = standIn(schema?.properties[name]?.type, value);
  }
  return withPlaceholders(copy ?? desired) as JsonObject;
}

function standIn(type: PropertyType | undefined, unknown: Json): Json {
  switch (type?.kind) {
    case 'list':
      return [standIn(type.element, unknown)];
    case 'number':
    case 'integer':
      return 0;
    case 'boolean':
      return false;
    case 'object':
    case 'map':
    case 'tags':
    case 'json':
      return {};
    default:
      return unknown;
  }
}

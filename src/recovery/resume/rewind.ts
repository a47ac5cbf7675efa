import type { JournalRecord } from '../../domain/records/journal.ts';
import type { LiveResource, LiveState } from '../../domain/live.ts';
import type { ResourceTypes } from '../../domain/resource-type.ts';
import { isMadeBy } from '../../history/made-by.ts';
import { recordsOf } from '../../history/journal-reading.ts';
import { allHistoriesOf } from '../../history/step-history.ts';

/**
 * The current live state without the effects of a run: each resource that it captured as the journal has it from before
 * the first change, what it made left out. A plan made of this is the one that was confirmed, unless somebody else
 * changed something that it rests on; what happened since to the run's own resources is judged by `reconcile`. Pure.
 */
export function rewind(live: LiveState, records: readonly JournalRecord[], types: ResourceTypes): LiveState {
  const befores = new Map<string, LiveResource>();
  // The first of a step: later ones know what earlier steps of the run have done.
  for (const { live: before } of recordsOf(records, 'before'))
    if (before !== null && !befores.has(keyOf(before))) befores.set(keyOf(before), before);
  const makers = allHistoriesOf(records).filter(
    ({ step, begun }) => begun && (step.action === 'create' || step.action === 'replace'),
  );
  const isMade = (resource: LiveResource): boolean =>
    !befores.has(keyOf(resource)) &&
    makers.some(
      ({ type, op, made, makes }) =>
        type === resource.type &&
        (resource.systemTags['aiplan:op'] === op || isMadeBy(makes, resource, types.get(type)?.rules)) &&
        (made === null || made === resource.identity),
    );
  const seen = new Set<string>();
  const kept = live.resources.flatMap((resource) => {
    if (isMade(resource)) return [];
    const before = befores.get(keyOf(resource));
    if (before === undefined) return [resource];
    seen.add(keyOf(resource));
    return [before];
  });
  const back = [...befores].flatMap(([key, before]) => (seen.has(key) ? [] : [before]));
  return { ...live, resources: [...kept, ...back], absent: live.absent.filter((gone) => !befores.has(keyOf(gone))) };
}

const keyOf = ({ type, identity }: { readonly type: string; readonly identity: string }): string =>
  `${type}\n${identity}`;

import { isMasked, isUnknown, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { OwnEffect } from '../../domain/own-effect.ts';
import type { Step } from '../../domain/plan.ts';
import { topOf } from '../../plan/diff/inverse.ts';
import { madeBy, type Found } from '../../history/rollback-reading.ts';
import type { History } from '../../history/step-history.ts';

/** Everything that a run has done so far, by resource. */
export interface OwnEffects {
  readonly all: readonly OwnEffect[];
  /** Adds an effect; the state before the first one of a resource stays. */
  note(effect: OwnEffect): void;
  /** The resource as read after its step. */
  read(type: string, after: LiveResource): void;
}

/** The effects of a run that begins with these. */
export function ownEffects(earlier: readonly OwnEffect[] = []): OwnEffects {
  const known = new Map<string, OwnEffect>();
  const effects: OwnEffects = {
    get all() {
      return [...known.values()];
    },
    note(effect) {
      const key = keyOf(effect.type, effect.identity);
      const first = known.get(key);
      known.set(
        key,
        first === undefined
          ? effect
          : {
              ...effect,
              before: first.before,
              what: first.what === 'made' && effect.what === 'changed' ? 'made' : effect.what,
            },
      );
    },
    read(type, after) {
      const key = keyOf(type, after.identity);
      const effect = known.get(key);
      if (effect !== undefined && effect.what !== 'removed') known.set(key, { ...effect, after });
    },
  };
  for (const effect of earlier) effects.note(effect);
  return effects;
}

const keyOf = (type: string, identity: string): string => `${type}\n${identity}`;

/**
 * The effects of the earlier sessions of a run, by its journal and by what is live: of a step that did not end, what it
 * has reached. Pure.
 */
export function effectsOf(histories: readonly History[], found: Found): readonly OwnEffect[] {
  return histories
    .filter(({ acted, quiet, done, made }) => acted || quiet || done || made !== null)
    .flatMap((history) => [...takenAway(history, found), ...changed(history, found), ...made(history, found)]);
}

/** Effects of deletions: other resources have let go of a resource as soon as it is quiesced. */
function takenAway({ type, step, before, done, removing, quiet }: History, found: Found): readonly OwnEffect[] {
  if (before === null || (step.action !== 'delete' && step.action !== 'replace') || !(done || removing || quiet))
    return [];
  const live = found.get(type, before.identity);
  const isThere = live !== undefined && live.incarnation === before.incarnation;
  return [
    {
      type,
      identity: before.identity,
      what: isThere && !(step.action === 'delete' && quiet) ? 'changed' : 'removed',
      before,
      after: isThere ? live : null,
      wanted: null,
    },
  ];
}

function changed({ type, step, before, after, done, removing, quiet }: History, found: Found): readonly OwnEffect[] {
  if (
    before === null ||
    step.action === 'create' ||
    ((step.action === 'delete' || step.action === 'replace') && (done || removing || quiet))
  )
    return [];
  return [
    {
      type,
      identity: before.identity,
      what: 'changed',
      before,
      after: (done ? after : null) ?? found.get(type, before.identity) ?? null,
      wanted: wantedOf(step, before),
    },
  ];
}

/** The properties that an update gives a resource, where its changes are of whole properties whose values are known. */
function wantedOf({ changes }: Step, { properties }: LiveResource): JsonObject | null {
  if (changes.some(({ path, after }) => topOf(path) !== path || isUnknown(after) || isMasked(after))) return null;
  return { ...properties, ...Object.fromEntries(changes.map(({ path, after }) => [path, after])) };
}

function made(history: History, found: Found): readonly OwnEffect[] {
  const { type, step, made: identity, after } = history;
  if (step.action !== 'create' && step.action !== 'replace') return [];
  const live = after ?? madeBy(found, history);
  const name = identity ?? live?.identity;
  if (name === undefined) return [];
  return [
    {
      type,
      identity: name,
      what: 'made',
      before: null,
      after: live ?? null,
      wanted: null,
      ...(step.restores === undefined ? {} : { restored: true as const }),
    },
  ];
}

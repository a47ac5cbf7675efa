import type { Json, JsonObject } from '../base/json.ts';

/**
 * How far an observation may move between a person's confirmation and the removal that it led to.
 * | band | may move | stale |
 * | grows | down, or up to twice | nothing becomes something; more than twice; no longer readable |
 * | keeps | up, or down to half | something becomes nothing; less than half; no longer readable |
 * | idle | forward by a day | what lay idle was used: a time that moves forward by more |
 * | free | anywhere | never: it moves by itself, or other checks hold it |
 */
type Band = 'grows' | 'keeps' | 'idle' | 'free';
export type Bands = Readonly<Record<string, Band>>;

/** Of every type. A number that stands nowhere is an amount of something that would be lost: it `grows`. */
const common: Bands = {
  snapshots: 'keeps',
  manualSnapshots: 'keeps',
  automatedSnapshots: 'keeps',
  retainedBackups: 'keeps',
  lastUse: 'idle',
  lastWrite: 'idle',
  lastRead: 'idle',
  // Captures of aiplan come with the run itself.
  aiplanSnapshots: 'free',
  freeAddresses: 'free',
};

const day = 86_400_000;
const unknown = (value: Json): boolean => typeof value === 'string' && /^unknown\b/u.test(value);

/**
 * The observations of a step that a confirmation is bound to: numbers and texts; lists and details serve the planner
 * only.
 */
export const boundObservations = (observed: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(observed).filter(([, value]) => typeof value === 'number' || typeof value === 'string'),
  );

/** An observation that is no longer what the person confirmed. */
export interface Moved {
  readonly path: string;
  readonly before: Json;
  readonly after: Json;
}

/**
 * Observations that left their bands since they were shown. An observation that was not read now is not compared; a
 * failed read says `unknown`. Pure.
 */
export function outsideBands(shown: JsonObject, now: JsonObject, bands: Bands = {}): readonly Moved[] {
  return Object.entries(shown).flatMap(([name, before]): readonly Moved[] => {
    const after = now[name];
    if (before === undefined || after === undefined || before === after) return [];
    const band = bandOf(name, before, bands);
    return band !== 'free' && isOutside(band, before, after) ? [{ path: name, before, after }] : [];
  });
}

const bandOf = (name: string, before: Json, bands: Bands): Band =>
  (Object.hasOwn(bands, name) ? bands[name] : Object.hasOwn(common, name) ? common[name] : undefined) ??
  (typeof before === 'number' ? 'grows' : 'free');

function isOutside(band: Exclude<Band, 'free'>, before: Json, after: Json): boolean {
  if (unknown(before)) return false;
  if (unknown(after)) return true;
  if (band === 'idle') return Date.parse(String(after)) - Date.parse(String(before)) > day;
  if (typeof before !== 'number' || typeof after !== 'number') return true;
  return band === 'grows' ? after > 2 * before : 2 * after < before;
}

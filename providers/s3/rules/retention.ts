import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { ChangeRule } from '../../../src/domain/resource-type.ts';
import { numberOf, objectOf, same, textOf } from '../configuration/values.ts';

interface Retention {
  readonly days: number;
  readonly mode: string;
}

const defaultsOf = (value: Json | undefined): JsonObject =>
  objectOf(objectOf(objectOf(value)['Rule'])['DefaultRetention']);

/** Default retention in days; a year counts 365 (S3 API reference, DefaultRetention). Null: none. */
function retention(value: Json | undefined): Retention | null {
  const rule = defaultsOf(value);
  const days = numberOf(rule['Days']) ?? (numberOf(rule['Years']) ?? 0) * 365;
  return days === 0 ? null : { days, mode: textOf(rule['Mode']) ?? '' };
}

/** The default retention in words, `COMPLIANCE 30 days` or `none`. */
export const retentionText = (value: Json | undefined): string => {
  const found = retention(value);
  return found === null ? 'none' : `${found.mode} ${found.days} days`;
};

/** Whether new objects are kept for less time, in a weaker mode, or held otherwise. */
export function protectsLess(before: Json | undefined, after: Json | undefined): boolean {
  const [old, next] = [retention(before), retention(after)];
  if (
    defaultsOf(before)['DefaultEventHold'] !== undefined &&
    !same(defaultsOf(before)['DefaultEventHold'], defaultsOf(after)['DefaultEventHold'])
  )
    return true;
  return (
    old !== null && (next === null || next.days < old.days || (old.mode === 'COMPLIANCE' && next.mode !== 'COMPLIANCE'))
  );
}

/**
 * Whether new objects are locked for longer or harder than before: nothing shortens that for those which are written
 * meanwhile.
 */
export function locksMore(before: Json | undefined, after: Json | undefined): boolean {
  const [old, next] = [retention(before), retention(after)];
  const hold = defaultsOf(after)['DefaultEventHold'];
  if (hold !== undefined && !same(defaultsOf(before)['DefaultEventHold'], hold)) return true;
  return (
    next !== null && (old === null || next.days > old.days || (next.mode === 'COMPLIANCE' && old.mode !== 'COMPLIANCE'))
  );
}

/** Who cannot delete what for how long (S3 User Guide, "Locking objects with Object Lock"). */
export function lockText(after: Json | undefined, live: LiveResource | null): string {
  const found = retention(after);
  const bucket = live === null ? 'the bucket' : `"${live.identity}"`;
  if (found === null) return `New objects of ${bucket} are held until an event releases them.`;
  const years = found.days >= 730 ? ` (${Math.floor(found.days / 365)} years)` : '';
  const who =
    found.mode === 'GOVERNANCE'
      ? 'nobody without the permission to bypass governance'
      : 'nobody, the root user of the account included,';
  return `New objects of ${bucket} stay for ${found.days} days${years}: ${who} can delete or shorten that for those which are written meanwhile.`;
}

/** The same on a new bucket, which holds nothing yet: it cannot be undone for what is written later. */
export const oneWay: readonly ChangeRule[] = [
  {
    path: 'ObjectLockConfiguration',
    given: (_before, live) => live === null,
    when: locksMore,
    says: (_before, after, live) => lockText(after, live),
  },
];

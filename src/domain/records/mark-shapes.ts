import {
  all,
  count,
  listOf,
  object,
  oneOf,
  optional,
  orNull,
  plainJson,
  text,
  that,
  time,
  type Shape,
} from '../../base/shape.ts';

const run = that('the id of a run', (value) => typeof value === 'string' && /^\d{8}-\d{6}-[0-9a-f]{4}$/u.test(value));
const head = that('a SHA-256', (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/u.test(value));

/** That a plan or an approval was used, in the store. */
export const spentMark: Shape = all(object({ format: oneOf('aiplan/spent@1'), run }), plainJson);
/** That an approval was used, in the capture bucket. */
export const usedMark: Shape = all(object({ format: oneOf('aiplan/used@1'), run }), plainJson);
/** That nothing more happens with a run; `by` and `at` where a person closed it. */
export const settledMark: Shape = all(
  object({
    format: oneOf('aiplan/settled@1'),
    run,
    how: oneOf('done', 'abandoned', 'idle', 'taken-back', 'closed'),
    by: optional(text),
    at: optional(time),
  }),
  plainJson,
);
/** How far a session of a run came, in the capture bucket. */
export const runEnd: Shape = all(
  object({
    format: oneOf('aiplan/run-end@1'),
    run,
    at: time,
    outcome: oneOf('done', 'failed', 'stopped', 'stale', 'blocked', 'abandoned'),
    records: count,
    head,
    made: listOf(object({ step: text, type: text, identity: text, incarnation: orNull(text) })),
  }),
  plainJson,
);

/** The value of a text that has this shape; null for any other text: it says nothing. */
export function shapedAs<Value>(shape: Shape, given: string): Value | null {
  let value: unknown;
  try {
    value = JSON.parse(given);
  } catch {
    // A value that is no JSON has no shape.
    return null;
  }
  return shape(value) === null ? (value as Value) : null;
}

import type { LiveResource } from '../../domain/live.ts';
import { comparerFor } from '../../plan/diff/compare.ts';
import { diffProperties, type Difference } from '../../plan/diff/diff.ts';
import { invert, overlap, topOf, type Inverse, type Inverting } from '../../plan/diff/inverse.ts';
import { willBecome } from '../../history/pending-answers.ts';
import { shown } from '../../run/drift/read-back.ts';
import { quote } from '../../domain/wording.ts';

/** Something of a run that no rollback puts back, however often it is asked. */
export interface Stay {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
}

/** Changes that stay after the undo of an update. Pure. */
export const staying = (
  { stays, lost }: Pick<Inverse, 'stays' | 'lost'>,
  before: LiveResource,
  live: LiveResource,
): readonly Stay[] => [
  ...stays.map(({ path, why }): Stay => ({
    code: 'rollback-one-way',
    message: `${path} of ${live.identity} stays ${quote(live.properties[path])}: ${why}`,
  })),
  ...lost.map((path): Stay => ({
    code: 'rollback-secret',
    message: `${path} of ${live.identity} stays as the run set it: what it was before cannot be read`,
  })),
  ...willBecome(live, before)
    .filter((name) => before.pending[name] === undefined)
    .map((name): Stay => ({
      code: 'rollback-pending',
      message: `AWS will still change ${name} of ${live.identity} to ${quote(live.pending[name])}`,
      help: `set ${name} to the value that it shall have, with \`when: now\``,
    })),
];

/**
 * Differences from before the run that an earlier, finished rollback left (it read `after` then). A second rollback
 * does nothing about them, and still the resource is not as before. A change that somebody has made since then is
 * theirs. Pure.
 */
export function stillStaying(input: Inverting, rollback: string): readonly Stay[] {
  const { before, live } = input;
  const inverse = invert(input);
  const known = new Set([...inverse.stays.map(({ path }) => path), ...inverse.lost.map(topOf)]);
  return [
    ...staying(inverse, before, live),
    ...leftDiffering(input)
      .filter(({ path }) => !known.has(topOf(path)))
      .map(({ path, before: former, after: now }): Stay => ({
        code: 'rollback-differs',
        message: `${path} of ${live.identity} is ${quote(shown(now))}, and was ${quote(shown(former))} before the run: rollback ${rollback} left it so`,
        help: 'set it by a change plan of its own',
      })),
  ];
}

/** Properties that the run changed, that are not as before, and that are as the earlier rollback left them. */
function leftDiffering({ before, after, live, rules, changes }: Inverting): readonly Difference[] {
  if (after === null) return [];
  const comparer = comparerFor(rules, live.type, live.identity);
  const since = diffProperties(after.properties, live.properties, comparer, { ignoreVolatile: true });
  return diffProperties(before.properties, live.properties, comparer, { ignoreVolatile: true }).filter(
    ({ path }) =>
      changes.some((change) => overlap(change.path, path)) &&
      !since.some((difference) => overlap(difference.path, path)),
  );
}

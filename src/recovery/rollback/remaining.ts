import type { LiveResource } from '../../domain/live.ts';
import type { Finding } from '../../domain/finding.ts';
import { holdsData, type Capture } from '../../domain/capture-plan.ts';
import type { ResourceType, ResourceTypes, TypeRules } from '../../domain/resource-type.ts';
import type { History } from '../../history/step-history.ts';
import { comparerFor } from '../../plan/diff/compare.ts';
import { diffProperties, type Difference } from '../../plan/diff/diff.ts';
import { invert, overlap, topOf, type Inverse, type Inverting } from '../../plan/diff/inverse.ts';
import { willBecome } from '../../history/pending-answers.ts';
import { shown } from '../../run/drift/read-back.ts';
import { quote, wayOut } from '../../domain/wording.ts';

/** Something of a run that no rollback puts back, however often it is asked. */
export interface Stay {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
}

/** What an inverse call puts back otherwise than it was, because AWS has no way to nothing: versioning, once set. */
const resetOtherwise = (
  { properties }: Pick<Inverse, 'properties'>,
  before: LiveResource,
  live: LiveResource,
  rules: TypeRules,
): readonly Stay[] => {
  const becoming = Object.entries(properties).flatMap(([name, value]) => {
    const { reset, oneWay } = rules.properties[name] ?? {};
    return value === null && reset !== undefined && oneWay !== undefined ? [[name, reset, oneWay] as const] : [];
  });
  const comparer = comparerFor(rules, live.type, live.identity);
  return becoming
    .filter(
      ([name, reset]) => diffProperties({ [name]: before.properties[name] }, { [name]: reset }, comparer).length > 0,
    )
    .map(([name, reset, oneWay]) => ({
      code: 'rollback-differs',
      message: `${name} of ${live.identity} becomes ${quote(shown(reset))}, and was ${quote(shown(before.properties[name]))} before the run: ${oneWay}`,
    }));
};

/** What stays of an update that is undone. Pure. */
export const staying = (
  inverse: Pick<Inverse, 'stays' | 'lost' | 'properties'>,
  before: LiveResource,
  live: LiveResource,
  rules: TypeRules,
): readonly Stay[] => [...resetOtherwise(inverse, before, live, rules), ...staysOf(inverse, before, live)];

const staysOf = (
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
    ...staysOf(inverse, before, live),
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

/** What is said of what stays of a step, with the command that brings its data out as it was. Pure. */
export const stayFindings = (
  run: string,
  { step, type, capture }: Pick<History, 'step' | 'type' | 'capture'>,
  types: ResourceTypes,
  stays: readonly Stay[],
): readonly Finding[] =>
  stays.map(({ code, message, help }) => {
    const out = help ?? (code === 'rollback-one-way' ? elsewhereOf(run, step.id, capture, types.get(type)) : undefined);
    return {
      code,
      severity: 'warning',
      step: step.id,
      message,
      line: null,
      column: null,
      ...(out === undefined ? {} : { help: out }),
    };
  });

function elsewhereOf(
  run: string,
  step: string,
  capture: Capture | null,
  type: ResourceType | undefined,
): string | undefined {
  if (capture === null || !holdsData(capture)) return undefined;
  const cannot = type?.capture?.notBroughtOut?.(capture) ?? null;
  return cannot === null ? `the data as it was comes out beside it: ${wayOut(run, step, type)}` : cannot.instead;
}

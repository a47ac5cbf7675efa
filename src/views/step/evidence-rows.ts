import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { age, fact, words } from '../base/format.ts';
import { labelled, listed, widthOf } from '../diff/labelled.ts';
import { row, span, type Row, type Tone } from '../base/rows.ts';

/** Observations that serve the planner and are no reading for people. */
const unshown = new Set(['listing']);

const factsOf = (facts: JsonObject): readonly (readonly [string, Json])[] =>
  Object.entries(facts).flatMap(([name, item]): readonly (readonly [string, Json])[] =>
    unshown.has(name) || item === undefined ? [] : [[name, item]],
  );

/** Whether a fact, or a part of it, could not be read (law 9). */
export const isUnknownFact = (item: Json | undefined): boolean =>
  typeof item === 'string'
    ? /^unknown\b/u.test(item)
    : Array.isArray(item)
      ? item.some((part: Json) => isUnknownFact(part))
      : isObject(item) && Object.values(item).some(isUnknownFact);

const toneOfFact = (item: Json): Tone => (isUnknownFact(item) ? 'unknown' : 'plain');

/** Facts one below the other, each item of a list on a line of its own; `now` in milliseconds since 1970. */
export function factRows(facts: readonly JsonObject[], now: number): readonly Row[] {
  const shown = facts.flatMap(factsOf).sort(([a], [b]) => rank(a) - rank(b));
  const width = widthOf(shown.map(([name]) => nameOf(name)));
  return shown.flatMap(([name, item]) => {
    if (name === 'protections' && Array.isArray(item))
      return listed(
        nameOf(name),
        item.length === 0
          ? ['off: nothing in AWS holds this back']
          : item.map((one: Json) => `on: ${fact(name, one, now)}`),
        toneOfFact(item),
        width,
      );
    if (Array.isArray(item) && item.length > 1)
      return listed(
        nameOf(name),
        item.map((one: Json) => fact(name, one, now)),
        toneOfFact(item),
        width,
      );
    return [labelled(nameOf(name), fact(name, item, now), toneOfFact(item), width)];
  });
}

/** The facts that a person asks for first; the rest as it was read. */
const order = [
  'name',
  'taggedName',
  'created',
  'creator',
  'taggedCreator',
  'bytes',
  'objects',
  'versions',
  'lastUse',
  'lastWrite',
  'dependents',
  'protections',
  'attached',
  'owner',
];
const rank = (name: string): number => (order.indexOf(name) < 0 ? order.length : order.indexOf(name));

const nameOf = (name: string): string => (name === 'bytes' ? 'size' : words(name));

/**
 * Facts that bear on a confirmation, and apart from them observations; each observation with the time at which it was
 * read.
 */
export function evidenceRows(step: Step, plan: Pick<Plan, 'createdAt'>, now: number): readonly Row[] {
  const { binding, observed } = step.evidence;
  const [bound, seen] = [factRows([binding], now), factRows([observed], now)];
  if (bound.length + seen.length === 0)
    return [
      row(
        0,
        span(
          step.action === 'create'
            ? 'There is nothing yet that could be hurt.'
            : 'Nothing was read about it beyond its properties.',
          'muted',
        ),
      ),
    ];
  const unknown = [...factsOf(binding), ...factsOf(observed)]
    .filter(([, item]) => isUnknownFact(item))
    .map(([name]) => nameOf(name));
  const time = ` (read ${plan.createdAt.slice(11, 16)} UTC)`;
  return [
    ...(bound.length === 0
      ? []
      : [
          row(
            0,
            span('Facts: ', 'title'),
            span('your confirmation binds to them: if one differs when this is applied, nothing is changed', 'muted'),
          ),
          ...bound,
        ]),
    ...(seen.length === 0
      ? []
      : [
          row(
            0,
            span('Observations, ', 'title'),
            span(`read ${age(plan.createdAt, now)}; more than double stops the run`, 'muted'),
          ),
          ...seen.map((line) => ({ ...line, spans: [...line.spans, span(time, 'muted')] })),
        ]),
    ...(unknown.length === 0
      ? []
      : [row(0, span(`Not known: ${unknown.join(', ')}. Unknown is neither absent nor safe.`, 'unknown'))]),
  ];
}

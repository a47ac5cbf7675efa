import type { Plan, Step } from '../../domain/plan.ts';
import { inReadingOrder } from './plan-parts.ts';
import { row, span, type Row, type Span } from '../base/rows.ts';

/** Names of properties that a sentence lists; the rest is counted. */
const mostNames = 4;

/**
 * The summary before a plan is approved: for each step, in reading order, one sentence that says what is going to
 * happen, what is lost or opened, and whether it comes back. `rejected`: the addresses that the person left out.
 */
export function sentenceRows(plan: Pick<Plan, 'steps'>, rejected: readonly string[] = []): readonly Row[] {
  const changing = inReadingOrder(plan.steps).filter((step) => step.action !== 'keep');
  return [...changing.map(sentenceRow), ...othersRows(plan.steps.length - changing.length, rejected)];
}

/** The steps that do not happen: how many stay as they are, and what the person left out. */
export const othersRows = (kept: number, rejected: readonly string[]): readonly Row[] => [
  ...(kept === 0
    ? []
    : [row(2, span(`${kept} other${kept === 1 ? ' stays as it is' : 's stay as they are'}.`, 'muted'))]),
  ...(rejected.length === 0 ? [] : [row(2, span('Left out: ', 'muted'), `${rejected.join(', ')}.`)]),
];

const made = new WeakMap<Step, Row>();

/** The sentence of a step; made once. */
export function sentenceRow(step: Step): Row {
  let found = made.get(step);
  if (found === undefined) {
    found = row(2, ...sentence(step));
    made.set(step, found);
  }
  return found;
}

function sentence(step: Step): readonly Span[] {
  const parts: Span[] = [span(subject(step), 'title'), ...verb(step)];
  const lost = [
    ...(step.destruction?.loses ?? []),
    ...(step.destruction === null && step.recoverability.level === 'reversible' ? [] : step.recoverability.loses),
  ];
  if (lost.length > 0)
    parts.push(span('; lost: ', 'destroy'), span([...new Set(lost)].map(withoutStop).join('; '), 'destroy'));
  for (const opened of step.grant?.opens ?? []) parts.push(span(`; OPENS ${withoutStop(opened)}`, 'grant'));
  if (step.interrupts) parts.push(span('; the service is interrupted', 'warning'));
  for (const way of step.oneWay) parts.push(span(`; one way: ${withoutStop(way)}`, 'warning'));
  const back = wayBack(step);
  const said = [...parts, ...(back === null ? [] : [span('; '), back])];
  const last = said.at(-1) ?? span('');
  // Within its last part, so that no line begins with it.
  return [...said.slice(0, -1), { ...last, text: `${last.text}.` }];
}

/** A sentence as a part of a longer one. */
const withoutStop = (text: string): string => text.replace(/\.$/u, '');

/** `The EC2 security group sg-0a1b2c3d (WebGroup)`. */
const subject = (step: Step): string =>
  step.identity === null
    ? `A new ${typeText(step.type)} (${step.id})`
    : `The ${typeText(step.type)} ${step.identity} (${step.id})`;

function verb(step: Step): readonly Span[] {
  if (step.restores !== undefined)
    return [span(' is brought back', 'create'), span(` from what run ${step.restores.run} captured`)];
  switch (step.action) {
    case 'delete':
      return [span(' WILL BE DELETED', 'destroy')];
    case 'replace':
      return [
        span(' WILL BE REPLACED by a new one', 'destroy'),
        span(step.changes.length === 0 ? '' : `, with another ${names(step)}`),
      ];
    case 'create':
      return [span(' is created', 'create')];
    case 'update':
      return [
        span(' is changed', 'change'),
        span(step.changes.length === 0 ? '' : ` in ${names(step)}`),
        span(step.when === 'window' ? ' in its maintenance window' : ''),
      ];
    case 'keep':
      return [span(' stays as it is')];
    default:
      return step.action satisfies never;
  }
}

function wayBack(step: Step): Span | null {
  if (step.action === 'create' || step.action === 'keep') return null;
  switch (step.recoverability.level) {
    case 'reversible':
      return span('can be put back exactly', 'good');
    case 'restorable':
      return span(`comes back from its capture (${step.capture.what})`, 'good');
    case 'irreversible':
      return span('NOTHING brings it back', 'destroy');
    default:
      return step.recoverability.level satisfies never;
  }
}

/** The properties that change, by their first name, each once. */
function names(step: Step): string {
  const all = [...new Set(step.changes.map(({ path }) => /^[^.[]*/u.exec(path)?.[0] ?? path))];
  const rest = all.length - mostNames;
  return `${all.slice(0, mostNames).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** `AWS::EC2::SecurityGroup` → `EC2 security group`; abbreviations keep their capitals. */
function typeText(type: string): string {
  const [, service = '', name = type] = type.split('::');
  const words = name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+/gu) ?? [name];
  return `${service} ${words.map((word) => (/^[A-Z]{2,}$/u.test(word) ? word : word.toLowerCase())).join(' ')}`.trim();
}

import type { Json, JsonObject } from '../model/json.ts';
import type { AttributeChange, Plan, Step } from '../model/plan.ts';
import { fact, value, words } from './format.ts';
import { row, span, type Row, type Tone } from './rows.ts';
import { glyphs, toneOf } from './theme.ts';

/** Observations that serve the planner and are no reading for people. */
const unshown = new Set(['listing']);
/** Longer texts are cut on the card, never what is lost or opened; the plan file has them whole. */
const longest = 400;

const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text);

/**
 * The card of a step (DESIGN section 8): what would be hurt, from AWS; what will be captured; how it comes back; what is lost;
 * the calls; and apart from all that, the author's claim. `now` in milliseconds since 1970.
 */
export function cardRows(step: Step, plan: Plan, now: number): readonly Row[] {
  const rows: Row[] = [];
  const whole = (name: string, text: string, tone: Tone = 'plain'): void => { rows.push(row(2, span(`${name.padEnd(14)} `, 'muted'), span(text, tone))); };
  const label = (name: string, text: string, tone: Tone = 'plain'): void => whole(name, cut(text), tone);
  rows.push(stepRow(step));
  label('type', step.type);
  label('account', `${plan.target.alias === undefined ? '' : `${plan.target.alias} `}${plan.target.account}, ${plan.target.region}${plan.target.endpoint === null ? '' : `, endpoint ${plan.target.endpoint}`}`);
  // What is lost or opened comes first, so that no small screen leaves it below the edge.
  // What a restore does not bring back stands below, once.
  for (const loss of step.destruction?.loses ?? []) if (!step.recoverability.loses.includes(loss)) whole('loses', loss, 'destroy');
  for (const opened of step.grant?.opens ?? []) whole('opens', opened, 'grant');
  const known = !step.blocked || step.calls.length > 0;
  if (step.action !== 'keep' && known) label('way back', step.recoverability.level, step.recoverability.level === 'irreversible' ? 'destroy' : 'good');
  if (step.interrupts) label('interrupts', 'the service is interrupted while this changes', 'warning');
  for (const text of step.oneWay) label('one way', text, 'warning');
  for (const [name, item] of factsOf(step.evidence.observed)) label(words(name), fact(name, item, now), toneOfFact(item));
  for (const [name, item] of factsOf(step.evidence.binding)) label(words(name), fact(name, item, now), toneOfFact(item));
  for (const change of step.changes) rows.push(...changeRows(change));
  for (const left of step.leftovers) label('left over', `${left} stays; to delete it too, name it in a plan`);
  if (step.action !== 'create' && step.action !== 'keep' && known) label('capture', step.capture.what, step.capture.how === 'none' ? 'unknown' : 'good');
  if (step.action !== 'keep') for (const loss of step.recoverability.loses) whole('not restored', loss, 'warning');
  if (step.calls.length > 0) label('calls', step.calls.join(', '), 'muted');
  if (step.reason !== null) label('author claims', `"${step.reason}"`, 'claim');
  if (step.acceptLoss !== null) label('accepts loss', `"${step.acceptLoss}"`, 'claim');
  return rows;
}

/** The one line that names a step: glyph, word, address, type and identity. */
export function stepRow(step: Step): Row {
  const tone = toneOf(step);
  return row(0,
    span(`${glyphs[step.action]} ${step.blocked ? 'BLOCKED ' : ''}${wordOf(step)}`, tone),
    span(` ${step.id}`, 'title'),
    step.identity === null ? '' : span(` ${step.identity}`, 'title'),
    step.destruction === null ? '' : span(' [destruction]', 'destroy'),
    step.grant === null ? '' : span(' [grant]', 'grant'));
}

/** What happens to the resource, in one word; a create from a capture is a restore. */
export const wordOf = (step: Step): string => (step.restores !== undefined ? 'restore' : step.action === 'keep' ? 'unchanged' : step.action);

/** An attribute change: old → new, with its effect and the reasons for it. */
export function changeRows(change: AttributeChange): readonly Row[] {
  const tone: Tone = change.effect === 'destructive' || change.effect === 'replace' ? 'destroy' : change.effect === 'grant' ? 'grant' : 'change';
  const effect = change.effect === 'in-place' ? '' : ` (${change.effect})`;
  const shown = change.before === null ? `+ ${change.path}: ${cut(value(change.after))}`
    : change.after === null ? `- ${change.path}: ${cut(value(change.before))}`
      : `~ ${change.path}: ${cut(value(change.before))} → ${cut(value(change.after))}`;
  return [
    row(2, span(shown + effect, tone)),
    ...(change.notes ?? []).map((note) => row(6, span(note, tone))),
    // Whole, however long: what runs as root on an instance is not for skipping.
    ...(change.authored ?? '').split(/\r\n|\n|\r/u).filter((line, index, lines) => line !== '' || index < lines.length - 1).map((line) => row(6, span('| ', 'muted'), line.replaceAll('\t', '  '))),
  ];
}

const factsOf = (facts: JsonObject): readonly (readonly [string, Json | undefined])[] => Object.entries(facts).filter(([name]) => !unshown.has(name));
const toneOfFact = (item: Json | undefined): Tone => (item === 'unknown' ? 'unknown' : 'plain');

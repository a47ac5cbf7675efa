import { betweenMarks, lossPhrase, needed } from '../../domain/confirmation.ts';
import type { Step } from '../../domain/plan.ts';
import { cardRows, stepRow } from '../../views/step/card-rows.ts';
import { planDocument } from '../../views/plan/plan-document.ts';
import { isUnchanged, summaryText } from '../../views/plan/plan-parts.ts';
import { blank, row, span, type Row } from '../../views/base/rows.ts';
import { sentenceRows } from '../../views/plan/sentence-rows.ts';
import { staysRows } from '../../views/plan/stays-rows.ts';
import { orderedSteps } from './state/entries.ts';
import { lastWord, missing, type ReviewState } from './state/state.ts';

/** The commands of a plain review, in the order in which help tells them. */
export const commands = {
  skip: 'goes on to the next one, and leaves this one unconfirmed',
  again: 'says again what was asked, with the whole card',
  list: 'lists all steps, what is confirmed and what is missing',
  show: 'shows the card of any step: show ADDRESS, or show and its number in the list',
  reject: 'leaves a step out of the plan and plans again: reject, or reject ADDRESS',
  help: 'says this',
  quit: 'leaves without approving anything',
} as const;

/**
 * A row for reading aloud: a name that is set off by blanks gets a colon, so that it does not run into its value, and
 * nothing is indented by more than two columns. No word is left out.
 */
export function spoken(line: Row): Row {
  const [first, ...rest] = line.spans;
  const named = first !== undefined && first.tone === 'muted' && rest.length > 0 && /[^\s.:,;|]\s+$/u.test(first.text);
  // Blanks that only set a line off go.
  if (first !== undefined && /^\s+/u.test(first.text))
    return { indent: Math.min(2, line.indent), spans: [{ ...first, text: first.text.trimStart() }, ...rest] };
  return {
    indent: Math.min(2, line.indent),
    spans: named ? [{ ...first, text: `${first.text.trim()}: ` }, ...rest] : line.spans,
  };
}

const spokenAll = (rows: readonly Row[]): readonly Row[] => rows.map(spoken);

/** The first rows: the plan's head, its findings, and how this goes. `now` in milliseconds since 1970. */
export function openingLines(state: ReviewState, now: number): readonly Row[] {
  const { head, notes, findings, asks } = planDocument(state.plan, now);
  const count = needed(state.plan).confirmations.length;
  return [
    ...spokenAll(head),
    ...spokenAll(notes),
    ...spokenAll(findings.flat()),
    ...asks,
    row(
      0,
      state.tier === 'T1'
        ? 'A signed approval is made (T1).'
        : 'A text typed here counts at once (T0): it stops accidents, not a program that types.',
    ),
    ...(count === 0
      ? []
      : [
          row(
            0,
            `${count === 1 ? '1 destruction or grant' : `${count} destructions and grants`} ${count === 1 ? 'is' : 'are'} asked about, one after the other. Pasted text does not count. The word help lists what else can be typed.`,
          ),
        ]),
  ];
}

/** A step's whole card, with its place among the steps in reading order. */
export function cardLines(state: ReviewState, step: Step, now: number): readonly Row[] {
  const all = needed(state.plan).confirmations;
  const asked =
    all.length === 0 || step.confirm === null
      ? ''
      : `, ${state.confirmations.has(step.id) ? 'confirmed' : `${missing(state)} of ${all.length} to confirm`}`;
  return [
    blank,
    row(0, span(`Step ${placeOf(state, step)} of ${changing(state).length}${asked}`, 'title')),
    ...spokenAll(cardRows(step, state.plan, now)),
  ];
}

const changing = (state: ReviewState): readonly Step[] => state.plan.steps.filter((step) => !isUnchanged(step));
/** The number of a step in the list, from 1. */
const placeOf = (state: ReviewState, step: Step): number => inOrder(state).findIndex(({ id }) => id === step.id) + 1;

/** All steps in reading order, as the list numbers them. */
export const inOrder = (state: ReviewState): readonly Step[] => orderedSteps(state.plan.steps);

/** The text to type now to confirm the step of the card. */
export const wantedOf = (state: ReviewState, step: Step): string =>
  (state.typedIdentity === null ? step.confirm : lossPhrase(step)) ?? '';

/**
 * The question of a card. `prefix` stands before commands where the text that is asked for is itself one of their
 * words.
 */
export const questionLines = (state: ReviewState, step: Step, prefix: string): readonly Row[] => [
  ...(state.typedIdentity === null
    ? [
        row(
          0,
          `To confirm this ${step.destruction === null ? 'grant' : 'destruction'}, type `,
          span(wantedOf(state, step), 'title'),
          ' and Enter.',
        ),
      ]
    : [
        row(
          0,
          `Nothing brings this back. To accept the loss, type the ${wantedOf(state, step).length} characters between « and », then Enter.`,
        ),
        row(0, span(betweenMarks(wantedOf(state, step)), 'destroy')),
      ]),
  row(
    0,
    `Or ${(['skip', 'reject', 'again', 'list', 'help', 'quit'] as const)
      .filter((name) => name !== 'reject' || state.canReject)
      .map((name) => `${prefix}${name}`)
      .join(', ')}.`,
  ),
];

/** The summary: one sentence for each thing that is going to happen. */
export const summaryLines = ({ plan, rejected }: ReviewState): readonly Row[] => [
  blank,
  row(0, span('This is going to happen', 'title'), `: ${summaryText(plan.summary)}.`),
  ...spokenAll(sentenceRows(plan, rejected)),
  ...spokenAll(staysRows(plan)),
];

export const lastQuestion = (state: ReviewState, prefix: string): readonly Row[] => [
  row(
    0,
    'To ',
    ({ apply: 'apply', sign: 'sign', look: 'finish' } as const)[state.purpose],
    ', type ',
    span(lastWord(state), 'title'),
    ' and Enter.',
  ),
  row(0, `Or ${(['again', 'list', 'help', 'quit'] as const).map((name) => `${prefix}${name}`).join(', ')}.`),
];

/** Every step in one line, with its number. */
export const listLines = (state: ReviewState): readonly Row[] =>
  inOrder(state).map((step, index) =>
    row(
      0,
      `${index + 1}. `,
      span(
        step.confirm === null ? '' : state.confirmations.has(step.id) ? 'confirmed: ' : 'to confirm: ',
        state.confirmations.has(step.id) ? 'good' : 'warning',
      ),
      ...stepRow(step).spans,
    ),
  );

export const helpLines = (canReject: boolean): readonly Row[] =>
  Object.entries(commands)
    .filter(([name]) => name !== 'reject' || canReject)
    .map(([name, text]) => row(0, span(`${name}: `, 'title'), text));

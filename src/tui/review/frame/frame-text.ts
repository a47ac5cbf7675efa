import { lossPhrase } from '../../../domain/confirmation.ts';
import type { Plan, Step } from '../../../domain/plan.ts';
import { cardRows, stepRow } from '../../../views/step/card-rows.ts';
import { elapsed } from '../../../views/base/format.ts';
import { summaryText } from '../../../views/plan/plan-parts.ts';
import { blank, row, span, type Row } from '../../../views/base/rows.ts';
import { othersRows, sentenceRow } from '../../../views/plan/sentence-rows.ts';
import { staysRows } from '../../../views/plan/stays-rows.ts';
import { clip, wrap } from '../../../views/base/text.ts';
import { filterChoices, orderedSteps } from '../state/entries.ts';
import { helpRows } from '../state/help.ts';
import { wrapped } from '../../terminal/layout.ts';
import type { Replanned } from '../state/replanned.ts';
import { selected, type ReviewState } from '../state/state.ts';

/**
 * A text that takes the whole width, as lines. `must`: that many lines, and the last one, must be seen before anything
 * is typed.
 */
export interface LongText {
  readonly key: string;
  readonly lines: readonly Row[];
  readonly must: number;
}

/** The last text of a plan: a key that only scrolls in it must not make it again. */
const texts = new WeakMap<Plan, LongText>();

/** The text of the place where the person is. `now` in milliseconds since 1970. */
export function longText(state: ReviewState, width: number, now: number): LongText {
  const { plan, place } = state;
  switch (place) {
    case 'card':
      return kept(
        plan,
        `card ${width} ${Math.floor(now / 60_000)} ${selected(state)?.digest ?? ''} ${selected(state)?.id ?? ''}`,
        `card ${selected(state)?.id ?? ''}`,
        () => {
          const step = selected(state);
          const lines = step === null ? [] : wrapped(cardRows(step, plan, now), width);
          return { lines, must: lines.length };
        },
      );
    case 'summary':
      return kept(plan, `summary ${width} ${state.rejected.join(' ')}`, 'summary', () => summaryLines(state, width));
    case 'help':
      return { key: 'help', lines: wrapped(helpRows, width), must: 0 };
    case 'filter':
      return { key: 'filter', lines: filterLines(state, width), must: 0 };
    case 'planning':
      return { key: 'planning', lines: wrapped(planningRows(state, now), width), must: 0 };
    case 'replanned':
      return kept(plan, `replanned ${width} ${state.rejected.join(' ')}`, 'replanned', () => ({
        lines: state.replanned === null ? [] : wrapped(replannedRows(state.replanned), width),
        must: 0,
      }));
    case 'failed':
      return {
        key: 'failed',
        lines: wrapped(
          [
            row(0, span('Nothing was left out: planning again failed', 'destroy')),
            blank,
            ...state.failure.map((line) => row(2, line)),
          ],
          width,
        ),
        must: 0,
      };
    default:
      return { key: place, lines: [], must: 0 };
  }
}

const made = new WeakMap<LongText, string>();

function kept(
  plan: Plan,
  exactly: string,
  key: string,
  make: () => { readonly lines: readonly Row[]; readonly must: number },
): LongText {
  const found = texts.get(plan);
  if (found !== undefined && made.get(found) === exactly) return found;
  const text = { key, ...make() };
  texts.set(plan, text);
  made.set(text, exactly);
  return text;
}

/**
 * One sentence for each thing that is going to happen; those that destroy or open must have been on the screen, and the
 * end.
 */
function summaryLines(
  { plan, rejected }: ReviewState,
  width: number,
): { readonly lines: readonly Row[]; readonly must: number } {
  const lines = [
    ...wrapped([row(0, span('This is going to happen', 'title'), `: ${summaryText(plan.summary)}.`)], width),
  ];
  const changing = orderedSteps(plan.steps).filter(({ action }) => action !== 'keep');
  // Before the steps, so that it was on the screen before the last word is typed.
  lines.push(...wrapped(staysRows(plan), width));
  let must = lines.length;
  for (const step of changing) {
    lines.push(...sentenceLines(step, width));
    if (step.destruction !== null || step.grant !== null) must = lines.length;
  }
  return { lines: [...lines, ...wrapped(othersRows(plan.steps.length - changing.length, rejected), width)], must };
}

const sentences = new WeakMap<Step, { readonly width: number; readonly lines: readonly Row[] }>();

/** The sentence of a step, wrapped; made once for a width, between the keys where there is time. */
export function sentenceLines(step: Step, width: number): readonly Row[] {
  let found = sentences.get(step);
  if (found?.width !== width) {
    found = { width, lines: wrap(sentenceRow(step), width) };
    sentences.set(step, found);
  }
  return found.lines;
}

function filterLines(state: ReviewState, width: number): readonly Row[] {
  return filterChoices(state.plan.steps).map(({ label, count, filter }, index) =>
    clip(
      row(
        0,
        span(index === state.choice ? '> ' : '  ', 'title'),
        span(filter === null ? 'all' : filter.by === 'type' ? 'type' : 'action', 'muted'),
        '  ',
        span(label, 'title'),
        span(`  ${count}`, 'muted'),
      ),
      width,
    ),
  );
}

const spinner = ['|', '/', '-', '\\'] as const;

function planningRows({ leavingOut }: ReviewState, now: number): readonly Row[] {
  if (leavingOut === null) return [];
  const time = Math.max(0, now - leavingOut.since);
  return [
    blank,
    row(
      0,
      span(`${spinner[Math.floor(time / 250) % spinner.length] ?? '|'} `, 'title'),
      'planning again without ',
      span(leavingOut.id, 'title'),
      span(`… ${elapsed(time)}`, 'muted'),
    ),
  ];
}

/** The change of the plan, for the person to read. */
export function replannedRows({
  id,
  before,
  after,
  left,
  changed,
  added,
  kept: keeping,
  same,
}: Replanned): readonly Row[] {
  const list = (title: string, steps: readonly (readonly [Step, string])[]): readonly Row[] =>
    steps.length === 0
      ? []
      : [
          row(0, span(title, 'title')),
          ...steps.map(([step, how]) => row(2, ...stepRow(step).spans, span(how === '' ? '' : ` ${how}`, 'warning'))),
        ];
  return [
    row(0, span(`${id} is left out, and the plan was made again`, 'title')),
    row(0, span('It was ', 'muted'), summaryText(before.summary)),
    row(0, span('It is  ', 'muted'), summaryText(after.summary)),
    blank,
    ...list(
      'No longer in the plan',
      left.map((step) => [step, '' as string] as const),
    ),
    ...list(
      'Changed',
      changed.map(
        ({ step, how, dropped }) =>
          [step, `${how}${dropped ? '; its confirmation is dropped: confirm it again' : ''}`] as const,
      ),
    ),
    ...list(
      'New in the plan',
      added.map((step) => [step, ''] as const),
    ),
    ...list(
      'Exactly as before: these keep their confirmation',
      keeping.map((step) => [step, ''] as const),
    ),
    ...(same === 0
      ? []
      : [row(0, span(`${same} other step${same === 1 ? ' is' : 's are'} exactly as before`, 'muted'))]),
    blank,
    row(0, span('Digest before ', 'muted'), before.digest),
    row(0, span('Digest now    ', 'muted'), after.digest),
  ];
}

/** The question of the line at the bottom; null where nothing is typed. */
export function wantedText(state: ReviewState, lastWord: string): string | null {
  if (state.place === 'summary') return lastWord;
  const step = selected(state);
  return state.place !== 'card' || step === null
    ? null
    : state.typedIdentity === null
      ? step.confirm
      : lossPhrase(step);
}

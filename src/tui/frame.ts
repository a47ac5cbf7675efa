import { lossPhrase, needed } from '../model/confirm.ts';
import type { Step } from '../model/plan.ts';
import { cardRows, stepRow } from '../views/card-rows.ts';
import { headRows, summaryText } from '../views/plan-rows.ts';
import { blank, row, span, type Row } from '../views/rows.ts';
import { wrap } from '../views/text.ts';
import { lastWord, open, type ReviewState } from './state.ts';

export interface Size { readonly columns: number; readonly rows: number }

/**
 * The screen for a state: at most `size.rows - 1` lines of at most `size.columns` columns, because a frame as high as the
 * terminal flickers. Pure; `now` in milliseconds since 1970.
 */
export function frame(state: ReviewState, size: Size, tier: string, now: number): readonly Row[] {
  const height = Math.max(4, size.rows - 1);
  const width = Math.max(10, size.columns);
  const fit = (rows: readonly Row[]): readonly Row[] => rows.flatMap((line) => wrap(line, width));
  const head = fit(header(state, tier, now, height < 20)).slice(0, Math.max(1, Math.floor(height / 3)));
  const foot = fit(footer(state)).slice(0, Math.max(2, Math.floor(height / 2)));
  const room = Math.max(1, height - head.length - foot.length);
  const body = state.screen === 'list' || state.screen === 'leave' ? list(state, room, width) : window(bodyLines(state, now, width), state.scroll, room, width);
  return [...head, ...pad(body, room), ...foot].slice(0, height);
}

const pad = (rows: readonly Row[], room: number): readonly Row[] => [...rows, ...Array.from({ length: Math.max(0, room - rows.length) }, () => blank)];

function header(state: ReviewState, tier: string, now: number, short: boolean): readonly Row[] {
  const all = needed(state.plan).confirmations.length;
  const count = span(`confirmed ${state.confirmations.size} of ${all}`, all === state.confirmations.size ? 'good' : 'destroy');
  const force = span(tier === 'T1' ? 'signed approval (T1)' : 'typed here (T0): stops accidents, not a program that types', 'muted');
  if (short) return [row(0, span(state.plan.name, 'title'), ` ${state.plan.target.alias ?? state.plan.target.account} ${state.plan.target.region} `, count)];
  // The count stands before what may be cut on a small screen.
  const [name, ...rest] = headRows(state.plan, now);
  return [...(name === undefined ? [] : [name]), row(0, count, '  ', force), ...rest, blank];
}

/** The steps around the cursor, one line each. */
function list(state: ReviewState, room: number, width: number): readonly Row[] {
  const first = Math.max(0, Math.min(state.cursor - Math.floor(room / 2), state.steps.length - room));
  return state.steps.slice(first, first + room).map((step, index) => {
    const line = stepRow(step);
    const chosen = first + index === state.cursor;
    return wrap({ indent: 0, spans: [span(chosen ? '> ' : '  ', 'title'), span(mark(state, step)), ...line.spans] }, width)[0] ?? blank;
  });
}

const mark = (state: ReviewState, step: Step): string => (step.confirm === null ? '    ' : state.confirmations.has(step.id) ? '[x] ' : '[ ] ');

function bodyLines(state: ReviewState, now: number, width: number): readonly Row[] {
  if (state.screen === 'summary') return summaryLines(state, width);
  const step = state.steps[state.cursor];
  return step === undefined ? [] : cardRows(step, state.plan, now).flatMap((line) => wrap(line, width));
}

const summaries = new WeakMap<ReviewState['steps'], { readonly width: number; readonly lines: readonly Row[] }>();

/** The summary has a line for every step and is the same at every key: it is made once for a width. */
function summaryLines(state: ReviewState, width: number): readonly Row[] {
  let found = summaries.get(state.steps);
  if (found?.width !== width) {
    found = { width, lines: summary(state).flatMap((line) => wrap(line, width)) };
    summaries.set(state.steps, found);
  }
  return found.lines;
}

/** One sentence for each thing that is going to happen. */
function summary(state: ReviewState): readonly Row[] {
  const verbs = { create: 'will be created', update: 'will be changed', replace: 'will be replaced', delete: 'WILL BE DELETED', keep: 'stays as it is' } as const;
  const steps = state.steps.filter((step) => step.action !== 'keep');
  return [
    row(0, span('This is going to happen', 'title'), `: ${summaryText(state.plan.summary)}.`),
    ...steps.map((step) => row(2, span(`${step.id} ${step.identity ?? ''}`.trim(), 'title'), ` ${step.restores === undefined ? verbs[step.action] : 'will be brought back'}${step.action === 'delete' ? `; way back: ${step.recoverability.level}` : ''}.`)),
  ];
}

/** Lines from `scroll` on, with a hint where there is more. */
function window(lines: readonly Row[], scroll: number, room: number, width: number): readonly Row[] {
  if (lines.length <= room) return lines;
  const first = Math.min(scroll, lines.length - room + 1);
  const hidden = lines.length - first - (room - 1);
  const hint = hidden > 0 ? row(0, span(`… ${hidden} more lines, arrow down`, 'warning')) : row(0, span('(end)', 'muted'));
  return [...lines.slice(first, first + room - 1), ...wrap(hint, width).slice(0, 1)];
}

function footer(state: ReviewState): readonly Row[] {
  const message = state.message === '' ? blank : row(0, span(state.message, 'warning'));
  const line = (asks: readonly Row[]): readonly Row[] => [message, ...asks, row(0, span('> ', 'title'), state.typed, span('▏', 'muted'))];
  const step = state.steps[state.cursor];
  switch (state.screen) {
    case 'list': return [message, row(0, span(`enter card  c confirm  n next  ${open(state).length === 0 ? 'a go on  ' : ''}q leave without approving`, 'muted'))];
    case 'card': return [message, row(0, span('arrows scroll  c confirm  esc back', 'muted'))];
    case 'identity': return line([row(0, 'Type ', span(step?.confirm ?? '', 'title'), ` and Enter to confirm this ${step?.destruction === null ? 'grant' : 'destruction'}; Esc leaves it alone.`)]);
    case 'loss': return line([row(0, 'This cannot be brought back. Type the loss and Enter: ', span(step === undefined ? '' : lossPhrase(step) ?? '', 'destroy'))]);
    case 'summary': return line([row(0, 'Type ', span(lastWord(state), 'title'), ` and Enter to ${({ apply: 'apply', sign: 'sign', look: 'finish' } as const)[state.purpose]}; Esc goes back.`)]);
    case 'leave': return [message, row(0, span('Leave without approving? Confirmations are forgotten. ', 'warning'), 'y leaves, anything else stays')];
    case 'end': return [message];
    default: return state.screen satisfies never;
  }
}

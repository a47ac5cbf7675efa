import { elapsed } from '../../views/base/format.ts';
import { blank, row, span, type Row, type Span, type Tone } from '../../views/base/rows.ts';
import { clip, widthOfRow, wrap } from '../../views/base/text.ts';
import { glyphs, toneOf } from '../../views/base/theme.ts';
import { phaseRow, spinner } from './run-phases.ts';
import type { Size } from '../terminal/view.ts';
import type { Scrolling, RunState, StepView } from './run-model.ts';

/**
 * The screen of a run: at most `size.rows - 1` rows of at most `size.columns` columns. Pure; `now` in milliseconds
 * since 1970.
 */
export function runFrame(state: RunState, size: Size, now: number): readonly Row[] {
  const { head, foot, room, width, height } = placesOn(state, size, now);
  const rows = body(state, room, width, now);
  return [...head, ...rows, ...Array.from({ length: Math.max(0, room - rows.length) }, () => blank), ...foot].slice(
    0,
    height,
  );
}

/** Facts about the screen that the scrolling keys need. */
export function scrollingOn(state: RunState, size: Size): Scrolling {
  const { room, width } = placesOn(state, size);
  const length = state.view === 'steps' ? 0 : textOf(state, width).length;
  const space = state.view === 'step' ? Math.max(1, room - 1) : room;
  return { page: Math.max(1, space - 2), last: length <= space ? 0 : length - space + 1 };
}

interface Places {
  readonly height: number;
  readonly width: number;
  readonly room: number;
  readonly head: readonly Row[];
  readonly foot: readonly Row[];
}

function placesOn(state: RunState, size: Size, now = state.startedAt): Places {
  const height = Math.max(4, size.rows - 1);
  const width = Math.max(10, size.columns);
  const foot = footer(state, width).slice(0, Math.max(2, Math.floor(height / 2)));
  const head = header(state, width, now, height < 16).slice(0, Math.max(1, height - foot.length - 3));
  return { height, width, head, foot, room: Math.max(1, height - head.length - foot.length) };
}

/** The whole text of a view that scrolls, as lines of the screen. */
function textOf(state: RunState, width: number): readonly Row[] {
  if (state.view === 'choice') return wrapped(state.choices?.why ?? [], width);
  if (state.view === 'journal') return wrapped(state.journal ?? [], width);
  const told =
    state.steps[state.cursor]?.lines.map(({ at, text, tone }) =>
      row(2, span(`${elapsed(at - state.startedAt).padStart(7)}  `, 'muted'), span(text, tone)),
    ) ?? [];
  return wrapped(told.length === 0 ? [row(2, span('nothing has happened yet', 'muted'))] : told, width);
}

function header(state: RunState, width: number, now: number, short: boolean): readonly Row[] {
  const { plan, run, counts, steps, startedAt, endedAt, outcome, choices } = state;
  // The journal counts the calls of a batch one by one.
  const calls = choices?.report.calls ?? counts.calls;
  const time = elapsed((endedAt ?? now) - startedAt);
  const verb = plan.rollbackOf === null ? 'Applying' : 'Rolling back';
  const bad = outcome !== null && outcome !== 'done';
  const title = row(
    0,
    span(`${verb} ${plan.name}`, 'title'),
    span(run === null ? '' : ` run ${run}`, 'muted'),
    ` ${time}`,
  );
  const where = row(
    0,
    span(
      `${plan.target.alias === undefined ? '' : `${plan.target.alias} `}${plan.target.account} ${plan.target.region}`,
      'muted',
    ),
    plan.target.endpoint === null ? '' : span(` ${plan.target.endpoint}`, 'warning'),
    span(
      `; ${counts.done} of ${steps.length} done${counts.failed > 0 ? `, ${counts.failed} failed` : ''}, ${calls} call${calls === 1 ? '' : 's'}`,
      bad ? 'destroy' : 'plain',
    ),
  );
  if (short)
    return [
      clip(
        row(
          0,
          span(`${time} `),
          span(`${counts.done}/${steps.length} `, bad ? 'destroy' : 'plain'),
          span(`${verb} ${plan.name}`, 'title'),
        ),
        width,
      ),
      clip(phaseRow(state, now, true), width),
    ];
  return [clip(title, width), clip(where, width), ...wrap(phaseRow(state, now, false), width), blank];
}

function body(state: RunState, room: number, width: number, now: number): readonly Row[] {
  switch (state.view) {
    case 'steps':
      return stepList(state, room, width, now);
    case 'step':
      return oneStep(state, room, width, now);
    case 'choice':
    case 'journal':
      return lines(textOf(state, width), state.scroll, room, width);
    default:
      return state.view satisfies never;
  }
}

const wrapped = (rows: readonly Row[], width: number): readonly Row[] => rows.flatMap((line) => wrap(line, width));

/** A window that holds the cursor, with totals of what is above and below. */
function stepList(state: RunState, room: number, width: number, now: number): readonly Row[] {
  const { steps, cursor } = state;
  if (steps.length === 0) return [row(0, 'nothing to change')];
  const height = (at: number): number => (detailOf(steps[at] as StepView) === null || room < 4 ? 1 : 2);
  let first = cursor;
  let last = cursor;
  let used = height(cursor);
  const fits = (at: number): boolean => {
    if (at < 0 || at >= steps.length) return false;
    const above = Math.min(first, at) > 0 ? 1 : 0;
    const below = Math.max(last, at) < steps.length - 1 ? 1 : 0;
    return used + height(at) + above + below <= room;
  };
  // A third of the window is what went before.
  while (cursor - first < Math.floor(room / 3) && fits(first - 1)) used += height((first -= 1));
  while (fits(last + 1)) used += height((last += 1));
  while (fits(first - 1)) used += height((first -= 1));
  const rows: Row[] = [];
  if (first > 0 && used < room) rows.push(clip(totals('above', steps.slice(0, first)), width));
  for (let at = first; at <= last; at += 1)
    rows.push(...stepRows(steps[at] as StepView, at === cursor, width, now, height(at) === 2));
  if (last < steps.length - 1 && rows.length < room) rows.push(clip(totals('below', steps.slice(last + 1)), width));
  return rows.slice(0, room);
}

function totals(where: string, steps: readonly StepView[]): Row {
  const names = [
    ['working', 'under way'],
    ['failed', 'failed'],
    ['stopped', 'stopped'],
    ['pending', 'pending'],
    ['done', 'done'],
    ['waiting', 'waiting'],
  ] as const;
  const parts = names.flatMap(([state, name]) => {
    const count = steps.filter((view) => view.state === state).length;
    return count === 0 ? [] : [`${count} ${name}`];
  });
  return row(2, span(`… ${steps.length} more ${where}: ${parts.join(', ')}`, 'muted'));
}

const words = {
  capture: 'capturing',
  'verify-capture': 'verifying',
  quiesce: 'quieting',
  restore: 'restoring',
  repoint: 'pointing',
  undo: 'undoing',
  verify: 'verifying',
} as const;
const changing = {
  create: 'creating',
  update: 'updating',
  replace: 'replacing',
  delete: 'deleting',
  keep: 'keeping',
} as const;

/** The stage of a step, in a word. */
function stateWord({ state, stage, step, captured }: StepView): string {
  switch (state) {
    case 'waiting':
      return captured ? 'captured' : 'waiting';
    case 'working':
      return stage === null ? 'starting' : stage === 'change' ? changing[step.action] : words[stage];
    case 'failed':
      return 'FAILED';
    default:
      return state;
  }
}

const tones = {
  waiting: 'muted',
  working: 'title',
  done: 'good',
  pending: 'warning',
  failed: 'destroy',
  stopped: 'warning',
} as const satisfies Readonly<Record<StepView['state'], Tone>>;

function markOf({ state, captured }: StepView, now: number): string {
  return (
    {
      waiting: captured ? '○' : '·',
      working: spinner(now),
      done: '✓',
      pending: '◷',
      failed: '✗',
      stopped: '■',
    } as const
  )[state];
}

/**
 * One step: mark, glyph and name on the left; word, percentage and time on the right; below it the call in flight or
 * the wait.
 */
function stepRows(view: StepView, chosen: boolean, width: number, now: number, twoLines: boolean): readonly Row[] {
  const { step } = view;
  const time = view.startedAt === null ? '' : elapsed((view.endedAt ?? now) - view.startedAt);
  const percent = view.fraction === null ? '' : `${Math.round(view.fraction * 100)} %`;
  const wide = width >= 60;
  const right: readonly Span[] = wide
    ? [
        span(` ${stateWord(view).padEnd(12)}`, tones[view.state]),
        span(percent.padStart(5), 'title'),
        span(time.padStart(8), 'muted'),
      ]
    : [
        span(` ${stateWord(view)}`, tones[view.state]),
        span(percent !== '' ? ` ${percent}` : time === '' ? '' : ` ${time}`, 'muted'),
      ];
  const name = row(
    0,
    span(chosen ? '> ' : '  ', 'title'),
    span(`${markOf(view, now)} `, tones[view.state]),
    span(`${glyphs[step.action]} `, toneOf(step)),
    span(step.id, 'title'),
    wide && step.identity !== null && step.identity !== step.id ? span(` ${step.identity}`, 'muted') : '',
  );
  const left = clip(name, Math.max(6, width - widthOfRow({ indent: 0, spans: right })));
  const gap = Math.max(0, width - widthOfRow(left) - widthOfRow({ indent: 0, spans: right }));
  const first = clip({ indent: 0, spans: [...left.spans, span(' '.repeat(gap)), ...right] }, width);
  const detail = twoLines ? detailOf(view) : null;
  return detail === null ? [first] : [first, clip(row(8, span(detail, 'muted')), width)];
}

/** The call in flight, else what is waited for; null where there is nothing to say. */
function detailOf({ call, waiting, state, lines: told }: StepView): string | null {
  if (state === 'failed') return told.at(-1)?.text ?? null;
  if (state !== 'working') return null;
  return call === null ? waiting : `in flight: ${call.name} (${call.purpose})`;
}

/** Everything that was said of the step, newest at the end. */
function oneStep(state: RunState, room: number, width: number, now: number): readonly Row[] {
  const view = state.steps[state.cursor];
  if (view === undefined) return [];
  const [title] = stepRows(view, true, width, now, false);
  const rows = textOf(state, width);
  const space = Math.max(1, room - 1);
  // Without end: with the newest line at the bottom.
  const from = state.scroll === Infinity ? Math.max(0, rows.length - space) : state.scroll;
  return [title ?? blank, ...(state.scroll === Infinity ? rows.slice(from) : lines(rows, from, space, width))];
}

/** Lines from `scroll` on, with a hint where there is more. */
function lines(rows: readonly Row[], scroll: number, room: number, width: number): readonly Row[] {
  if (rows.length <= room) return rows;
  const first = Math.max(0, Math.min(scroll, rows.length - room + 1));
  const hidden = rows.length - first - (room - 1);
  return [
    ...rows.slice(first, first + room - 1),
    clip(
      hidden > 0
        ? row(0, span(`… ${hidden} more lines, arrow down`, 'warning'))
        : row(0, span(`(end) ${first} lines above, arrow up`, 'muted')),
      width,
    ),
  ];
}

function footer(state: RunState, width: number): readonly Row[] {
  const message = state.message === '' ? [] : wrap(row(0, span(state.message, 'warning')), width).slice(0, 4);
  return [...(message.length === 0 ? [blank] : message), ...keysRows(state).flatMap((line) => wrap(line, width))];
}

const key = (letter: string, text: string): readonly Span[] => [span(letter, 'title'), span(` ${text}  `)];

function keysRows(state: RunState): readonly Row[] {
  const muted = (text: string): readonly Row[] => [row(0, span(text, 'muted'))];
  const { choices } = state;
  switch (state.view) {
    case 'steps':
      return muted(
        choices !== null
          ? 'arrows move  enter lines of a step  esc back to the question'
          : `arrows move  enter lines of a step  ${state.following ? '' : 'f follow  '}Ctrl-C stop`,
      );
    case 'step':
      return muted('arrows scroll  esc back');
    case 'journal':
      return muted('arrows scroll  esc back to the question');
    case 'choice':
      return choices === null
        ? []
        : [
            row(
              0,
              ...(choices.back === null ? [] : key('r', choices.back)),
              ...key('k', choices.report.command === 'apply' ? 'keep and resume later' : 'keep it as it is'),
              ...key('l', 'look at the journal'),
              span('s', 'title'),
              ' steps',
            ),
          ];
    default:
      return state.view satisfies never;
  }
}

import type { Step } from '../../../domain/plan.ts';
import { stepRow } from '../../../views/step/card-rows.ts';
import { askRows, findingRows, headRows, inFindingOrder } from '../../../views/plan/plan-parts.ts';
import { blank, row, span, type Row, type Span } from '../../../views/base/rows.ts';
import { changeLines, documentationRow, tabRows, tabs, type Reading } from '../../../views/step/tab-rows.ts';
import { clip, wrap } from '../../../views/base/text.ts';
import { padded, shifted, wrapped, wrappedTo } from '../../terminal/layout.ts';
import { selectsLine, type Drawn, type ReviewState } from '../state/state.ts';
import type { Knowledge } from '../../../domain/property-hints.ts';
import type { Plan } from '../../../domain/plan.ts';

/** The lines of the selected step's tab, or of the plan itself, and which change each line belongs to. */
interface Body {
  readonly key: string;
  readonly lines: readonly Row[];
  readonly changes: readonly (number | null)[];
}

/** The last body of a plan: a key that only moves in it must not make it again. */
const bodies = new WeakMap<Plan, { readonly body: Body; readonly knowledge: Knowledge }>();

export interface Detail {
  readonly rows: readonly Row[];
  readonly drawn: Drawn;
  readonly scroll: number;
  readonly line: number;
}

/** The selected step on `height` lines of at most `width` columns. `now` in milliseconds since 1970. */
export function detailRows(
  state: ReviewState,
  step: Step | null,
  size: { readonly width: number; readonly height: number },
  knowledge: Knowledge,
  now: number,
): Detail {
  const { width, height } = size;
  const reading: Reading = { plan: state.plan, now, knowledge };
  const head =
    step === null ? [row(0, span('The plan', 'title'))] : [clip(stepRow(step), width), tabBar(state.tab, width)];
  const body = bodyOf(state, step, width - 2, reading);
  const room = Math.max(1, height - head.length);
  const selects = step !== null && selectsLine(state);
  const words = selects ? documentationRoom(room) : 0;
  // The last line says how much more there is, where there is more.
  const fits = body.lines.length <= room - words;
  const shown = Math.max(1, room - words - (fits ? 0 : 1));
  const line = Math.max(0, Math.min(body.lines.length - 1, state.line));
  const wanted = selects ? Math.min(Math.max(state.scroll, line - shown + 1), line) : state.scroll;
  const top = Math.max(0, Math.min(wanted, body.lines.length - shown));
  const focused = state.place === 'detail' && selects;
  const lines = body.lines
    .slice(top, top + shown)
    .map((part, index): Row => (focused && top + index === line ? pointed(part) : shifted(part, 2)));
  const below = body.lines.length - top - shown;
  const change = selects ? (body.changes[line] ?? body.changes.find((found) => found !== null) ?? null) : null;
  const documentation =
    step === null || change === null || words === 0 ? null : documentationRow(step, change, reading);
  return {
    rows: padded(
      [
        ...head,
        ...padded(lines, shown),
        ...(fits
          ? []
          : [row(2, span(below > 0 ? `… ${below} more line${below === 1 ? '' : 's'}` : '(end)', 'warning'))]),
        ...padded(documentation === null ? [] : wrappedTo(documentation, width, words), words),
      ],
      height,
    ),
    drawn: { place: 'detail', key: body.key, total: body.lines.length, room: shown, top },
    scroll: top,
    line,
  };
}

/** Lines that are kept for AWS's words about a property. */
const documentationRoom = (room: number): number => (room >= 12 ? 3 : room >= 6 ? 2 : 0);

const pointed = (line: Row): Row => ({
  indent: 0,
  spans: [span('> ', 'title'), { text: ' '.repeat(line.indent), tone: 'plain' }, ...line.spans],
});

/** All tabs with their keys; the open one in brackets. Where there is no room, only the open one has a name. */
function tabBar(open: number, width: number): Row {
  const bar = (short: boolean): Row =>
    row(
      0,
      ...tabs.flatMap(({ title, key }, index): readonly Span[] => {
        const gap = index === 0 ? '' : ' ';
        return index === open
          ? [span(`${gap}[${key} ${title}]`, 'title')]
          : [span(`${gap}${key}${short ? '' : ` ${title}`}`, 'muted')];
      }),
    );
  const whole = bar(false);
  return clip(wrap(whole, width).length === 1 ? whole : bar(true), width);
}

function bodyOf(state: ReviewState, step: Step | null, width: number, reading: Reading): Body {
  const { plan, knowledge, now } = reading;
  const key = JSON.stringify([step?.id ?? null, state.tab, width, Math.floor(now / 60_000), state.rejected.length]);
  const found = bodies.get(plan);
  if (found !== undefined && found.body.key === key && found.knowledge === knowledge) return found.body;
  const made =
    step === null ? plainBody(key, overviewRows(state, now), width) : stepBody(key, state.tab, step, reading, width);
  bodies.set(plan, { body: made, knowledge });
  return made;
}

const plainBody = (key: string, rows: readonly Row[], width: number): Body => ({
  key,
  lines: wrapped(rows, width),
  changes: [],
});

function stepBody(key: string, tab: number, step: Step, reading: Reading, width: number): Body {
  const about = inFindingOrder(reading.plan.findings.filter((finding) => finding.step === step.id));
  const rowsOf = (severities: readonly string[]): readonly Row[] =>
    about.filter(({ severity }) => severities.includes(severity)).flatMap((finding) => findingRows(finding, null));
  // Problems come first, notes last.
  const [wrong, notes] = [rowsOf(['error', 'warning']), rowsOf(['info'])];
  const first = wrong.length === 0 ? [] : wrapped([...wrong, blank], width);
  const last = notes.length === 0 ? [] : wrapped([blank, ...notes], width);
  const open = tabs[tab]?.tab ?? 'changes';
  if (open !== 'changes')
    return { key, lines: [...first, ...wrapped(tabRows(open, step, reading), width), ...last], changes: [] };
  const [lines, changes]: [Row[], (number | null)[]] = [[...first], first.map(() => null)];
  for (const { row: line, change } of changeLines(step, reading)) {
    for (const part of wrap(line, width)) {
      lines.push(part);
      changes.push(change);
    }
  }
  return { key, lines: [...lines, ...last], changes: [...changes, ...last.map(() => null)] };
}

/**
 * The plan itself: where it goes, what its author claims and assumes, what is left out, what is wrong with it, what it
 * asks.
 */
function overviewRows(state: ReviewState, now: number): readonly Row[] {
  const { plan, rejected } = state;
  return [
    ...headRows(plan, now),
    row(0, span('Digest ', 'muted'), plan.digest),
    ...Object.entries(plan.author).map(([name, said]) =>
      row(0, span(`The author claims to be (${name}) `, 'muted'), span(`"${said}"`, 'claim')),
    ),
    ...(rejected.length === 0 ? [] : [row(0, span('You left out ', 'title'), rejected.join(', '))]),
    blank,
    ...(plan.findings.length === 0
      ? [row(0, span('No findings.', 'muted'))]
      : inFindingOrder(plan.findings).flatMap((finding) => findingRows(finding, null))),
    blank,
    ...askRows(plan),
  ];
}

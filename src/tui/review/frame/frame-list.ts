import { needed } from '../../../domain/confirmation.ts';
import type { Step } from '../../../domain/plan.ts';
import { stepRow } from '../../../views/step/card-rows.ts';
import { value } from '../../../views/base/format.ts';
import { blank, row, span, type Row } from '../../../views/base/rows.ts';
import { clip } from '../../../views/base/text.ts';
import { filterText, sectionOf, sectionTitles } from '../state/entries.ts';
import { shifted, type Layout } from '../../terminal/layout.ts';
import { missing, type ReviewState } from '../state/state.ts';

/** Lines below a step in the list: what it destroys or opens, and its changes where everything is expanded. */
const mostBelow = { hazards: 6, expanded: 20 };
/** A value in the list is a reminder; the detail has it whole. */
const longestValue = 200;

/** The part of the list that fits into `room` lines around the cursor, and its first entry. */
export function listWindow(
  state: ReviewState,
  layout: Layout,
  room: number,
): { readonly rows: readonly Row[]; readonly top: number } {
  const drawn = new Map<number, readonly Row[]>();
  const entry = (index: number): readonly Row[] => {
    let rows = drawn.get(index);
    if (rows === undefined) {
      rows = entryRows(state, index, layout, room);
      drawn.set(index, rows);
    }
    return rows;
  };
  const last = state.listed.length;
  const cursor = Math.min(state.cursor, last);
  // From the cursor upwards as far as it fits, but not above where the list began before.
  let top = cursor;
  let used = entry(cursor).length;
  while (top > 0 && top > state.listTop && used + entry(top - 1).length <= room) {
    top -= 1;
    used += entry(top).length;
  }
  const rows: Row[] = [];
  let index = top;
  for (; index <= last && rows.length < room; index += 1) rows.push(...entry(index));
  // At the end of the list no line stays empty.
  while (index > last && top > 0 && rows.length + entry(top - 1).length <= room) {
    top -= 1;
    rows.unshift(...entry(top));
  }
  return { rows: rows.slice(0, room), top };
}

function entryRows(state: ReviewState, index: number, layout: Layout, room: number): readonly Row[] {
  const width = layout.left;
  const chosen = index === state.cursor;
  const pointer = span(chosen ? (state.place === 'detail' ? '· ' : '> ') : '  ', 'title');
  if (index === 0) {
    const line = row(
      0,
      pointer,
      span('= ', 'muted'),
      span('The plan'),
      span(
        `: ${overviewText(state)}`,
        state.plan.findings.some(({ severity }) => severity === 'error') ? 'destroy' : 'muted',
      ),
    );
    const empty =
      state.listed.length > 0
        ? []
        : [
            blank,
            row(
              4,
              needed(state.plan).nothing
                ? span('Nothing to do: live state is as the plan wants it.', 'good')
                : span('No step is shown: Esc ends the filter.', 'warning'),
            ),
          ];
    return [line, ...empty].map((part) => clip(part, width));
  }
  const step = state.listed[index - 1];
  if (step === undefined) return [];
  const found = state.search.query !== '' && state.search.found.has(step);
  const line = stepRow(step);
  const below = belowRows(state, step).slice(
    0,
    Math.max(1, Math.min(state.expanded ? mostBelow.expanded : mostBelow.hazards, room - 2)),
  );
  return [
    ...(layout.short || !beginsSection(state, index) ? [] : [headingRow(step, width)]),
    clip(
      { indent: 0, spans: [pointer, span(found ? '/' : ' ', 'title'), span(mark(state, step)), ...line.spans] },
      width,
    ),
    ...below.map((part) => clip(shifted(part, 7), width)),
  ];
}

const beginsSection = (state: ReviewState, index: number): boolean => {
  const [step, before] = [state.listed[index - 1], state.listed[index - 2]];
  return step !== undefined && (before === undefined || sectionOf(before) !== sectionOf(step));
};

function headingRow(step: Step, width: number): Row {
  const section = sectionOf(step);
  return clip(
    row(
      0,
      span(
        sectionTitles[section],
        section === 'destructions' || section === 'blocked' ? 'destroy' : section === 'grants' ? 'grant' : 'muted',
      ),
    ),
    width,
  );
}

const mark = (state: ReviewState, step: Step): string =>
  step.confirm === null ? '    ' : state.confirmations.has(step.id) ? '[x] ' : '[ ] ';

/** Destructions and grants are never collapsed: what they lose and open stands below them. */
function belowRows(state: ReviewState, step: Step): readonly Row[] {
  const hazards = [
    // Why it cannot be done comes before what it would do.
    ...(step.blocked
      ? state.plan.findings
          .filter((finding) => finding.step === step.id && finding.severity === 'error')
          .map((finding) => row(0, span(finding.message, 'destroy')))
      : []),
    ...(step.destruction?.loses ?? []).map((loss) => row(0, span(`loses ${loss}`, 'removed'))),
    ...(step.grant?.opens ?? []).map((opened) => row(0, span(`opens ${opened}`, 'grant'))),
  ];
  if (!state.expanded) return hazards;
  const short = (json: Parameters<typeof value>[0]): string =>
    value(typeof json === 'string' ? json.slice(0, longestValue) : json).slice(0, longestValue);
  return [
    ...hazards,
    ...step.changes
      .slice(0, mostBelow.expanded)
      .map(({ path, before, after }) =>
        row(
          0,
          span(
            before === null
              ? `+ ${path}: ${short(after)}`
              : after === null
                ? `- ${path}: ${short(before)}`
                : `~ ${path}: ${short(before)} → ${short(after)}`,
            'change',
          ),
        ),
      ),
  ];
}

function overviewText({ plan, rejected }: ReviewState): string {
  const count = (severity: string, word: string): readonly string[] => {
    const found = plan.findings.filter((finding) => finding.severity === severity).length;
    return found === 0 ? [] : [`${found} ${word}${found === 1 ? '' : 's'}`];
  };
  return [
    ...count('error', 'error'),
    ...count('warning', 'warning'),
    ...count('info', 'note'),
    ...(rejected.length === 0 ? [] : [`${rejected.length} left out`]),
    'claims, settings',
  ].join(', ');
}

/** The counts of hidden entries and of matches; empty where there is nothing to say. */
export function statusRow(state: ReviewState): Row | null {
  const { plan, listed, filter, search } = state;
  const unchanged = state.unchanged || (filter?.by === 'action' && filter.word === 'unchanged') ? 0 : plan.summary.keep;
  const shown = new Set(filter === null ? [] : listed);
  const waiting =
    filter === null
      ? 0
      : plan.steps.filter((step) => step.confirm !== null && !state.confirmations.has(step.id) && !shown.has(step))
          .length;
  const parts = [
    ...(filter === null
      ? []
      : [[span(`${filterText(filter)}: ${listed.length} of ${plan.steps.length} steps`, 'warning')]]),
    ...(waiting === 0 ? [] : [[span(`hides ${waiting} of ${missing(state)} that wait for confirmation`, 'destroy')]]),
    ...(search.query === '' || state.place === 'search'
      ? []
      : [[span(`/${search.query}: ${matchText(state)}`, 'warning')]]),
    ...(unchanged === 0 ? [] : [[span(`${unchanged} unchanged hidden: u`, 'muted')]]),
  ];
  return parts.length === 0
    ? null
    : row(0, ...parts.flatMap((part, index) => (index === 0 ? part : [span('; ', 'muted'), ...part])));
}

/** `2 of 17`, or `17, 3 of them hidden`. */
export function matchText(state: ReviewState): string {
  const { found } = state.search;
  if (found.size === 0) return 'none';
  const step = state.listed[state.cursor - 1];
  let [shown, at] = [0, 0];
  for (const listed of state.listed) {
    if (!found.has(listed)) continue;
    shown += 1;
    if (listed === step) at = shown;
  }
  const hidden = found.size - shown;
  return `${at === 0 ? shown : `${at} of ${shown}`}${hidden === 0 ? '' : `, ${hidden} more hidden`}`;
}

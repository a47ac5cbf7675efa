import { needed } from '../../../domain/confirmation.ts';
import type { Plan } from '../../../domain/plan.ts';
import { intentRow } from '../../../views/step/claim-rows.ts';
import { age, duration, elapsed } from '../../../views/base/format.ts';
import { summaryText } from '../../../views/plan/plan-parts.ts';
import { row, span, type Row, type Span } from '../../../views/base/rows.ts';
import { widthOfRow } from '../../../views/base/text.ts';
import { glyphs } from '../../../views/base/theme.ts';
import { fitting, rule, wrappedTo, type Layout } from '../../terminal/layout.ts';
import { expiresIn, isBlocked, splitText, tooMany, type ReviewState } from '../state/state.ts';

/** From here on the seconds are counted. */
export const countdownFrom = 5 * 60_000;

/** The head of every frame: which plan, where, how old; what it does; what is confirmed and under which rules. */
export function headerRows(state: ReviewState, layout: Layout, now: number): readonly Row[] {
  const { plan } = state;
  const { columns } = layout;
  const name = [span(plan.name, 'title')];
  const { alias, account, region } = plan.target;
  const where = [
    span(
      alias === undefined
        ? `${account} ${region}`
        : columns < 60
          ? `${alias} ${region}`
          : `${alias} ${account} ${region}`,
      layout.short ? 'title' : 'plain',
    ),
  ];
  const endpoint = plan.target.endpoint === null ? [] : [span(`endpoint ${plan.target.endpoint}`, 'warning')];
  const reading = state.place === 'card' || state.place === 'summary' || state.place === 'help';
  if (layout.short && reading) return [fitting(columns, [ageSpans(state, now, true), where, name])];
  const counts = (brief: boolean): Row => {
    const before = [confirmedSpans(state), warning(state), brief ? ageSpans(state, now, true) : []];
    const room = columns - widthOfRow(fitting(columns, before)) - 2;
    return fitting(columns, [...before, [span(totalsIn(plan, room))]]);
  };
  if (layout.short) return [fitting(columns, [where, name, endpoint]), counts(true)];
  return [
    fitting(columns, [
      name,
      where,
      endpoint,
      [span(plan.rollbackOf === null ? '' : `rollback of run ${plan.rollbackOf}`, 'warning')],
    ]),
    ...(reading
      ? [counts(true)]
      : [
          counts(false),
          fitting(columns, [
            ageSpans(state, now, false),
            [span(tierText(state.tier, columns), 'muted')],
            [span(`as ${plan.target.caller}`, 'muted')],
          ]),
        ]),
    ...(tooMany(state) ? wrappedTo(row(0, span(splitText(state), 'destroy')), columns, 2) : []),
    ...(reading ? [] : wrappedTo(intentRow(plan), columns, 1)),
    rule(columns),
  ];
}

function confirmedSpans(state: ReviewState): readonly Span[] {
  const all = needed(state.plan).confirmations.length;
  return [
    span(`confirmed ${state.confirmations.size} of ${all}`, all === state.confirmations.size ? 'good' : 'destroy'),
    span(` (${state.tier})`, 'muted'),
  ];
}

const warning = (state: ReviewState): readonly Span[] =>
  isBlocked(state.plan)
    ? [span('BLOCKED: cannot be applied', 'destroy')]
    : tooMany(state)
      ? [span('SPLIT THE PLAN', 'destroy')]
      : state.plan.recorded
        ? [span('recorded state: only shown', 'warning')]
        : [];

/** When the plan was made and when it expires; `brief`: only what presses. */
function ageSpans(state: ReviewState, now: number, brief: boolean): readonly Span[] {
  const left = expiresIn(state, now);
  if (!(left > 0))
    return [span('EXPIRED', 'destroy'), span(brief ? '' : `, made ${age(state.plan.createdAt, now)}`, 'muted')];
  if (left <= countdownFrom) return [span(`expires in ${elapsed(left)}`, 'warning')];
  return brief
    ? []
    : [
        span(
          `made ${toTheMinute(now - Date.parse(state.plan.createdAt))} ago, expires in ${toTheMinute(left)}`,
          'muted',
        ),
      ];
}

/** Seconds only where there is nothing else to say. */
const toTheMinute = (milliseconds: number): string =>
  duration(milliseconds < 60_000 ? milliseconds : Math.floor(milliseconds / 60_000) * 60_000);

const tierText = (tier: string, columns: number): string =>
  tier === 'T1'
    ? 'signed approval (T1)'
    : columns < 120
      ? 'T0 stops accidents only'
      : 'typed here (T0): stops accidents, not a program that types';

/** The totals by action, in as many words as there is room for: at the least `-2 ~1 +3 =12`. */
function totalsIn({ summary }: Plan, room: number): string {
  const parts = (['delete', 'replace', 'update', 'create', 'keep'] as const)
    .filter((action) => summary[action] > 0)
    .map((action) => `${glyphs[action]}${summary[action]}`);
  const brief = parts.length === 0 ? 'nothing to do' : parts.join(' ');
  return (
    [
      summaryText(summary),
      `${brief}; ${summary.destructions} destruction${summary.destructions === 1 ? '' : 's'}, ${summary.grants} grant${summary.grants === 1 ? '' : 's'}`,
    ].find((text) => text.length <= room) ?? brief
  );
}

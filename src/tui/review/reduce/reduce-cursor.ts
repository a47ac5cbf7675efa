import { type ReviewState, selected, missing } from '../state/state.ts';
import { type Filter, listedSteps } from '../state/entries.ts';
import type { Step } from '../../../domain/plan.ts';
import { needed } from '../../../domain/confirmation.ts';

export const moveTo = (state: ReviewState, cursor: number, message = ''): ReviewState => ({
  ...state,
  cursor: Math.max(0, Math.min(state.listed.length, cursor)),
  line: 0,
  scroll: 0,
  message,
});

/** The list with another filter; the cursor stays on its step where that is still shown. */
export function relist(state: ReviewState, filter: Filter | null, unchanged: boolean): ReviewState {
  const listed = listedSteps(state.plan.steps, filter, unchanged);
  const step = selected(state);
  const at = step === null ? -1 : listed.indexOf(step);
  const cursor = step === null ? 0 : at === -1 ? Math.min(1, listed.length) : at + 1;
  return {
    ...state,
    listed,
    filter,
    unchanged,
    cursor,
    line: at === -1 ? 0 : state.line,
    scroll: at === -1 ? 0 : state.scroll,
    message: '',
  };
}

/** To a step, whether the list shows it now or not. */
export function goTo(state: ReviewState, step: Step, message: string): ReviewState {
  const at = state.listed.indexOf(step);
  if (at !== -1) return moveTo(state, at + 1, message);
  const all = relist(state, null, state.unchanged || step.action === 'keep');
  return moveTo(all, all.listed.indexOf(step) + 1, message);
}

/** To the next step that waits for its confirmation. */
export function toOpen(state: ReviewState, by: 1 | -1, said = ''): ReviewState {
  const from = state.cursor - 1;
  const waiting = (step: Step): boolean => step.confirm !== null && !state.confirmations.has(step.id);
  const count = state.listed.length;
  for (let away = 1; away <= count; away += 1) {
    const at = (((from + by * away) % count) + count) % count;
    const step = state.listed[at];
    if (step !== undefined && waiting(step)) return moveTo(state, at + 1, said);
  }
  if (missing(state) === 0) {
    return {
      ...state,
      message:
        said !== ''
          ? said
          : needed(state.plan).confirmations.length === 0
            ? 'nothing needs a confirmation of its own; a goes on'
            : 'everything is confirmed; a goes on',
    };
  }
  const hidden = needed(state.plan).confirmations.find(waiting);
  return hidden === undefined
    ? state
    : goTo(state, hidden, `${said === '' ? '' : `${said}; `}the filter hid it and is off`);
}

/** To the next step that the search found, as far as the list shows it. */
export function toMatch(state: ReviewState, by: 1 | -1): ReviewState {
  const { found, query } = state.search;
  const count = state.listed.length;
  for (let away = 1; away <= count; away += 1) {
    const at = (((state.cursor - 1 + by * away) % count) + count) % count;
    const step = state.listed[at];
    if (step !== undefined && found.has(step)) return moveTo(state, at + 1);
  }
  return {
    ...state,
    message:
      found.size === 0
        ? `nothing holds "${query}"`
        : `"${query}" is only in steps that are hidden: u shows unchanged ones, f changes the filter`,
  };
}

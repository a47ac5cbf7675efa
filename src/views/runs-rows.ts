import type { RunSummary } from '../model/store.ts';
import { row, span, type Row } from './rows.ts';

/** A run that is not done, with what can be done about it. */
export interface UnfinishedRow {
  readonly summary: RunSummary;
  /** `open`: killed or still at work; `half`: a step is neither done nor undone; `left`: steps are left; `damaged`: its journal cannot be read. */
  readonly state: 'open' | 'half' | 'left' | 'damaged';
  /** Steps done and steps in all; null where the journal cannot be read. */
  readonly steps: { readonly done: number; readonly all: number } | null;
  /** Who works on it now, if somebody does. */
  readonly holder: string | null;
}

const states = { open: 'STOPPED IN THE MIDDLE', half: 'STOPPED IN THE MIDDLE', left: 'steps are left', damaged: 'JOURNAL DAMAGED' } as const;

/** The commands that deal with an unfinished run. */
export function nextOf({ summary: { run, rollbackOf }, state, holder }: UnfinishedRow): readonly string[] {
  if (holder !== null) return [];
  if (state === 'damaged') return [`aiplan runs abandon ${run}`];
  const back = `aiplan rollback ${rollbackOf ?? run}`;
  return rollbackOf !== null ? [back, `aiplan runs abandon ${run}`] : [`aiplan resume ${run}`, back, ...(state === 'left' ? [] : [`aiplan runs abandon ${run}`])];
}

const why = (command: string): string => (command.includes(' resume ') ? 'find out where it stands, and go on' : command.includes(' rollback ') ? 'take it back' : 'close it for good; its captures stay');

/** The runs of a store: unfinished ones first, with what to do next. */
export function runsRows(unfinished: readonly UnfinishedRow[], others: readonly RunSummary[]): readonly Row[] {
  if (unfinished.length + others.length === 0) return [row(0, 'no runs yet')];
  return [
    ...unfinished.flatMap((item) => [
      headRow(item.summary, item.holder === null ? states[item.state] : `at work: ${item.holder}`, item.steps),
      ...nextOf(item).map((command) => row(4, span(command, 'title'), span(`  ${why(command)}`, 'muted'))),
    ]),
    ...others.map((summary) => headRow(summary, null, null)),
  ];
}

function headRow(summary: RunSummary, state: string | null, steps: UnfinishedRow['steps']): Row {
  const { run, command, outcome, planName, rollbackOf, account, region, problem } = summary;
  return row(0, span(run, 'title'), ` ${command ?? '?'} `, span(outcome, outcome === 'done' ? 'good' : outcome === 'abandoned' ? 'muted' : 'destroy'),
    ...(state === null ? [] : [' ', span(state, 'warning')]), ...(steps === null ? [] : [span(` ${steps.done} of ${steps.all} steps done`, 'muted')]),
    ` ${planName ?? ''}${rollbackOf === null ? '' : ` (rollback of ${rollbackOf})`}`, span(` ${account ?? ''} ${region ?? ''}${problem === null ? '' : ` ${problem}`}`, 'muted'));
}

/** One line for each unfinished run at the target of a command that is about something else. */
export const mentionRows = (unfinished: readonly UnfinishedRow[]): readonly Row[] => unfinished.filter(({ state }) => state !== 'left').map((item) => {
  const { run, planName, rollbackOf } = item.summary;
  const next = nextOf(item);
  return row(0, span(`run ${run}`, 'warning'), `${planName === null ? '' : ` of "${planName}"`}${rollbackOf === null ? '' : ` (rollback of ${rollbackOf})`} ${item.holder === null ? 'is unfinished' : `is at work: ${item.holder}`}`, ...(next[0] === undefined ? [] : [': ', span(next[0], 'title')]));
});

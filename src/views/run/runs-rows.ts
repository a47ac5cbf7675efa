import type { Finding } from '../../domain/finding.ts';
import type { Plan } from '../../domain/plan.ts';
import { sanitise } from '../../base/sanitise.ts';
import type { RunSummary } from '../../domain/records/journal-store.ts';
import { row, span, type Row } from '../base/rows.ts';

/** A run that is not done, with what can be done about it. */
export interface UnfinishedRow {
  readonly summary: RunSummary;
  /**
   * `open`: killed or still at work; `half`: a step is neither done nor undone; `left`: steps are left; `damaged`: its
   * journal cannot be read.
   */
  readonly state: 'open' | 'half' | 'left' | 'damaged';
  /** Steps done and steps in all; null where the journal cannot be read. */
  readonly steps: { readonly done: number; readonly all: number } | null;
  /** Who works on it now, if somebody does. */
  readonly holder: string | null;
}

const states = {
  open: 'STOPPED IN THE MIDDLE',
  half: 'STOPPED IN THE MIDDLE',
  left: 'steps are left',
  damaged: 'JOURNAL DAMAGED',
} as const;

/** The commands that deal with an unfinished run. */
export function nextOf({ summary: { run, rollbackOf }, state, holder }: UnfinishedRow): readonly string[] {
  if (holder !== null) return [];
  if (state === 'damaged') return [`aiplan runs abandon ${run}`];
  const back = `aiplan rollback ${rollbackOf ?? run}`;
  return [...(rollbackOf === null ? [`aiplan resume ${run}`] : []), back, `aiplan runs abandon ${run}`];
}

const why = (command: string): string =>
  command.includes(' resume ')
    ? 'find out where it stands, and go on'
    : command.includes(' rollback ')
      ? 'undo it'
      : 'close it for good; its captures stay';

/** The runs of a store: unfinished ones first, with what to do next. */
export function runsRows(unfinished: readonly UnfinishedRow[], others: readonly RunSummary[]): readonly Row[] {
  if (unfinished.length + others.length === 0) return [row(0, 'no runs yet')];
  const takenBack = new Map(
    others
      .filter(({ rollbackOf, outcome }) => rollbackOf !== null && outcome === 'done')
      .map(({ rollbackOf, run }) => [rollbackOf ?? '', run]),
  );
  return [
    ...unfinished.flatMap((item) => [
      headRow(item.summary, item.holder === null ? states[item.state] : `at work: ${item.holder}`, item.steps),
      ...nextOf(item).map((command) => row(4, span(command, 'title'), span(`  ${why(command)}`, 'muted'))),
    ]),
    ...others.map((summary) => headRow(summary, stateAmong(summary, takenBack), null)),
  ];
}

/** What became of a run since: a rollback undid it, or a later rollback of the same run has finished. */
function stateAmong({ run, rollbackOf, outcome }: RunSummary, undoneBy: ReadonlyMap<string, string>): string | null {
  const by = undoneBy.get(run);
  if (by !== undefined) return `undone by ${by}`;
  const later = rollbackOf === null || outcome === 'done' ? undefined : undoneBy.get(rollbackOf);
  return later === undefined ? null : `superseded by ${later}`;
}

function headRow(summary: RunSummary, state: string | null, steps: UnfinishedRow['steps']): Row {
  const { run, command, outcome, planName, rollbackOf, account, region, problem, closed } = summary;
  return row(
    0,
    span(run, 'title'),
    ` ${command ?? '?'} `,
    span(outcome, outcome === 'done' ? 'good' : outcome === 'abandoned' ? 'muted' : 'destroy'),
    ...(state === null ? [] : [' ', span(state, 'warning')]),
    ...(closed === undefined ? [] : [span(` closed for good by ${closed.by} at ${closed.at}`, 'muted')]),
    ...(steps === null ? [] : [span(` ${steps.done} of ${steps.all} steps done`, 'muted')]),
    planName === null ? '' : ` ${planName}${rollbackOf === null ? '' : ` (rollback of ${rollbackOf})`}`,
    span([account, region, problem].map((text) => (text === null ? '' : ` ${text}`)).join(''), 'muted'),
  );
}

/** The code of a finding that tells of an unfinished run. */
export const mentionCode = 'run-unfinished';

/**
 * The lines of a plan about unfinished runs at its target that hold resources, or may: which, and the commands that
 * deal with them.
 */
export const unfinishedFindings = (unfinished: readonly UnfinishedRow[]): readonly Finding[] =>
  unfinished
    .filter(({ state }) => state !== 'left')
    .map((item) => {
      const { run, planName, rollbackOf } = item.summary;
      const next = nextOf(item);
      return {
        code: mentionCode,
        severity: item.holder === null ? ('warning' as const) : ('info' as const),
        step: null,
        line: null,
        column: null,
        message: `run ${run}${planName === null ? '' : ` of "${sanitise(planName)}"`}${rollbackOf === null ? '' : ` (rollback of ${rollbackOf})`} ${item.holder !== null ? `is at work: ${sanitise(item.holder)}` : item.state === 'damaged' ? 'is unfinished, and its journal is damaged' : 'is unfinished'}`,
        ...(next.length === 0 ? {} : { help: next.join('\n') }),
      };
    });

/**
 * The unfinished runs that a plan was made beside, for its head: each with the commands that deal with it, in lines of
 * their own so that none is broken.
 */
export const mentionRows = ({ findings }: Pick<Plan, 'findings'>): readonly Row[] =>
  findings
    .filter(({ code }) => code === mentionCode)
    .flatMap(({ message, help }) => [
      row(0, span(message, 'warning'), help === undefined ? '' : ':'),
      ...(help?.split('\n') ?? []).map((command) => row(4, span(command, 'title'), span(`  ${why(command)}`, 'muted'))),
    ]);

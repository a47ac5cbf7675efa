import type { Report, StepState } from '../../domain/records/report.ts';
import { duration } from '../base/format.ts';
import { blank, row, span, type Row, type Tone } from '../base/rows.ts';

const tones: Readonly<Record<StepState, Tone>> = {
  done: 'good',
  pending: 'warning',
  kept: 'muted',
  failed: 'destroy',
  doubt: 'destroy',
  'not-started': 'warning',
  open: 'warning',
};
const names: Readonly<Record<StepState, string>> = {
  done: 'done',
  pending: 'pending',
  kept: 'unchanged',
  failed: 'FAILED',
  doubt: 'IN DOUBT',
  'not-started': 'not started',
  open: 'partly done',
};

/** A run that was resumed several times has taken several captures of a step: this many of the latest are shown. */
const capturesShown = 2;

/**
 * What a run did: steps, snapshots, what is left over; and what to do next, unless that is done already (`next` false).
 */
export function reportRows(report: Report, next = true): readonly Row[] {
  const took =
    report.endedAt === null ? '' : `, ${duration(Date.parse(report.endedAt) - Date.parse(report.startedAt))}`;
  const rows: Row[] = [
    row(
      0,
      span(`Run ${report.run}`, 'title'),
      ` ${report.command} of ${report.planName}: `,
      span(report.outcome, report.outcome === 'done' ? 'good' : 'destroy'),
      span(`${took}, ${report.calls} changing calls`, 'muted'),
    ),
  ];
  if (report.message !== null) rows.push(row(2, report.message));
  for (const step of report.steps) {
    rows.push(
      row(
        2,
        span(names[step.state].padEnd(12), tones[step.state]),
        span(step.id, 'title'),
        step.identity === null ? '' : ` ${step.identity}`,
        step.message === null ? '' : span(` ${step.message}`, 'muted'),
      ),
    );
  }
  if (report.captures.length > 0) rows.push(blank, row(0, span('Captures', 'title')));
  const older = report.captures.filter(
    (capture, index) =>
      capture.verified &&
      report.captures.slice(index + 1).filter((later) => later.verified && later.step === capture.step).length >=
        capturesShown,
  );
  for (const capture of report.captures.filter((capture) => !older.includes(capture))) {
    rows.push(
      row(
        2,
        `${capture.step}: ${capture.how} `,
        span(capture.verified ? 'complete' : 'NOT complete', capture.verified ? 'good' : 'destroy'),
        span(capture.refs === '' ? '' : ` ${capture.refs}`, 'muted'),
      ),
    );
    rows.push(...capture.problems.map((problem) => row(6, span(problem, 'destroy'))));
  }
  if (older.length > 0)
    rows.push(
      row(
        2,
        span(`${older.length} older complete one${older.length === 1 ? '' : 's'} of the same steps: `, 'muted'),
        'aiplan captures',
      ),
    );
  const changed = Object.entries(report.map).filter(([from, to]) => from !== to);
  if (changed.length > 0)
    rows.push(
      blank,
      row(0, span('New identities', 'title')),
      ...changed.map(([from, to]) => row(2, `${from} → ${to}`)),
    );
  if (report.leftovers.length > 0)
    rows.push(blank, row(0, span('Left over', 'title')), ...report.leftovers.map((left) => row(2, left)));
  for (const undone of report.undone) rows.push(row(2, span(`undone in ${undone.step}: `, 'warning'), undone.text));
  for (const finding of report.findings)
    rows.push(
      row(2, span(finding.code, 'warning'), ` ${finding.step === null ? '' : `${finding.step}: `}${finding.message}`),
    );
  const touched = report.steps.some(
    (step) =>
      step.state === 'done' ||
      step.state === 'pending' ||
      step.state === 'failed' ||
      step.state === 'doubt' ||
      step.state === 'open',
  );
  const canGoOn = report.outcome === 'failed' || report.outcome === 'stopped' || report.outcome === 'open';
  if (next && report.command === 'apply' && (touched || canGoOn)) {
    rows.push(blank);
    if (canGoOn) rows.push(row(0, 'To resume it: ', span(`aiplan resume ${report.run}`, 'title')));
    if (touched) rows.push(row(0, 'To undo it: ', span(`aiplan rollback ${report.run}`, 'title')));
  }
  if (report.rollbackOf !== null && next) rows.push(blank, ...howItStands(report, report.rollbackOf));
  return rows;
}

/** A rollback ends with what it means for the run that it undoes. */
function howItStands({ outcome, incomplete, forGood }: Report, rollbackOf: string): readonly Row[] {
  if (outcome !== 'done')
    return [
      row(
        0,
        `Run ${rollbackOf} is not wholly undone. To continue where this stopped: `,
        span(`aiplan rollback ${rollbackOf}`, 'title'),
      ),
    ];
  return incomplete === undefined || incomplete.length === 0
    ? [row(0, span(`Run ${rollbackOf} is undone, as planned.`, 'good'))]
    : incompleteRows(rollbackOf, incomplete, forGood);
}

/** Runs that a rollback closed, because nothing of them was left to undo. */
export const closedRows = (runs: readonly string[]): readonly Row[] =>
  runs.map((run) => row(0, `Run ${run} is closed: nothing of it is left to undo.`));

/** What a rollback leaves as it is. `forGood`: those of the sentences that no further rollback undoes either. */
export const incompleteRows = (
  rollbackOf: string,
  incomplete: readonly string[],
  forGood: readonly string[] = [],
): readonly Row[] => {
  const open = incomplete.filter((text) => !forGood.includes(text));
  const kept = incomplete.filter((text) => forGood.includes(text));
  return [
    row(0, span(`Run ${rollbackOf} is undone, but not wholly:`, 'warning')),
    ...open.map((text) => row(2, text)),
    ...(open.length === 0
      ? []
      : [
          row(
            0,
            span(`Once nothing stands against that any more, \`aiplan rollback ${rollbackOf}\` undoes it.`, 'muted'),
          ),
        ]),
    ...(kept.length > 0 && open.length > 0 ? [row(0, span('This stays for good:', 'warning'))] : []),
    ...kept.map((text) => row(2, text)),
    ...(kept.length > 0 && open.length === 0
      ? [row(0, span('It stays so for good: no further rollback changes it.', 'muted'))]
      : []),
  ];
};

import type { StepVerdict } from '../../domain/records/journal.ts';
import { row, span, type Row, type Tone } from '../base/rows.ts';

/** Where a step of a stopped run stands, as far as a screen needs it. */
export interface DoubtRow {
  readonly step: string;
  readonly action: string;
  readonly identity: string | null;
  readonly verdict: StepVerdict;
  readonly recorded: boolean;
  readonly evidence: readonly string[];
  readonly problems: readonly string[];
}

const words: Readonly<Record<StepVerdict, string>> = {
  done: 'done',
  'not-started': 'not started',
  'not-done': 'not done',
  partly: 'partly',
  unknown: 'UNKNOWN',
};
const tones: Readonly<Record<StepVerdict, Tone>> = {
  done: 'good',
  'not-started': 'muted',
  'not-done': 'warning',
  partly: 'warning',
  unknown: 'unknown',
};

/** The verdict of reading AWS about each step of a stopped run, with the evidence under it. */
export function doubtRows(run: string, steps: readonly DoubtRow[]): readonly Row[] {
  const count = (verdict: StepVerdict): number => steps.filter((step) => step.verdict === verdict).length;
  const counts = (Object.keys(words) as readonly StepVerdict[])
    .filter((verdict) => count(verdict) > 0)
    .map((verdict) => `${count(verdict)} ${words[verdict]}`);
  return [
    row(
      0,
      span(`Run ${run}`, 'title'),
      ` as AWS shows it now: ${counts.length === 0 ? 'nothing was to be done' : counts.join(', ')}`,
    ),
    ...steps.flatMap(({ step, action, identity, verdict, recorded, evidence, problems }) => [
      row(
        2,
        span(words[verdict].padEnd(12), tones[verdict]),
        span(step, 'title'),
        ` ${action}${identity === null ? '' : ` ${identity}`}`,
      ),
      ...(recorded && problems.length === 0 && evidence.length === 0
        ? []
        : evidence.map((text) => row(6, span(text, 'muted')))),
      ...problems.map((text) => row(6, span(text, 'destroy'))),
    ]),
  ];
}

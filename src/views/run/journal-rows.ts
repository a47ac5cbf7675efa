import { isDoubtful, type JournalRecord } from '../../domain/records/journal.ts';
import { callName } from '../../domain/call.ts';
import { elapsed } from '../base/format.ts';
import { row, span, type Row, type Span, type Tone } from '../base/rows.ts';

/**
 * A run's journal for people: one line for each record, with the time since the run began. Everything in it is
 * sanitised.
 */
export function journalRows(records: readonly JournalRecord[]): readonly Row[] {
  const began = Date.parse(records[0]?.at ?? '');
  return records.map((record) =>
    row(0, span(`${elapsed(Date.parse(record.at) - began).padStart(7)}  `, 'muted'), ...partsOf(record)),
  );
}

/** What became of a call that was not carried out as a whole. */
const fateOf = (record: Extract<JournalRecord, { kind: 'outcome'; ok: false }>): string =>
  isDoubtful(record) ? 'IS IN DOUBT' : (record.partial?.succeeded ?? 0) > 0 ? 'was carried out in part' : 'was refused';

const step = (name: string | null): Span => span(name === null ? '' : `${name}: `, 'title');

function partsOf(record: JournalRecord): readonly (string | Span)[] {
  switch (record.kind) {
    case 'begin':
      return [
        span(`run ${record.run}`, 'title'),
        ` ${record.command} of ${record.plan.name}, approved by ${record.approval.by} (${record.approval.tier})`,
        span(` ${record.plan.digest.slice(0, 19)}`, 'muted'),
      ];
    case 'phase':
      return [span(`phase ${record.phase}`, 'title')];
    case 'before':
      return [
        step(record.step),
        record.live === null ? 'there is nothing yet' : `the configuration of ${record.live.identity} is kept`,
      ];
    case 'intent':
      return [
        step(record.step),
        `call ${record.call} is about to be sent: ${callName(record.declared)} on ${record.declared.identity}`,
        span(` (${record.declared.purpose})`, 'muted'),
      ];
    case 'intent-batch':
      return [
        step(record.step),
        `call ${record.call} is about to be sent: ${record.count} of ${record.operations.join(', ')}`,
        span(` (${record.text})`, 'muted'),
      ];
    case 'outcome':
      return record.ok
        ? [step(record.step), span(`call ${record.call} was answered`, 'good'), after(record)]
        : [
            step(record.step),
            span(`call ${record.call} ${fateOf(record)}`, 'destroy'),
            ` ${record.code}: ${record.message}`,
            after(record),
          ];
    case 'captured':
      return [
        step(record.step),
        span(
          record.verified ? 'captured and read back as complete' : 'the capture is NOT complete',
          record.verified ? 'good' : 'destroy',
        ),
        record.problems.length === 0 ? '' : `: ${record.problems.join('; ')}`,
      ];
    case 'remapped':
      return [
        step(record.step),
        `new identities: ${Object.entries(record.map)
          .map(([from, to]) => `${from} → ${to}`)
          .join(', ')}`,
      ];
    case 'step':
      return [
        step(record.step),
        span(record.state, toneOf(record.state)),
        record.identity === null ? '' : ` ${record.identity}`,
        record.message === null ? '' : ` ${record.message}`,
      ];
    case 'finding':
      return [step(record.step), span(record.code, 'warning'), ` ${record.message}`];
    case 'end':
      return [
        span(`end: ${record.outcome}`, record.outcome === 'done' ? 'good' : 'destroy'),
        record.message === null ? '' : ` ${record.message}`,
      ];
    case 'resumed':
      return [
        span(`${record.by} resumes the run`, 'title'),
        record.settled.length === 0
          ? ''
          : `; settled by reading: ${record.settled.map((settled) => `${settled.step} ${settled.verdict}`).join(', ')}`,
      ];
    default:
      return record satisfies never;
  }
}

const toneOf = (state: string): Tone =>
  state === 'done' ? 'good' : state === 'failed' ? 'destroy' : state === 'pending' ? 'warning' : 'plain';

const after = ({
  milliseconds,
  requestId,
}: {
  readonly milliseconds: number;
  readonly requestId: string | null;
}): Span =>
  span(
    ` after ${milliseconds < 10_000 ? `${milliseconds} ms` : elapsed(milliseconds)}${requestId === null ? '' : `, request ${requestId}`}`,
    'muted',
  );

import type { HeldCapture } from '../../recovery/captures/captures.ts';
import { type Row, row, span } from '../../views/base/rows.ts';
import { refsText } from '../../history/journal-reading.ts';
import { age } from '../../views/base/format.ts';

/** One capture in the list. */
export function captureRows(held: HeldCapture, now: number): readonly Row[] {
  const expired = Date.parse(held.expiresAt) <= now;
  return [
    row(
      0,
      span(held.identity, 'title'),
      ` ${held.type} `,
      span(
        held.verified ? 'complete' : held.begun === true ? 'begun, never read back' : 'NOT complete',
        held.verified ? 'good' : 'destroy',
      ),
      span(` run ${held.run} ${held.step}`, 'muted'),
    ),
    row(4, `${held.capture.how} ${refsText(held.capture.refs)}`),
    ...(held.verified && held.capture.how !== 'none'
      ? [row(4, span(`aiplan captures restore ${held.run}/${held.step}`, 'muted'))]
      : []),
    row(
      4,
      `taken ${age(held.takenAt, now)}; `,
      held.kept === null
        ? expired
          ? span('expired', 'warning')
          : `expires ${age(held.expiresAt, now)}`
        : span(`kept: ${held.kept}`, 'good'),
    ),
  ];
}

import type { HeldCapture } from '../../recovery/captures/captures.ts';
import { type Row, row, span } from '../../views/base/rows.ts';
import { refsText } from '../../history/journal-reading.ts';
import { age } from '../../views/base/format.ts';
import type { NotBroughtOut } from '../../domain/capture-plan.ts';

/** One capture in the list. `cannot`: why its type makes nothing of it, and the way on; null where it can. */
export function captureRows(held: HeldCapture, now: number, cannot: NotBroughtOut | null): readonly Row[] {
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
    row(4, `${held.capture.how} ${refsText(held.taken)}`),
    ...(!held.verified || held.capture.how === 'none'
      ? []
      : cannot === null
        ? [row(4, span(`aiplan captures restore ${held.run}/${held.step}`, 'muted'))]
        : [row(4, span('not restored by aiplan: ', 'warning'), cannot.why), row(4, cannot.instead)]),
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

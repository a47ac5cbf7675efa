import type { Step } from '../../domain/plan.ts';
import { row, span, type Row, type Tone } from '../base/rows.ts';

/** Operations that take something away, by AWS's own verbs. */
const taking = /:(?:Delete|Terminate|Revoke|Deregister|Detach|Disassociate|Release|Remove)/u;
const capturing = /:(?:CreateDBSnapshot|CreateSnapshots?|CreateImage|CopyObject)$/u;

const toneOfCall = (call: string): Tone => (taking.test(call) ? 'destroy' : capturing.test(call) ? 'good' : 'plain');

/** The exact AWS operations in their order; an operation that follows itself stands once. */
export function callRows(step: Step): readonly Row[] {
  if (step.calls.length === 0)
    return [
      row(
        0,
        span(
          step.action === 'keep'
            ? 'No call changes anything: it is as the plan wants it.'
            : 'No call was worked out for this step.',
          'muted',
        ),
      ),
    ];
  const width = String(step.calls.length).length;
  return [
    row(
      0,
      span('In this order', 'title'),
      span('; an operation that is repeated for several parts stands once', 'muted'),
    ),
    ...step.calls.map((call, index) =>
      row(2, span(`${String(index + 1).padStart(width)}  `, 'muted'), span(call, toneOfCall(call))),
    ),
    row(
      0,
      span(
        'The gate in the AWS client refuses this step every other changing operation. Reads are not listed.',
        'muted',
      ),
    ),
  ];
}

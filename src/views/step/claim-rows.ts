import type { Plan, Step } from '../../domain/plan.ts';
import { labelled } from '../diff/labelled.ts';
import { row, span, type Row } from '../base/rows.ts';

/**
 * What the author says of a step: apart from what AWS says, and marked as claims. A generated rollback has no author:
 * its reasons are aiplan's own words, and nobody's claim.
 */
export const claimRows = (step: Step, plan: Pick<Plan, 'rollbackOf'>): readonly Row[] => [
  ...(step.reason === null
    ? []
    : [
        plan.rollbackOf === null
          ? labelled('author claims', `"${step.reason}"`, 'claim')
          : labelled('because', step.reason),
      ]),
  ...(step.acceptLoss === null
    ? []
    : [
        plan.rollbackOf === null
          ? labelled('accepts loss', `"${step.acceptLoss}"`, 'claim')
          : labelled('accepts loss', step.acceptLoss),
      ]),
];

/** What the whole plan is for, as its author says it. */
export const intentRow = ({ intent, rollbackOf }: Pick<Plan, 'intent' | 'rollbackOf'>): Row =>
  rollbackOf === null
    ? row(0, span('The author claims ', 'muted'), span(`"${intent}"`, 'claim'))
    : row(0, span('Purpose ', 'muted'), intent);

import type { Plan, Step } from '../../domain/plan.ts';
import { labelled } from '../diff/labelled.ts';
import { row, span, type Row } from '../base/rows.ts';

/**
 * The author's words about a step: apart from AWS's facts, and marked as claims. A generated rollback has no author:
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

/** The purpose of the whole plan, in its author's words. */
export const intentRow = ({ intent, rollbackOf }: Pick<Plan, 'intent' | 'rollbackOf'>): Row =>
  rollbackOf === null
    ? row(0, span('The author claims ', 'muted'), span(`"${intent}"`, 'claim'))
    : row(0, span('Purpose ', 'muted'), intent);

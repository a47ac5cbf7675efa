import type { Step } from '../model/plan.ts';
import { labelled } from './labelled.ts';
import type { Row } from './rows.ts';

/** What the author says of a step: apart from what AWS says, and marked as claims. */
export const claimRows = (step: Step): readonly Row[] => [
  ...(step.reason === null ? [] : [labelled('author claims', `"${step.reason}"`, 'claim')]),
  ...(step.acceptLoss === null ? [] : [labelled('accepts loss', `"${step.acceptLoss}"`, 'claim')]),
];

import { describe, expect, it } from '@jest/globals';
import { confirmationsFromLines } from '../../src/cli/planning/consent.ts';
import { UserError } from '../../src/base/error.ts';
import type { Step } from '../../src/domain/plan.ts';
import { deleteDatabase, samplePlan } from '../helpers/sample-plan.ts';

const lost: Step = {
  ...deleteDatabase,
  recoverability: { level: 'irreversible', loses: ['all rows, for good'] },
  acceptLoss: 'the rows of\n  last year',
};
const plan = samplePlan([lost]);
const signed = (...lines: readonly string[]): string | null | undefined => {
  try {
    return confirmationsFromLines(
      plan,
      ['CoursesDb courses-prod', ...lines, `name ${plan.name}`].join('\n'),
      Date.UTC(2026, 1, 26),
    ).confirmations[0]?.typedLoss;
  } catch (error) {
    if (error instanceof UserError) return `${error.code}: ${error.help ?? ''}`;
    throw error;
  }
};

describe('the line of a signer for a loss', () => {
  it("is what FORMATS.md says, the author's words on one line, or the loss as the plan says it; it is kept as it was given", () => {
    expect(signed('CoursesDb loses the rows of last year')).toBe('the rows of last year');
    expect(signed('CoursesDb loses all rows')).toBe('all rows');
  });
  it('is missing where it is another one or none, and the help names one', () => {
    for (const lines of [[], ['CoursesDb loses the rows'], ['CoursesDb loses ']])
      expect(signed(...lines)).toBe('confirmation-missing: add the line: CoursesDb loses all rows');
  });
});

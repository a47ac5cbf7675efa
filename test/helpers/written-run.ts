import type { JournalEntry } from '../../src/domain/records/journal.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { fakeClock } from './apply-ports.ts';
import { approvalFor, digestedPlan } from './audit-samples.ts';

const plan = digestedPlan();

/** The id of the run with a number. */
export const runNumbered = (number: number): string =>
  `20260226-23${String(Math.floor(number / 60)).padStart(2, '0')}${String(number % 60).padStart(2, '0')}-a1b2`;

/**
 * Writes the journal of one run into a store, at the second of its number: its beginning, and what is given. Answers
 * its id.
 */
export async function writtenRun(
  store: Store,
  number: number,
  entries: readonly JournalEntry[],
  over: Partial<Plan> = {},
): Promise<string> {
  const run = runNumbered(number);
  const its = { ...plan, ...over };
  const journal = await store.createJournal(run, fakeClock(Date.parse('2026-02-26T23:00:00Z') + number * 1_000));
  for (const entry of [
    {
      kind: 'begin',
      format: 'aiplan/journal@1',
      run,
      command: its.rollbackOf === null ? 'apply' : 'rollback',
      target: its.target,
      plan: its,
      approval: approvalFor(plan),
    } as JournalEntry,
    ...entries,
  ])
    await journal.append(entry);
  await journal.close();
  return run;
}

import type { JournalEntry } from '../../src/domain/records/journal.ts';
import { approvalFor } from './audit-samples.ts';
import { baseStep, samplePlan } from './sample-plan.ts';

/** The shortest beginning of a journal that is one: a plan "move" of two steps, at a target. */
export function smallBegin(
  run: string,
  over: {
    readonly caller?: string;
    readonly account?: string;
    readonly region?: string;
    readonly endpoint?: string | null;
  } = {},
): JournalEntry {
  const target = { account: '123456789012', region: 'eu-west-1', caller: 'x', endpoint: null, ...over };
  const plan = samplePlan(
    ['A', 'B'].map((id) => ({ ...baseStep, id })),
    { name: 'move', target },
  );
  return {
    kind: 'begin',
    format: 'aiplan/journal@1',
    run,
    command: 'apply',
    target,
    plan,
    approval: approvalFor(plan),
  };
}

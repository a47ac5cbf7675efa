import type { JournalRecord } from '../domain/records/journal.ts';
import type { Plan } from '../domain/plan.ts';
import type { AuditedJournal } from './view.ts';

/**
 * A journal without what makes it large: the resources before and after, what was sent and answered, the values of the
 * plan. Of thousands of runs this is what stands in memory at once, and enough for what is asked across runs:
 * approvals, marks, names of resources, whether a run is closed. Whatever needs the whole of a journal looks at it
 * while it is read. Pure.
 */
export const slimmed = (journal: AuditedJournal): AuditedJournal =>
  journal.records === null ? journal : { ...journal, records: journal.records.flatMap((record) => slim(record)) };

function slim(record: JournalRecord): readonly JournalRecord[] {
  switch (record.kind) {
    case 'begin':
      return [{ ...record, plan: slimPlan(record.plan) }];
    case 'resumed':
      return [{ ...record, settled: [] }];
    case 'intent':
      return [{ ...record, declared: { ...record.declared, input: {}, purpose: '' } }];
    case 'intent-batch':
      return [{ ...record, text: '' }];
    case 'outcome':
      return [record.ok ? { ...record, answer: {} } : record];
    case 'step':
      return [{ ...record, after: null }];
    case 'remapped':
    case 'end':
      return [record];
    default:
      return [];
  }
}

/** A plan by its digest, its names and what has to be confirmed. Its digest cannot be computed from it any more. */
const slimPlan = (plan: Plan): Plan => ({
  ...plan,
  changePlan: '',
  findings: [],
  configuration: {},
  steps: plan.steps.map(({ live: _live, ...step }) => ({
    ...step,
    changes: [],
    evidence: { binding: {}, observed: {} },
    recoverability: { ...step.recoverability, loses: [] },
    leftovers: [],
    calls: [],
  })),
});

import type { JournalRecord } from '../model/journal.ts';
import type { JsonObject } from '../model/json.ts';
import type { LiveResource } from '../model/live.ts';
import type { Step } from '../model/plan.ts';
import type { Capture } from '../model/resource-type.ts';
import { opOf } from './context.ts';
import { inDoubt, recordsByStep, recordsOf, removing, undoneCodes } from './report.ts';

/** What a run's journal says about one step that it began. A claim, checked against what is live (law 13). */
export interface History {
  readonly step: Step;
  /** The type of resource, as in the plan. */
  readonly type: string;
  /** Value of the `aiplan:op` tag that the step's creates carry. */
  readonly op: string;
  readonly before: LiveResource | null;
  /** What the author wrote, sensitive texts masked. */
  readonly written: JsonObject;
  /** Identity of what the step created or restored, as far as the journal knows. */
  readonly made: string | null;
  /** The resource as read after the step, if it came so far. */
  readonly after: LiveResource | null;
  /** The newest verified capture. */
  readonly capture: Capture | null;
  /** The step sent, or was about to send, a mutating call that changes the resource itself. */
  readonly acted: boolean;
  /** It was made quiet, and that was not taken back. */
  readonly quiet: boolean;
  /** The step came to its end. */
  readonly done: boolean;
  readonly deleteFirst: boolean;
  /** A removal began to send calls. */
  readonly removing: boolean;
  /** ISO time of the last record, where the answer of a call was lost and AWS may not show yet what became of it. */
  readonly doubtAt: string | null;
  /** Names that the step's creating call carried, for what the journal knows no identity of. */
  readonly named: readonly string[];
}

/** The steps that a run began, in the order in which it did. Pure. */
export function historiesOf(records: readonly JournalRecord[]): readonly History[] {
  const begin = recordsOf(records, 'begin')[0];
  if (begin === undefined) return [];
  const byStep = recordsByStep(records);
  return begin.plan.steps.flatMap((step) => {
    const own = byStep.get(step.id) ?? [];
    const states = recordsOf(own, 'step');
    if (states.length === 0) return [];
    const before = recordsOf(own, 'before').at(-1);
    const intents = [...recordsOf(own, 'intent'), ...recordsOf(own, 'intent-batch')];
    const makes = step.action === 'create' || step.action === 'replace';
    const replaced = before?.live?.identity;
    const made = makes ? states.findLast(({ identity }) => identity !== null && identity !== replaced)?.identity ?? null : null;
    return [{
      step, type: step.type, op: opOf(begin.run, step.id), before: before?.live ?? null, written: before?.entry.properties ?? {}, made,
      after: states.findLast(({ after }) => after !== null)?.after ?? null,
      capture: recordsOf(own, 'captured').findLast(({ verified }) => verified)?.capture ?? null,
      acted: intents.some(({ purpose }) => purpose === 'change' || purpose === 'restore'),
      quiet: intents.some(({ purpose }) => purpose === 'quiesce') && !recordsOf(own, 'finding').some(({ code }) => code === undoneCodes.done),
      done: states.some((record) => record.state === 'done' || record.state === 'pending'),
      deleteFirst: before?.entry.order === 'delete-first',
      removing: removalBegan(own),
      doubtAt: inDoubt(own) ? own.at(-1)?.at ?? null : null,
      named: made !== null || !makes ? [] : recordsOf(own, 'intent').flatMap(({ declared, purpose }) => ((purpose === 'change' || purpose === 'restore') && declared.retry !== 'token' && declared.identity !== opOf(begin.run, step.id) ? [declared.identity] : [])),
    }];
  });
}

/** A call of the removal was sent, or may have been; one that AWS refused without an effect does not count. */
function removalBegan(own: readonly JournalRecord[]): boolean {
  const marker = own.findLastIndex((record) => record.kind === 'step' && record.message === removing);
  if (marker < 0) return false;
  const after = own.slice(marker);
  const refused = new Set(recordsOf(after, 'outcome').flatMap((record) => (record.ok || record.executed === 'unknown' ? [] : [record.call])));
  return [...recordsOf(after, 'intent'), ...recordsOf(after, 'intent-batch')].some(({ call, purpose }) => purpose === 'change' && !refused.has(call));
}

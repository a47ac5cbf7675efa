import { isDoubtful, type JournalRecord } from '../domain/records/journal.ts';
import { isUnknown, type Json, type JsonObject } from '../base/json.ts';
import type { LiveResource } from '../domain/live.ts';
import type { Step } from '../domain/plan.ts';
import { opOf } from '../plan/steps/preview-context.ts';
import { defaultPace } from '../domain/records/poll-intervals.ts';
import { valueAt } from '../plan/diff/references.ts';
import type { Makes } from '../domain/call.ts';
import { makesIn } from './made-by.ts';
import { inDoubt, recordsByStep, recordsOf, removing, settledBefore, undoneCodes } from './journal-reading.ts';
import type { Capture } from '../domain/capture-plan.ts';

/** The claims of a run's journal about one step that it began. A claim, checked against what is live (law 13). */
export interface History {
  readonly step: Step;
  /** The type of resource, as in the plan. */
  readonly type: string;
  /** Value of the `aiplan:op` tag that the step's creates carry. */
  readonly op: string;
  /** The run came to the step at all. */
  readonly begun: boolean;
  readonly before: LiveResource | null;
  /** The author's entry, sensitive texts masked. */
  readonly written: JsonObject;
  /** Identity of what the step created or restored, as far as the journal knows. */
  readonly made: string | null;
  /** The resource as read after the step, if it came so far. */
  readonly after: LiveResource | null;
  /** The newest verified capture. */
  readonly capture: Capture | null;
  /** The step sent, or was about to send, a mutating call that changes the resource itself. */
  readonly acted: boolean;
  /** The run quiesced it, and did not undo that. */
  readonly quiet: boolean;
  /** The step came to its end. */
  readonly done: boolean;
  readonly deleteFirst: boolean;
  /** A removal began to send calls. */
  readonly removing: boolean;
  /** AWS's code for the last call of a removal that it refused; null where it refused none. */
  readonly refusal: string | null;
  /** ISO time of the last record, where the answer of a call was lost and AWS may not show yet what became of it. */
  readonly doubtAt: string | null;
  /** Names that the step's creating call carried, for what the journal knows no identity of. */
  readonly named: readonly string[];
  /** What its creating calls said that they make, where no tag tells whose it is. */
  readonly makes: readonly Makes[];
}

/** The steps that a run began, in the order in which it did. Pure. */
export const historiesOf = (records: readonly JournalRecord[]): readonly History[] =>
  allHistoriesOf(records).filter(({ begun }) => begun);

/** Every step of a run, also the ones that it did not begin, in plan order. Pure. */
export function allHistoriesOf(records: readonly JournalRecord[]): readonly History[] {
  const begin = recordsOf(records, 'begin')[0];
  if (begin === undefined) return [];
  const byStep = recordsByStep(records);
  const settled = settledBefore(records);
  return begin.plan.steps.map((step) => historyOf(begin.run, step, byStep.get(step.id) ?? [], settled));
}

function historyOf(run: string, step: Step, own: readonly JournalRecord[], settled: number): History {
  const op = opOf(run, step.id);
  const states = recordsOf(own, 'step');
  const before = recordsOf(own, 'before').at(-1);
  const intents = [...recordsOf(own, 'intent'), ...recordsOf(own, 'intent-batch')];
  const makes = step.action === 'create' || step.action === 'replace';
  const replaced = before?.live?.identity;
  const made = makes
    ? (states.findLast(({ identity }) => identity !== null && identity !== replaced)?.identity ?? null)
    : null;
  return {
    step,
    type: step.type,
    op,
    begun: states.length > 0,
    before: before?.live ?? null,
    written: before?.entry.properties ?? {},
    made,
    after: states.findLast(({ after }) => after !== null)?.after ?? null,
    capture: recordsOf(own, 'captured').findLast(({ verified }) => verified)?.capture ?? null,
    acted: intents.some(({ purpose }) => purpose === 'change' || purpose === 'restore'),
    quiet: isQuiet(own),
    done: states.some((record) => record.state === 'done' || record.state === 'pending'),
    deleteFirst: before?.entry.order === 'delete-first',
    removing: removalBegan(own),
    refusal: removalCalls(own).findLast(({ refusal }) => refusal !== null)?.refusal ?? null,
    doubtAt: inDoubt(own, settled) ? (own.at(-1)?.at ?? null) : null,
    named:
      made !== null || !makes
        ? []
        : recordsOf(own, 'intent').flatMap(({ declared, purpose }) =>
            purpose !== 'change' && purpose !== 'restore'
              ? []
              : declared.makes !== undefined
                ? (declared.makes.identity ?? [])
                : declared.retry !== 'token' && declared.identity !== op
                  ? [declared.identity]
                  : [],
          ),
    makes: makes ? makesIn(own) : [],
  };
}

/**
 * The run quiesced it after the last undo of a quiescing. A call whose answer was lost may still reach AWS after the
 * undo. So whoever continues undoes its effect again.
 */
function isQuiet(own: readonly JournalRecord[]): boolean {
  const undone = own.findLastIndex((record) => record.kind === 'finding' && record.code === undoneCodes.done);
  const since = Date.parse(own[undone]?.at ?? '') - defaultPace.consistency;
  const lost = new Set(recordsOf(own, 'outcome').flatMap((record) => (isDoubtful(record) ? [record.call] : [])));
  return own.some(
    (record, index) =>
      (record.kind === 'intent' || record.kind === 'intent-batch') &&
      record.purpose === 'quiesce' &&
      (index > undone || (lost.has(record.call) && Date.parse(record.at) > since)),
  );
}

/**
 * A call of the removal was sent, or may have been; one that AWS refused without an effect does not count, unless the
 * refusal says that there is nothing to remove, or something on its way out: then an earlier delivery of the same call
 * may have had its effect. Nor do answered calls count after which the run found the resource whole and undid the
 * quiescing.
 */
function removalBegan(own: readonly JournalRecord[]): boolean {
  const undone = own.findLastIndex((record) => record.kind === 'finding' && record.code === undoneCodes.done);
  return removalCalls(own).some(({ index, refusal }) => (refusal === null ? index > undone : saysLeaving(refusal)));
}

/**
 * Codes by which AWS names what does not exist, or is in a state in which it cannot be removed, as what is being
 * removed is.
 */
const saysLeaving = (code: string): boolean =>
  /NotFound|NotAttached|^NoSuch|^(?:Invalid|Incorrect)\w*State/u.test(code);

/**
 * The calls of a removal that were sent, with the code of a refusal that had no effect. A resumed run has several such
 * places. Each ends where the step begins again.
 */
function removalCalls(
  own: readonly JournalRecord[],
): readonly { readonly index: number; readonly refusal: string | null }[] {
  const refused = new Map(
    recordsOf(own, 'outcome').flatMap((record) =>
      record.ok || record.executed === 'unknown' ? [] : [[record.call, record.code] as const],
    ),
  );
  let inRemoval = false;
  return own.flatMap((record, index) => {
    if (record.kind === 'step') inRemoval = record.message === removing;
    return inRemoval && (record.kind === 'intent' || record.kind === 'intent-batch') && record.purpose === 'change'
      ? [{ index, refusal: refused.get(record.call) ?? null }]
      : [];
  });
}

/** The value of `Address` or `Address.Attribute` in a run; undefined where the journal does not tell it. Pure. */
export const resolverOf =
  (histories: readonly History[]) =>
  (name: string): Json | undefined => {
    const dot = name.indexOf('.');
    const address = dot < 0 ? name : name.slice(0, dot);
    const history = histories.find(({ step }) => step.id === address);
    const resource = history?.after ?? history?.before;
    if (dot < 0) return history?.made ?? resource?.identity;
    const path = name.slice(dot + 1);
    const value =
      resource === null || resource === undefined
        ? undefined
        : (valueAt(resource.attributes, path) ?? valueAt(resource.properties, path));
    return isUnknown(value) ? undefined : value;
  };

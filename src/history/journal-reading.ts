import { canonical } from '../base/digest.ts';
import { exitCodes, UserError, type ExitCode } from '../base/error.ts';
import { isDoubtful, type JournalRecord, type Phase, type RunOutcome } from '../domain/records/journal.ts';
import type { JsonObject } from '../base/json.ts';
import type { Step } from '../domain/plan.ts';
import type { Report, StepReport, StepState } from '../domain/records/report.ts';

type RecordOf<Kind extends JournalRecord['kind']> = Extract<JournalRecord, { kind: Kind }>;

/** All records of one kind, in order. */
export const recordsOf = <Kind extends JournalRecord['kind']>(
  records: readonly JournalRecord[],
  kind: Kind,
): readonly RecordOf<Kind>[] => records.filter((record): record is RecordOf<Kind> => record.kind === kind);

/** The records that are about a step, by step, in order. */
export function recordsByStep(records: readonly JournalRecord[]): ReadonlyMap<string, readonly JournalRecord[]> {
  const found = new Map<string, JournalRecord[]>();
  for (const record of records) {
    if (!('step' in record) || record.step === null) continue;
    const list = found.get(record.step);
    if (list === undefined) found.set(record.step, [record]);
    else list.push(record);
  }
  return found;
}

/** Codes of the findings that say whether a quiescing was undone. */
export const undoneCodes = { done: 'quiesce-undone', failed: 'quiesce-not-undone' } as const;

/** Message of the step record that stands between the last capture and the first call of a removal. */
export const removing = 'removing';

/**
 * The report of a run, from its journal alone. Pure. Throws UserError `journal-damaged` for records without a
 * beginning.
 */
export function reportOf(records: readonly JournalRecord[]): Report {
  const begin = recordsOf(records, 'begin')[0];
  if (begin === undefined) throw new UserError('journal-damaged', 'the journal has no beginning');
  const end = endOf(records);
  const outcome = end?.outcome ?? 'open';
  const { incomplete = [] } = begin;
  const isIncomplete = outcome === 'done' && incomplete.length > 0;
  const byStep = recordsByStep(records);
  const settled = settledBefore(records);
  const steps = begin.plan.steps.map((step) => stepReport(step, byStep.get(step.id) ?? [], settled));
  const done = new Set(steps.filter(({ state }) => state === 'done').map(({ id }) => id));
  const findings = recordsOf(records, 'finding');
  const isUndo = ({ code }: { readonly code: string }): boolean =>
    code === undoneCodes.done || code === undoneCodes.failed;
  return {
    run: begin.run,
    command: begin.command,
    rollbackOf: begin.plan.rollbackOf ?? null,
    planName: begin.plan.name,
    outcome,
    message: end?.message ?? null,
    ...(isIncomplete ? { incomplete, ...(begin.forGood === undefined ? {} : { forGood: begin.forGood }) } : {}),
    steps,
    captures: recordsOf(records, 'captured').map(({ step, capture, verified, problems }) => ({
      step,
      how: capture.how,
      verified,
      problems,
      refs: refsText(takenOf(capture.refs, records)),
    })),
    leftovers: begin.plan.steps.filter(({ id }) => done.has(id)).flatMap(({ leftovers }) => leftovers),
    undone: findings.filter(isUndo).map(({ step, message }) => ({ step: step ?? '', text: message })),
    findings: findings
      .filter((finding) => !isUndo(finding))
      .map(({ step, code, message }) => ({ step, code, message })),
    map: Object.assign({}, ...recordsOf(records, 'remapped').map(({ map }) => map)) as Record<string, string>,
    startedAt: begin.at,
    endedAt: end?.at ?? null,
    durations: durationsOf(records),
    calls: callsSent(records),
    exitCode: isIncomplete ? exitCodes.rollbackIncomplete : exitCodeOf(outcome, begin.command),
  };
}

/** The mutating calls that a run sent; those of a stopped batch that never left it do not count. */
const callsSent = (records: readonly JournalRecord[]): number =>
  recordsOf(records, 'intent').length +
  recordsOf(records, 'intent-batch').reduce((sum, { count }) => sum + count, 0) -
  recordsOf(records, 'outcome').reduce((sum, record) => sum + (record.ok ? 0 : (record.partial?.notSent ?? 0)), 0);

/** How the run ended; undefined while it is open, also where a person went on with it after an end. */
export const endOf = (records: readonly JournalRecord[]): RecordOf<'end'> | undefined => {
  const last = records.findLast(({ kind }) => kind === 'end' || kind === 'resumed');
  return last?.kind === 'end' ? last : undefined;
};

/** Number of the record before which a read decided every call (see `resumed`); 0 where no read did. */
export const settledBefore = (records: readonly JournalRecord[]): number =>
  recordsOf(records, 'resumed').at(-1)?.seq ?? 0;

/** The exit code of a run (DESIGN section 9): a rollback that is not done is incomplete, whatever stopped it. */
export function exitCodeOf(outcome: RunOutcome | 'open', command: 'apply' | 'rollback'): ExitCode {
  if (outcome === 'done') return exitCodes.done;
  if (command === 'rollback') return exitCodes.rollbackIncomplete;
  return outcome === 'stale' ? exitCodes.stale : outcome === 'blocked' ? exitCodes.blocked : exitCodes.applyFailed;
}

function stepReport(step: Step, records: readonly JournalRecord[], settled: number): StepReport {
  const own = recordsOf(records, 'step');
  const last = own.at(-1);
  const started = own.find(({ state }) => state === 'started');
  const state = stateOf(step, last?.state, inDoubt(records, settled));
  const identity = own.findLast((record) => record.identity !== null)?.identity ?? step.identity;
  return {
    id: step.id,
    type: step.type,
    state,
    identity,
    message: last?.message ?? null,
    milliseconds:
      started === undefined || last === undefined || last === started
        ? null
        : Date.parse(last.at) - Date.parse(started.at),
  };
}

function stateOf(step: Step, last: RecordOf<'step'>['state'] | undefined, doubt: boolean): StepState {
  if (step.action === 'keep' && last === undefined) return 'kept';
  if (last === 'done' || last === 'pending') return last;
  if (doubt) return 'doubt';
  if (last === undefined) return 'not-started';
  return last === 'failed' ? 'failed' : 'open';
}

/** True when a call among the records of a step has no outcome, or one that does not say whether it was executed. */
export const inDoubt = (records: readonly JournalRecord[], settled = 0): boolean =>
  doubtsOf(records, settled).length > 0;

/**
 * The calls among the records of a step of which only a read can tell what became of them; those before record
 * `settled` were read.
 */
export function doubtsOf(
  records: readonly JournalRecord[],
  settled = 0,
): readonly (RecordOf<'intent'> | RecordOf<'intent-batch'>)[] {
  const told = new Set(recordsOf(records, 'outcome').flatMap((record) => (isDoubtful(record) ? [] : [record.call])));
  return [
    ...recordsOf(records, 'intent').filter(
      (intent) => intent.seq > settled && !told.has(intent.call) && !wasResent(intent, records),
    ),
    ...recordsOf(records, 'intent-batch').filter(({ seq, call }) => seq > settled && !told.has(call)),
  ];
}

/** A lost answer that a later call with the same token decided. */
function wasResent({ call, declared }: RecordOf<'intent'>, records: readonly JournalRecord[]): boolean {
  if (declared.retry !== 'token') return false;
  const later = new Set(
    recordsOf(records, 'intent').flatMap((other) =>
      other.call > call && canonical(other.declared) === canonical(declared) ? [other.call] : [],
    ),
  );
  return recordsOf(records, 'outcome').some((outcome) => outcome.ok && later.has(outcome.call));
}

function durationsOf(records: readonly JournalRecord[]): Partial<Record<Phase, number>> {
  const phases = recordsOf(records, 'phase');
  const result: Partial<Record<Phase, number>> = {};
  for (const [index, phase] of phases.entries()) {
    const until = phases[index + 1]?.at ?? records.at(-1)?.at ?? phase.at;
    result[phase.phase] = (result[phase.phase] ?? 0) + Date.parse(until) - Date.parse(phase.at);
  }
  return result;
}

/**
 * `snapshot=aiplan-…, encrypted=true`: the plain values of what a capture took; no ARN of what stands there by its
 * name.
 */
export const refsText = (refs: JsonObject): string =>
  Object.entries(refs)
    .filter(
      ([, value]) =>
        value !== null &&
        typeof value !== 'object' &&
        !Object.values(refs).some(
          (other) =>
            typeof other === 'string' && String(value).startsWith('arn:') && String(value).endsWith(`:${other}`),
        ),
    )
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(', ');

/**
 * The references of a capture without a final snapshot that was only announced: AWS takes it with the deletion, which
 * may have been refused.
 */
export function takenOf(refs: JsonObject, records: readonly JournalRecord[]): JsonObject {
  const { final, ...taken } = refs;
  if (final === undefined || final === null) return refs;
  const sent = new Set(
    recordsOf(records, 'intent')
      .filter(({ declared }) => Object.values(declared.input).includes(final))
      .map(({ call }) => call),
  );
  return recordsOf(records, 'outcome').some((outcome) => outcome.ok && sent.has(outcome.call)) ? refs : taken;
}

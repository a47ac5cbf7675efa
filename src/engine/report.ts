import { exitCodes, type ExitCode } from '../model/error.ts';
import type { JournalRecord, Phase, RunOutcome } from '../model/journal.ts';
import type { JsonObject } from '../model/json.ts';
import type { Step } from '../model/plan.ts';
import type { Report, StepReport, StepState } from '../model/report.ts';
import { UserError } from '../model/error.ts';

type RecordOf<Kind extends JournalRecord['kind']> = Extract<JournalRecord, { kind: Kind }>;

/** All records of one kind, in order. */
export const recordsOf = <Kind extends JournalRecord['kind']>(records: readonly JournalRecord[], kind: Kind): readonly RecordOf<Kind>[] =>
  records.filter((record): record is RecordOf<Kind> => record.kind === kind);

/** Codes of the findings that say whether a quiescing was taken back. */
export const undoneCodes = { done: 'quiesce-undone', failed: 'quiesce-not-undone' } as const;

/** What a run did, told by its journal alone. Pure. Throws UserError `journal-damaged` for records without a beginning. */
export function reportOf(records: readonly JournalRecord[]): Report {
  const begin = recordsOf(records, 'begin')[0];
  if (begin === undefined) throw new UserError('journal-damaged', 'the journal has no beginning');
  const end = recordsOf(records, 'end').at(-1);
  const outcome = end?.outcome ?? 'open';
  const steps = begin.plan.steps.map((step) => stepReport(step, records));
  const done = new Set(steps.filter(({ state }) => state === 'done').map(({ id }) => id));
  const findings = recordsOf(records, 'finding');
  const isUndo = ({ code }: { readonly code: string }): boolean => code === undoneCodes.done || code === undoneCodes.failed;
  return {
    run: begin.run, command: begin.command, planName: begin.plan.name, outcome, message: end?.message ?? null, steps,
    captures: recordsOf(records, 'captured').map(({ step, capture, verified, problems }) => ({ step, how: capture.how, verified, problems, refs: refsText(capture.refs) })),
    leftovers: begin.plan.steps.filter(({ id }) => done.has(id)).flatMap(({ leftovers }) => leftovers),
    undone: findings.filter(isUndo).map(({ step, message }) => ({ step: step ?? '', text: message })),
    findings: findings.filter((finding) => !isUndo(finding)).map(({ step, code, message }) => ({ step, code, message })),
    map: Object.assign({}, ...recordsOf(records, 'remapped').map(({ map }) => map)) as Record<string, string>,
    startedAt: begin.at, endedAt: end?.at ?? null, durations: durationsOf(records),
    calls: recordsOf(records, 'intent').length + recordsOf(records, 'intent-batch').reduce((sum, { count }) => sum + count, 0),
    exitCode: exitCodeOf(outcome, begin.command),
  };
}

/** The exit code of a run (DESIGN section 9): a rollback that is not done is incomplete, whatever stopped it. */
export function exitCodeOf(outcome: RunOutcome | 'open', command: 'apply' | 'rollback'): ExitCode {
  if (outcome === 'done') return exitCodes.done;
  if (command === 'rollback') return exitCodes.rollbackIncomplete;
  return outcome === 'stale' ? exitCodes.stale : outcome === 'blocked' ? exitCodes.blocked : exitCodes.applyFailed;
}

function stepReport(step: Step, records: readonly JournalRecord[]): StepReport {
  const own = recordsOf(records, 'step').filter((record) => record.step === step.id);
  const last = own.at(-1);
  const started = own.find(({ state }) => state === 'started');
  const state = stateOf(step, last?.state, inDoubt(records, step.id));
  const identity = own.findLast((record) => record.identity !== null)?.identity ?? step.identity;
  return {
    id: step.id, type: step.type, state, identity, message: last?.message ?? null,
    milliseconds: started === undefined || last === undefined || last === started ? null : Date.parse(last.at) - Date.parse(started.at),
  };
}

function stateOf(step: Step, last: RecordOf<'step'>['state'] | undefined, doubt: boolean): StepState {
  if (step.action === 'keep' && last === undefined) return 'kept';
  if (last === 'done' || last === 'pending') return last;
  if (doubt) return 'doubt';
  if (last === undefined) return 'not-started';
  return last === 'failed' ? 'failed' : 'open';
}

/** True when a call of the step has no outcome, or one that does not say whether it was executed. */
export function inDoubt(records: readonly JournalRecord[], step: string): boolean {
  const settled = new Set<number>();
  for (const record of recordsOf(records, 'outcome')) {
    if (record.step === step && (record.ok || record.executed === 'no')) settled.add(record.call);
  }
  const intents = [...recordsOf(records, 'intent'), ...recordsOf(records, 'intent-batch')].filter((record) => record.step === step);
  return intents.some(({ call, ...intent }) => !settled.has(call) && !resent(intent, call, records));
}

/** A lost answer that a later call with the same token settled. */
function resent(intent: object, call: number, records: readonly JournalRecord[]): boolean {
  const declared = (intent as Partial<RecordOf<'intent'>>).declared;
  if (declared?.retry !== 'token') return false;
  const later = recordsOf(records, 'intent').filter((other) => other.call > call && JSON.stringify(other.declared) === JSON.stringify(declared));
  return recordsOf(records, 'outcome').some((outcome) => outcome.ok && later.some((other) => other.call === outcome.call));
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

/** `snapshot=aiplan-…, encrypted=true`: the plain values of what a capture took. */
export const refsText = (refs: JsonObject): string =>
  Object.entries(refs).filter(([, value]) => value !== null && typeof value !== 'object').map(([key, value]) => `${key}=${String(value)}`).join(', ');

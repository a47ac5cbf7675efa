import type { AuditRecord } from '../domain/records/audit.ts';
import type { LoggedCall, LoggedOutcome } from '../domain/records/audit-report.ts';
import { callName } from '../domain/call.ts';
import type { JournalRecord } from '../domain/records/journal.ts';

/** The calls of a run, in their order, each with its outcome. Pure. */
export function loggedCalls(run: string, records: readonly JournalRecord[]): readonly LoggedCall[] {
  const calls: LoggedCall[] = [];
  const open = new Map<number, number>();
  for (const record of records) {
    if (record.kind === 'intent') {
      const { declared, step, call, seq, at, purpose } = record;
      open.set(
        call,
        calls.push({
          run,
          step,
          call,
          seq,
          at,
          purpose,
          why: declared.purpose,
          operations: [callName(declared)],
          count: 1,
          identity: declared.identity,
          retry: declared.retry,
          input: declared.input,
          outcome: null,
        }) - 1,
      );
    } else if (record.kind === 'intent-batch') {
      const { step, call, seq, at, purpose, text, operations, count } = record;
      open.set(
        call,
        calls.push({
          run,
          step,
          call,
          seq,
          at,
          purpose,
          why: text,
          operations,
          count,
          identity: null,
          retry: null,
          input: null,
          outcome: null,
        }) - 1,
      );
    } else if (record.kind === 'outcome') {
      const place = open.get(record.call);
      const call = place === undefined ? undefined : calls[place];
      if (place !== undefined && call !== undefined) calls[place] = { ...call, outcome: outcomeOf(record) };
    }
  }
  return calls;
}

function outcomeOf(record: Extract<JournalRecord, { kind: 'outcome' }>): LoggedOutcome {
  const { at, requestId, milliseconds } = record;
  return record.ok
    ? { at, ok: true, requestId, milliseconds, code: null, message: null, executed: 'yes', partial: null }
    : {
        at,
        ok: false,
        requestId,
        milliseconds,
        code: record.code,
        message: record.message,
        executed: record.executed,
        partial: record.partial ?? null,
      };
}

/**
 * The calls that stand in the audit log itself: of `setup`, of the removal of expired captures, and into the capture
 * bucket. Pure.
 */
export function callsOutsideRuns(audit: readonly AuditRecord[]): readonly LoggedCall[] {
  const calls: LoggedCall[] = [];
  const open = new Map<string, number>();
  for (const record of audit) {
    if (record.kind !== 'called') continue;
    const { run, step, call, seq, at, operation, identity, state, requestId, milliseconds, code, message } = record;
    const key = `${run}\n${call}`;
    if (state === 'sent') {
      open.set(
        key,
        calls.push({
          run,
          step,
          call,
          seq,
          at,
          purpose: run === 'setup' ? 'setup' : 'capture-bucket',
          why: step,
          operations: [operation],
          count: 1,
          identity,
          retry: null,
          input: null,
          outcome: null,
        }) - 1,
      );
      continue;
    }
    const place = open.get(key);
    const begun = place === undefined ? undefined : calls[place];
    if (place === undefined || begun === undefined) continue;
    calls[place] = {
      ...begun,
      outcome: {
        at,
        ok: state === 'answered',
        requestId,
        milliseconds,
        code,
        message,
        executed: state === 'answered' ? 'yes' : state === 'refused' ? 'no' : 'unknown',
        partial: null,
      },
    };
    open.delete(key);
  }
  return calls;
}

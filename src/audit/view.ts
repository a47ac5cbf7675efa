import type { AuditEvent, AuditEventKind, AuditRecord } from '../domain/records/audit.ts';
import type { LoggedCall } from '../domain/records/audit-report.ts';
import type { JournalRecord } from '../domain/records/journal.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { Target } from '../domain/live.ts';
import type { Plan } from '../domain/plan.ts';
import { callsOutsideRuns, loggedCalls } from './calls.ts';
import { redacted } from '../domain/redact.ts';
import { recordsOf } from '../history/journal-reading.ts';

/** A journal as the store has it: read, or the reason why it cannot be. `path` names it in messages. */
export type AuditedJournal =
  | { readonly run: string; readonly path: string; readonly records: readonly JournalRecord[]; readonly problem: null }
  | { readonly run: string; readonly path: string; readonly records: null; readonly problem: string };

/** The sources of events. `plans`: kept plans by digest. */
export interface AuditLogs {
  readonly audit: readonly AuditRecord[];
  readonly journals: readonly AuditedJournal[];
  readonly plans: ReadonlyMap<string, Plan>;
}

/**
 * One list of what happened, oldest first, out of the audit log and all journals. Pure; nothing is believed here:
 * `verifyAudit` says whether the logs fit each other. Texts of secrets stand in no log, and what looks like one is
 * masked once more.
 */
export function auditEvents({ audit, journals }: AuditLogs): readonly AuditEvent[] {
  const began = beginnings(audit);
  return inOrder([
    ...logEvents(audit, journals),
    ...journals.flatMap((journal) => journalEvents(journal, began.get(journal.run))),
  ]);
}

/** The record by which each run began, as the log tells. */
export const beginnings = (audit: readonly AuditRecord[]): ReadonlyMap<string, AuditRecord> =>
  new Map(audit.flatMap((record) => (record.kind === 'run-began' ? [[record.run, record] as const] : [])));

/** The events of the log itself, in no order. Of the journals their beginnings are enough. */
export function logEvents(audit: readonly AuditRecord[], journals: readonly AuditedJournal[]): readonly AuditEvent[] {
  const known = new Map(journals.map((journal) => [journal.run, journal]));
  const bySeq = new Map(audit.map((record) => [record.seq, record]));
  return [
    ...audit.flatMap((record) => (record.kind === 'called' ? [] : [eventOf(record, known)])),
    ...callsOutsideRuns(audit).map((call) => ({
      ...nobody,
      ...actorOfRecord(bySeq.get(call.seq)),
      source: 'audit' as const,
      ...callEvent(call),
    })),
  ];
}

/** Oldest first. */
export const inOrder = (events: readonly AuditEvent[]): readonly AuditEvent[] =>
  events.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : orderOf(a) - orderOf(b) || a.seq - b.seq));

const orderOf = ({ kind, source }: AuditEvent): number => (source === 'audit' && kind !== 'call' ? rankOf(kind) : 1);

/** Of things at the same millisecond, what a run did lies between its beginning and its end. */
const rankOf = (kind: AuditEventKind): number => (kind === 'run-ended' || kind === 'run-abandoned' ? 2 : 0);

const nobody = {
  by: null,
  host: null,
  agent: null,
  caller: null,
  approver: null,
  account: null,
  region: null,
  run: null,
  plan: null,
  planName: null,
  step: null,
  identity: null,
} as const;

type Actor = Pick<AuditEvent, 'by' | 'host' | 'agent' | 'caller' | 'account' | 'region'>;

const placeOf = (target: Target | null): Pick<AuditEvent, 'caller' | 'account' | 'region'> => ({
  caller: target?.caller ?? null,
  account: target?.account ?? null,
  region: target?.region ?? null,
});

const actorOf = (record: AuditRecord): Actor => ({
  by: record.by,
  host: record.host,
  agent: record.agent ?? null,
  ...placeOf(record.target),
});

type Known = ReadonlyMap<string, AuditedJournal>;

function eventOf(record: Exclude<AuditRecord, { kind: 'called' }>, journals: Known): AuditEvent {
  const base = {
    ...nobody,
    at: record.at,
    kind: record.kind,
    source: 'audit' as const,
    seq: record.seq,
    ...actorOf(record),
  };
  switch (record.kind) {
    case 'planned':
      return {
        ...base,
        plan: record.plan,
        planName: record.name,
        detail: {
          steps: record.steps,
          blocked: record.blocked,
          claims: record.claims,
          rollbackOf: record.rollbackOf ?? null,
        },
      };
    case 'reviewed': {
      const {
        plan,
        name,
        tier,
        decision,
        why,
        rejected,
        confirmations,
        typedName,
        approver = record.by,
        nonce = null,
        signer,
      } = record;
      return {
        ...base,
        plan,
        planName: name,
        approver: decision === 'approved' ? approver : null,
        detail: {
          tier,
          decision,
          why,
          rejected,
          confirmations: confirmations as unknown as Json,
          typedName,
          nonce,
          signer: signer === undefined ? null : { principal: signer.principal, fingerprint: signer.fingerprint },
        },
      };
    }
    case 'refused':
      return {
        ...base,
        plan: record.plan,
        run: record.run ?? null,
        detail: { code: record.code, message: record.message, command: record.command ?? null },
      };
    case 'run-began':
      return {
        ...base,
        run: record.run,
        plan: record.plan,
        ...approvalOf(record.run, journals),
        detail: { command: record.command, journal: { ...record.journal } },
      };
    case 'run-ended':
      return {
        ...base,
        run: record.run,
        ...approvalOf(record.run, journals),
        detail: { outcome: record.outcome, journal: { ...record.journal } },
      };
    case 'run-abandoned':
      return {
        ...base,
        run: record.run,
        ...approvalOf(record.run, journals),
        detail: { typed: record.typed, journal: { ...record.journal } },
      };
  }
}

/** Who approved a run and what its plan is called, as its journal says. */
function approvalOf(run: string, journals: Known): Pick<AuditEvent, 'approver' | 'planName'> {
  const begin = recordsOf(journals.get(run)?.records ?? [], 'begin')[0];
  return { approver: begin?.approval.by ?? null, planName: begin?.plan.name ?? null };
}

/** The events of one journal; `began`: the record of the log by which its run began. */
export function journalEvents(journal: AuditedJournal, began: AuditRecord | undefined): readonly AuditEvent[] {
  const { run } = journal;
  const actor: Actor = began === undefined ? nobody : actorOf(began);
  if (journal.problem !== null) {
    return [
      {
        ...nobody,
        ...actor,
        at: began?.at ?? timeOfRun(run),
        kind: 'damaged',
        source: 'journal',
        seq: 0,
        run,
        detail: { message: journal.problem, path: journal.path },
      },
    ];
  }
  const { records } = journal;
  const begin = recordsOf(records, 'begin')[0];
  const identities = new Map(begin?.plan.steps.map((step) => [step.id, step.identity]));
  for (const record of recordsOf(records, 'step'))
    if (record.identity !== null) identities.set(record.step, record.identity);
  const base = {
    ...nobody,
    ...actor,
    source: 'journal' as const,
    run,
    approver: begin?.approval.by ?? null,
    plan: begin?.plan.digest ?? null,
    planName: begin?.plan.name ?? null,
    // A run that the audit log does not know still tells who called.
    ...(began === undefined && begin !== undefined ? { by: begin.approval.by, ...placeOf(begin.target) } : {}),
  };
  const of = (record: JournalRecord, step: string | null): Omit<AuditEvent, 'kind' | 'detail'> => ({
    ...base,
    at: record.at,
    seq: record.seq,
    step,
    identity: step === null ? null : (identities.get(step) ?? null),
  });
  const calls = loggedCalls(run, records).map((call) => ({
    ...base,
    ...callEvent(call),
    identity: call.identity ?? identities.get(call.step) ?? null,
  }));
  const others = records.flatMap((record): readonly AuditEvent[] => {
    switch (record.kind) {
      case 'captured': {
        const { how, refs, pointInTime, bytes, encrypted } = record.capture;
        return [
          {
            ...of(record, record.step),
            kind: 'captured',
            detail: {
              how,
              refs,
              pointInTime,
              bytes,
              encrypted,
              verified: record.verified,
              problems: record.problems,
            } as JsonObject,
          },
        ];
      }
      case 'step':
        return record.state === 'started'
          ? []
          : [
              {
                ...of(record, record.step),
                identity: record.identity ?? identities.get(record.step) ?? null,
                kind: 'step',
                detail: { state: record.state, message: record.message },
              },
            ];
      case 'finding':
        return [
          { ...of(record, record.step), kind: 'finding', detail: { code: record.code, message: record.message } },
        ];
      case 'resumed':
        return record.settled.map(({ step, verdict, evidence }) => ({
          ...of(record, step),
          by: record.by,
          host: record.host,
          approver: record.approval.by,
          kind: 'finding',
          detail: { code: 'settled', message: `${verdict}: ${evidence.join('; ')}` },
        }));
      default:
        return [];
    }
  });
  return [...calls, ...others];
}

/** `20260226-231500-a1b2` → the time in it, for a journal that tells nothing else. */
const timeOfRun = (run: string): string => {
  const parts = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/u.exec(run);
  return parts === null
    ? ''
    : `${parts[1] ?? ''}-${parts[2] ?? ''}-${parts[3] ?? ''}T${parts[4] ?? ''}:${parts[5] ?? ''}:${parts[6] ?? ''}.000Z`;
};

const actorOfRecord = (record: AuditRecord | undefined): Actor => (record === undefined ? nobody : actorOf(record));

/** The members that a call's own records tell; who sent it stands elsewhere. */
function callEvent(call: LoggedCall): Pick<AuditEvent, 'at' | 'kind' | 'seq' | 'run' | 'step' | 'identity' | 'detail'> {
  const { outcome } = call;
  return {
    at: call.at,
    kind: 'call',
    seq: call.seq,
    run: call.run,
    step: call.step,
    identity: call.identity,
    detail: {
      call: call.call,
      purpose: call.purpose,
      why: call.why,
      operations: call.operations,
      count: call.count,
      retry: call.retry,
      input: call.input === null ? null : redacted(call.input),
      ok: outcome?.ok ?? null,
      executed: outcome === null ? 'unknown' : outcome.executed,
      requestId: outcome?.requestId ?? null,
      milliseconds: outcome?.milliseconds ?? null,
      answeredAt: outcome?.at ?? null,
      code: outcome?.code ?? null,
      message: outcome?.message ?? null,
      partial: (outcome?.partial ?? null) as unknown as Json,
    },
  };
}

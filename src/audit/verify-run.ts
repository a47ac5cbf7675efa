import type { Approval } from '../domain/approval.ts';
import type { AuditRecord } from '../domain/records/audit.ts';
import type { AuditProblem, LoggedCall } from '../domain/records/audit-report.ts';
import { acceptsLoss, askedText, needed } from '../domain/confirmation.ts';
import { canonical, sha256 } from '../base/digest.ts';
import type { JournalRecord } from '../domain/records/journal.ts';
import type { Plan } from '../domain/plan.ts';
import { loggedCalls } from './calls.ts';
import type { AuditedJournal, AuditLogs } from './view.ts';
import { digestsFit } from '../plan/steps/digests.ts';
import { recordsOf } from '../history/journal-reading.ts';

type Marked = Extract<AuditRecord, { kind: 'run-began' | 'run-ended' | 'run-abandoned' }>;
type Reviewed = Extract<AuditRecord, { kind: 'reviewed' }>;

/**
 * A stretch of a run under one approval: from its beginning, or from where a person went on with it. `plan` null: not
 * kept. `confirmed`: the plan of the beginning, of which a signed approval still counts for what is left.
 */
interface Session {
  readonly seq: number;
  readonly at: string;
  readonly digest: string;
  readonly plan: Plan | null;
  readonly approval: Approval;
  readonly confirmed: Plan | null;
}

interface RunVerdict {
  readonly broken: readonly AuditProblem[];
  readonly notes: readonly AuditProblem[];
}
interface RunOptions {
  readonly whereOf: (seq: number) => string;
  /** The audit log cannot be read: what it would say of the run is no question then. */
  readonly unread: boolean;
}

/** Where a record of a journal stands. */
const placeOf = (path: string, seq: number): string => `${path}, record ${seq}`;

/** Whether one journal is what the audit log says of it, and what it says itself. Pure. */
export function verifyRun(
  journal: AuditedJournal,
  { audit, plans }: Pick<AuditLogs, 'audit' | 'plans'>,
  { whereOf, unread }: RunOptions,
): RunVerdict {
  const { run, path, records } = journal;
  if (records === null)
    return { broken: [{ code: 'journal-damaged', where: path, message: journal.problem }], notes: [] };
  const begin = recordsOf(records, 'begin')[0];
  if (
    begin === undefined &&
    records.length === 0 &&
    !audit.some((record) => record.kind === 'run-began' && record.run === run)
  ) {
    // The log is told of a run before its first call: what it does not know has sent nothing.
    return {
      broken: [],
      notes: [
        {
          code: 'run-blank',
          where: placeOf(path, 1),
          message: `run "${run}" was stopped before its first record was written; nothing was sent`,
        },
      ],
    };
  }
  if (begin === undefined)
    return {
      broken: [{ code: 'journal-damaged', where: placeOf(path, 1), message: 'the journal has no beginning' }],
      notes: [],
    };
  const calls = loggedCalls(run, records);
  const marks = audit.filter((record): record is Marked => isMark(record) && record.run === run);
  const sessions: readonly Session[] = [
    {
      seq: begin.seq,
      at: begin.at,
      digest: begin.plan.digest,
      plan: begin.plan,
      approval: begin.approval,
      confirmed: null,
    },
    ...recordsOf(records, 'resumed').map(({ seq, at, remaining, approval }) => ({
      seq,
      at,
      digest: remaining,
      plan: plans.get(remaining) ?? null,
      approval,
      confirmed: begin.plan,
    })),
  ];
  const own = [
    ...(begin.run === run ? [] : [['journal-foreign', `this is the journal of run "${begin.run}"`] as const]),
    ...(digestsFit(begin.plan)
      ? []
      : [['plan-changed', 'the plan in the journal does not have the digest that it says'] as const]),
  ].map(([code, message]) => ({ code, where: placeOf(path, begin.seq), message }));
  const sessionProblems = sessions.flatMap((session) => [
    ...approvalProblems(session).map(([code, message]) => ({ code, where: placeOf(path, session.seq), message })),
    ...(unread ? [] : toldProblems(run, path, session, marks, audit, calls, whereOf)),
  ]);
  const broken = [
    ...own,
    ...markProblems(run, path, records, marks, whereOf),
    ...sessionProblems,
    ...undeclared(sessions, path, calls),
  ];
  return {
    broken: broken.filter(({ code }) => code !== 'nothing-sent'),
    notes: [...broken.filter(({ code }) => code === 'nothing-sent'), ...openNotes(run, path, records, marks)],
  };
}

const isMark = (record: AuditRecord): record is Marked =>
  record.kind === 'run-began' || record.kind === 'run-ended' || record.kind === 'run-abandoned';

/** The journal held against every mark that the audit log has of it. */
function markProblems(
  run: string,
  path: string,
  records: readonly JournalRecord[],
  marks: readonly Marked[],
  whereOf: RunOptions['whereOf'],
): readonly AuditProblem[] {
  const problems: AuditProblem[] = [];
  for (const { seq, at, kind, journal } of marks) {
    const when = `when ${kind === 'run-began' ? 'it began' : kind === 'run-ended' ? 'it ended' : 'it was abandoned'} (${at}, ${whereOf(seq)})`;
    const record = records[journal.records - 1];
    if (journal.records === 0) continue;
    if (record === undefined)
      problems.push({
        code: 'journal-cut',
        where: placeOf(path, records.length + 1),
        message: `the journal of run "${run}" had ${journal.records} records ${when}; ${records.length} are left`,
      });
    else if (sha256(canonical(record)) !== journal.head)
      problems.push({
        code: 'journal-changed',
        where: placeOf(path, journal.records),
        message: `record ${journal.records} of run "${run}" is not the one that stood there ${when}`,
      });
  }
  const last = marks.at(-1);
  if (
    last !== undefined &&
    last.kind !== 'run-began' &&
    last.journal.records > 0 &&
    records.length > last.journal.records
  ) {
    problems.push({
      code: 'journal-grew',
      where: placeOf(path, last.journal.records + 1),
      message: `run "${run}" had ended with record ${last.journal.records}; ${records.length - last.journal.records} were added, and the audit log does not know of it`,
    });
  }
  return problems;
}

/** The questions of `approve` before it lets a plan run, asked again of the journal. */
function approvalProblems({ digest, plan, approval, at, confirmed }: Session): readonly (readonly [string, string])[] {
  const problems: (readonly [string, string])[] = [];
  const { account, region, endpoint } = approval.target;
  const isOfTheRun = confirmed !== null && approval.tier === 'T1' && approval.planDigest === confirmed.digest;
  if (approval.planDigest !== digest && !isOfTheRun)
    problems.push([
      'approval-foreign',
      `the approval is for plan ${approval.planDigest}, the run carries out ${digest}`,
    ]);
  if (!(Date.parse(approval.expiresAt) >= Date.parse(at)))
    problems.push([
      'approval-expired',
      `the approval had expired at ${approval.expiresAt}, before the run began at ${at}`,
    ]);
  if (plan === null) return problems;
  if (account !== plan.target.account || region !== plan.target.region || endpoint !== plan.target.endpoint)
    problems.push(['approval-foreign', `the approval is for account "${account}" in "${region}"`]);
  const needs = needed(plan);
  // The configuration is in the digest that was confirmed.
  if (askedText(needs) !== '' && plan.configuration['minimumTier'] === 'T1' && approval.tier !== 'T1')
    problems.push(['approval-tier', 'the configuration of the plan asks for a signed approval, and this one is not']);
  if (approval.tier === 'none' && askedText(needs) === '' && plan.configuration['allowYes'] === false)
    problems.push([
      'confirmation-missing',
      'nobody said yes, and the configuration of the plan does not let `--yes` answer',
    ]);
  if (approval.tier === 'none' && askedText(needs) !== '')
    problems.push(['confirmation-missing', `nobody confirmed, and the plan needs ${askedText(needs)}`]);
  for (const step of needs.confirmations) {
    const given = approval.confirmations.find((confirmation) => confirmation.step === step.id);
    if (given === undefined) problems.push(['confirmation-missing', `"${step.id}" was not confirmed`]);
    else if (given.stepDigest !== step.digest)
      problems.push(['approval-foreign', `the confirmation of "${step.id}" is for another state of it`]);
    else if (given.typed !== step.confirm)
      problems.push([
        'confirmation-missing',
        `"${step.id}" was confirmed with another text than "${step.confirm ?? ''}"`,
      ]);
    else if (!acceptsLoss(step, given.typedLoss, approval.tier))
      problems.push(['confirmation-missing', `the loss of "${step.id}" was not typed`]);
  }
  if (needs.name && approval.typedName !== plan.name && !(isOfTheRun && confirmed !== null && !needed(confirmed).name))
    problems.push(['confirmation-missing', `the plan name "${plan.name}" was not typed`]);
  return problems;
}

/** That the audit log was told of the session before its first call, and of the review that its approval comes from. */
function toldProblems(
  run: string,
  path: string,
  session: Session,
  marks: readonly Marked[],
  audit: readonly AuditRecord[],
  calls: readonly LoggedCall[],
  whereOf: RunOptions['whereOf'],
): readonly AuditProblem[] {
  const { seq, digest, approval } = session;
  const began = marks.find((mark) => mark.kind === 'run-began' && mark.journal.records === seq);
  if (began?.kind !== 'run-began') {
    const sent = calls.filter((call) => call.seq > seq).length;
    const message = `the audit log does not know that run "${run}" ${seq === 1 ? 'began' : 'was resumed'}; its journal has ${sent} calls after that`;
    // The audit log is told right after that record is written, and nothing is sent before: a full disk at that moment
    // leaves this.
    return [
      sent > 0
        ? { code: 'journal-unknown', where: placeOf(path, seq), message }
        : { code: 'nothing-sent', where: placeOf(path, seq), message },
    ];
  }
  if (began.plan !== digest)
    return [
      {
        code: 'plan-differs',
        where: whereOf(began.seq),
        message: `the audit log says that run "${run}" carries out plan ${began.plan}, its journal says ${digest}`,
      },
    ];
  const reviews = audit.filter(
    (record): record is Reviewed =>
      record.kind === 'reviewed' && record.decision === 'approved' && record.plan === digest && record.seq < began.seq,
  );
  const review = reviews.findLast(({ nonce }) => nonce === approval.nonce);
  if (review === undefined)
    return [
      {
        code: 'review-missing',
        where: whereOf(began.seq),
        message: `no review before run "${run}" gave the approval that it ran with`,
      },
    ];
  const fits =
    canonical(review.confirmations) === canonical(approval.confirmations) &&
    review.typedName === approval.typedName &&
    review.tier === approval.tier &&
    (review.approver ?? review.by) === approval.by;
  return fits
    ? []
    : [
        {
          code: 'review-differs',
          where: whereOf(review.seq),
          message: `what was confirmed in the review is not what run "${run}" says was confirmed`,
        },
      ];
}

/**
 * Purposes of calls that a step declares in the plan; undoing a quiescing and re-pointing are declared by the same
 * type, in the run.
 */
const declaredPurposes: ReadonlySet<string> = new Set(['quiesce', 'capture', 'change', 'restore']);

function undeclared(sessions: readonly Session[], path: string, calls: readonly LoggedCall[]): readonly AuditProblem[] {
  const declared = new Map<string, Set<string>>();
  for (const step of sessions.flatMap(({ plan }) => plan?.steps ?? []))
    declared.set(step.id, new Set([...(declared.get(step.id) ?? []), ...step.calls]));
  const untold = Math.min(...sessions.filter(({ plan }) => plan === null).map(({ seq }) => seq));
  return calls.flatMap(({ step, seq, operations, purpose }) => {
    const where = placeOf(path, seq);
    const known = declared.get(step);
    if (known === undefined)
      return [
        {
          code: 'call-undeclared',
          where,
          message: `${operations.join(', ')} was sent for "${step}", which is no step of the plan`,
        },
      ];
    const more =
      declaredPurposes.has(purpose) && !(seq > untold) ? operations.filter((operation) => !known.has(operation)) : [];
    return more.length === 0
      ? []
      : [
          {
            code: 'call-undeclared',
            where,
            message: `${more.join(', ')} was sent for "${step}", whose confirmed plan does not list it`,
          },
        ];
  });
}

function openNotes(
  run: string,
  path: string,
  records: readonly JournalRecord[],
  marks: readonly Marked[],
): readonly AuditProblem[] {
  if (marks.at(-1)?.kind !== 'run-began') return [];
  const ended = records.at(-1)?.kind === 'end';
  const vouched = 'that nothing was taken from the end of its journal, only the journal itself says';
  return [
    {
      code: ended ? 'end-not-told' : 'run-open',
      where: path,
      message: `run "${run}" ${ended ? 'has ended, but the audit log was not told' : 'has no end yet'}: ${vouched}`,
    },
  ];
}

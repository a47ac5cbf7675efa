import type { Approval } from '../domain/approval.ts';
import type { AuditRecord, JournalMark } from '../domain/records/audit.ts';
import type { AuditProblem, AuditVerdict } from '../domain/records/audit-report.ts';
import { canonical, sha256 } from '../base/digest.ts';
import type { JournalRecord } from '../domain/records/journal.ts';
import type { Plan } from '../domain/plan.ts';
import type { RewrittenObjects } from '../domain/records/store.ts';
import type { ClosedRun } from '../domain/records/journal-store.ts';
import type { UsedMark } from '../domain/records/plan-archive.ts';
import { digestsFit } from '../plan/steps/digests.ts';
import { approvalVerdict, type AuditedApproval } from './verify-approvals.ts';
import { markVerdict } from './verify-marks.ts';
import { verifyRun } from './verify-run.ts';
import type { AuditedJournal, AuditLogs } from './view.ts';
import { loggedCalls } from './calls.ts';
import { recordsOf } from '../history/journal-reading.ts';

/** Everything that `audit verify` looks at. `approvals`: signed ones as they are kept, by nonce. */
export interface VerifiedLogs extends AuditLogs {
  readonly approvals: ReadonlyMap<string, AuditedApproval>;
  readonly marks: readonly UsedMark[];
  readonly settled: readonly ClosedRun[];
  readonly rewritten: RewrittenObjects;
  /**
   * The answers of `verifyRun` about the journals while they were read; they are then slim, and not looked at again by
   * themselves. Absent: none was looked at.
   */
  readonly looked?: { readonly broken: readonly AuditProblem[]; readonly notes: readonly AuditProblem[] };
  /**
   * The same of the kept plans: the digests of those that were read and do not fit are here, and `plans` holds them
   * without their contents.
   */
  readonly misfits?: readonly AuditProblem[];
}

export interface VerifyOptions {
  /** Where a record of the audit log stands, for messages. */
  readonly whereOf: (seq: number) => string;
  /** Where the store keeps the signed approval of a nonce, for messages. */
  readonly approvalPlace: (nonce: string) => string;
  /** Where the mark of a closed run lies, for messages. */
  readonly settledPlace: (run: string) => string;
  /** A head that was written down earlier: it must be the head, or that of a record since which the log only grew. */
  readonly expectHead?: string;
  /**
   * Each place where reading found the audit log damaged; the records of these places are then not there. None: absent.
   */
  readonly damaged?: readonly AuditProblem[];
}

/** `prev` of the first line of every chain. */
export const chainRoot = `sha256:${'0'.repeat(64)}`;

/** The SHA-256 of a record's line, as the next line's `prev` has it. */
export const lineDigest = (record: AuditRecord | JournalRecord): string => sha256(canonical(record));

/** How far a journal is, for the audit log. */
export const markOf = (records: readonly JournalRecord[]): JournalMark => {
  const last = records.at(-1);
  return { records: records.length, head: last === undefined ? chainRoot : lineDigest(last) };
};

/**
 * Whether the audit log, the journals and the plans agree: the log's chain is unbroken; every run that it names has a
 * journal which was at the marked record what the log says, and holds nothing after its end; every journal is named;
 * each plan has the digest that it says; each approval is bound to the plan that ran, complete, reviewed, in time and
 * used once, and a signed one still kept and signed by the key that was allowed then; what was used is marked; each
 * call was declared. Pure.
 *
 * A chain cannot show by itself that its newest records were removed; for that its head is printed, to be
 * kept elsewhere and given as `expectHead`.
 */
export function verifyAudit(logs: VerifiedLogs, options: VerifyOptions): AuditVerdict {
  const { audit, journals, plans } = logs;
  const { whereOf, expectHead, damaged } = options;
  const broken: AuditProblem[] = damaged === undefined ? [...chainProblems(audit, whereOf)] : [...damaged];
  const notes: AuditProblem[] = [];
  if (damaged === undefined) broken.push(...anchorProblems(audit, journals, whereOf));
  if (damaged === undefined && expectHead !== undefined) broken.push(...headProblems(audit, expectHead, whereOf));

  const found = new Set(journals.map(({ run }) => run));
  for (const record of audit) {
    if (record.kind === 'run-began' && !found.has(record.run))
      broken.push({
        code: 'journal-missing',
        where: whereOf(record.seq),
        message: `run "${record.run}" began at ${record.at}, and its journal is not there`,
      });
  }
  const ofRuns = logs.looked ?? lookedAt(journals, logs, { whereOf, unread: damaged !== undefined });
  broken.push(...ofRuns.broken);
  notes.push(...ofRuns.notes);
  broken.push(...replayed(journals));
  // An unreadable log answers nothing about approvals and marks.
  const verdicts =
    damaged === undefined
      ? [approvalVerdict(audit, journals, logs.approvals, options), markVerdict(audit, journals, logs, options)]
      : [];
  broken.push(...verdicts.flatMap((verdict) => verdict.broken));
  notes.push(...verdicts.flatMap((verdict) => verdict.notes));

  if (damaged === undefined && audit.length + journals.length === 0)
    notes.push({
      code: 'log-empty',
      where: whereOf(1),
      message: 'there is no record at all: nothing was done with this store yet, or everything was taken away',
    });
  broken.push(...rewrittenProblems(logs.rewritten));
  if (logs.rewritten.problem !== null)
    notes.push({
      code: 'versions-unread',
      where: whereOf(1),
      message: `whether objects of the store were deleted or overwritten could not be seen: ${logs.rewritten.problem}`,
    });
  const kept = planProblems(audit, plans, journals, whereOf, logs.misfits);
  broken.push(...kept.broken);
  notes.push(...kept.notes);
  return {
    broken,
    notes,
    head: headOf(audit),
    records: audit.length,
    runs: journals.length,
    calls: journals.reduce(
      (sum, { run, records }) => sum + (records === null ? 0 : loggedCalls(run, records).length),
      0,
    ),
    plans: plans.size,
    approvals: logs.approvals.size,
  };
}

function lookedAt(
  journals: readonly AuditedJournal[],
  { audit, plans }: Pick<AuditLogs, 'audit' | 'plans'>,
  options: Parameters<typeof verifyRun>[2],
): { readonly broken: readonly AuditProblem[]; readonly notes: readonly AuditProblem[] } {
  const about = auditByRun(audit);
  const found = journals.map((journal) => verifyRun(journal, { audit: about(journal), plans }, options));
  return { broken: found.flatMap(({ broken }) => broken), notes: found.flatMap(({ notes }) => notes) };
}

/**
 * The records of the log that `verifyRun` asks for, by run: those that name it, and the reviews of its plans. A log of
 * thousands of runs is gone through once, not once for each of them. Pure.
 */
export function auditByRun(audit: readonly AuditRecord[]): (journal: AuditedJournal) => readonly AuditRecord[] {
  const runs = new Map<string, AuditRecord[]>();
  const reviews = new Map<string, AuditRecord[]>();
  const add = (map: Map<string, AuditRecord[]>, key: string, record: AuditRecord): void => {
    const known = map.get(key);
    if (known === undefined) map.set(key, [record]);
    else known.push(record);
  };
  for (const record of audit) {
    if (record.kind === 'reviewed') add(reviews, record.plan, record);
    else if ('run' in record && typeof record.run === 'string') add(runs, record.run, record);
  }
  return ({ run, records }) => {
    const digests = new Set([
      ...recordsOf(records ?? [], 'begin').map(({ plan }) => plan.digest),
      ...recordsOf(records ?? [], 'resumed').map(({ remaining }) => remaining),
    ]);
    return [...(runs.get(run) ?? []), ...[...digests].flatMap((digest) => reviews.get(digest) ?? [])].sort(
      (a, b) => a.seq - b.seq,
    );
  };
}

const headOf = (audit: readonly AuditRecord[]): string => {
  const last = audit.at(-1);
  return last === undefined ? chainRoot : lineDigest(last);
};

function chainProblems(audit: readonly AuditRecord[], whereOf: VerifyOptions['whereOf']): readonly AuditProblem[] {
  const problems: AuditProblem[] = [];
  let head = chainRoot;
  for (const [index, record] of audit.entries()) {
    const number = index + 1;
    if (record.seq !== number)
      problems.push({
        code: 'audit-damaged',
        where: whereOf(number),
        message: `record ${number} has the number ${record.seq}`,
      });
    else if (record.prev !== head)
      problems.push({
        code: 'audit-damaged',
        where: whereOf(number),
        message:
          number === 1
            ? 'the log does not begin here'
            : `record ${number} does not follow record ${number - 1}, which was changed, added or removed`,
      });
    // One break is one problem: what comes after it is held against what is there.
    head = lineDigest(record);
  }
  return problems;
}

function headProblems(
  audit: readonly AuditRecord[],
  expected: string,
  whereOf: VerifyOptions['whereOf'],
): readonly AuditProblem[] {
  if (expected === chainRoot || audit.some((record) => lineDigest(record) === expected)) return [];
  return [
    {
      code: 'audit-cut',
      where: whereOf(Math.max(1, audit.length)),
      message: `no record has the expected head ${expected}: records were taken away or changed since it was noted`,
    },
  ];
}

/**
 * The head of the log that each journal noted when its run began, or was resumed, must still be in the log: said once
 * for each place.
 */
function anchorProblems(
  audit: readonly AuditRecord[],
  journals: readonly AuditedJournal[],
  whereOf: VerifyOptions['whereOf'],
): readonly AuditProblem[] {
  const heads = new Set([chainRoot, ...audit.map(lineDigest)]);
  const lost = journals.flatMap(({ run, records }) =>
    [...recordsOf(records ?? [], 'begin'), ...recordsOf(records ?? [], 'resumed')].flatMap(({ auditHead, at }) =>
      auditHead === undefined || heads.has(auditHead) ? [] : [{ run, at, auditHead }],
    ),
  );
  const [first] = lost.toSorted((a, b) => (a.at < b.at ? -1 : 1));
  return first === undefined
    ? []
    : [
        {
          code: 'audit-cut',
          where: whereOf(Math.max(1, audit.findLastIndex(({ at }) => at <= first.at) + 1)),
          message: `when run "${first.run}" began (${first.at}) the log ended with a record ${first.auditHead} that is not in it any more: it was changed or taken away${lost.length === 1 ? '' : `; ${lost.length} runs say so`}`,
        },
      ];
}

/** Objects that are written once and were not left so: said once for each folder, because a run is many objects. */
function rewrittenProblems({ objects }: RewrittenObjects): readonly AuditProblem[] {
  const groups = new Map<string, RewrittenObjects['objects'][number][]>();
  for (const object of objects) {
    const key = `${object.how} ${object.path.slice(0, object.path.lastIndexOf('/'))}`;
    groups.set(key, [...(groups.get(key) ?? []), object]);
  }
  return [...groups.values()].map((some): AuditProblem => {
    const { path, how } = some[0] ?? { path: '', how: 'deleted' };
    const last =
      some
        .map(({ at }) => at)
        .toSorted()
        .at(-1) ?? '';
    const what =
      some.length === 1
        ? `it is written once, and was ${how} at ${last}; its earlier version is still there`
        : `this and ${some.length - 1} more here are written once, and were ${how}, the last at ${last}; their earlier versions are still there`;
    return { code: `object-${how}`, where: path, message: what };
  });
}

/** One approval in two runs, or twice in one; but for the signed one of a run, which counts for what is left of it. */
function replayed(journals: readonly AuditedJournal[]): readonly AuditProblem[] {
  const first = new Map<string, { readonly run: string; readonly approval: Approval }>();
  return journals.flatMap(({ run, path, records }) =>
    [...recordsOf(records ?? [], 'begin'), ...recordsOf(records ?? [], 'resumed')].flatMap(
      ({ approval }): readonly AuditProblem[] => {
        const other = first.get(approval.nonce);
        if (other === undefined) first.set(approval.nonce, { run, approval });
        const isItsOwn =
          other?.run === run && approval.tier === 'T1' && canonical(approval) === canonical(other.approval);
        return other === undefined || isItsOwn
          ? []
          : [
              {
                code: 'approval-replayed',
                where: path,
                message:
                  other.run === run
                    ? `run "${run}" used one approval twice`
                    : `runs "${other.run}" and "${run}" used one and the same approval`,
              },
            ];
      },
    ),
  );
}

/** Whether a kept plan has the digest that it is kept under. Pure. */
export const planProblem = (digest: string, plan: Plan): readonly AuditProblem[] =>
  plan.digest === digest && digestsFit(plan)
    ? []
    : [
        {
          code: 'plan-changed',
          where: `plan ${digest}`,
          message: `the kept plan of "${plan.name}" does not have this digest any more`,
        },
      ];

function planProblems(
  audit: readonly AuditRecord[],
  plans: AuditLogs['plans'],
  journals: readonly AuditedJournal[],
  whereOf: VerifyOptions['whereOf'],
  misfits?: readonly AuditProblem[],
): { readonly broken: readonly AuditProblem[]; readonly notes: readonly AuditProblem[] } {
  const broken = misfits ?? [...plans].flatMap(([digest, plan]) => planProblem(digest, plan));
  const ran = new Set(
    journals.flatMap(({ records }) => recordsOf(records ?? [], 'begin').map(({ plan }) => plan.digest)),
  );
  const lost = audit.flatMap((record): readonly AuditProblem[] =>
    record.kind === 'planned' && !plans.has(record.plan) && !ran.has(record.plan)
      ? [
          {
            code: 'plan-not-kept',
            where: whereOf(record.seq),
            message: `the plan ${record.plan} of "${record.name}" is not in the store`,
          },
        ]
      : [],
  );
  return { broken, notes: lost };
}

import type { Approval } from '../../src/domain/approval.ts';
import type { AuditEntry, AuditRecord } from '../../src/domain/records/audit.ts';
import { lossPhrase, needed } from '../../src/domain/confirmation.ts';
import type { JournalEntry, JournalRecord } from '../../src/domain/records/journal.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { UsedMark } from '../../src/domain/records/plan-archive.ts';
import type { AuditedJournal } from '../../src/audit/view.ts';
import { chainRoot, lineDigest, markOf, type VerifiedLogs } from '../../src/audit/verify.ts';
import { dependencyDigests, planDigest, stepDigest } from '../../src/plan/steps/digests.ts';
import type { Step } from '../../src/domain/plan.ts';
import { samplePlan } from './sample-plan.ts';

/** A sample plan whose digests are what its contents say. */
export function digestedPlan(steps?: readonly Step[], over: Partial<Plan> = {}): Plan {
  const plan = samplePlan(steps, over);
  const known = new Map<string, string>();
  const whole = plan.steps.map((step) => {
    const digest = stepDigest(step, plan.target, dependencyDigests(step, known));
    known.set(step.id, digest);
    return { ...step, digest };
  });
  return { ...plan, steps: whole, digest: planDigest({ ...plan, steps: whole }) };
}

/** Puts entries into a chain, one second apart from `from` on. */
export function chained<Entry extends object>(
  entries: readonly Entry[],
  from: string,
): (Entry & { seq: number; prev: string; at: string })[] {
  let prev = chainRoot;
  return entries.map((entry, index) => {
    const record = { seq: index + 1, prev, at: new Date(Date.parse(from) + index * 1000).toISOString(), ...entry };
    prev = lineDigest(record as unknown as JournalRecord);
    return record;
  });
}

export const nonceOf = (number: number): string => String(number).padStart(32, '0');

/** A whole approval of a plan, as a person would give it. */
export const approvalFor = (plan: Plan, nonce = nonceOf(1), at = plan.createdAt): Approval => ({
  format: 'aiplan/approval@1',
  planDigest: plan.digest,
  planName: plan.name,
  target: { account: plan.target.account, region: plan.target.region, endpoint: plan.target.endpoint },
  nonce,
  createdAt: at,
  expiresAt: new Date(Date.parse(at) + 3_600_000).toISOString(),
  tier: 'T0',
  by: 'ada',
  confirmations: needed(plan).confirmations.map((step) => ({
    step: step.id,
    stepDigest: step.digest,
    typed: step.confirm ?? '',
    shown: `sha256:${'1'.repeat(64)}`,
    typedLoss: lossPhrase(step),
    at,
  })),
  typedName: needed(plan).name ? plan.name : null,
});

export interface SampleRun {
  readonly run: string;
  readonly plan: Plan;
  readonly approval: Approval;
  readonly entries: readonly JournalEntry[];
}

/** What a run of a plan journals: every declared call of every step, answered with a request id of its own. */
export function sampleRun(plan: Plan, number = 1): SampleRun {
  const run = `20260226-2315${String(number).padStart(2, '0')}-a1b2`;
  const approval = approvalFor(plan, nonceOf(number));
  let call = 0;
  const entries: JournalEntry[] = [
    { kind: 'begin', format: 'aiplan/journal@1', run, command: 'apply', target: plan.target, plan, approval },
    { kind: 'phase', phase: 'change' },
    ...plan.steps
      .filter(({ action }) => action !== 'keep')
      .flatMap((step): JournalEntry[] => [
        { kind: 'step', step: step.id, state: 'started', identity: step.identity, after: null, message: null },
        ...step.calls.flatMap((name): JournalEntry[] => {
          const [service, operation] = name.split(':') as ['ec2', string];
          call += 1;
          return [
            {
              kind: 'intent',
              step: step.id,
              call,
              purpose: 'change',
              declared: {
                service,
                operation,
                input: { Id: step.identity ?? step.id, MasterUserPassword: 'canary-password' },
                identity: step.identity ?? step.id,
                retry: 'absolute',
                purpose: `do ${operation}`,
              },
            },
            {
              kind: 'outcome',
              step: step.id,
              call,
              ok: true,
              requestId: `request-${number}-${call}`,
              milliseconds: 1234,
              answer: {},
            },
          ];
        }),
        { kind: 'step', step: step.id, state: 'done', identity: step.identity, after: null, message: null },
      ]),
    { kind: 'end', outcome: 'done', message: null },
  ];
  return { run, plan, approval, entries };
}

const actor = { by: 'ada', host: 'laptop' } as const;

/** The audit log and the journals of some runs, all of it as aiplan writes it. */
export function sampleLogs(
  runs: readonly SampleRun[],
  more: readonly AuditEntry[] = [],
): VerifiedLogs & {
  readonly audit: AuditRecord[];
  readonly journals: { run: string; path: string; records: JournalRecord[]; problem: null }[];
} {
  const journals = runs.map(({ run, entries }, index) => ({
    run,
    path: `/store/runs/${run}/journal.jsonl`,
    records: chained(entries, `2026-02-26T23:1${5 + index}:10.000Z`) as JournalRecord[],
    problem: null,
  }));
  const entries: AuditEntry[] = runs.flatMap(({ run, plan, approval }, index): AuditEntry[] => {
    const records = journals[index]?.records ?? [];
    return [
      {
        kind: 'planned',
        ...actor,
        target: plan.target,
        plan: plan.digest,
        name: plan.name,
        claims: plan.author,
        steps: plan.steps.length,
        blocked: 0,
      },
      {
        kind: 'reviewed',
        ...actor,
        target: plan.target,
        plan: plan.digest,
        name: plan.name,
        tier: approval.tier,
        decision: 'approved',
        why: 'typed',
        rejected: [],
        confirmations: approval.confirmations,
        typedName: approval.typedName,
        approver: approval.by,
        nonce: approval.nonce,
      },
      {
        kind: 'run-began',
        ...actor,
        target: plan.target,
        run,
        command: 'apply',
        plan: plan.digest,
        journal: markOf(records.slice(0, 1)),
      },
      { kind: 'run-ended', ...actor, target: plan.target, run, outcome: 'done', journal: markOf(records) },
    ];
  });
  return {
    audit: chained([...entries, ...more], '2026-02-26T23:15:00.000Z') as AuditRecord[],
    journals,
    plans: new Map(runs.map(({ plan }) => [plan.digest, plan])),
    approvals: new Map(),
    marks: marksOf(runs),
    settled: [],
    rewritten: { objects: [], problem: null },
  };
}

/** The marks that runs leave; an approval is marked by the first that uses it. */
export const marksOf = (runs: readonly Pick<SampleRun, 'run' | 'approval'>[]): readonly UsedMark[] => [
  ...runs.map(({ run }): UsedMark => ({ of: 'plan', name: run, path: `/store/applied/${run}.json`, run })),
  ...[...new Map(runs.toReversed().map(({ run, approval }) => [approval.nonce, run]))].map(
    ([nonce, run]): UsedMark => ({ of: 'approval', name: nonce, path: `/store/spent/${nonce}.json`, run }),
  ),
];

/** A journal whose records are others, chained again so that its own chain fits. */
export const rechained = (
  journal: AuditedJournal,
  change: (entries: JournalEntry[]) => readonly JournalEntry[],
): AuditedJournal => {
  const entries = (journal.records ?? []).map(({ seq: _seq, prev: _prev, at: _at, ...entry }) => entry as JournalEntry);
  return {
    run: journal.run,
    path: journal.path,
    records: chained(change(entries), journal.records?.[0]?.at ?? '2026-02-26T23:15:10.000Z') as JournalRecord[],
    problem: null,
  };
};

import { describe, expect, it } from '@jest/globals';
import type { AuditEntry, AuditRecord } from '../../src/model/audit.ts';
import type { JournalEntry } from '../../src/model/journal.ts';
import type { AuditLogs } from '../../src/engine/audit-view.ts';
import { chainRoot, lineDigest, verifyAudit, type VerifyOptions } from '../../src/engine/audit-verify.ts';
import { chained, digestedPlan, nonceOf, rechained, sampleLogs, sampleRun } from '../helpers/audit-samples.ts';
import { deleteDatabase } from '../helpers/sample-plan.ts';

const whereOf = (seq: number): string => `/store/audit/${seq}`;
const plan = digestedPlan();
const other = digestedPlan([deleteDatabase], { name: 'another' });
const logs = sampleLogs([sampleRun(plan, 1), sampleRun(other, 2)]);
const verify = (given: AuditLogs, options: Partial<VerifyOptions> = {}) => verifyAudit(given, { whereOf, ...options });
const found = (given: AuditLogs, options?: Partial<VerifyOptions>): readonly string[] => verify(given, options).broken.map(({ code, where }) => `${code} ${where.replace(/^\/store\//u, '')}`);
/** The logs with the first journal changed as somebody would who can compute a chain. */
const forged = (change: (entries: JournalEntry[]) => readonly JournalEntry[]): AuditLogs => ({ ...logs, journals: [rechained(logs.journals[0]!, change), logs.journals[1]!] });
/** The logs with the audit log changed likewise. */
const retold = (change: (entries: AuditEntry[]) => readonly AuditEntry[], from = logs): AuditLogs =>
  ({ ...from, audit: chained(change(from.audit.map(({ seq: _seq, prev: _prev, at: _at, ...entry }) => entry as AuditEntry)), '2026-02-26T23:15:00.000Z') as AuditRecord[] });
const first = logs.journals[0]!.path.replace('/store/', '');

describe('audit verify', () => {
  it('finds nothing where nothing is wrong', () => {
    const verdict = verify(logs);
    expect(verdict).toMatchObject({ broken: [], notes: [], records: 8, runs: 2, calls: 6, plans: 2 });
    expect(verdict.head).toBe(lineDigest(logs.audit.at(-1)!));
    expect(verify({ audit: [], journals: [], plans: new Map() })).toMatchObject({ broken: [], head: chainRoot });
  });

  it.each<[string, (audit: AuditRecord[]) => AuditRecord[], string]>([
    ['a changed record', (audit) => audit.with(1, { ...audit[1]!, by: 'mallory' }), 'audit-damaged audit/3'],
    ['a record taken out', (audit) => audit.toSpliced(2, 1), 'audit-damaged audit/3'],
    ['two swapped', (audit) => audit.with(4, audit[5]!).with(5, audit[4]!), 'audit-damaged audit/5'],
    ['a beginning cut off', (audit) => audit.slice(1), 'audit-damaged audit/1'],
  ])('says where the chain breaks: %s', (_what, change, place) => {
    expect(found({ ...logs, audit: change([...logs.audit]) })).toContain(place);
  });

  it('cannot see a cut end by itself, and sees it with the head that was noted', () => {
    const head = lineDigest(logs.audit.at(-1)!);
    // A review that nothing came of is the last record; without it everything still fits.
    const more = sampleLogs([sampleRun(plan, 1)], [{ kind: 'refused', by: 'ada', host: 'laptop', target: plan.target, plan: plan.digest, code: 'plan-blocked', message: 'blocked' }]);
    const noted = lineDigest(more.audit.at(-1)!);
    const cut = { ...more, audit: more.audit.slice(0, -1) };
    expect(found(cut)).toEqual([]);
    expect(found(cut, { expectHead: noted })).toEqual(['audit-cut audit/4']);
    expect(found(more, { expectHead: noted })).toEqual([]);
    // The log may have grown since, and must not have become another one.
    expect(found(logs, { expectHead: lineDigest(logs.audit[3]!) })).toEqual([]);
    expect(found(retold((entries) => entries.with(0, { ...entries[0]!, by: 'mallory' })), { expectHead: head })).toEqual(['audit-cut audit/8']);
  });

  it('sees that a journal is gone, cut, changed, grown, or not told of', () => {
    expect(found({ ...logs, journals: logs.journals.slice(1) })).toEqual(['journal-missing audit/3']);
    const [journal] = logs.journals;
    const count = journal!.records.length;
    expect(found(forged((entries) => entries.slice(0, -3)))).toEqual([`journal-cut ${first}, record ${count - 2}`]);
    expect(found(forged((entries) => entries.map((entry) => (entry.kind === 'outcome' && entry.ok ? { ...entry, requestId: 'request-9' } : entry))))).toEqual([`journal-changed ${first}, record ${count}`]);
    expect(found(forged((entries) => [...entries, { kind: 'finding', step: null, code: 'x', message: 'added later' }]))).toEqual([`journal-grew ${first}, record ${count + 1}`]);
    expect(found({ ...logs, audit: logs.audit.slice(0, 4) })).toEqual(['journal-unknown runs/20260226-231502-a1b2/journal.jsonl, record 1']);
  });

  it('tells what cannot be read, and goes on with the rest', () => {
    const damaged = { run: 'x', path: '/store/runs/x', records: null, problem: 'it is not JSON' } as const;
    expect(found({ ...logs, journals: [...logs.journals, damaged] })).toEqual(['journal-damaged runs/x']);
    const lost = { code: 'audit-damaged', where: '/store/audit/3', message: 'x' };
    expect(found({ ...logs, audit: [] }, { damaged: lost })).toEqual(['audit-damaged audit/3']);
  });

  it('computes every plan digest again', () => {
    const edited = { ...plan, steps: plan.steps.map((step) => ({ ...step, calls: [...step.calls, 'rds:DeleteDBCluster'] })) };
    expect(found({ ...logs, plans: new Map([...logs.plans, [plan.digest, edited]]) })).toEqual([`plan-changed plan ${plan.digest}`]);
    expect(found(forged((entries) => entries.map((entry) => (entry.kind === 'begin' ? { ...entry, plan: { ...entry.plan, changePlan: 'aiplan: 2\n' } } : entry))))).toEqual([
      `plan-changed ${first}, record 1`, `journal-changed ${first}, record 1`, `journal-changed ${first}, record ${logs.journals[0]!.records.length}`,
    ]);
    expect(verify({ ...logs, plans: new Map() }).notes).toEqual([]);
    expect(verify({ ...logs, plans: new Map(), journals: [] }).notes.map(({ code }) => code)).toEqual(['plan-not-kept', 'plan-not-kept']);
  });

  /** A whole forger: the journal, and the audit log's marks of it and review, all fit each other; only the contents do not. */
  const conspired = (change: (begin: Extract<JournalEntry, { kind: 'begin' }>) => object, review?: (entry: Extract<AuditEntry, { kind: 'reviewed' }>) => object): readonly string[] => {
    const run = sampleRun(plan, 1);
    const begin = run.entries[0] as Extract<JournalEntry, { kind: 'begin' }>;
    const changed = { ...begin, ...change(begin) };
    const made = sampleLogs([{ ...run, approval: changed.approval, entries: [changed, ...run.entries.slice(1)] }]);
    return found(review === undefined ? made : retold((entries) => entries.map((entry) => (entry.kind === 'reviewed' ? { ...entry, ...review(entry) } : entry)), made));
  };

  it('asks again what an approval has to be', () => {
    const place = `${first}, record 1`;
    expect(conspired(() => ({}))).toEqual([]);
    expect(conspired(({ approval }) => ({ approval: { ...approval, planDigest: other.digest } }))).toEqual([`approval-foreign ${place}`]);
    expect(conspired(({ approval }) => ({ approval: { ...approval, target: { ...approval.target, region: 'us-east-1' } } }))).toEqual([`approval-foreign ${place}`]);
    expect(conspired(({ approval }) => ({ approval: { ...approval, expiresAt: '2026-02-26T23:15:09.000Z' } }))).toEqual([`approval-expired ${place}`]);
    expect(conspired(({ approval }) => ({ approval: { ...approval, confirmations: approval.confirmations.slice(1) } }))).toEqual([`confirmation-missing ${place}`]);
    expect(conspired(({ approval }) => ({ approval: { ...approval, confirmations: approval.confirmations.map((one) => ({ ...one, typed: 'yes' })) } }))).toEqual([`confirmation-missing ${place}`, `confirmation-missing ${place}`]);
    expect(conspired(({ approval }) => ({ approval: { ...approval, confirmations: approval.confirmations.map((one) => ({ ...one, stepDigest: nonceOf(7) })) } }))).toEqual([`approval-foreign ${place}`, `approval-foreign ${place}`]);
    expect(conspired(({ approval }) => ({ approval: { ...approval, tier: 'none' } }))).toEqual([`confirmation-missing ${place}`]);
  });

  it('wants the review of each run in the log, before it, with the same confirmations', () => {
    expect(conspired(() => ({}), () => ({ nonce: nonceOf(9) }))).toEqual(['review-missing audit/3']);
    expect(conspired(() => ({}), () => ({ decision: 'declined' }))).toEqual(['review-missing audit/3']);
    expect(conspired(() => ({}), ({ confirmations }) => ({ confirmations: confirmations.map((one) => ({ ...one, shown: `sha256:${'2'.repeat(64)}` })) }))).toEqual(['review-differs audit/2']);
    expect(conspired(() => ({}), () => ({ approver: 'mallory' }))).toEqual(['review-differs audit/2']);
    const late = retold((entries) => [entries[0]!, entries[2]!, entries[1]!, ...entries.slice(3)]);
    expect(found(late)).toEqual(['review-missing audit/2']);
    expect(found(retold((entries) => entries.map((entry) => (entry.kind === 'run-began' && entry.plan === plan.digest ? { ...entry, plan: other.digest } : entry))))).toEqual(['plan-differs audit/3']);
  });

  it('sees an approval that was used twice', () => {
    const twice = sampleRun(plan, 1);
    expect(found(sampleLogs([twice, { ...twice, run: '20260226-231509-ffff', entries: twice.entries.map((entry) => (entry.kind === 'begin' ? { ...entry, run: '20260226-231509-ffff' } : entry)) }]))).toEqual(['approval-replayed runs/20260226-231509-ffff/journal.jsonl']);
  });

  it('sees calls that nobody confirmed', () => {
    const run = sampleRun(plan, 1);
    const place = run.entries.findIndex((entry) => entry.kind === 'intent');
    const swap = (declared: object, step?: string): readonly string[] => found(sampleLogs([{ ...run, entries: run.entries.map((entry, index) => (index === place && entry.kind === 'intent' ? { ...entry, ...(step === undefined ? {} : { step }), declared: { ...entry.declared, ...declared } } : entry)) }]));
    expect(swap({})).toEqual([]);
    expect(swap({ operation: 'DeleteBucket' })).toEqual([`call-undeclared ${first}, record ${place + 1}`]);
    expect(swap({}, 'Stranger')).toEqual([`call-undeclared ${first}, record ${place + 1}`]);
  });

  describe('a run that a person went on with', () => {
    const run = sampleRun(plan, 1);
    const resumed = (told: boolean, nonce = nonceOf(5), tier: 'T0' | 'T1' = 'T0'): AuditLogs => {
      const own = { ...run.approval, tier };
      const half = run.entries.slice(0, 8).map((entry) => (entry.kind === 'begin' ? { ...entry, approval: own } : entry));
      const approval = { ...own, nonce };
      const rest = run.entries.slice(8);
      const entries: JournalEntry[] = [...half, { kind: 'resumed', session: 2, by: 'grace', host: 'desk', pid: 1, remaining: plan.digest, approval, settled: [] }, ...rest];
      const made = sampleLogs([{ ...run, approval: own, entries }]);
      const actor = { by: 'grace', host: 'desk' } as const;
      const records = made.journals[0]!.records;
      return retold(([planned, reviewed, began, ended]) => [
        planned!, reviewed!, began!,
        ...(told ? [
          { ...(reviewed as Extract<AuditEntry, { kind: 'reviewed' }>), ...actor, nonce, approver: approval.by },
          { kind: 'run-began', ...actor, target: plan.target, run: run.run, command: 'resume', plan: plan.digest, journal: { records: half.length + 1, head: lineDigest(records[half.length]!) } } as const,
        ] : []),
        ended!,
      ], made);
    };
    it('needs its own approval, review and word in the audit log', () => {
      expect(found(resumed(true))).toEqual([]);
      expect(found(resumed(false))).toEqual([`journal-unknown ${first}, record 9`]);
      expect(found(resumed(true, run.approval.nonce))).toContain(`approval-replayed ${first}`);
      // But for the signed one of the run itself, which counts for what is left of it.
      expect(found(resumed(true, run.approval.nonce, 'T1'))).toEqual([]);
    });
  });

  it('leaves open runs and torn ends as notes', () => {
    const open = sampleRun(plan, 1);
    const made = sampleLogs([{ ...open, entries: open.entries.slice(0, -1) }]);
    const without = retold((entries) => entries.slice(0, 3), made);
    expect(verify(without)).toMatchObject({ broken: [], notes: [{ code: 'run-open' }] });
    // A full disk between the beginning of the journal and the audit log: nothing was sent.
    const untold = sampleLogs([{ ...open, entries: open.entries.slice(0, 1) }]);
    expect(verify({ ...untold, audit: untold.audit.slice(0, 2) })).toMatchObject({ broken: [], notes: [{ code: 'nothing-sent' }] });
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Approval } from '../../src/domain/approval.ts';
import type { AuditEntry, AuditRecord } from '../../src/domain/records/audit.ts';
import type { RunWitness } from '../../src/domain/records/audit-report.ts';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import { witnessed, witnessProblems } from '../../src/audit/witness.ts';
import { chainRoot, lineDigest, verifyAudit, type VerifiedLogs, type VerifyOptions } from '../../src/audit/verify.ts';
import { chained, digestedPlan, marksOf, nonceOf, rechained, sampleLogs, sampleRun } from '../helpers/audit-samples.ts';
import { createBucket, deleteDatabase } from '../helpers/sample-plan.ts';

const whereOf = (seq: number): string => `/store/audit/${seq}`;
const plan = digestedPlan();
const other = digestedPlan([deleteDatabase], { name: 'another' });
const logs = sampleLogs([sampleRun(plan, 1), sampleRun(other, 2)]);
const verify = (given: VerifiedLogs, options: Partial<VerifyOptions> = {}) =>
  verifyAudit(given, {
    whereOf,
    approvalPlace: (nonce) => `/store/approvals/${nonce}.json`,
    settledPlace: (run) => `/store/settled/${run}`,
    ...options,
  });
const found = (given: VerifiedLogs, options?: Partial<VerifyOptions>): readonly string[] =>
  verify(given, options).broken.map(({ code, where }) => `${code} ${where.replace(/^\/store\//u, '')}`);
/** The logs with the first journal changed as somebody would who can compute a chain. */
const forged = (change: (entries: JournalEntry[]) => readonly JournalEntry[]): VerifiedLogs => ({
  ...logs,
  journals: [rechained(logs.journals[0]!, change), logs.journals[1]!],
});
/** The logs with the audit log changed likewise. */
const retold = (change: (entries: AuditEntry[]) => readonly AuditEntry[], from = logs): VerifiedLogs => ({
  ...from,
  audit: chained(
    change(from.audit.map(({ seq: _seq, prev: _prev, at: _at, ...entry }) => entry as AuditEntry)),
    '2026-02-26T23:15:00.000Z',
  ) as AuditRecord[],
});
const first = logs.journals[0]!.path.replace('/store/', '');

describe('audit verify', () => {
  it('finds nothing where nothing is wrong', () => {
    const verdict = verify(logs);
    expect(verdict).toMatchObject({ broken: [], notes: [], records: 8, runs: 2, calls: 6, plans: 2 });
    expect(verdict.head).toBe(lineDigest(logs.audit.at(-1)!));
    expect(
      verify({
        audit: [],
        journals: [],
        plans: new Map(),
        approvals: new Map(),
        marks: [],
        settled: [],
        rewritten: { objects: [], problem: null },
      }),
    ).toMatchObject({ broken: [], head: chainRoot });
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
    const more = sampleLogs(
      [sampleRun(plan, 1)],
      [
        {
          kind: 'refused',
          by: 'ada',
          host: 'laptop',
          target: plan.target,
          plan: plan.digest,
          code: 'plan-blocked',
          message: 'blocked',
        },
      ],
    );
    const noted = lineDigest(more.audit.at(-1)!);
    const cut = { ...more, audit: more.audit.slice(0, -1) };
    expect(found(cut)).toEqual([]);
    expect(found(cut, { expectHead: noted })).toEqual(['audit-cut audit/4']);
    expect(found(more, { expectHead: noted })).toEqual([]);
    // The log may have grown since, and must not have become another one.
    expect(found(logs, { expectHead: lineDigest(logs.audit[3]!) })).toEqual([]);
    expect(
      found(
        retold((entries) => entries.with(0, { ...entries[0]!, by: 'mallory' })),
        { expectHead: head },
      ),
    ).toEqual(['audit-cut audit/8']);
  });

  it('sees that a journal is gone, cut, changed, grown, or not told of', () => {
    expect(found({ ...logs, journals: logs.journals.slice(1) })).toEqual(['journal-missing audit/3']);
    const [journal] = logs.journals;
    const count = journal!.records.length;
    expect(found(forged((entries) => entries.slice(0, -3)))).toEqual([`journal-cut ${first}, record ${count - 2}`]);
    expect(
      found(
        forged((entries) =>
          entries.map((entry) => (entry.kind === 'outcome' && entry.ok ? { ...entry, requestId: 'request-9' } : entry)),
        ),
      ),
    ).toEqual([`journal-changed ${first}, record ${count}`]);
    expect(
      found(forged((entries) => [...entries, { kind: 'finding', step: null, code: 'x', message: 'added later' }])),
    ).toEqual([`journal-grew ${first}, record ${count + 1}`]);
    expect(found({ ...logs, audit: logs.audit.slice(0, 4) })).toEqual([
      'journal-unknown runs/20260226-231502-a1b2/journal.jsonl, record 1',
    ]);
  });

  it('tells what cannot be read, and continues the rest', () => {
    const damaged = { run: 'x', path: '/store/runs/x', records: null, problem: 'it is not JSON' } as const;
    expect(found({ ...logs, journals: [...logs.journals, damaged] })).toEqual(['journal-damaged runs/x']);
    const lost = { code: 'audit-damaged', where: '/store/audit/3', message: 'x' };
    expect(found({ ...logs, audit: [] }, { damaged: [lost] })).toEqual(['audit-damaged audit/3']);
  });

  it('computes every plan digest again', () => {
    const edited = {
      ...plan,
      steps: plan.steps.map((step) => ({ ...step, calls: [...step.calls, 'rds:DeleteDBCluster'] })),
    };
    expect(found({ ...logs, plans: new Map([...logs.plans, [plan.digest, edited]]) })).toEqual([
      `plan-changed plan ${plan.digest}`,
    ]);
    expect(
      found(
        forged((entries) =>
          entries.map((entry) =>
            entry.kind === 'begin' ? { ...entry, plan: { ...entry.plan, changePlan: 'aiplan: 2\n' } } : entry,
          ),
        ),
      ),
    ).toEqual([
      `plan-changed ${first}, record 1`,
      `journal-changed ${first}, record 1`,
      `journal-changed ${first}, record ${logs.journals[0]!.records.length}`,
    ]);
    expect(verify({ ...logs, plans: new Map() }).notes).toEqual([]);
    expect(verify({ ...logs, plans: new Map(), journals: [] }).notes.map(({ code }) => code)).toEqual([
      'plan-not-kept',
      'plan-not-kept',
    ]);
  });

  /**
   * A whole forger: the journal, and the audit log's marks of it and review, all fit each other; only the contents do
   * not.
   */
  const conspired = (
    change: (begin: Extract<JournalEntry, { kind: 'begin' }>) => object,
    review?: (entry: Extract<AuditEntry, { kind: 'reviewed' }>) => object,
  ): readonly string[] => {
    const run = sampleRun(plan, 1);
    const begin = run.entries[0] as Extract<JournalEntry, { kind: 'begin' }>;
    const changed = { ...begin, ...change(begin) };
    const made = sampleLogs([{ ...run, approval: changed.approval, entries: [changed, ...run.entries.slice(1)] }]);
    return found(
      review === undefined
        ? made
        : retold(
            (entries) => entries.map((entry) => (entry.kind === 'reviewed' ? { ...entry, ...review(entry) } : entry)),
            made,
          ),
    );
  };

  it('asks again what an approval has to be', () => {
    const place = `${first}, record 1`;
    expect(conspired(() => ({}))).toEqual([]);
    expect(conspired(({ approval }) => ({ approval: { ...approval, planDigest: other.digest } }))).toEqual([
      `approval-foreign ${place}`,
    ]);
    expect(
      conspired(({ approval }) => ({ approval: { ...approval, target: { ...approval.target, region: 'us-east-1' } } })),
    ).toEqual([`approval-foreign ${place}`]);
    expect(conspired(({ approval }) => ({ approval: { ...approval, expiresAt: '2026-02-26T23:15:09.000Z' } }))).toEqual(
      [`approval-expired ${place}`],
    );
    expect(
      conspired(({ approval }) => ({ approval: { ...approval, confirmations: approval.confirmations.slice(1) } })),
    ).toEqual([`confirmation-missing ${place}`]);
    expect(
      conspired(({ approval }) => ({
        approval: { ...approval, confirmations: approval.confirmations.map((one) => ({ ...one, typed: 'yes' })) },
      })),
    ).toEqual([`confirmation-missing ${place}`, `confirmation-missing ${place}`]);
    expect(
      conspired(({ approval }) => ({
        approval: {
          ...approval,
          confirmations: approval.confirmations.map((one) => ({ ...one, stepDigest: nonceOf(7) })),
        },
      })),
    ).toEqual([`approval-foreign ${place}`, `approval-foreign ${place}`]);
    expect(conspired(({ approval }) => ({ approval: { ...approval, tier: 'none' } }))).toEqual([
      `confirmation-missing ${place}`,
    ]);
  });

  it('wants the review of each run in the log, before it, with the same confirmations', () => {
    expect(
      conspired(
        () => ({}),
        () => ({ nonce: nonceOf(9) }),
      ),
    ).toEqual(['review-missing audit/3']);
    expect(
      conspired(
        () => ({}),
        () => ({ decision: 'declined' }),
      ),
    ).toEqual(['review-missing audit/3']);
    expect(
      conspired(
        () => ({}),
        ({ confirmations }) => ({
          confirmations: confirmations.map((one) => ({ ...one, shown: `sha256:${'2'.repeat(64)}` })),
        }),
      ),
    ).toEqual(['review-differs audit/2']);
    expect(
      conspired(
        () => ({}),
        () => ({ approver: 'mallory' }),
      ),
    ).toEqual(['review-differs audit/2']);
    const late = retold((entries) => [entries[0]!, entries[2]!, entries[1]!, ...entries.slice(3)]);
    expect(found(late)).toEqual(['review-missing audit/2']);
    expect(
      found(
        retold((entries) =>
          entries.map((entry) =>
            entry.kind === 'run-began' && entry.plan === plan.digest ? { ...entry, plan: other.digest } : entry,
          ),
        ),
      ),
    ).toEqual(['plan-differs audit/3']);
  });

  it('sees an approval that was used twice', () => {
    const twice = sampleRun(plan, 1);
    expect(
      found(
        sampleLogs([
          twice,
          {
            ...twice,
            run: '20260226-231509-ffff',
            entries: twice.entries.map((entry) =>
              entry.kind === 'begin' ? { ...entry, run: '20260226-231509-ffff' } : entry,
            ),
          },
        ]),
      ),
    ).toEqual(['approval-replayed runs/20260226-231509-ffff/journal.jsonl']);
  });

  it('sees calls that nobody confirmed', () => {
    const run = sampleRun(plan, 1);
    const place = run.entries.findIndex((entry) => entry.kind === 'intent');
    const swap = (declared: object, step?: string): readonly string[] =>
      found(
        sampleLogs([
          {
            ...run,
            entries: run.entries.map((entry, index) =>
              index === place && entry.kind === 'intent'
                ? { ...entry, ...(step === undefined ? {} : { step }), declared: { ...entry.declared, ...declared } }
                : entry,
            ),
          },
        ]),
      );
    expect(swap({})).toEqual([]);
    expect(swap({ operation: 'DeleteBucket' })).toEqual([`call-undeclared ${first}, record ${place + 1}`]);
    expect(swap({}, 'Stranger')).toEqual([`call-undeclared ${first}, record ${place + 1}`]);
  });

  describe('a run that a person went on with', () => {
    const run = sampleRun(plan, 1);
    /** Signed ones as the store keeps them, their signatures found to be good. */
    const keptOf = (...approvals: readonly Approval[]): VerifiedLogs['approvals'] =>
      new Map(
        approvals
          .filter(({ tier }) => tier === 'T1')
          .map((approval) => [
            approval.nonce,
            {
              path: `/store/approvals/${approval.nonce}.json`,
              digest: nonceOf(3),
              signed: { format: 'aiplan/signed-approval@1', approval, signature: 's' },
              problem: null,
              key: 'SHA256:x',
              check: 'good',
              allowedNow: true,
            },
          ]),
      );
    const resumed = (told: boolean, nonce = nonceOf(5), tier: 'T0' | 'T1' = 'T0'): VerifiedLogs => {
      const own = { ...run.approval, tier };
      const half = run.entries
        .slice(0, 8)
        .map((entry) => (entry.kind === 'begin' ? { ...entry, approval: own } : entry));
      const approval = { ...own, nonce };
      const rest = run.entries.slice(8);
      const entries: JournalEntry[] = [
        ...half,
        {
          kind: 'resumed',
          session: 2,
          by: 'grace',
          host: 'desk',
          pid: 1,
          remaining: plan.digest,
          approval,
          settled: [],
        },
        ...rest,
      ];
      const made = {
        ...sampleLogs([{ ...run, approval: own, entries }]),
        marks: marksOf([
          { ...run, approval: own },
          { ...run, approval },
        ]),
        approvals: keptOf(own, approval),
      };
      const actor = { by: 'grace', host: 'desk' } as const;
      const records = made.journals[0]!.records;
      return retold(
        ([planned, reviewed, began, ended]) => [
          planned!,
          reviewed!,
          began!,
          ...(told
            ? [
                { ...(reviewed as Extract<AuditEntry, { kind: 'reviewed' }>), ...actor, nonce, approver: approval.by },
                {
                  kind: 'run-began',
                  ...actor,
                  target: plan.target,
                  run: run.run,
                  command: 'resume',
                  plan: plan.digest,
                  journal: { records: half.length + 1, head: lineDigest(records[half.length]!) },
                } as const,
              ]
            : []),
          ended!,
        ],
        made,
      );
    };
    it('needs its own approval, review and word in the audit log', () => {
      expect(found(resumed(true))).toEqual([]);
      expect(found(resumed(false))).toEqual([`journal-unknown ${first}, record 9`]);
      expect(found(resumed(true, run.approval.nonce))).toContain(`approval-replayed ${first}`);
      // But for the signed one of the run itself, which counts for what is left of it.
      expect(found(resumed(true, run.approval.nonce, 'T1'))).toEqual([]);
    });
  });

  describe('with witnesses beside the log', () => {
    const [one, two] = [sampleRun(plan, 1), sampleRun(other, 2)];
    const last = two.run;
    /** Everything of the second run taken away but for what is named. */
    const hidden = (left: Partial<VerifiedLogs>): VerifiedLogs => ({ ...sampleLogs([one]), ...left });
    const codes = (given: VerifiedLogs): readonly (readonly string[])[] => {
      const { broken, notes } = verify(given);
      return [broken.map(({ code }) => code), notes.map(({ code }) => code)];
    };

    it('cannot see a run of which nothing is left here, and sees it by each thing that is', () => {
      expect(codes(hidden({}))).toEqual([[], []]);
      const { marks } = logs;
      expect(codes(hidden({ marks }))).toEqual([['mark-unknown'], ['run-unknown']]);
      expect(codes(hidden({ marks: marks.filter(({ of, run }) => run !== last || of === 'plan') }))).toEqual([
        [],
        ['run-unknown'],
      ]);
      const gaveFree = marks
        .filter(({ of, run }) => run !== last || of === 'plan')
        .map((mark) => (mark.run === last ? { ...mark, released: true as const } : mark));
      expect(verify(hidden({ marks: gaveFree })).notes.map(({ message }) => message)).toEqual([
        expect.stringContaining('gave its plan free again'),
      ]);
      expect(
        codes(hidden({ settled: [{ run: last, how: 'done', at: null, planName: null, rollbackOf: null }] })),
      ).toEqual([['run-missing'], []]);
      expect(
        codes(
          hidden({
            rewritten: {
              objects: [{ path: 's3://store/audit/5', how: 'deleted', at: '2026-02-26T23:30:00.000Z' }],
              problem: null,
            },
          }),
        ),
      ).toEqual([['object-deleted'], []]);
      const three = [1, 2, 3].map(
        (number) =>
          ({ path: `s3://store/runs/x/${number}`, how: 'deleted', at: `2026-02-26T23:30:0${number}.000Z` }) as const,
      );
      expect(verify(hidden({ rewritten: { objects: three, problem: null } })).broken).toEqual([
        {
          code: 'object-deleted',
          where: 's3://store/runs/x/1',
          message:
            'this and 2 more here are written once, and were deleted, the last at 2026-02-26T23:30:03.000Z; their earlier versions are still there',
        },
      ]);
      expect(codes(hidden({ rewritten: { objects: [], problem: 'AccessDenied' } }))).toEqual([[], ['versions-unread']]);
      // Stopped between its approval and its beginning: the review is there, and that is no break.
      expect(codes({ ...logs, journals: logs.journals.slice(0, 1), audit: logs.audit.slice(0, 6) })).toEqual([
        [],
        ['run-unknown'],
      ]);
      expect(
        codes({
          audit: [],
          journals: [],
          plans: new Map(),
          approvals: new Map(),
          marks: [],
          settled: [],
          rewritten: { objects: [], problem: null },
        }),
      ).toEqual([[], ['log-empty']]);
    });

    it('wants the marks of what was used, each with the run that used it', () => {
      const marked = (change: (mark: VerifiedLogs['marks'][number]) => VerifiedLogs['marks']): VerifiedLogs => ({
        ...logs,
        marks: logs.marks.flatMap(change),
      });
      expect(codes(marked(() => []))).toEqual([['mark-missing', 'mark-missing', 'mark-missing', 'mark-missing'], []]);
      expect(codes(marked((mark) => (mark.of === 'plan' && mark.run === last ? [] : [mark])))).toEqual([
        ['mark-missing'],
        [],
      ]);
      expect(
        codes(marked((mark) => [mark.of === 'approval' && mark.run === last ? { ...mark, run: null } : mark])),
      ).toEqual([['mark-damaged'], []]);
      expect(
        codes(marked((mark) => [mark.of === 'approval' && mark.run === last ? { ...mark, run: one.run } : mark])),
      ).toEqual([['approval-replayed'], []]);
    });

    it('sees by the head that a journal noted that the log was cut and went on, or was written anew', () => {
      const begin = two.entries[0] as Extract<JournalEntry, { kind: 'begin' }>;
      const noting = (auditHead: string) =>
        sampleLogs(
          [one, { ...two, entries: [{ ...begin, auditHead }, ...two.entries.slice(1)] }],
          [{ kind: 'refused', by: 'ada', host: 'laptop', target: null, plan: null, code: 'x', message: 'y' }],
        );
      const honest = noting(lineDigest(logs.audit[5]!));
      expect(verify(honest).broken).toEqual([]);
      expect(codes(noting(nonceOf(4)))[0]).toEqual(['audit-cut']);
      expect(found(retold((entries) => entries.with(0, { ...entries[0]!, by: 'mallory' }), honest))).toEqual([
        expect.stringMatching(/^audit-cut /u),
      ]);
    });

    it('asks for the tier, and for a yes, that the confirmed configuration wants', () => {
      const strict = digestedPlan([deleteDatabase], {
        name: 'strict',
        configuration: { minimumTier: 'T1', allowYes: false },
      });
      expect(codes(sampleLogs([sampleRun(strict, 1)]))[0]).toEqual(['approval-tier']);
      const easy = digestedPlan([createBucket], {
        name: 'easy',
        configuration: { minimumTier: 'T0', allowYes: false },
      });
      const run = sampleRun(easy, 1);
      const approval: Approval = { ...run.approval, tier: 'none' };
      expect(
        codes(
          sampleLogs([
            {
              ...run,
              approval,
              entries: run.entries.map((entry) => (entry.kind === 'begin' ? { ...entry, approval } : entry)),
            },
          ]),
        )[0],
      ).toEqual(['confirmation-missing']);
    });

    it('holds what the capture bucket knows of runs against the log and the journals', () => {
      const witness = (run: string, head: string, more: Partial<RunWitness> = {}): RunWitness => ({
        run,
        place: `s3://captures/${run}`,
        at: '2026-02-26T23:16:00.000Z',
        step: null,
        planName: 'another',
        journalHead: head,
        isWhole: true,
        isOverwritten: false,
        deletedAt: null,
        ...more,
      });
      const headOf = (which: number, record: number): string => lineDigest(logs.journals[which]!.records[record]!);
      const asked = (given: VerifiedLogs, ...witnesses: RunWitness[]): readonly string[] =>
        witnessProblems(
          witnesses,
          given.audit,
          given.journals.map((journal) => witnessed(journal, witnesses)),
        ).map(({ code }) => code);
      expect(asked(logs, witness(one.run, headOf(0, 2)), witness(last, headOf(1, 1)))).toEqual([]);
      // Said once of a run, however many manifests it left; and where the whole store is gone.
      expect(
        asked(hidden({}), witness(last, headOf(1, 1)), witness(last, headOf(1, 2), { step: 'CoursesDb' })),
      ).toEqual(['run-unlogged']);
      expect(
        asked({ ...logs, audit: [], journals: [] }, witness(one.run, headOf(0, 2)), witness(last, headOf(1, 1))),
      ).toEqual(['run-unlogged', 'run-unlogged']);
      expect(asked({ ...logs, journals: logs.journals.slice(0, 1) }, witness(last, headOf(1, 1)))).toEqual([
        'journal-missing',
      ]);
      // A journal whose chain, with the audit log's marks of it, was made anew.
      const anew = sampleLogs([
        one,
        {
          ...two,
          entries: two.entries.map((entry) => (entry.kind === 'begin' ? { ...entry, auditHead: nonceOf(1) } : entry)),
        },
      ]);
      expect(asked(anew, witness(last, headOf(1, 1)))).toEqual(['journal-differs']);
      expect(asked(logs, witness(last, nonceOf(1), { isWhole: false, journalHead: null }))).toEqual([
        'manifest-changed',
      ]);
      expect(
        asked(logs, witness(last, headOf(1, 1), { isOverwritten: true, deletedAt: '2026-02-27T00:00:00.000Z' })),
      ).toEqual(['manifest-changed', 'manifest-deleted']);
      expect(
        asked(
          { ...logs, journals: [logs.journals[0]!, { run: last, path: '/x', records: null, problem: 'x' }] },
          witness(last, headOf(1, 1)),
        ),
      ).toEqual([]);
    });
  });

  it('leaves open runs and torn ends as notes', () => {
    const open = sampleRun(plan, 1);
    const made = sampleLogs([{ ...open, entries: open.entries.slice(0, -1) }]);
    const without = retold((entries) => entries.slice(0, 3), made);
    expect(verify(without)).toMatchObject({ broken: [], notes: [{ code: 'run-open' }] });
    // A full disk between the beginning of the journal and the audit log: nothing was sent.
    const untold = sampleLogs([{ ...open, entries: open.entries.slice(0, 1) }]);
    expect(verify({ ...untold, audit: untold.audit.slice(0, 2) })).toMatchObject({
      broken: [],
      notes: [{ code: 'nothing-sent' }],
    });
  });
});

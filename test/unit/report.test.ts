import { describe, expect, it } from '@jest/globals';
import type { JournalEntry, JournalRecord } from '../../src/domain/records/journal.ts';
import type { Step } from '../../src/domain/plan.ts';
import { lateText } from '../../src/run/apply/apply-step.ts';
import { exitCodeOf, reportOf } from '../../src/history/journal-reading.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { doubtWords } from '../../src/recovery/resume/reconcile-sentences.ts';
import { journalRows } from '../../src/views/run/journal-rows.ts';
import { thinner } from '../../src/views/run/progress.ts';
import { failureRows } from '../../src/views/run/failure-rows.ts';
import { plainText } from '../../src/views/base/rows.ts';

const step = (id: string, more: Partial<Step> = {}): Step =>
  ({
    id,
    type: 'T',
    action: 'update',
    identity: id.toLowerCase(),
    leftovers: [`left of ${id}`],
    ...more,
  }) as unknown as Step;
const records = (
  steps: readonly Step[],
  entries: readonly JournalEntry[],
  command: 'apply' | 'rollback' = 'apply',
): readonly JournalRecord[] =>
  [{ kind: 'begin', run: 'r', command, plan: { name: 'move', steps } } as unknown as JournalEntry, ...entries].map(
    (entry, index) => ({ seq: index + 1, prev: '', at: new Date(index * 1_000).toISOString(), ...entry }),
  );
const state = (
  id: string,
  word: 'started' | 'done' | 'failed' | 'pending',
  message: string | null = null,
  identity: string | null = null,
): JournalEntry => ({ kind: 'step', step: id, state: word, identity, after: null, message });
const intent = (id: string, call: number, retry: 'token' | 'none' = 'none'): JournalEntry => ({
  kind: 'intent',
  step: id,
  call,
  purpose: 'change',
  declared: { service: 'ec2', operation: 'Run', input: {}, identity: 'x', retry, purpose: '' },
});
const lost = (id: string, call: number): JournalEntry => ({
  kind: 'outcome',
  step: id,
  call,
  ok: false,
  requestId: null,
  milliseconds: 1,
  code: 'x',
  message: '',
  executed: 'unknown',
});
const answered = (id: string, call: number): JournalEntry => ({
  kind: 'outcome',
  step: id,
  call,
  ok: true,
  requestId: null,
  milliseconds: 1,
  answer: {},
});
const stateOf = (entries: readonly JournalEntry[], more: Partial<Step> = {}): string =>
  reportOf(records([step('A', more)], entries)).steps[0]?.state ?? '';

describe('report', () => {
  it('tells the state of a step from its records alone', () => {
    expect(stateOf([])).toBe('not-started');
    expect(stateOf([], { action: 'keep' })).toBe('kept');
    expect(stateOf([state('A', 'started')])).toBe('open');
    expect(stateOf([state('A', 'started'), state('A', 'failed', 'no')])).toBe('failed');
    expect(stateOf([state('A', 'started'), state('A', 'pending')])).toBe('pending');
    expect(stateOf([state('A', 'started'), intent('A', 1), answered('A', 1), state('A', 'done')])).toBe('done');
  });

  it('lists the final snapshot of a database only where AWS has taken the deletion that makes it', () => {
    const captured: JournalEntry = {
      kind: 'captured',
      step: 'A',
      capture: {
        how: 'native',
        refs: { snapshot: 's', final: 's-final' },
        pointInTime: null,
        bytes: null,
        encrypted: null,
        extras: {},
      },
      verified: true,
      problems: [],
    };
    const removal: JournalEntry = {
      kind: 'intent',
      step: 'A',
      call: 1,
      purpose: 'change',
      declared: {
        service: 'rds',
        operation: 'DeleteDBInstance',
        input: { FinalDBSnapshotIdentifier: 's-final' },
        identity: 'x',
        retry: 'none',
        purpose: '',
      },
    };
    const refs = (...entries: JournalEntry[]): string =>
      reportOf(records([step('A')], [captured, ...entries])).captures[0]?.refs ?? '';
    expect([refs(), refs(removal), refs(removal, lost('A', 1)), refs(removal, answered('A', 1))]).toEqual([
      'snapshot=s',
      'snapshot=s',
      'snapshot=s',
      'snapshot=s, final=s-final',
    ]);
  });

  it('shows the refusal that ended this session, not one of the session before nor one that was overcome', () => {
    const refused = (id: string, call: number, code: string): JournalEntry => ({
      kind: 'outcome',
      step: id,
      call,
      ok: false,
      requestId: 'r',
      milliseconds: 1,
      code,
      message: 'no',
      executed: 'no',
    });
    const resumed = { kind: 'resumed', session: 2 } as unknown as JournalEntry;
    const said = (...entries: JournalEntry[]): string => {
      const all = records(
        [step('A'), step('B')],
        [...entries, { kind: 'end', outcome: 'failed', message: 'nothing answers' } as unknown as JournalEntry],
      );
      return (
        failureRows(reportOf(all), all)
          .map(plainText)
          .find((line) => line.includes('AWS says')) ?? 'nothing'
      );
    };
    expect(said(intent('A', 1), refused('A', 1, 'AccessDenied'))).toContain('AccessDenied');
    expect(said(intent('A', 1), refused('A', 1, 'AccessDenied'), resumed)).toBe('nothing');
    expect(
      said(intent('A', 1), refused('A', 1, 'AccessDenied'), resumed, intent('B', 2), refused('B', 2, 'Throttling')),
    ).toContain('Throttling');
    expect(said(intent('A', 1), refused('A', 1, 'Throttling'), intent('A', 2), answered('A', 2))).toBe('nothing');
  });

  it('calls doubt what has no answer, unless a resend with its token had one', () => {
    expect(stateOf([state('A', 'started'), intent('A', 1)])).toBe('doubt');
    expect(stateOf([state('A', 'started'), intent('A', 1), lost('A', 1), state('A', 'failed')])).toBe('doubt');
    expect(
      stateOf([
        state('A', 'started'),
        intent('A', 1, 'token'),
        lost('A', 1),
        intent('A', 2, 'token'),
        answered('A', 2),
      ]),
    ).toBe('open');
    expect(stateOf([state('A', 'started'), intent('A', 1, 'token'), lost('A', 1), intent('A', 2, 'token')])).toBe(
      'doubt',
    );
  });

  it('sums up: durations by phase, calls, leftovers of what was done, map, undo apart from findings', () => {
    const report = reportOf(
      records(
        [step('A', { action: 'delete' }), step('B', { action: 'create', identity: null })],
        [
          { kind: 'phase', phase: 'recheck' },
          { kind: 'phase', phase: 'change' },
          state('A', 'started'),
          intent('A', 1),
          answered('A', 1),
          state('A', 'done', null, 'a'),
          state('B', 'started'),
          state('B', 'started', null, 'b-1'),
          { kind: 'remapped', step: 'B', map: { old: 'b-1' } },
          { kind: 'finding', step: 'B', code: 'quiesce-undone', message: 'undone' },
          { kind: 'finding', step: 'B', code: 'verified-differently', message: 'Size' },
          {
            kind: 'captured',
            step: 'A',
            verified: true,
            problems: [],
            capture: {
              how: 'native',
              refs: { snapshot: 's-1', deep: {} },
              pointInTime: null,
              bytes: null,
              encrypted: null,
              extras: {},
            },
          },
          { kind: 'end', outcome: 'failed', message: 'why' },
        ],
      ),
    );
    expect(report).toMatchObject({
      run: 'r',
      outcome: 'failed',
      message: 'why',
      exitCode: 5,
      calls: 1,
      leftovers: ['left of A'],
      map: { old: 'b-1' },
      durations: { recheck: 1_000, change: 11_000 },
      undone: [{ step: 'B', text: 'undone' }],
      findings: [{ step: 'B', code: 'verified-differently', message: 'Size' }],
      captures: [{ step: 'A', how: 'native', verified: true, problems: [], refs: 'snapshot=s-1' }],
    });
    expect(report.steps).toMatchObject([
      { id: 'A', state: 'done', identity: 'a', milliseconds: 3_000 },
      { id: 'B', state: 'open', identity: 'b-1' },
    ]);
  });

  it('of a run without an end is open, and exit codes are those of DESIGN section 9', () => {
    expect(reportOf(records([], []))).toMatchObject({ outcome: 'open', endedAt: null, exitCode: 5 });
    expect(
      (['done', 'blocked', 'stale', 'failed', 'stopped', 'open'] as const).map((outcome) =>
        exitCodeOf(outcome, 'apply'),
      ),
    ).toEqual([0, 3, 4, 5, 5, 5]);
    expect((['done', 'blocked', 'stale', 'failed'] as const).map((outcome) => exitCodeOf(outcome, 'rollback'))).toEqual(
      [0, 6, 6, 6],
    );
  });

  it('of a rollback names the run that it takes back', () => {
    const [begin, ...rest] = records([], [], 'rollback');
    const plan = { name: 'undo-move', steps: [], rollbackOf: '20260226-230000-a1b2' };
    expect(reportOf([{ ...begin, plan } as unknown as JournalRecord, ...rest]).rollbackOf).toBe('20260226-230000-a1b2');
    expect(reportOf(records([], [])).rollbackOf).toBeNull();
  });

  it('needs a beginning', () => {
    expect(() => reportOf([])).toThrow('the journal has no beginning');
  });
});

it('a change that AWS has set and not put into effect is late, where the step made it', () => {
  const after = { inactive: { DBParameterGroupName: 'pending-reboot' } } as unknown as LiveResource;
  expect(lateText([], after, ['DBParameterGroupName'], 'now')).toBe(
    'DBParameterGroupName is set and not in effect: AWS says "pending-reboot"',
  );
  expect(lateText([], after, ['BackupRetentionPeriod'], 'now')).toBeNull();
  expect(lateText(['Iops'], after, [], 'window')).toBe('Iops will be changed by AWS later, in the maintenance window');
});

describe('a batch that was stopped in the middle', () => {
  const batch: JournalEntry = {
    kind: 'intent-batch',
    step: 'A',
    call: 1,
    purpose: 'capture',
    text: 'copy the objects',
    count: 500,
    operations: ['s3:CopyObject'],
    digest: 'sha256:0',
  };
  const ended = (executed: 'no' | 'unknown' | null): JournalEntry => ({
    kind: 'outcome',
    step: 'A',
    call: 1,
    ok: false,
    requestId: null,
    milliseconds: 1,
    code: 'Stopped',
    message: '',
    executed: 'unknown',
    partial: {
      succeeded: 53,
      notSent: executed === null ? 447 : 446,
      failed: executed === null ? [] : [{ index: 53, identity: 'k', code: 'x', message: '', executed }],
    },
  });
  const report = (executed: 'no' | 'unknown' | null) =>
    reportOf(records([step('A')], [state('A', 'started'), batch, ended(executed)]));

  it.each([
    [null, 'open', 53],
    ['no', 'open', 54],
    ['unknown', 'doubt', 54],
  ] as const)('is in doubt only where an answer was lost, and counts what was sent: %s', (executed, is, calls) => {
    expect(report(executed)).toMatchObject({ steps: [{ state: is }], calls });
  });

  it('is told in the journal and the evidence as carried out in part', () => {
    const own = records([step('A')], [state('A', 'started'), batch, ended(null)]);
    expect(journalRows(own.slice(1)).map(plainText).join('\n')).toMatch(/call 1 was carried out in part/u);
    expect(doubtWords(own, 0, 'op')).toEqual([
      expect.stringMatching(/batch of 500 calls.*53 of them were carried out, 447 were not sent/u),
    ]);
  });
});

describe('plain lines of a long count', () => {
  it('come every five seconds, not for every number', () => {
    const show = thinner();
    const told = Array.from({ length: 600 }, (_unused, index) =>
      show({ kind: 'progress', step: 'A', text: `copied: ${index} of 600`, fraction: null }, index * 20),
    );
    expect(told.filter(Boolean)).toHaveLength(3);
    expect(show({ kind: 'progress', step: 'A', text: 'waits for the bucket', fraction: null }, 12_001)).toBe(true);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Program, ReadCall } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { JournalEntry, JournalRecord } from '../../src/domain/records/journal.ts';
import { expiryPlan, heldCaptures } from '../../src/recovery/captures/captures.ts';
import { withCapturesBegun } from '../../src/cli/running/captures-begun.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import type { Reconciliation } from '../../src/recovery/resume/reconcile.ts';
import { AwsError } from '../../src/base/error.ts';
import { backupsBegun, backupsOf, expire, permitted, unproven } from '../../providers/aws/values/capture-expiry.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import { deleteDatabase, samplePlan } from '../helpers/sample-plan.ts';

const lifetimes = { expiryDays: 14, expiryDaysDestruction: 90 };
const capture = {
  how: 'native',
  refs: { snapshot: 'before', final: 'last' },
  pointInTime: null,
  bytes: 1,
  encrypted: true,
  extras: {},
} as const;
function journal(run: string, at: string, ...entries: readonly JournalEntry[]): readonly JournalRecord[] {
  const plan = samplePlan([deleteDatabase]);
  const begin = {
    kind: 'begin',
    format: 'aiplan/journal@1',
    run,
    command: 'apply',
    target: plan.target,
    plan,
    approval: {},
  } as unknown as JournalEntry;
  return [begin, ...entries].map((entry, index) => ({ seq: index + 1, prev: '', at, ...entry }) as JournalRecord);
}
const captured: JournalEntry = { kind: 'captured', step: 'CoursesDb', capture, verified: true, problems: [] };
const done: JournalEntry = {
  kind: 'step',
  step: 'CoursesDb',
  state: 'done',
  identity: 'courses-prod',
  after: null,
  message: null,
};
const end: JournalEntry = { kind: 'end', outcome: 'done', message: null };

/** Runs a program that only reads against given answers. */
function driven<Result>(program: Program<Result>, answer: (call: ReadCall) => JsonObject | null): Result {
  for (let step = program.next(); ;) {
    if (step.done === true) return step.value;
    if (step.value.kind !== 'read') throw new Error(`it asked for "${step.value.kind}"`);
    step = program.next(answer(step.value.call));
  }
}

describe('captures', () => {
  it('live 90 days after a destruction', () => {
    expect(heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', captured, end)], lifetimes)).toMatchObject([
      { identity: 'courses-prod', expiresAt: '2026-04-01T00:00:00.000Z', kept: null },
    ]);
  });
  it('are kept while their run is open', () => {
    expect(heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', captured)], lifetimes)[0]?.kept).toBe(
      'its run is open',
    );
  });
  it('of a killed run are kept until a rollback has taken it back to the end', () => {
    const plan = { ...samplePlan([deleteDatabase]), rollbackOf: 'a' };
    const rollback = (run: string, at: string, ...entries: readonly JournalEntry[]): readonly JournalRecord[] =>
      [
        {
          kind: 'begin',
          format: 'aiplan/journal@1',
          run,
          command: 'rollback',
          target: plan.target,
          plan,
          approval: {},
        } as unknown as JournalEntry,
        ...entries,
      ].map((entry, index) => ({ seq: index + 1, prev: '', at, ...entry }) as JournalRecord);
    const killed = journal('a', '2026-01-01T00:00:00.000Z', captured);
    const half = rollback('b', '2026-01-02T00:00:00.000Z', captured);
    const why = (...more: readonly (readonly JournalRecord[])[]): unknown =>
      Object.fromEntries(heldCaptures([killed, half, ...more], lifetimes).map(({ run, kept }) => [run, kept]));
    expect(why()).toEqual({ a: 'its run is open', b: 'its run is open' });
    expect(why(rollback('c', '2026-01-03T00:00:00.000Z', { ...end, outcome: 'failed' }))).toEqual({
      a: 'its run is open',
      b: 'its run is open',
    });
    expect(why(rollback('c', '2026-01-03T00:00:00.000Z', end))).toEqual({ a: null, b: null });
    // A rollback that was begun later than the one that was done is open.
    expect(why(rollback('c', '2026-01-01T12:00:00.000Z', end))).toEqual({ a: null, b: 'its run is open' });
  });
  it('of what a later run found there are none of something that is gone', () => {
    const removing = [
      { ...done, state: 'started', message: 'removing' },
      {
        kind: 'intent',
        step: 'CoursesDb',
        call: 1,
        purpose: 'change',
        declared: { operation: 'DeleteDBInstance', input: {} },
      },
      { kind: 'end', outcome: 'failed', message: null },
    ] as unknown as readonly JournalEntry[];
    const first = journal('a', '2026-01-01T00:00:00.000Z', captured, ...removing);
    const plan = { ...samplePlan([{ ...deleteDatabase, action: 'update' }]), rollbackOf: null };
    const later = [
      {
        kind: 'begin',
        format: 'aiplan/journal@1',
        run: 'b',
        command: 'apply',
        target: plan.target,
        plan,
        approval: {},
      } as unknown as JournalEntry,
      done,
      end,
    ].map((entry, index) => ({ seq: index + 1, prev: '', at: '2026-02-01T00:00:00.000Z', ...entry }) as JournalRecord);
    expect(heldCaptures([first], lifetimes)[0]?.kept).toBe('it is the newest capture of something that is gone');
    expect(heldCaptures([first, later], lifetimes)[0]?.kept).toBeNull();
  });
  it('are kept while they are the newest of something that is gone', () => {
    const held = heldCaptures(
      [
        journal('a', '2026-01-01T00:00:00.000Z', captured, end),
        journal('b', '2026-02-01T00:00:00.000Z', captured, done, end),
      ],
      lifetimes,
    );
    expect(held.map(({ run, kept }) => [run, kept !== null])).toEqual([
      ['b', true],
      ['a', false],
    ]);
  });
  it('stay after a run was closed for good, also where its removal was sent and nobody knows what became of it', () => {
    const removing = [
      { ...done, state: 'started', message: 'removing' },
      {
        kind: 'intent',
        step: 'CoursesDb',
        call: 1,
        purpose: 'change',
        declared: { operation: 'DeleteDBInstance', input: {} },
      },
      { kind: 'end', outcome: 'abandoned', message: null },
    ] as unknown as readonly JournalEntry[];
    expect(heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', captured, ...removing)], lifetimes)[0]?.kept).toBe(
      'it is the newest capture of something that is gone',
    );
  });
  it('that were begun and never read back are listed, stand in for none, and expire as the others do', () => {
    const begun = {
      kind: 'intent',
      step: 'CoursesDb',
      call: 1,
      purpose: 'capture',
      declared: {
        service: 'rds',
        operation: 'CreateDBSnapshot',
        retry: 'named',
        input: { DBSnapshotIdentifier: 'half', Tags: [] },
      },
    } as unknown as JournalEntry;
    const resumed = { kind: 'resumed' } as unknown as JournalEntry;
    const held = heldCaptures(
      [journal('a', '2026-01-01T00:00:00.000Z', begun, resumed, captured, done, end)],
      lifetimes,
    );
    expect(held.map(({ verified, kept, capture: { refs } }) => [verified, kept, refs])).toEqual(
      expect.arrayContaining([
        [false, null, { begunBy: 'rds:CreateDBSnapshot', DBSnapshotIdentifier: 'half' }],
        [true, 'it is the newest capture of something that is gone', capture.refs],
      ]),
    );
    expect(held.find(({ begun }) => begun === true)?.expiresAt).toBe('2026-04-01T00:00:00.000Z');
    expect(heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', begun, resumed)], lifetimes)[0]?.kept).toBe(
      'its run is open',
    );
    // Refused, or read back in the end: nothing more is to be told.
    const refused = {
      kind: 'outcome',
      step: 'CoursesDb',
      call: 1,
      ok: false,
      executed: 'no',
    } as unknown as JournalEntry;
    expect(heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', begun, refused, end)], lifetimes)).toEqual([]);
    expect(heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', begun, captured, end)], lifetimes)).toHaveLength(1);
  });
  it('that were begun are looked for by whoever resumes the run: there, not there, or unknown', async () => {
    const begun = {
      kind: 'intent',
      step: 'CoursesDb',
      call: 1,
      purpose: 'capture',
      declared: {
        service: 'rds',
        operation: 'CreateDBSnapshot',
        retry: 'named',
        input: { DBSnapshotIdentifier: 'half', Tags: [] },
      },
    } as unknown as JournalEntry;
    const standing = { step: { id: 'CoursesDb' }, evidence: ['it was read'] };
    const told = async (answer: () => JsonObject | null): Promise<unknown> => {
      const world = {
        configuration: { capture: lifetimes },
        reader: async () => ({ read: async () => answer() }),
      } as unknown as CommandContext;
      const settlement = {
        run: 'a',
        standings: [standing, { ...standing, step: { id: 'Other' } }],
      } as unknown as Reconciliation;
      return (
        await withCapturesBegun(world, settlement, journal('a', '2026-01-01T00:00:00.000Z', begun))
      ).standings.map(({ evidence }) => evidence);
    };
    const refusal = new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 'x',
      message: 'no',
      executed: 'no',
      requestId: '1',
      httpStatus: 403,
    });
    for (const [answer, says] of [
      [
        () => ({ DBSnapshots: [{ DBSnapshotIdentifier: 'half' }] }),
        'rds:CreateDBSnapshot: AWS has half, which was never read back; nothing is removed by it, and `aiplan captures` lists it until it expires',
      ],
      [() => null, 'rds:CreateDBSnapshot: AWS has nothing of it'],
      [
        () => {
          throw refusal;
        },
        'rds:CreateDBSnapshot: what became of it cannot be read now (AccessDenied)',
      ],
    ] as const)
      expect(await told(answer)).toEqual([['it was read', says], ['it was read']]);
  });
  it('that were removed, or of which AWS has nothing, are no longer listed, and stand in for none', () => {
    const first = journal('a', '2026-01-01T00:00:00.000Z', captured, done, end);
    const second = journal('b', '2026-02-01T00:00:00.000Z', captured, end);
    const over = (run: string, takenAt: string, code: string) =>
      journal(
        'c',
        '2026-06-01T00:00:00.000Z',
        { kind: 'finding', step: 'CoursesDb', code, message: '', capture: { run, step: 'CoursesDb', takenAt } },
        end,
      );
    expect(heldCaptures([first, second], lifetimes).map(({ run }) => run)).toEqual(['b', 'a']);
    for (const code of ['capture-expired', 'capture-absent']) {
      const left = heldCaptures([first, second, over('b', '2026-02-01T00:00:00.000Z', code)], lifetimes);
      expect(left.map(({ run, kept }) => [run, kept])).toEqual([
        ['a', 'it is the newest capture of something that is gone'],
      ]);
    }
    // Of another time, or a finding about something else: it is another capture.
    expect(
      heldCaptures(
        [
          first,
          second,
          over('b', '2026-02-02T00:00:00.000Z', 'capture-expired'),
          over('b', '2026-02-01T00:00:00.000Z', 'capture-expiring'),
        ],
        lifetimes,
      ),
    ).toHaveLength(2);
  });
  it('that were begun are looked for by name or tags, and what belongs to other captures is not among them', () => {
    const claim = { run: 'a', op: 'op-1', others: new Set(['snap-2']) };
    const asked: ReadCall[] = [];
    const found = (refs: JsonObject, answer: JsonObject | null): JsonObject =>
      driven(backupsBegun({ refs }, claim), (call) => {
        asked.push(call);
        return answer;
      });
    expect(
      found(
        { begunBy: 'rds:CreateDBSnapshot', DBSnapshotIdentifier: 'half' },
        { DBSnapshots: [{ DBSnapshotIdentifier: 'half' }] },
      ),
    ).toEqual({ snapshot: 'half' });
    expect(found({ begunBy: 'rds:CreateDBSnapshot', DBSnapshotIdentifier: 'half' }, null)).toEqual({});
    expect(
      found(
        { begunBy: 'ec2:CreateImage', Name: 'aiplan-web' },
        {
          Images: [
            {
              ImageId: 'ami-1',
              BlockDeviceMappings: [
                { Ebs: { SnapshotId: 'snap-1' } },
                { Ebs: { SnapshotId: 'snap-2' } },
                { VirtualName: 'ephemeral0' },
              ],
            },
          ],
        },
      ),
    ).toEqual({ image: 'ami-1', snapshots: [{ SnapshotId: 'snap-1' }] });
    expect(found({ begunBy: 'ec2:CreateImage', Name: 'aiplan-web' }, { Images: [] })).toEqual({});
    expect(
      found({ begunBy: 'ec2:CreateSnapshots' }, { Snapshots: [{ SnapshotId: 'snap-2' }, { SnapshotId: 'snap-3' }] }),
    ).toEqual({ snapshots: [{ SnapshotId: 'snap-3' }] });
    expect(found({ begunBy: 'ec2:CreateSnapshot' }, { Snapshots: [{ SnapshotId: 'snap-2' }] })).toEqual({});
    expect(asked.at(-1)?.input).toEqual({
      OwnerIds: ['self'],
      MaxResults: 1000,
      Filters: [
        { Name: 'tag:aiplan:run', Values: ['a'] },
        { Name: 'tag:aiplan:op', Values: ['op-1'] },
      ],
    });
    expect(asked.filter(({ operation }) => operation === 'DescribeImages').map(({ input }) => input['Owners'])).toEqual(
      [['self'], ['self']],
    );
  });
  it('are let go once it was brought back', () => {
    const back: JournalEntry = { kind: 'remapped', step: 'CoursesDb', map: { 'courses-prod': 'courses-prod' } };
    const created = journal('b', '2026-02-01T00:00:00.000Z', { ...done, identity: 'courses-prod' }, back, end).map(
      (record) =>
        record.kind === 'begin' ? { ...record, plan: samplePlan([{ ...deleteDatabase, action: 'create' }]) } : record,
    );
    expect(
      heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', captured, done, end), created], lifetimes)[0]?.kept,
    ).toBeNull();
  });
  it('name exactly what may be deleted, and the program deletes nothing else', () => {
    const backups = backupsOf({
      refs: {
        image: 'ami-1',
        snapshots: [{ SnapshotId: 'snap-1' }, { SnapshotId: 'snap-2' }],
        snapshot: 'before',
        final: 'last',
        store: 'captures',
        prefix: 'copies/a/Db/',
      },
    });
    expect(permitted(backups, ['copies/a/Db/0000001'])).toEqual([
      'before',
      'last',
      'ami-1',
      'snap-1',
      'snap-2',
      's3://captures/copies/a/Db/0000001',
    ]);
    const { calls } = preview(expire(backups, ['copies/a/Db/0000001'], '123456789012'));
    expect(calls.map(({ operation, input }) => [operation, ...Object.values(input)].join(' '))).toEqual([
      'DeleteDBSnapshot before',
      'DeleteDBSnapshot last',
      'DeregisterImage ami-1',
      'DeleteSnapshot snap-1',
      'DeleteSnapshot snap-2',
      'DeleteObject captures copies/a/Db/0000001 123456789012',
    ]);
  });
  it('are removed only where AWS shows them to be of their run and expired, whatever a journal says', async () => {
    const claim = { run: 'a', step: 'Db', bucket: 'captures', now: '2026-06-01T00:00:00.000Z' };
    const tags = (run: string, expires: string) => [
      { Key: 'aiplan:run', Value: run },
      { Key: 'aiplan:expires', Value: expires },
    ];
    const answers: Record<string, JsonObject> = {
      own: { DBSnapshots: [{ TagList: tags('a', '2026-05-01T00:00:00.000Z') }] },
      young: { DBSnapshots: [{ TagList: tags('a', '2026-07-01T00:00:00.000Z') }] },
      odd: { DBSnapshots: [{ TagList: tags('a', 'soon') }] },
      other: { DBSnapshots: [{ TagList: tags('b', '2026-05-01T00:00:00.000Z') }] },
      manual: { DBSnapshots: [{ TagList: [] }] },
      'ami-1': { Images: [{ Tags: [] }] },
      'snap-1': { Snapshots: [{ Tags: [] }] },
    };
    const problemsOf = (refs: JsonObject) =>
      driven(
        unproven(backupsOf({ refs }), claim),
        (call) =>
          answers[
            String(
              call.input['DBSnapshotIdentifier'] ??
                ((call.input['Filters'] as JsonObject[])[0]?.['Values'] as string[])[0],
            )
          ] ?? null,
      );
    expect(problemsOf({ snapshot: 'own', final: 'gone', store: 'captures', prefix: 'copies/a/Db/' })).toEqual([]);
    for (const refs of [
      { snapshot: 'manual' },
      { final: 'other' },
      { snapshot: 'young' },
      { snapshot: 'odd' },
      { image: 'ami-1' },
      { snapshot: 'snap-1' },
      { snapshots: [{ SnapshotId: 'snap-1' }] },
      { store: 'production', prefix: 'copies/a/Db/' },
      { store: 'captures', prefix: 'copies/' },
    ]) {
      expect(problemsOf(refs)).toHaveLength(1);
    }
  });
  it('are removed by a plan of their own, with a digest over the list', () => {
    const held = heldCaptures([journal('a', '2026-01-01T00:00:00.000Z', captured, end)], lifetimes);
    const { target } = samplePlan();
    expect(expiryPlan(held, target, '2026-06-01T00:00:00.000Z').digest).not.toBe(
      expiryPlan([], target, '2026-06-01T00:00:00.000Z').digest,
    );
  });
});

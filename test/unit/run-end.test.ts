import { describe, expect, it } from '@jest/globals';
import type { Io } from '../../src/cli/context/io.ts';
import { endsOf, heldAgainst, markUsed } from '../../src/cli/planning/run-marks.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import { withPins } from '../../src/recovery/rollback/pinned-claims.ts';
import { endNotHeld } from '../../src/run/apply/run-end.ts';
import type { Approval } from '../../src/domain/approval.ts';
import { AwsError } from '../../src/base/error.ts';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import type { RunEnd } from '../../src/domain/records/run-end.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { fakeClock, memoryVault, type MemoryVault } from '../helpers/apply-ports.ts';
import { memoryS3, type MemoryS3 } from '../helpers/memory-s3.ts';
import { createMemoryWorld, NOTE } from '../helpers/memory-world.ts';
import { openVault } from '../../providers/s3/capture-bucket/vault.ts';

const made = entryOf('Fresh', NOTE, { action: 'create', properties: { NoteName: 'fresh', Text: 'hello' } });
const run = '20260226-230000-0001';
const keeping = (ends: RunEnd[]): MemoryVault => ({
  ...memoryVault(),
  async putEnd(end) {
    ends.push(end);
    return 's3://captures/end';
  },
});

describe('the end of a run in the capture bucket', () => {
  const applied = async (vault: (ends: RunEnd[]) => MemoryVault = keeping) => {
    const ends: RunEnd[] = [];
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'strangers', properties: { Text: 'theirs' } }] });
    const bench = benchOf(world, fakeClock(), vault(ends));
    const report = await bench.apply(changePlanOf([made]), { run });
    return { bench, ends, report, world };
  };
  const coverage = async (bench: ReturnType<typeof benchOf>, changePlan: ChangePlan) =>
    (await bench.plan(changePlan)).plan.steps.map(({ id, action, confirm, coveredBy }) => [
      id,
      action,
      confirm,
      coveredBy,
    ]);

  const withEnds = (bench: ReturnType<typeof benchOf>, changePlan: ChangePlan, ends: readonly RunEnd[]): ChangePlan =>
    withPins(changePlan, { own: { records: bench.journalOf(run), ends }, earlier: [], runs: [], captures: [] });

  it('lists what the run made and how far its journal was; only that is deleted without its own confirmation', async () => {
    const { bench, ends } = await applied();
    expect(ends).toEqual([
      expect.objectContaining({
        run,
        outcome: 'done',
        made: [{ step: 'Fresh', type: NOTE, identity: 'fresh', incarnation: expect.any(String) }],
      }),
    ]);
    expect(endNotHeld(bench.journalOf(run), ends)).toBeNull();
    const { changePlan } = await bench.rollback(run);
    expect(await coverage(bench, changePlan)).toEqual([['Fresh', 'delete', 'fresh', undefined]]);
    expect(await coverage(bench, withEnds(bench, changePlan, ends))).toEqual([['Fresh', 'delete', null, run]]);
    // Another incarnation under the name, or another resource, is not what the run made.
    const [end] = ends;
    expect(
      await coverage(
        bench,
        withEnds(bench, changePlan, [
          { ...end!, made: end!.made.map((item) => ({ ...item, incarnation: 'another' })) },
        ]),
      ),
    ).toEqual([['Fresh', 'delete', 'fresh', undefined]]);
    expect(
      await coverage(
        bench,
        withEnds(bench, changePlan, [{ ...end!, made: end!.made.map((item) => ({ ...item, identity: 'other' })) }]),
      ),
    ).toEqual([['Fresh', 'delete', 'fresh', undefined]]);
  });

  it("a forged journal and a copied tag cover no stranger's resource", async () => {
    const { bench, ends, world } = await applied();
    const genuine = await bench.rollback(run);
    const op = (await world.get(NOTE, 'fresh'))?.systemTags['aiplan:op'];
    const forged = benchOf(
      world,
      bench.clock,
      bench.vault,
      new Map([
        [
          run,
          bench
            .journalOf(run)
            .map(
              (record) =>
                JSON.parse(
                  JSON.stringify(record).replaceAll('"fresh', '"strangers').replaceAll('fresh#0', 'strangers#0'),
                ) as JournalRecord,
            ),
        ],
      ]),
    );
    expect(op).toBeDefined();
    const { changePlan } = await forged.rollback(run);
    for (const plan of [
      withEnds(forged, changePlan, ends),
      withEnds(
        bench,
        {
          ...genuine.changePlan,
          resources: genuine.changePlan.resources.map((entry) => ({ ...entry, id: 'strangers', expect: {} })),
        },
        ends,
      ),
    ]) {
      for (const [, , confirm, coveredBy] of await coverage(bench, plan))
        expect([confirm === null, coveredBy]).toEqual([false, undefined]);
    }
  });

  it('one that pins the journal and lists something else as made counts for nothing: the tag of the run can be copied', async () => {
    const { bench, ends, world } = await applied();
    const planted: RunEnd = {
      ...ends[0]!,
      made: [{ step: 'Fresh', type: NOTE, identity: 'strangers', incarnation: null }],
    };
    const records = bench.journalOf(run);
    expect(heldAgainst(run, records, { ends: [...ends, planted], strays: [] })).toMatchObject({
      refusal: null,
      said: [{ code: 'end-planted' }],
    });
    // What the run made is gone, and a stranger's resource carries its tag: the journal knows what the run made.
    const op = (await world.get(NOTE, 'fresh'))?.systemTags['aiplan:op'];
    expect(op).toBeDefined();
    world.drop(NOTE, 'fresh');
    world.meddle(NOTE, 'strangers', { tags: { 'aiplan:op': op ?? '' } });
    expect((await world.get(NOTE, 'strangers'))?.systemTags['aiplan:op']).toBe(op);
    const { changePlan, findings } = await bench.rollback(run);
    expect([changePlan.resources, findings.map(({ code }) => code)]).toEqual([[], ['rollback-nothing-made']]);
    const forged = {
      ...changePlan,
      resources: [entryOf('Fresh', NOTE, { action: 'delete', id: 'strangers', reason: 'x' })],
    };
    for (const kept of [[planted], [...ends, planted]])
      expect(await coverage(bench, withEnds(bench, forged, kept))).toEqual([
        ['Fresh', 'delete', 'strangers', undefined],
      ]);
  });

  it('is kept of a run that failed too; not of one that sent nothing; what cannot be kept is a finding', async () => {
    const failed: RunEnd[] = [];
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'readme', properties: { Text: 'old' } }] });
    const stop = new AbortController();
    const bench = benchOf(world, fakeClock(), keeping(failed));
    const stopped = await bench.apply(
      changePlanOf([made, entryOf('Note', NOTE, { id: 'readme', properties: { Text: 'new' } })]),
      {
        run,
        stop: stop.signal,
        afterAppend: (entry) => {
          if (entry.kind === 'step' && entry.state === 'done') stop.abort();
        },
      },
    );
    expect([stopped.outcome, failed.map(({ outcome, made: list }) => [outcome, list.length])]).toEqual([
      'stopped',
      [['stopped', 1]],
    ]);
    const nothing: RunEnd[] = [];
    const idle = new AbortController();
    idle.abort();
    await benchOf(createMemoryWorld({ seed: [] }), fakeClock(), keeping(nothing)).apply(changePlanOf([made]), {
      run,
      stop: idle.signal,
    });
    expect(nothing).toEqual([]);
    const denied = new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 's3:PutObject',
      message: 'no',
      executed: 'no',
    });
    const { report } = await applied(() => ({ ...memoryVault(), putEnd: () => Promise.reject(denied) }));
    expect([report.outcome, report.findings.map(({ code }) => code)]).toEqual(['done', ['end-not-kept']]);
  });

  it('a journal that was cut or made anew does not hold it', async () => {
    const { bench, ends } = await applied();
    const records = bench.journalOf(run);
    expect(endNotHeld(records.slice(0, ends[0]?.records ?? 0), ends)).toBeNull();
    expect(endNotHeld(records.slice(0, (ends[0]?.records ?? 0) - 1), ends)).toBe(ends[0]);
    expect(
      endNotHeld(
        records.map((record) =>
          record.kind === 'begin' ? { ...record, at: '2030-01-01T00:00:00.000Z' } : { ...record, prev: 'forged' },
        ),
        ends,
      ),
    ).toBe(ends[0]);
  });
});

describe('marks in the capture bucket', () => {
  const approval: Pick<Approval, 'nonce' | 'tier'> = { nonce: 'ab'.repeat(16), tier: 'T1' };
  const target = { account: '123456789012', region: 'eu-west-1', endpoint: null, caller: 'arn' };
  const captures = 'aiplan-captures-123456789012-eu-west-1';
  const later = '20260226-230000-0002';
  /** A world of one home; the bucket is what two homes share. */
  function home(
    s3: MemoryS3,
    options: { readonly bucket?: boolean; readonly putFails?: AwsError; readonly lost?: boolean } = {},
  ): CommandContext {
    const session = {
      ...s3,
      close() {
        /* nothing is open */
      },
      async renew() {
        /* no credentials */
      },
      read: async (call: Parameters<MemoryS3['read']>[0]) =>
        call.operation === 'HeadBucket' && options.bucket === false ? null : s3.read(call),
      async mutate(...words: Parameters<MemoryS3['mutate']>) {
        if (options.putFails !== undefined) throw options.putFails;
        const sent = await s3.mutate(...words);
        if (options.lost === true)
          throw new AwsError({
            code: 'TimeoutError',
            kind: 'network',
            operation: 's3:PutObject',
            message: 'lost',
            executed: 'unknown',
          });
        return sent;
      },
    };
    return {
      io: { user: 'ada', host: 'laptop', environment: {}, clock: fakeClock() } as unknown as Io,
      configuration: { capture: { bucket: null } },
      options: {},
      store: { appendAudit: async () => ({}) },
      target: async () => target,
      reader: async () => session,
      applier: async () => session,
    } as unknown as CommandContext;
  }
  const key = `used/${approval.nonce}.json`;
  const replayed = { code: 'approval-replayed', exitCode: 3 };

  it('an approval counts once, whatever home is put before it', async () => {
    const s3 = memoryS3([captures]);
    await markUsed(home(s3), approval, run);
    await markUsed(home(s3), approval, run);
    await expect(markUsed(home(s3), approval, later)).rejects.toMatchObject({
      ...replayed,
      message: expect.stringContaining(run),
    });
    expect([s3.keys(captures), s3.text(captures, key)]).toEqual([[key], `{"format":"aiplan/used@1","run":"${run}"}`]);
    // Something else that lies there is no mark of this run.
    const odd = memoryS3([captures]);
    odd.write(captures, key, 'x');
    await expect(markUsed(home(odd), approval, run)).rejects.toMatchObject(replayed);
  });

  it('an approval counts once, also where somebody deleted its mark or wrote over it', async () => {
    const s3 = memoryS3([captures]);
    await markUsed(home(s3), approval, run);
    s3.remove(captures, key);
    s3.second += 60;
    await expect(markUsed(home(s3), approval, later)).rejects.toMatchObject({
      ...replayed,
      message: expect.stringContaining(run),
    });
    // The run that used it goes on with it all the same.
    await markUsed(home(s3), approval, run);
    const written = memoryS3([captures]);
    await markUsed(home(written), approval, run);
    written.write(captures, key, `{"format":"aiplan/used@1","run":"${later}"}`);
    await expect(markUsed(home(written), approval, later)).rejects.toMatchObject(replayed);
    // The version that a marker covers is gone: which run used it cannot be told any more.
    const gone = memoryS3([captures]);
    gone.remove(captures, key);
    gone.second += 60;
    await expect(markUsed(home(gone), approval, later)).rejects.toMatchObject(replayed);
  });

  it('one whose answer was lost is read back; one that cannot be made stops the run; none is needed for what was typed, or without a bucket', async () => {
    await markUsed(home(memoryS3([captures]), { lost: true }), approval, run);
    const putFails = new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 's3:PutObject',
      message: 'no',
      executed: 'no',
    });
    await expect(markUsed(home(memoryS3([captures]), { putFails }), approval, run)).rejects.toMatchObject({
      code: 'approval-not-marked',
      exitCode: 3,
    });
    await markUsed(home(memoryS3([captures]), { putFails }), { ...approval, tier: 'T0' }, run);
    await markUsed(home(memoryS3([captures]), { putFails, bucket: false }), approval, run);
  });

  describe('the ends of a run', () => {
    const end: RunEnd = {
      format: 'aiplan/run-end@1',
      run,
      at: '2026-02-26T23:00:00.000Z',
      outcome: 'done',
      records: 9,
      head: `sha256:${'7'.repeat(64)}`,
      made: [],
    };
    const victim: RunEnd = {
      ...end,
      records: 999,
      made: [{ step: 'X', type: NOTE, identity: 'victim', incarnation: null }],
    };
    const placed = async (s3: MemoryS3, what: RunEnd): Promise<string> =>
      (await openVault(s3, { ...target, bucket: null }, run).putEnd!(what)).split(`${captures}/`)[1] ?? '';

    it('are the ones whose name has the digest of their content, in the version that was written first', async () => {
      const s3 = memoryS3([captures]);
      const place = await placed(s3, end);
      s3.remove(captures, place);
      s3.second += 1;
      s3.write(captures, place, JSON.stringify(victim));
      for (const [name, text] of [
        ['end-aaaaaaaaaaaa.json', JSON.stringify(victim)],
        ['end-222222222222.json', '{'],
        ['end-333333333333.json', JSON.stringify({ ...end, made: [1] })],
        ['end-444444444444.json', JSON.stringify({ ...end, records: -1 })],
        ['end-555555555555.json', JSON.stringify({ ...end, run: later })],
        ['x', '[]'],
      ] as const)
        s3.write(captures, `runs/${run}/${name}`, text);
      const lying = await endsOf(home(s3), run);
      expect(lying.ends).toEqual([end]);
      expect(lying.strays.map((stray) => [stray.key.split('/')[2], stray.why])).toEqual([
        ['end-222222222222.json', 'it is not the end of this run'],
        ['end-333333333333.json', 'it is not the end of this run'],
        ['end-444444444444.json', 'it is not the end of this run'],
        ['end-555555555555.json', 'it is not the end of this run'],
        ['end-aaaaaaaaaaaa.json', 'its content does not have the digest of its name'],
        ['x', 'its name is not one of an end'],
      ]);
    });

    it('a planted one is reported and takes nothing from the journal; an end that the journal lacks leaves only the person', async () => {
      const s3 = memoryS3([captures]);
      s3.write(captures, `runs/${run}/end-aaaaaaaaaaaa.json`, JSON.stringify(victim));
      const planted = heldAgainst(run, [], await endsOf(home(s3), run));
      expect([planted.refusal, planted.said.map(({ code, severity }) => [code, severity])]).toEqual([
        null,
        [['end-planted', 'warning']],
      ]);
      await placed(s3, end);
      const behind = heldAgainst(run, [], await endsOf(home(s3), run));
      expect(behind.refusal).toMatchObject({
        code: 'journal-behind',
        exitCode: 3,
        message: expect.stringContaining('record 9 (done'),
      });
      expect(behind.said.map(({ code }) => code)).toEqual(['journal-behind', 'end-planted']);
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Io } from '../../src/cli/context/io.ts';
import { endsOf, markUsed, refuseBehind } from '../../src/cli/planning/run-marks.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import { openVault } from '../../providers/s3/capture-bucket/vault.ts';
import { canonical, sha256 } from '../../src/base/digest.ts';
import { withPins } from '../../src/recovery/rollback/pinned-claims.ts';
import { endNotHeld } from '../../src/run/apply/run-end.ts';
import type { Approval } from '../../src/domain/approval.ts';
import { AwsError } from '../../src/base/error.ts';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import type { RunEnd } from '../../src/domain/records/run-end.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { fakeClock, memoryVault, type MemoryVault } from '../helpers/apply-ports.ts';
import { memoryS3 } from '../helpers/memory-s3.ts';
import { createMemoryWorld, NOTE } from '../helpers/memory-world.ts';

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
    withPins(changePlan, { own: { records: bench.journalOf(run), ends }, earlier: [], runs: [] });

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
  /** A world of one home; the bucket is what two homes share. */
  function home(
    objects: Map<string, string>,
    options: { readonly bucket?: boolean; readonly putFails?: AwsError; readonly lost?: boolean } = {},
  ): CommandContext {
    const session = {
      counts: {},
      close() {
        /* nothing is open */
      },
      async renew() {
        /* no credentials */
      },
      async read({ operation, input }: { operation: string; input: Record<string, unknown> }) {
        if (operation === 'HeadBucket') return options.bucket === false ? null : {};
        if (operation === 'ListObjectVersions')
          return {
            Versions: [...objects.keys()]
              .filter((key) => key.startsWith(String(input['Prefix'])))
              .map((Key) => ({
                Key,
                VersionId: 'v',
                ETag: 'e',
                Size: 1,
                LastModified: '2026-02-26T23:00:00.000Z',
                IsLatest: true,
              })),
          };
        const Body = objects.get(String(input['Key']));
        return Body === undefined ? null : { Body };
      },
      async mutate({ input }: { input: Record<string, unknown> }) {
        if (options.putFails !== undefined) throw options.putFails;
        if (objects.has(String(input['Key'])))
          throw new AwsError({
            code: 'PreconditionFailed',
            kind: 'conflict',
            operation: 's3:PutObject',
            message: 'there',
            executed: 'no',
          });
        objects.set(String(input['Key']), String(input['Body']));
        if (options.lost === true)
          throw new AwsError({
            code: 'TimeoutError',
            kind: 'network',
            operation: 's3:PutObject',
            message: 'lost',
            executed: 'unknown',
          });
        return { output: {}, requestId: 'r', attempts: 1 };
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

  it('an approval counts once, whatever home is put before it', async () => {
    const bucket = new Map<string, string>();
    await markUsed(home(bucket), approval, run);
    await markUsed(home(bucket), approval, run);
    await expect(markUsed(home(bucket), approval, '20260226-230000-0002')).rejects.toMatchObject({
      code: 'approval-replayed',
      exitCode: 3,
      message: expect.stringContaining(run),
    });
    expect([...bucket]).toEqual([[`used/${approval.nonce}.json`, `{"format":"aiplan/used@1","run":"${run}"}`]]);
    // Something else that lies there is no mark of this run.
    await expect(markUsed(home(new Map([[`used/${approval.nonce}.json`, 'x']])), approval, run)).rejects.toMatchObject({
      code: 'approval-replayed',
    });
  });

  it('one whose answer was lost is read back; one that cannot be made stops the run; none is needed for what was typed, or without a bucket', async () => {
    await markUsed(home(new Map(), { lost: true }), approval, run);
    const putFails = new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 's3:PutObject',
      message: 'no',
      executed: 'no',
    });
    await expect(markUsed(home(new Map(), { putFails }), approval, run)).rejects.toMatchObject({
      code: 'approval-not-marked',
      exitCode: 3,
    });
    await markUsed(home(new Map(), { putFails }), { ...approval, tier: 'T0' }, run);
    await markUsed(home(new Map(), { putFails, bucket: false }), approval, run);
  });

  it('an earlier copy of a journal is not gone on with, and odd objects say nothing', async () => {
    const end: RunEnd = {
      format: 'aiplan/run-end@1',
      run,
      at: '2026-02-26T23:00:00.000Z',
      outcome: 'done',
      records: 9,
      head: `sha256:${'7'.repeat(64)}`,
      made: [],
    };
    const named = (value: object, of = run): readonly [string, string] => [
      `runs/${of}/end-${sha256(canonical(value)).slice(7, 19)}.json`,
      JSON.stringify(value),
    ];
    const other = { ...end, run: '20260226-230000-0002' };
    const odd: readonly (readonly [string, string])[] = [
      [`runs/${run}/end-000000000000.json`, JSON.stringify(end)],
      [`runs/${run}/end-${'1'.repeat(12)}.json`, '{'],
      named({ ...end, made: [1] }),
      named({ ...end, records: -1 }),
      named({ ...end, outcome: 'won' }),
      named(other),
      [`runs/${run}/x`, '[]'],
    ];
    const objects = new Map([named(end), ...odd]);
    expect(await endsOf(home(objects), run)).toEqual([end]);
    await expect(refuseBehind(home(objects), run, [])).rejects.toMatchObject({
      code: 'journal-behind',
      exitCode: 3,
      message: expect.stringContaining('record 9 (done'),
    });
    await refuseBehind(home(new Map()), run, []);
  });

  it('what was written first counts: ends and marks that somebody wrote over, or deleted, are read as they were', async () => {
    const bucket = 'aiplan-captures-123456789012-eu-west-1';
    const s3 = memoryS3([bucket]);
    const vault = (of: string) =>
      openVault(s3, { account: target.account, region: target.region, endpoint: null, bucket: null }, of);
    const ends = async () =>
      (
        await endsOf(
          {
            ...home(new Map()),
            configuration: { capture: { bucket: null } },
            reader: async () => s3,
          } as unknown as CommandContext,
          run,
        )
      ).map(({ outcome }) => outcome);
    const end: RunEnd = {
      format: 'aiplan/run-end@1',
      run,
      at: '2026-02-26T23:00:00.000Z',
      outcome: 'failed',
      records: 9,
      head: `sha256:${'7'.repeat(64)}`,
      made: [],
    };
    await vault(run).putEnd?.(end);
    const [key = ''] = s3.keys(bucket).filter((name) => name.startsWith('runs/'));
    s3.write(bucket, key, JSON.stringify({ ...end, outcome: 'done' }));
    expect(await ends()).toEqual(['failed']);
    expect(await vault(run).markUsed(approval.nonce)).toBe(run);
    const second = '20260226-230000-0002';
    s3.write(bucket, `used/${approval.nonce}.json`, JSON.stringify({ format: 'aiplan/used@1', run: second }));
    expect(await vault(second).markUsed(approval.nonce)).toBe(run);
  });
});

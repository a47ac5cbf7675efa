import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audit, auditOf, auditVerify } from '../../src/cli/audit/audit.ts';
import { captures } from '../../src/cli/commands/captures.ts';
import { runs } from '../../src/cli/commands/runs.ts';
import { closeFinishedRuns, takenBackIn } from '../../src/cli/planning/open-runs.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import type { AuditEntry } from '../../src/domain/records/audit.ts';
import type { AuditProblem } from '../../src/domain/records/audit-report.ts';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import type { RunSummary } from '../../src/domain/records/journal-store.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { s3Store } from '../../src/store/s3-store.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { testConfiguration } from '../helpers/apply-world.ts';
import { digestedPlan } from '../helpers/audit-samples.ts';
import { memoryBucket, type MemoryBucket } from '../helpers/memory-bucket.ts';
import { runNumbered, writtenRun } from '../helpers/written-run.ts';

const plan = digestedPlan();
const ended: JournalEntry = { kind: 'end', outcome: 'done', message: null };
const began = (run: string): AuditEntry => ({
  kind: 'run-began',
  by: 'ada',
  host: 'laptop',
  target: plan.target,
  run,
  command: 'apply',
  plan: plan.digest,
  journal: { records: 1, head: `sha256:${'0'.repeat(64)}` },
});

let folder: string;
let bucket: MemoryBucket;
let said: string;
let told: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiplan-growth-'));
  bucket = memoryBucket();
  [said, told] = ['', ''];
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const opened = {
  'a folder': (): Store => folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host: 'laptop' }),
  S3: (): Store =>
    s3Store({
      place: bucket.place,
      connect: async () => bucket,
      spool: join(folder, 'spool'),
      host: 'laptop',
      sleep: async () => undefined,
    }),
} as const;
const worldOf = (store: Store, more: object = {}): CommandContext =>
  ({
    store,
    configuration: testConfiguration,
    options: { color: false, json: true, ...more },
    io: {
      host: 'laptop',
      clock: fakeClock(Date.parse('2026-02-26T23:59:00Z')),
      stdout: {
        write: (text: string) => {
          told += text;
        },
      },
      stderr: {
        write: (text: string) => {
          said += text;
        },
      },
      environment: {},
    },
  }) as unknown as CommandContext;
/** The most requests that were under way at once while something was done. */
async function mostAtOnce(work: () => Promise<unknown>): Promise<number> {
  let [now, most] = [0, 0];
  const get = bucket.get.bind(bucket);
  bucket.get = async (key) => {
    most = Math.max(most, (now += 1));
    await Promise.resolve();
    try {
      return await get(key);
    } finally {
      now -= 1;
    }
  };
  try {
    await work();
  } finally {
    bucket.get = get;
  }
  return most;
}

describe.each(['a folder', 'S3'] as const)('a stray file among the entries of the audit log, in %s', (kind) => {
  const put = (name: string, text: string): void => {
    if (kind === 'S3') bucket.objects.set(`audit/${name}`, text);
    else {
      mkdirSync(join(folder, 'store', 'audit'), { recursive: true });
      writeFileSync(join(folder, 'store', 'audit', name), text);
    }
  };

  it.each(['notes.txt', '00000002.json.bak', '99999999.json', 'zzz', '00000009.json'])(
    '%s stops nothing, hides nothing, and is told',
    async (name) => {
      const clock = fakeClock();
      await opened[kind]().appendAudit(began(runNumbered(1)), clock);
      put(name, 'hello');
      const store = opened[kind]();
      expect((await store.appendAudit(began(runNumbered(2)), clock)).seq).toBe(2);
      expect((await opened[kind]().readAudit()).map(({ seq }) => seq)).toEqual([1, 2]);
      expect(await opened[kind]().auditStrays()).toEqual([expect.stringContaining(name)]);
      expect(await store.auditHead()).toMatch(/^sha256:(?!0{64})/u);
    },
  );

  it('does not let an entry be taken away unseen', async () => {
    const store = opened[kind]();
    for (const number of [1, 2, 3]) await store.appendAudit(began(runNumbered(number)), fakeClock());
    if (kind === 'S3') bucket.objects.delete('audit/00000002.json');
    else rmSync(join(folder, 'store', 'audit', '00000002.json'));
    await expect(opened[kind]().readAudit()).rejects.toMatchObject({
      code: 'audit-damaged',
      message: expect.stringContaining('missing'),
    });
  });

  it.each([
    ['that is no JSON', () => 'x\n', [1, 3, 4, 5], ['00000002']],
    ['that is missing', () => null, [1, 3, 4, 5], ['00000002']],
    ['that was changed', (text: string) => text.replace('"by":"ada"', '"by":"eve"'), [1, 2, 3, 4, 5], ['00000003']],
    ['without what an entry has', (text: string) => text.replace('"host":"laptop",', ''), [1, 3, 4, 5], ['00000002']],
    ['with another number', (text: string) => text.replace('"seq":2', '"seq":7'), [1, 3, 4, 5], ['00000002']],
  ] as const)('one %s is told with its place and hides no other, and verify fails', async (_, change, seqs, places) => {
    const store = opened[kind]();
    for (const number of [1, 2, 3, 4, 5]) await store.appendAudit(began(runNumbered(number)), fakeClock());
    const path = join(folder, 'store', 'audit', '00000002.json');
    const text = change(kind === 'S3' ? (bucket.objects.get('audit/00000002.json') ?? '') : readFileSync(path, 'utf8'));
    if (kind === 'S3')
      text === null ? bucket.objects.delete('audit/00000002.json') : bucket.objects.set('audit/00000002.json', text);
    else if (text === null) rmSync(path);
    else writeFileSync(path, text);
    const found: AuditProblem[] = [];
    expect(
      (
        await opened[kind]().readAudit(undefined, (problem) => {
          found.push(problem);
        })
      ).map(({ seq }) => seq),
    ).toEqual(seqs);
    expect(found).toEqual(
      places.map((name) => ({
        code: 'audit-damaged',
        where: expect.stringContaining(`audit/${name}.json`),
        message: expect.stringMatching(/^the audit log is damaged at entry .*restore that entry from a backup/u),
      })),
    );
    const world = worldOf(opened[kind]());
    const listed = await auditOf(world, {});
    expect([listed.events.map(({ run }) => run), listed.damaged.length]).toEqual([seqs.map(runNumbered), 1]);
    expect([await audit(world, {}), said]).toEqual([1, expect.stringContaining(places[0])]);
    told = '';
    expect(await auditVerify(world, {})).toBe(1);
    expect(JSON.parse(told)).toMatchObject({
      intact: false,
      broken: expect.arrayContaining([
        expect.objectContaining({ code: 'audit-damaged', where: expect.stringContaining(places[0]) }),
      ]),
    });
  });

  it('of one run the rest is shown too, and what of it cannot be read is told', async () => {
    const store = opened[kind]();
    for (const number of [1, 2, 3]) {
      const digest = `sha256:${String(number).repeat(64)}`;
      await store.appendAudit(
        { ...began(await writtenRun(store, number, [ended], { digest })), plan: digest } as AuditEntry,
        fakeClock(),
      );
    }
    const { command: _command, plan: _plan, ...end } = began(runNumbered(2)) as unknown as Record<string, unknown>;
    await store.appendAudit({ ...end, kind: 'run-ended', outcome: 'done' } as unknown as AuditEntry, fakeClock());
    await store.appendAudit(began(runNumbered(9)), fakeClock());
    put('00000004.json', 'x\n');
    const [other, own] = [
      await auditOf(worldOf(opened[kind]()), { run: runNumbered(1) }),
      await auditOf(worldOf(opened[kind]()), { run: runNumbered(2) }),
    ];
    expect([other.events.map(({ kind: what }) => what), other.damaged]).toEqual([['run-began'], []]);
    expect([own.events.map(({ kind: what }) => what), own.damaged.map(({ where }) => where.slice(-13))]).toEqual([
      ['run-began'],
      ['00000004.json'],
    ]);
    expect([await audit(worldOf(opened[kind]()), { run: runNumbered(2) }), said]).toEqual([
      1,
      expect.stringContaining('00000004.json'),
    ]);
    // Of a run that only a damaged entry told of, nobody says that it does not exist.
    put('00000005.json', '[]');
    expect((await auditOf(worldOf(opened[kind]()), { run: runNumbered(9) })).damaged).toHaveLength(2);
  });

  it('where the newest one is damaged nothing is added, and it is said why', async () => {
    const store = opened[kind]();
    await store.appendAudit(began(runNumbered(1)), fakeClock());
    put('00000002.json', '[]');
    await expect(opened[kind]().appendAudit(began(runNumbered(2)), fakeClock())).rejects.toMatchObject({
      code: 'audit-damaged',
      where: expect.stringContaining('00000002.json'),
      message: expect.stringContaining('has the name of the next entry'),
    });
  });

  it('two damaged places are two, and an entry after one is held against nothing that cannot be read', async () => {
    const store = opened[kind]();
    for (const number of [1, 2, 3, 4, 5, 6]) await store.appendAudit(began(runNumbered(number)), fakeClock());
    put('00000002.json', '{}\n');
    put('00000005.json', '');
    const found: string[] = [];
    expect(
      (
        await opened[kind]().readAudit(undefined, ({ where }) => {
          found.push(where.slice(-13));
        })
      ).map(({ seq }) => seq),
    ).toEqual([1, 3, 4, 6]);
    expect(found).toEqual(['00000002.json', '00000005.json']);
  });
});

describe('a long audit log in S3', () => {
  it('is read by segments, which the chain proves, and one by one where one was changed', async () => {
    const store = opened.S3();
    for (let number = 1; number <= 1_100; number += 1)
      await store.appendAudit(began(runNumbered(number % 600)), fakeClock());
    bucket.counted();
    const whole = await opened.S3().readAudit();
    expect(whole).toHaveLength(1_100);
    expect(bucket.counted()).toEqual({ list: 2, get: 2 + 100 });
    const name = 'audit-segments/00000001-00000500.jsonl';
    bucket.objects.set(name, (bucket.objects.get(name) ?? '').replace('"by":"ada"', '"by":"eve"'));
    expect(await opened.S3().readAudit()).toEqual(whole);
    bucket.objects.set(
      'audit/00000003.json',
      (bucket.objects.get('audit/00000003.json') ?? '').replace('"by":"ada"', '"by":"eve"'),
    );
    await expect(opened.S3().readAudit()).rejects.toMatchObject({ code: 'audit-damaged' });
  });

  it('gets its segments from a reading where a writer left none', async () => {
    const store = opened.S3();
    for (let number = 1; number <= 520; number += 1)
      await store.appendAudit(began(runNumbered(number % 600)), fakeClock());
    for (const key of bucket.objects.keys()) if (key.startsWith('audit-segments/')) bucket.objects.delete(key);
    expect(await mostAtOnce(async () => opened.S3().readAudit())).toBeLessThanOrEqual(24);
    bucket.counted();
    await opened.S3().readAudit();
    expect(bucket.counted()['get']).toBe(1 + 20);
  });
});

describe('a store with many runs', () => {
  const filled = async (
    count: number,
    over: (number: number) => { readonly digest?: string } = () => ({}),
  ): Promise<Store> => {
    const store = opened.S3();
    for (let number = 1; number <= count; number += 1) {
      const run = await writtenRun(
        store,
        number,
        [{ kind: 'phase', phase: 'recheck' }, { kind: 'phase', phase: 'preflight' }, ended],
        over(number),
      );
      await store.appendAudit({ ...began(run), plan: over(number).digest ?? plan.digest } as AuditEntry, fakeClock());
      await store.closeRun((await store.findRun(run)) as RunSummary, 'done');
    }
    bucket.counted();
    return opened.S3();
  };

  it('is gone through by one request for each run that has ended, a few at a time', async () => {
    const store = await filled(120);
    const found: string[] = [];
    expect(
      await mostAtOnce(() =>
        store.eachRun(({ run, journal }) => {
          found.push(run);
          expect(journal?.records).toHaveLength(4);
        }),
      ),
    ).toBeLessThanOrEqual(16);
    expect(found).toEqual(Array.from({ length: 120 }, (_, at) => runNumbered(120 - at)));
    expect(bucket.counted()).toEqual({ list: 3, get: 120 });
    let given = 0;
    await store.eachRun(() => ((given += 1) === 3 ? 'stop' : undefined));
    expect([given, (bucket.counted()['get'] ?? 0) < 40]).toEqual([3, true]);
  });

  it('reads a run by its records where its one object was changed, or is not the whole of it', async () => {
    const store = await filled(2);
    const name = [...bucket.objects.keys()].find((key) => key.startsWith(`journals/${runNumbered(1)}`)) ?? '';
    bucket.objects.set(name, (bucket.objects.get(name) ?? '').replace('"preflight"', '"undo"'));
    const lengths: number[] = [];
    await store.eachRun(({ journal }) => {
      lengths.push(
        journal?.records.filter((record) => record.kind === 'phase' && record.phase === 'preflight').length ?? 0,
      );
    });
    expect(lengths).toEqual([1, 1]);
    bucket.objects.delete(name);
    await opened.S3().eachRun(() => undefined);
    expect(bucket.objects.has(name)).toBe(true);
  });

  it.each([5, 80])('tells of one run by what is of that run, though there are %d', async (count) => {
    const store = await filled(count, (number) => ({
      digest: `sha256:${String(number).padStart(4, '0').padEnd(64, '0')}`,
    }));
    const { events } = await auditOf(worldOf(store), { run: runNumbered(3) });
    expect(events.map(({ kind, run }) => [kind, run])).toEqual([['run-began', runNumbered(3)]]);
    // Its journal of four records, its one entry of the log, and the newest entry for the head.
    expect(bucket.counted()).toEqual({ list: 4, get: 4 + 1 + 1 });
  });

  it('lists captures, runs and events within bounds, and checks everything a few at a time', async () => {
    const store = await filled(60);
    const world = worldOf(store);
    expect(await mostAtOnce(() => captures(world, undefined))).toBeLessThanOrEqual(16);
    expect(bucket.counted()).toEqual({ list: 4, get: 60 });
    expect(await mostAtOnce(() => runs(world, undefined, undefined, { all: true }))).toBeLessThanOrEqual(48);
    expect(bucket.counted()).toEqual({ list: 2 + 60, get: 2 * 60 });
    const { events, more } = await auditOf(worldOf(opened.S3()), {}, 10);
    expect([events.length, more]).toEqual([10, true]);
    expect((await auditOf(worldOf(opened.S3()), {})).events).toHaveLength(60);
    bucket.counted();
    expect(await mostAtOnce(() => auditVerify(worldOf(opened.S3()), {}))).toBeLessThanOrEqual(40);
    const { get = 0 } = bucket.counted();
    expect(get).toBeLessThanOrEqual(60 + 60 + 5);
  });
});

describe('what happened last and lies beside the store', () => {
  it('comes into the store when its run has ended, with or without calls', async () => {
    const store = opened.S3();
    const run = runNumbered(1);
    bucket.failing.add('000002');
    await expect(writtenRun(store, 1, [ended])).rejects.toMatchObject({ code: 'store-unwritable' });
    expect(await opened.S3().listRuns()).toMatchObject([{ run, outcome: 'done', spooled: true }]);
    bucket.failing.clear();
    await closeFinishedRuns(worldOf(opened.S3()));
    expect([...bucket.objects.keys()].filter((key) => key.startsWith(`runs/${run}/`))).toHaveLength(2);
    expect(await opened.S3().closedRuns()).toEqual([]);
    await closeFinishedRuns(worldOf(opened.S3()));
    expect(await opened.S3().closedRuns()).toMatchObject([{ run, how: 'done' }]);
  });
});

describe('a run that was stopped before its first record', () => {
  it.each(['', '{"half'])('breaks no check (its journal is %p)', async (text) => {
    const run = runNumbered(1);
    mkdirSync(join(folder, 'store', 'runs', run), { recursive: true });
    writeFileSync(join(folder, 'store', 'runs', run, 'journal.jsonl'), text);
    const store = opened['a folder']();
    expect([await auditVerify(worldOf(store), {}), JSON.parse(told)]).toEqual([
      0,
      expect.objectContaining({
        intact: true,
        notes: expect.arrayContaining([expect.objectContaining({ code: 'run-blank' })]),
      }),
    ]);
    await store.appendAudit(began(run), fakeClock());
    told = '';
    expect(await auditVerify(worldOf(opened['a folder']()), {})).toBe(1);
  });
});

describe('which rollback is later', () => {
  const rollback = (
    run: string,
    startedAt: string,
    storedAt?: number,
    outcome: RunSummary['outcome'] = 'done',
  ): RunSummary =>
    ({ run, startedAt, rollbackOf: 'r', outcome, ...(storedAt === undefined ? {} : { storedAt }) }) as RunSummary;

  it("is told by the store's own clock, whatever the clocks of two machines say", () => {
    const [failed, done] = [
      rollback('a', '2026-02-26T23:20:00Z', 1_000, 'failed'),
      rollback('b', '2026-02-26T23:10:00Z', 2_000),
    ];
    expect(takenBackIn([failed, done])(failed)).toBe(true);
    const [late, early] = [
      rollback('a', '2026-02-26T23:10:00Z', 2_000, 'failed'),
      rollback('b', '2026-02-26T23:20:00Z', 1_000),
    ];
    expect(takenBackIn([late, early])(late)).toBe(false);
    // A store on one machine has that machine's clock.
    expect(
      takenBackIn([rollback('a', '1', undefined, 'failed'), rollback('b', '2')])(
        rollback('a', '1', undefined, 'failed'),
      ),
    ).toBe(true);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditVerify } from '../../src/cli/audit/audit.ts';
import { closedRunProblems } from '../../src/cli/planning/closed-run-check.ts';
import {
  otherRunsFor,
  runsThat,
  closeFinishedRuns,
  unfinishedBeside,
  unfinishedRuns,
} from '../../src/cli/planning/open-runs.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import type { AuditRecord } from '../../src/domain/records/audit.ts';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { s3Store } from '../../src/store/s3-store.ts';
import { markName, markOf } from '../../src/store/closed-runs.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { testConfiguration } from '../helpers/apply-world.ts';
import { approvalFor, digestedPlan } from '../helpers/audit-samples.ts';
import { memoryBucket, type MemoryBucket } from '../helpers/memory-bucket.ts';
import { runNumbered, writtenRun } from '../helpers/written-run.ts';

const plan = digestedPlan();
const intent = {
  kind: 'intent',
  step: plan.steps[0]?.id ?? '',
  call: 1,
  purpose: 'change',
  declared: { service: 'ec2', operation: 'X', input: {}, identity: 'i-1', retry: 'absolute', purpose: 'x' },
} as JournalEntry;
const ended = (outcome: 'done' | 'failed' | 'abandoned' | 'stale'): JournalEntry => ({
  kind: 'end',
  outcome,
  message: null,
});

const looking = (store: Store): CommandContext =>
  ({
    store,
    io: { host: 'laptop', clock: fakeClock(Date.parse('2026-02-26T23:59:00Z')) },
  }) as unknown as CommandContext;
const found = async (store: Store, every = false): Promise<readonly (readonly string[])[]> =>
  (await unfinishedRuns(looking(store), undefined, { every })).map(({ summary, state }) => [summary.run, state]);
const marksIn = async (store: Store): Promise<readonly (readonly string[])[]> =>
  (await store.closedRuns()).map(({ run, how }) => [run, how]);

let folder: string;
let bucket: MemoryBucket;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiplan-settled-'));
  bucket = memoryBucket();
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A store as one machine opens it. */
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

describe.each(['a folder', 'S3'] as const)('settled runs in %s', (kind) => {
  const open = opened[kind];

  it('get a mark each, and open ones never do', async () => {
    const store = open();
    const done = await writtenRun(store, 1, [intent, ended('done')]);
    const idle = await writtenRun(store, 2, [ended('stale')]);
    const left = await writtenRun(store, 3, [intent, ended('failed')]);
    const gone = await writtenRun(store, 4, [intent, ended('abandoned')]);
    const killed = await writtenRun(store, 5, [intent]);
    const begun = await writtenRun(store, 6, []);
    await closeFinishedRuns(looking(store));
    expect(await marksIn(open())).toEqual([
      [done, 'done'],
      [idle, 'idle'],
      [gone, 'abandoned'],
    ]);
    expect((await open().openRuns()).map(({ run }) => run)).toEqual([begun, killed, left]);
    expect(await found(open())).toEqual([
      [begun, 'open'],
      [killed, 'open'],
      [left, 'half'],
    ]);
    expect(await found(open(), true)).toEqual(await found(open()));
    // A second time nothing is written.
    await closeFinishedRuns(looking(open()));
    expect(await marksIn(open())).toHaveLength(3);
  });

  it('are undone by what came after them, and by nothing that came before', async () => {
    const store = open();
    const of = await writtenRun(store, 1, [intent, ended('failed')]);
    const first = await writtenRun(store, 2, [intent, ended('failed')], { rollbackOf: of, name: 'undo-it' });
    const second = await writtenRun(store, 3, [intent, ended('done')], { rollbackOf: of, name: 'undo-it' });
    const third = await writtenRun(store, 4, [intent], { rollbackOf: of, name: 'undo-it' });
    expect(await found(open())).toEqual([[third, 'open']]);
    await closeFinishedRuns(looking(store));
    expect(await marksIn(open())).toEqual([
      [of, 'taken-back'],
      [first, 'taken-back'],
      [second, 'done'],
    ]);
    expect(await found(open())).toEqual([[third, 'open']]);
    expect(await runsThat(looking(open()), { rollbackOf: of })).toEqual([first, second, third]);
    expect(
      await runsThat(looking(open()), {
        planName: plan.name,
        account: plan.target.account,
        region: plan.target.region,
      }),
    ).toEqual([of]);
    expect(
      await runsThat(looking(open()), { planName: plan.name, account: plan.target.account, region: 'us-east-1' }),
    ).toEqual([]);
  });

  it('are undone also where the clock of the machine that did it is behind', async () => {
    const of = await writtenRun(open(), 2, [intent, ended('failed')]);
    const back = await writtenRun(open(), 1, [intent, ended('done')], { rollbackOf: of, name: 'undo-it' });
    expect(await found(open())).toEqual([]);
    await closeFinishedRuns(looking(open()));
    expect(await marksIn(open())).toEqual([
      [back, 'done'],
      [of, 'taken-back'],
    ]);
  });

  it.each([0, 1])(
    'stay undone where the end of one of them lies in a spool, so that it has no mark (%#)',
    async (spooled) => {
      const of = await writtenRun(open(), 1, [intent, ended('failed')]);
      const first = await writtenRun(open(), 2, [intent, ended('failed')], { rollbackOf: of, name: 'undo-it' });
      const back = await writtenRun(open(), 3, [intent, ended('done')], { rollbackOf: of, name: 'undo-it' });
      const here = [of, first][spooled];
      const store = open();
      await closeFinishedRuns(
        looking({
          ...store,
          openRuns: async () =>
            (await store.openRuns()).map((summary) => (summary.run === here ? { ...summary, spooled: true } : summary)),
        }),
      );
      expect((await marksIn(open())).map(([run]) => run)).toEqual([of, first].filter((run) => run !== here));
      // The rollback that tells so is still read.
      expect((await open().openRuns()).map(({ run }) => run)).toEqual(expect.arrayContaining([back]));
      expect(await found(open())).toEqual([]);
    },
  );

  it('that were not marked are found all the same, and marked by the next run', async () => {
    const of = await writtenRun(open(), 1, [intent, ended('failed')]);
    const back = await writtenRun(open(), 2, [intent, ended('done')], { rollbackOf: of, name: 'undo-it' });
    // The process died after the end of the rollback was durable: nothing is marked, and nothing is open.
    expect(await marksIn(open())).toEqual([]);
    expect(await found(open())).toEqual([]);
    expect(await runsThat(looking(open()), { rollbackOf: of })).toEqual([back]);
    await closeFinishedRuns(looking(open()));
    expect(await marksIn(open())).toHaveLength(2);
  });

  it('stay closed where a person closed them, and say who', async () => {
    const store = open();
    const run = await writtenRun(store, 1, [intent]);
    await store.closeRun(
      { run, account: null, region: null, endpoint: null, planName: null, rollbackOf: null },
      'closed',
      { by: 'ada', host: 'laptop', at: '2026-02-26T23:30:00.000Z', problem: 'line 2 is not JSON' },
    );
    expect(await found(open())).toEqual([]);
    expect(await found(open(), true)).toEqual([]);
    expect(await open().listRuns()).toMatchObject([{ run, closed: { by: 'ada', at: '2026-02-26T23:30:00.000Z' } }]);
  });
});

describe('the marks', () => {
  it('say in their names all that is asked of a settled run, and what is no mark settles nothing', () => {
    const mark = {
      run: runNumbered(1),
      how: 'done',
      at: '123456789012-eu-west-1-0123456789ab',
      planName: 'move',
      rollbackOf: runNumbered(0),
    } as const;
    expect(markOf(markName(mark) ?? '')).toEqual(mark);
    expect(markOf(markName({ ...mark, at: null, planName: null, rollbackOf: null }) ?? '')).toEqual({
      ...mark,
      at: null,
      planName: null,
      rollbackOf: null,
    });
    for (const odd of ['../x', 'a.b', 'x'.repeat(65), '']) expect(markName({ ...mark, planName: odd })).toBeNull();
    for (const odd of [
      '',
      '.json',
      `${runNumbered(1)}.json`,
      `${runNumbered(1)}.open.-.-.-.json`,
      `${runNumbered(1)}.done.-.-.-.json.tmp`,
      `${runNumbered(1)}.done.-.-.-`,
      `x.done.-.-.-.json`,
    ])
      expect(markOf(odd)).toBeNull();
  });

  it('hide nothing when they are lost, cannot be read, or are of runs that are not there', async () => {
    const store = opened['a folder']();
    const done = await writtenRun(store, 1, [intent, ended('done')]);
    const killed = await writtenRun(store, 2, [intent]);
    await closeFinishedRuns(looking(store));
    const marks = join(folder, 'store', 'settled');
    for (const name of readdirSync(marks)) unlinkSync(join(marks, name));
    writeFileSync(join(marks, `${killed}.json`), 'damaged');
    writeFileSync(join(marks, `${runNumbered(9)}.done.-.-.-.json`), '');
    expect(await found(store)).toEqual([[killed, 'open']]);
    expect((await store.openRuns()).map(({ run }) => run)).toEqual([killed, done]);
    expect((await store.listRuns()).map(({ run }) => run)).toEqual([killed, done]);
  });

  it('that are false are found out by `runs --all`, which believes none', async () => {
    const store = opened.S3();
    const killed = await writtenRun(store, 1, [intent]);
    await store.closeRun(
      (await store.findRun(killed)) ??
        (() => {
          throw new Error('not there');
        })(),
      'done',
    );
    expect(await found(store)).toEqual([]);
    expect(await found(store, true)).toEqual([[killed, 'open']]);
    let told = '';
    expect(
      await auditVerify(
        {
          store,
          configuration: testConfiguration,
          options: { json: true },
          io: {
            stdout: {
              write: (text: string) => {
                told += text;
              },
            },
          },
        } as unknown as CommandContext,
        {},
      ),
    ).toBe(1);
    expect((JSON.parse(told) as { broken: unknown[] }).broken).toContainEqual(
      expect.objectContaining({ code: 'settled-false', where: expect.stringContaining(`/settled/${killed}`) }),
    );
    const done = await writtenRun(store, 2, [intent, ended('done')]);
    const back = await writtenRun(store, 3, [intent, ended('failed')]);
    const undo = await writtenRun(store, 4, [intent, ended('done')], { rollbackOf: back });
    await closeFinishedRuns(looking(store));
    const journals = await Promise.all(
      [killed, done, back, undo].map(async (run) => ({
        run,
        path: run,
        records: (await store.readRun(run)).records,
        problem: null,
      })),
    );
    const problems = closedRunProblems(await store.closedRuns(), journals, [], (run) => run);
    expect(problems).toEqual([
      { code: 'settled-false', where: killed, message: expect.stringContaining('plan and apply overlook it') },
    ]);
    const closed = { run: done, how: 'closed', at: null, planName: null, rollbackOf: null } as const;
    expect(closedRunProblems([closed], journals, [], (run) => run)).toMatchObject([
      { code: 'settled-false', message: expect.stringContaining('knows of none') },
    ]);
    expect(
      closedRunProblems([closed], journals, [{ kind: 'run-abandoned', run: done } as AuditRecord], (run) => run),
    ).toEqual([]);
    expect(closedRunProblems([closed], journals, null, (run) => run)).toEqual([]);
  });

  it('are made after the end is durable, and what cannot be marked is no failure', async () => {
    const store = opened.S3();
    const done = await writtenRun(store, 1, [intent, ended('done')]);
    bucket.failing.add('settled/');
    await closeFinishedRuns(looking(store));
    expect(await marksIn(store)).toEqual([]);
    bucket.failing.clear();
    await closeFinishedRuns(looking(store));
    expect(await marksIn(store)).toEqual([[done, 'done']]);
    expect([...bucket.objects.keys()].at(-1)).toBe(
      `settled/${done}.done.${plan.target.account}-${plan.target.region}.${plan.name}.-.json`,
    );
  });

  it('are not made of an end that lies in a spool of this machine', async () => {
    const store = opened.S3();
    const journal = await store.createJournal(runNumbered(1), fakeClock());
    await journal.append({
      kind: 'begin',
      format: 'aiplan/journal@1',
      run: runNumbered(1),
      command: 'apply',
      target: plan.target,
      plan,
      approval: approvalFor(plan),
    });
    bucket.failing.add('runs/');
    await expect(journal.append(ended('done'))).rejects.toMatchObject({ code: 'store-unwritable' });
    bucket.failing.clear();
    expect(await store.listRuns()).toMatchObject([{ outcome: 'done', spooled: true }]);
    await closeFinishedRuns(looking(store));
    expect(await marksIn(store)).toEqual([]);
  });

  it('of a damaged journal show it as damaged, by whom it was closed, and what is wrong', async () => {
    const store = opened['a folder']();
    const run = await writtenRun(store, 1, [intent]);
    appendFileSync(join(folder, 'store', 'runs', run, 'journal.jsonl'), 'not a record\n');
    expect(await found(store)).toEqual([[run, 'damaged']]);
    await store.closeRun(
      (await store.findRun(run)) ??
        (() => {
          throw new Error('not there');
        })(),
      'closed',
      { by: 'ada', host: 'laptop', at: '2026-02-26T23:30:00.000Z', problem: 'x' },
    );
    expect(await found(store)).toEqual([]);
    expect(await store.listRuns()).toMatchObject([
      { run, outcome: 'damaged', problem: expect.stringContaining('not JSON'), closed: { by: 'ada' } },
    ]);
  });
});

describe('what planning asks of a store in S3 with 300 finished runs and one that was killed', () => {
  it('is two lists, and the journal of that one', async () => {
    const store = opened.S3();
    for (let number = 1; number <= 300; number += 1) await writtenRun(store, number, [intent, ended('done')]);
    const killed = await writtenRun(store, 301, [intent]);
    bucket.counted();
    await store.listRuns();
    // As it was: every run, by a list and two records of it.
    expect(bucket.counted()).toEqual({ list: 2 + 301, get: 2 * 301 });
    await closeFinishedRuns(looking(opened.S3()));
    bucket.counted();
    const { open, findings } = await otherRunsFor(looking(opened.S3()), plan.target, null);
    expect(open.map(({ run }) => run)).toEqual([killed]);
    expect(findings).toMatchObject([
      {
        code: 'run-unfinished',
        severity: 'warning',
        message: `run ${killed} of "${plan.name}" is unfinished`,
        help: `aiplan resume ${killed}\naiplan rollback ${killed}\naiplan runs abandon ${killed}`,
      },
    ]);
    expect(unfinishedBeside({ findings })).toEqual({
      unfinished: [
        {
          message: findings[0]?.message,
          next: [`aiplan resume ${killed}`, `aiplan rollback ${killed}`, `aiplan runs abandon ${killed}`],
        },
      ],
    });
    expect(unfinishedBeside({ findings: [] })).toEqual({});
    // Runs and marks; first and last record of the open one; all of its records; the lock.
    expect(bucket.counted()).toEqual({ list: 2 + 1 + 1, get: 2 + 2 + 1 });
    expect((await opened.S3().listRuns({ newest: 21 })).length).toBe(21);
    expect(bucket.counted()).toEqual({ list: 2 + 21, get: 2 * 21 });
  });
});

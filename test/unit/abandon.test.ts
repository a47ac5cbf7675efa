import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { abandon, closeTakenBack } from '../../src/cli/commands/abandon.ts';
import { unfinishedRuns } from '../../src/cli/planning/open-runs.ts';
import { lockOf } from '../../src/cli/running/resume-lock.ts';
import { resumeCommand } from '../../src/cli/commands/resume.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import { endOf } from '../../src/history/journal-reading.ts';
import { opOf } from '../../src/plan/steps/preview-context.ts';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { approvalFor, digestedPlan } from '../helpers/audit-samples.ts';
import { testConfiguration } from '../helpers/apply-world.ts';
import { openHeadless, type Headless } from '../helpers/headless.ts';

const run = '20260226-231500-a1b2';
const plan = digestedPlan();
const capture = {
  how: 'native',
  refs: { snapshot: 's' },
  pointInTime: null,
  bytes: 1,
  encrypted: true,
  extras: {},
} as const;
let folder: string;
let store: Store;
let terminal: Headless;
let said: string;

/** A command at a terminal of this machine. */
const world = (environment: Record<string, string> = {}): CommandContext =>
  ({
    io: {
      user: 'ada',
      host: 'laptop',
      pid: 4711,
      environment,
      clock: fakeClock(Date.parse('2026-02-26T23:20:00Z')),
      onInterrupt: () => () => undefined,
      stdin: terminal.options.stdin,
      stdout: terminal.options.stdout,
      stderr: {
        write: (text: string) => {
          said += text;
          return true;
        },
      },
    },
    options: { color: false },
    store,
    configuration: testConfiguration,
    target: async () => plan.target,
  }) as unknown as CommandContext;

/** A run that was killed after it sent a call: its journal has no end, and its lock nobody's. */
const killed = (...more: readonly JournalEntry[]): Promise<void> => killedAs(run, digestedPlan(), 'apply', more);

async function killedAs(
  run: string,
  plan: Plan,
  command: 'apply' | 'rollback',
  more: readonly JournalEntry[],
): Promise<void> {
  const journal = await store.createJournal(run, fakeClock());
  const step = plan.steps[0]?.id ?? '';
  const entries: readonly JournalEntry[] = [
    { kind: 'begin', format: 'aiplan/journal@1', run, command, target: plan.target, plan, approval: approvalFor(plan) },
    { kind: 'captured', step, capture, verified: true, problems: [] },
    { kind: 'step', step, state: 'started', identity: plan.steps[0]?.identity ?? null, after: null, message: null },
    {
      kind: 'intent',
      step,
      call: 1,
      purpose: 'change',
      declared: {
        service: 'ec2',
        operation: 'X',
        input: {},
        identity: opOf(run, step),
        retry: 'absolute',
        purpose: 'x',
      },
    },
  ];
  for (const entry of [...entries, ...more]) await journal.append(entry);
  await journal.close();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiplan-abandon-'));
  store = folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host: 'laptop' });
  terminal = openHeadless(100, 40);
  said = '';
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('abandoning a run', () => {
  it('closes it for good, once its id was typed: the journal is unbroken, the captures stay, and nothing is held any more', async () => {
    await killed();
    expect((await unfinishedRuns(world(), plan.target)).map(({ state, open }) => [state, open !== null])).toEqual([
      ['open', true],
    ]);
    const ended = abandon(world(), run);
    expect(await terminal.until(`Type ${run} and Enter`)).toMatch(
      /Abandoning closes the run for good\.[^]*Its 1 capture stays/u,
    );
    await terminal.type(run);
    terminal.stdin.write('\r');
    expect(await ended).toBe(0);
    const { records } = await store.readRun(run);
    expect(endOf(records)).toMatchObject({ outcome: 'abandoned', message: 'closed for good by ada on laptop' });
    expect(await unfinishedRuns(world(), plan.target)).toEqual([]);
    expect(await store.readAudit()).toMatchObject([{ kind: 'run-abandoned', run, typed: run, by: 'ada' }]);
    expect(said).toContain('its captures stay');
    await expect(abandon(world(), run)).rejects.toMatchObject({ code: 'run-ended' });
    expect(await store.lockHolder(plan.target)).toBeNull();
  });

  it.each([
    ['another id', `20260226-231500-a1b3`],
    ['nothing', ''],
  ])('does nothing for %s', async (_what, typed) => {
    await killed();
    const ended = abandon(world(), run);
    await terminal.until(`Type ${run} and Enter`);
    if (typed !== '') await terminal.type(typed);
    terminal.stdin.write('\r');
    await terminal.until(/differ at character|nothing was typed/u);
    terminal.stdin.write('\u001b');
    await expect(ended).rejects.toMatchObject({ code: 'not-approved' });
    expect(endOf((await store.readRun(run)).records)).toBeUndefined();
  });

  it('does not count what was pasted', async () => {
    await killed();
    const ended = abandon(world(), run);
    await terminal.until(`Type ${run} and Enter`);
    terminal.stdin.write(run);
    await terminal.until(/type them one by one|pasted text/u);
    terminal.stdin.write('\u001b');
    await expect(ended).rejects.toMatchObject({ code: 'not-approved' });
  });

  it.each([null, '', '{"half'])(
    'closes a run that was stopped before its first record was written (its journal: %p)',
    async (text) => {
      const place = join(folder, 'store', 'runs', run);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'reserve'), 'x');
      if (text !== null) writeFileSync(join(place, 'journal.jsonl'), text);
      const ended = abandon(world(), run);
      await terminal.until(`Type ${run} and Enter`);
      await terminal.type(run);
      terminal.stdin.write('\r');
      expect(await ended).toBe(0);
      expect(await store.closedRuns()).toMatchObject([{ run, how: 'closed' }]);
      expect((await unfinishedRuns(world())).length).toBe(0);
      await expect(abandon(world(), run)).rejects.toMatchObject({ code: 'run-ended' });
    },
  );

  it('is not for an agent, and not where there is no terminal', async () => {
    await killed();
    await expect(abandon(world({ CLAUDECODE: '1' }), run)).rejects.toMatchObject({
      code: 'confirmation-missing',
      exitCode: 3,
    });
    const blind = world();
    await expect(
      abandon({ ...blind, io: { ...blind.io, stdin: { isTTY: false } } } as unknown as CommandContext, run),
    ).rejects.toMatchObject({ code: 'confirmation-missing' });
  });

  it('is not for a run that is done', async () => {
    await killed({ kind: 'end', outcome: 'done', message: null });
    await expect(abandon(world(), run)).rejects.toMatchObject({ code: 'run-ended', exitCode: 3 });
  });

  it('closes for good a run whose journal cannot be read, lets its lock go, and leaves the journal as it is', async () => {
    await killed();
    const { path } = await store.readRun(run);
    appendFileSync(path, 'not a record\n');
    expect((await unfinishedRuns(world(), plan.target)).map(({ state }) => state)).toEqual(['damaged']);
    const ended = abandon(world(), run);
    expect(await terminal.until(`Type ${run} and Enter`)).toMatch(/Its journal cannot be read and stays as it is/u);
    await terminal.type(run);
    terminal.stdin.write('\r');
    expect(await ended).toBe(0);
    await expect(store.readRun(run)).rejects.toMatchObject({ code: 'journal-damaged' });
    expect(await store.readAudit()).toMatchObject([
      { kind: 'run-abandoned', run, typed: run, by: 'ada', journal: { records: 0 } },
    ]);
    expect(await store.lockHolder(plan.target)).toBeNull();
    // It is no longer unfinished, by whatever way it is looked for; that it is damaged still shows, and who gave it up.
    expect(await unfinishedRuns(world(), plan.target)).toEqual([]);
    expect(await unfinishedRuns(world(), undefined, { every: true })).toEqual([]);
    expect(await store.listRuns()).toMatchObject([
      {
        run,
        outcome: 'damaged',
        problem: expect.stringContaining('damaged in line 5'),
        closed: { by: 'ada', at: '2026-02-26T23:20:00.000Z' },
      },
    ]);
    await expect(abandon(world(), run)).rejects.toMatchObject({
      code: 'run-ended',
      help: expect.stringContaining(`aiplan runs ${run}`),
    });
    // Brought back from a backup it stays closed.
    writeFileSync(path, readFileSync(path, 'utf8').replace('not a record\n', ''));
    await expect(resumeCommand(world(), run, {})).rejects.toMatchObject({ code: 'run-ended' });
    expect(await unfinishedRuns(world(), plan.target)).toEqual([]);
  });

  it('does not close a run whose journal cannot be read for anything but its id, typed', async () => {
    await killed();
    const { path } = await store.readRun(run);
    appendFileSync(path, 'not a record\n');
    const ended = abandon(world(), run);
    await terminal.until(`Type ${run} and Enter`);
    terminal.stdin.write('\u001b');
    await expect(ended).rejects.toMatchObject({ code: 'not-approved' });
    expect([await store.readAudit(), await store.closedRuns()]).toEqual([[], []]);
    await expect(abandon(world({ CLAUDECODE: '1' }), run)).rejects.toMatchObject({ code: 'confirmation-missing' });
  });
});

describe('the lock of a run that is resumed', () => {
  const held = async (host: string, pid: number): Promise<void> => {
    const elsewhere = folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host });
    // The holder is gone without a word: it gives no sign of life and releases nothing.
    await elsewhere.acquireLock(plan.target, { run, owner: 'ben', host, pid, startedAt: '2026-02-26T23:15:00.000Z' });
  };
  const gone = 2 ** 22 + 1;

  it('is taken over from a process of this machine that is gone, by a person or with a signed approval', async () => {
    await killed();
    await held('laptop', gone);
    const agent = world({ CLAUDECODE: '1' });
    await expect(lockOf(agent, run, plan.target, {})).rejects.toMatchObject({
      code: 'take-over-needed',
      exitCode: 3,
      help: expect.stringContaining(`--take-over laptop:${gone}`),
    });
    await expect(lockOf(agent, run, plan.target, { takeOver: `laptop:${gone + 1}` })).rejects.toMatchObject({
      code: 'take-over-needed',
    });
    const lock = await lockOf(agent, run, plan.target, { approval: 'signed.json' });
    expect((await store.lockHolder(plan.target))?.pid).toBe(4711);
    expect(said).toContain('the lock is held by ben on laptop');
    await lock.release();
  });

  it('is never taken over from one that is alive', async () => {
    await killed();
    await held('laptop', process.pid);
    await expect(lockOf(world(), run, plan.target, { takeOver: `laptop:${process.pid}` })).rejects.toMatchObject({
      code: 'locked',
    });
  });

  it('of another machine wants its holder named, also from a person', async () => {
    await killed();
    await held('server', 7);
    await expect(lockOf(world(), run, plan.target, {})).rejects.toMatchObject({
      code: 'take-over-needed',
      help: expect.stringContaining('--take-over server:7'),
    });
  });
});

describe('a rollback that finds nothing left to undo', () => {
  const back = '20260226-231700-b2c3';
  const other = '20260226-231800-c3d4';
  const open = async (): Promise<readonly string[]> =>
    (await unfinishedRuns(world(), plan.target)).map(({ summary }) => summary.run).sort();

  it('closes the run, and what is unfinished of earlier rollbacks of it, and nothing else', async () => {
    await killed();
    await killedAs(back, { ...digestedPlan(), rollbackOf: run }, 'rollback', []);
    await killedAs(other, digestedPlan(), 'apply', []);
    expect(await open()).toEqual([run, back, other]);
    expect([...(await closeTakenBack(world(), run, plan.target))].sort()).toEqual([run, back]);
    expect(await open()).toEqual([other]);
    for (const id of [run, back])
      expect(endOf((await store.readRun(id)).records)).toMatchObject({
        outcome: 'abandoned',
        message: 'a rollback found nothing left to undo',
      });
    expect((await store.readAudit()).map((entry) => entry.kind)).toEqual(['run-abandoned', 'run-abandoned']);
    expect(await store.lockHolder(plan.target)).toBeNull();
    expect(await closeTakenBack(world(), run, plan.target)).toEqual([]);
  });

  it('closes the rollback that was killed where the run itself has come to its end', async () => {
    await killed({ kind: 'end', outcome: 'done', message: null });
    await killedAs(back, { ...digestedPlan(), rollbackOf: run }, 'rollback', []);
    expect(await closeTakenBack(world(), run, plan.target)).toEqual([back]);
    expect(await open()).toEqual([]);
  });

  it('leaves them open where nobody could have asked for it: no terminal, or one of an agent', async () => {
    await killed();
    expect(await closeTakenBack(world({ CLAUDECODE: '1' }), run, plan.target)).toEqual([]);
    expect(await open()).toEqual([run]);
  });
});

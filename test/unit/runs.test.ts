import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeFinishedRuns } from '../../src/cli/planning/open-runs.ts';
import { resumeCommand } from '../../src/cli/commands/resume.ts';
import { runs, type RunsOptions } from '../../src/cli/commands/runs.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { digestedPlan } from '../helpers/audit-samples.ts';
import { runNumbered, writtenRun } from '../helpers/written-run.ts';

const plan = digestedPlan();
const intent = {
  kind: 'intent',
  step: plan.steps[0]?.id ?? '',
  call: 1,
  purpose: 'change',
  declared: { service: 'ec2', operation: 'X', input: {}, identity: 'i-1', retry: 'absolute', purpose: 'x' },
} as JournalEntry;
const refused = {
  kind: 'outcome',
  step: plan.steps[0]?.id ?? '',
  call: 1,
  ok: false,
  requestId: null,
  milliseconds: 1,
  code: 'X',
  message: 'no',
  executed: 'no',
} as JournalEntry;
const done: JournalEntry = { kind: 'end', outcome: 'done', message: null };
const failed: JournalEntry = { kind: 'end', outcome: 'failed', message: 'x' };

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiplan-runs-'));
  store = folderStore({ folder, spool: join(folder, 'spool'), host: 'laptop' });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const ran = (number: number, entries: readonly JournalEntry[], over: Partial<Plan> = {}): Promise<string> =>
  writtenRun(store, number, entries, over);

async function said(
  options: { readonly json?: true; readonly given?: RunsOptions; readonly exit?: number } = {},
): Promise<{ readonly out: string; readonly note: string }> {
  let [out, note] = ['', ''];
  const io = {
    host: 'laptop',
    environment: {},
    clock: fakeClock(Date.parse('2026-02-26T23:59:00Z')),
    stdout: {
      columns: 200,
      write: (text: string) => {
        out += text;
      },
    },
    stderr: {
      columns: 200,
      write: (text: string) => {
        note += text;
      },
    },
  };
  expect(
    await runs(
      {
        store,
        io,
        options: { color: false, ...(options.json === undefined ? {} : { json: true }) },
      } as unknown as CommandContext,
      undefined,
      undefined,
      options.given ?? {},
    ),
  ).toBe(options.exit ?? 0);
  return { out, note };
}

describe('the list of runs', () => {
  it('has the unfinished ones first, each with exactly the commands that deal with it', async () => {
    const killed = await ran(1, [intent]);
    const left = await ran(2, [intent, refused, failed]);
    const back = await ran(3, [intent], { rollbackOf: runNumbered(9), name: 'undo-it' });
    const damaged = await ran(4, [intent]);
    appendFileSync(join(folder, 'runs', damaged, 'journal.jsonl'), 'x\n');
    const ended = await ran(5, [intent, done]);
    // One journal that cannot be read is named, hides no other, and shows in the exit code.
    const { out, note } = await said({ exit: 1 });
    const heads = /^(?<head>2026\S+ \S+ [a-z]+(?: [A-Zst][A-Za-z]+)?)|^ {4}(?<command>aiplan.*?)(?: {2}.*)?$/u;
    expect(
      out.split('\n').flatMap((line) => {
        const { head, command } = heads.exec(line)?.groups ?? {};
        return head ?? command ?? [];
      }),
    ).toEqual([
      `${damaged} ? damaged JOURNAL`,
      `aiplan runs abandon ${damaged}`,
      `${back} rollback open STOPPED`,
      `aiplan rollback ${runNumbered(9)}`,
      `aiplan runs abandon ${back}`,
      `${left} apply failed steps`,
      `aiplan resume ${left}`,
      `aiplan rollback ${left}`,
      `aiplan runs abandon ${left}`,
      `${killed} apply open STOPPED`,
      `aiplan resume ${killed}`,
      `aiplan rollback ${killed}`,
      `aiplan runs abandon ${killed}`,
      expect.stringContaining(`${ended} apply done`),
    ]);
    expect(note).toBe('');
    expect(
      (JSON.parse((await said({ json: true, exit: 1 })).out) as { run: string; next?: readonly string[] }[]).map(
        ({ run, next }) => [run, next?.length],
      ),
    ).toEqual([
      [damaged, 1],
      [back, 2],
      [left, 3],
      [killed, 3],
      [ended, undefined],
    ]);
  });

  it('has every unfinished run, however old, and of the others the newest 20; with --all all of them', async () => {
    const killed = await ran(1, [intent]);
    for (let number = 2; number <= 23; number += 1) await ran(number, [intent, done]);
    await closeFinishedRuns({ store, io: { host: 'laptop', clock: fakeClock() } } as unknown as CommandContext);
    const names = async (given?: RunsOptions): Promise<readonly string[]> =>
      (
        JSON.parse((await said({ json: true, ...(given === undefined ? {} : { given }) })).out) as { run: string }[]
      ).map(({ run }) => run);
    expect(await names()).toEqual([killed, ...Array.from({ length: 20 }, (_, index) => runNumbered(23 - index))]);
    expect((await said()).note).toContain('there are older runs: aiplan runs --all');
    expect(await names({ all: true })).toEqual([
      killed,
      ...Array.from({ length: 22 }, (_, index) => runNumbered(23 - index)),
    ]);
    expect((await said({ given: { all: true } })).note).toBe('');
  });

  it('shows a damaged run that a person closed as damaged, with who closed it, and nothing to do', async () => {
    const damaged = await ran(1, [intent]);
    appendFileSync(join(folder, 'runs', damaged, 'journal.jsonl'), 'x\n');
    await store.closeRun(
      { run: damaged, account: null, region: null, endpoint: null, planName: null, rollbackOf: null },
      'closed',
      { by: 'ada', host: 'laptop', at: '2026-02-26T23:30:00.000Z', problem: 'x' },
    );
    const { out } = await said();
    expect(out).toMatch(
      new RegExp(
        `^${damaged} \\? damaged closed for good by ada at 2026-02-26T23:30:00.000Z the journal is damaged in line 3:\\s+it\\s+is\\s+not JSON\\n$`,
        'u',
      ),
    );
    expect((await said({ json: true, given: { all: true } })).out).toMatch(/"closed": \{\s*"by": "ada"/u);
  });
});

describe('a run that has a mark of being settled', () => {
  const settled = async (): Promise<readonly string[]> => {
    await closeFinishedRuns({ store, io: { host: 'laptop', clock: fakeClock() } } as unknown as CommandContext);
    return (await store.closedRuns()).map(({ run }) => run);
  };
  const resumed = (run: string): Promise<unknown> =>
    resumeCommand({ store, target: async () => plan.target } as unknown as CommandContext, run, {});

  it.each([
    [
      'ended before its first call',
      [{ kind: 'end', outcome: 'stale', message: null }],
      'run-ended',
      /before its first call/u,
    ],
    ['is done', [intent, done], 'run-ended', /is done/u],
    ['was abandoned', [intent, { kind: 'end', outcome: 'abandoned', message: null }], 'run-ended', /was abandoned/u],
  ] as const)('is not resumed where it %s, so that the mark stays true', async (_what, entries, code, message) => {
    const run = await ran(1, entries as readonly JournalEntry[]);
    expect(await settled()).toEqual([run]);
    await expect(resumed(run)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('is not resumed where it was undone, also by a rollback that had nothing to send', async () => {
    const run = await ran(1, [intent, failed]);
    const back = await ran(2, [done], { rollbackOf: run, name: 'undo-it' });
    expect(await settled()).toEqual([run, back]);
    await expect(resumed(run)).rejects.toMatchObject({
      code: 'run-taken-back',
      exitCode: 3,
      message: expect.stringContaining(back),
    });
  });
});

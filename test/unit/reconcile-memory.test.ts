import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditReconcile } from '../../src/cli/audit/audit-reconcile.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import { reconcileFacts } from '../../src/audit/reconcile-facts.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { chained, digestedPlan, sampleRun } from '../helpers/audit-samples.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { testConfiguration } from '../helpers/apply-world.ts';

const plan = digestedPlan();
const now = Date.parse('2026-02-28T00:00:00Z');
const journalOf = (number: number, from = '2026-02-26T23:15:00Z') => {
  const sample = sampleRun(plan, number);
  return {
    run: sample.run,
    path: 'p',
    problem: null,
    records: chained(sample.entries, from) as unknown as readonly JournalRecord[],
  };
};

describe('what reconcile keeps of a journal', () => {
  it('is its names and calls, without anything that was read, sent or answered', () => {
    const journal = journalOf(1);
    const large = {
      ...journal,
      records: journal.records.map((record) =>
        record.kind === 'intent'
          ? { ...record, declared: { ...record.declared, input: { UserData: 'x'.repeat(100_000) } } }
          : record.kind === 'outcome' && record.ok
            ? { ...record, answer: { Listing: 'y'.repeat(100_000) } }
            : record,
      ),
    };
    const facts = reconcileFacts(large, now - 90 * 86_400_000);
    expect(JSON.stringify(large).length).toBeGreaterThan(500_000);
    expect(JSON.stringify(facts).length).toBeLessThan(10_000);
    expect(facts).toMatchObject({ run: journal.run, target: plan.target, begins: [{ caller: plan.target.caller }] });
    expect([facts?.calls.length, facts?.names.length]).toEqual([4, expect.any(Number)]);
    expect(facts?.calls.every(({ outcome, input }) => outcome?.ok === true && input === null)).toBe(true);
  });

  it('is no call that CloudTrail cannot be asked about any more, but for one whose answer was lost', () => {
    const old = journalOf(1, '2025-06-01T00:00:00Z');
    const since = now - 90 * 86_400_000;
    expect(reconcileFacts(old, since)).toMatchObject({ names: [], calls: [] });
    const cut = {
      ...old,
      records: old.records.slice(
        0,
        old.records.findIndex(({ kind }) => kind === 'outcome'),
      ),
    };
    expect(reconcileFacts(cut, since)?.calls).toMatchObject([{ outcome: null }]);
    expect(reconcileFacts({ run: 'r', path: 'p', records: null, problem: 'x' }, since)).toBeNull();
  });
});

describe('audit reconcile', () => {
  let folder: string;
  let store: Store;
  let told = '';
  let said = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aiplan-reconcile-'));
    store = folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host: 'laptop' });
    [told, said] = ['', ''];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const worldOf = (given: Store): CommandContext =>
    ({
      store: given,
      configuration: testConfiguration,
      options: { color: false, json: true },
      target: async () => plan.target,
      io: {
        clock: fakeClock(now),
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
      reader: async () => ({
        counts: {},
        read: async ({ operation }: { operation: string }) => (operation === 'LookupEvents' ? { Events: [] } : null),
      }),
    }) as unknown as CommandContext;

  it('lets go of each journal before the next ones are read, and still knows every call', async () => {
    const expected: string[] = [];
    for (let number = 1; number <= 12; number += 1) {
      const { run, entries } = sampleRun(plan, number);
      const journal = await store.createJournal(run, fakeClock(Date.parse('2026-02-26T23:15:00Z') + number * 60_000));
      for (const entry of entries) await journal.append(entry);
      await journal.close();
      expected.push(...[1, 2, 3, 4].map(() => run));
    }
    // Whatever is kept of a journal beyond its turn is gone.
    const forgetful: Store = {
      ...store,
      eachRun: (work, options) =>
        store.eachRun((found) => {
          const answer = work(found);
          if (found.journal !== null) (found.journal.records as JournalRecord[]).length = 0;
          return answer;
        }, options),
      readRun: () => Promise.reject(new Error('reconcile reads the journals through eachRun alone')),
    };
    expect(await auditReconcile(worldOf(forgetful), {})).toBe(3);
    const { missing, asked } = JSON.parse(told) as {
      readonly missing: readonly { readonly run: string }[];
      readonly asked: { readonly runs: number };
    };
    expect([missing.map(({ run }) => run), asked.runs, said]).toEqual([
      expected,
      12,
      expect.stringContaining('asking CloudTrail'),
    ]);
  });
});

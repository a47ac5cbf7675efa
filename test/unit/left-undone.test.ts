import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import { leftUndone } from '../../src/cli/planning/source.ts';
import { closeFinishedRuns, supersededBy } from '../../src/cli/planning/open-runs.ts';
import { resumeCommand } from '../../src/cli/commands/resume.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import { reportOf } from '../../src/history/journal-reading.ts';
import type { Finding } from '../../src/domain/finding.ts';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { staying } from '../../src/recovery/rollback/remaining.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { liveBucket } from '../helpers/bucket-fixture.ts';
import { createMemoryWorld, NOTE } from '../helpers/memory-world.ts';
import { runNumbered, writtenRun } from '../helpers/written-run.ts';

const finding = (code: string, message: string, help?: string): Finding => ({
  code,
  severity: 'warning',
  step: 'Og',
  message,
  line: null,
  column: null,
  ...(help === undefined ? {} : { help }),
});

describe('what a rollback leaves', () => {
  it('is told apart into what a further one may undo, and what stays for good', () => {
    const grown = finding('rollback-one-way', 'Size stays 40', 'aiplan captures restore r/Og');
    const taken = finding('rollback-name-taken', 'the name is held');
    const incomplete = ['Og: Size stays 40; aiplan captures restore r/Og', 'Og: the name is held'];
    expect(leftUndone({ incomplete, findings: [grown, taken] })).toEqual({ incomplete, forGood: [incomplete[0]] });
    expect(leftUndone({ incomplete: [], findings: [grown] })).toEqual({});
  });

  it('stands in its journal, so that every view of the run says the same as the terminal did', async () => {
    const bench = benchOf(createMemoryWorld({ seed: [{ type: NOTE, identity: 'note', properties: { Text: 'old' } }] }));
    const run = '20260226-230000-0001';
    await bench.apply(
      changePlanOf([entryOf('Note', NOTE, { action: 'update', id: 'note', properties: { Text: 'new' } })]),
    );
    const { changePlan } = await bench.rollback(run);
    const undo = '20260226-230001-0002';
    const left = { incomplete: ['Og: Size stays 40'], forGood: ['Og: Size stays 40'] };
    const report = await bench.apply(changePlan, { run: undo, ports: { left } });
    expect(report).toMatchObject({ outcome: 'done', exitCode: 6, ...left });
    expect(reportOf(bench.journalOf(undo))).toMatchObject({ exitCode: 6, ...left });
  });

  it('is foreseen where AWS has no way to nothing: versioning that was never on becomes suspended', () => {
    const before = liveBucket();
    const live = { ...before, properties: { ...before.properties, VersioningConfiguration: { Status: 'Enabled' } } };
    const inverse = { properties: { VersioningConfiguration: null, Tags: null }, stays: [], lost: [] };
    expect(staying(inverse, before, live, bucket.rules).map(({ code, message }) => [code, message])).toEqual([
      ['rollback-differs', expect.stringMatching(/^VersioningConfiguration of .* becomes .*Suspended.*was nothing/u)],
    ]);
    const was = { ...before, properties: { ...before.properties, VersioningConfiguration: { Status: 'Suspended' } } };
    expect(staying({ ...inverse, properties: {} }, was, live, bucket.rules)).toEqual([]);
  });
});

describe('a rollback that was killed, and that a later one of the same run has finished', () => {
  const intent = {
    kind: 'intent',
    step: 'DuplicateDatabase',
    call: 1,
    purpose: 'change',
    declared: { service: 'ec2', operation: 'X', input: {}, identity: 'i-1', retry: 'absolute', purpose: 'x' },
  } as JournalEntry;
  let folder: string;
  let store: Store;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aiplan-left-'));
    store = folderStore({ folder, spool: join(folder, 'spool'), host: 'laptop' });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is no run to resume, says which one finished it, and gives its room back', async () => {
    const of = runNumbered(1);
    const killed = await writtenRun(store, 2, [intent], { rollbackOf: of });
    const later = await writtenRun(store, 3, [intent, { kind: 'end', outcome: 'done', message: null }], {
      rollbackOf: of,
    });
    const reserve = join(folder, 'runs', killed, 'reserve');
    writeFileSync(reserve, 'x');
    const context = { store, io: { host: 'laptop', clock: fakeClock(0) } } as unknown as CommandContext;
    expect([await supersededBy(context, killed, of), await supersededBy(context, later, of)]).toEqual([later, null]);
    await expect(resumeCommand(context, killed, {})).rejects.toMatchObject({
      code: 'run-ended',
      message: expect.stringContaining(`rollback ${later} has finished that`),
    });
    await closeFinishedRuns(context);
    expect(existsSync(reserve)).toBe(false);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../src/base/digest.ts';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import type { OpenJournal } from '../../src/domain/records/journal-store.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import type { FileOptions, JournalFile } from '../../src/store/journal/journal-file.ts';
import { reservePath, segmentPath } from '../../src/store/journal/journal-places.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { smallBegin } from '../helpers/small-begin.ts';

const run = '20260226-230000-a1b2';
const begin = smallBegin(run);
const phase: JournalEntry = { kind: 'phase', phase: 'change' };
const intent = {
  kind: 'intent',
  step: 'A',
  call: 1,
  purpose: 'change',
  declared: { service: 'ec2', operation: 'CreateTags', input: {}, identity: 'sg-1', retry: 'absolute', purpose: 'tag' },
} as unknown as JournalEntry;
const outcome = (call = 1): JournalEntry => ({
  kind: 'outcome',
  step: 'A',
  call,
  ok: true,
  requestId: 'r',
  milliseconds: 1,
  answer: {},
});
const done: JournalEntry = { kind: 'step', step: 'A', state: 'done', identity: 'sg-1', after: null, message: null };
const end: JournalEntry = { kind: 'end', outcome: 'stopped', message: null };

const opened: OpenJournal[] = [];
let folder: string;
let store: string;
let spool: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiplan-room-'));
  store = join(folder, 'store');
  spool = join(folder, 'spool');
});
afterEach(async () => {
  // What a test has left open, a closed one included.
  for (const journal of opened.splice(0)) await journal.close().catch(() => undefined);
  rmSync(folder, { recursive: true, force: true });
});

const storeWith = (files: FileOptions = {}): Store => folderStore({ folder: store, spool, host: 'here', files });
const kindsOf = async (from: Store = storeWith()): Promise<readonly string[]> =>
  (await from.readRun(run)).records.map(({ kind }) => kind);
const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error: { code: string; message: string }) => `${error.code} ${error.message}`,
  );

/**
 * What the disk does to a write: takes it, takes half of it and fails, takes it whole and fails to sync, or takes
 * nothing.
 */
type Fault = 'half' | 'unsynced' | 'nothing';
interface Disk {
  readonly files: FileOptions;
  fault: Fault | null;
  code: string;
  /** A new file fails too, until the reserve is gone. */ full: boolean;
}
function disk(): Disk {
  const state: Disk = {
    fault: null,
    code: 'ENOSPC',
    full: false,
    files: {
      reserve: 4096,
      async openFile(path): Promise<JournalFile> {
        if (state.full && (state.code !== 'ENOSPC' || existsSync(reservePath(store, run))))
          throw Object.assign(new Error('full'), { code: state.code });
        const handle = await open(path, 'ax', 0o600);
        const fail = (): never => {
          throw Object.assign(new Error('fault'), { code: state.code });
        };
        const first = /journal\.jsonl$/u.test(path);
        return {
          async write(text) {
            if (!first || state.fault === null) {
              await handle.writeFile(text);
              return;
            }
            if (state.fault !== 'nothing')
              await handle.writeFile(state.fault === 'half' ? text.slice(0, text.length / 2) : text);
            if (state.fault !== 'unsynced') fail();
          },
          async sync() {
            if (first && state.fault === 'unsynced') fail();
            await handle.sync();
          },
          close: () => handle.close(),
        };
      },
    },
  };
  return state;
}
const started = async (from: Store): Promise<OpenJournal> => {
  const journal = await from.createJournal(run, fakeClock());
  opened.push(journal);
  await journal.append(begin);
  return journal;
};

describe('room that is held back', () => {
  it('is taken with real blocks before anything happens, grows with the plan, and is given back', async () => {
    const journal = await storeWith().createJournal(run, fakeClock(), { steps: 16 });
    const { size, blocks } = statSync(reservePath(store, run));
    expect([size, blocks * 512 >= size]).toEqual([2 * 1024 * 1024, true]);
    expect(existsSync(segmentPath(store, run, 1))).toBe(true);
    await journal.close();
    expect(readdirSync(join(store, 'runs', run))).toEqual(['journal.jsonl']);
  });

  it.each(['half', 'unsynced', 'nothing'] as const)(
    'takes the outcome of a call whose disk got full (%s of the line was written), the step and the end; nothing more is announced',
    async (fault) => {
      const full = disk();
      const from = storeWith(full.files);
      const journal = await started(from);
      await journal.append(intent);
      Object.assign(full, { fault, full: true });
      await journal.append(outcome());
      expect(existsSync(reservePath(store, run))).toBe(false);
      await journal.append(done);
      expect(await refusal(journal.append(intent))).toMatch(/^store-unwritable cannot write .*ENOSPC/u);
      await journal.append(end);
      await journal.close();
      expect(await kindsOf()).toEqual(['begin', 'intent', 'outcome', 'step', 'end']);
      expect(readdirSync(join(store, 'runs', run)).sort()).toEqual(['journal-2.jsonl', 'journal.jsonl']);
      expect(journal.records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    },
  );

  it.each(['half', 'unsynced', 'nothing'] as const)(
    'an intent that cannot be stored (%s of it was) is no intent: the call is not announced, the end still is',
    async (fault) => {
      const full = disk();
      const journal = await started(storeWith(full.files));
      Object.assign(full, { fault, full: true });
      expect(await refusal(journal.append(intent))).toMatch(/^store-unwritable/u);
      await journal.append(end);
      await journal.close();
      const read = await storeWith().readRun(run);
      expect(read.records.map(({ kind }) => kind)).toEqual(['begin', 'end']);
      expect(read.leftLines ?? 0).toBe(fault === 'unsynced' ? 1 : 0);
    },
  );
});

describe('a run that cannot begin', () => {
  it('leaves nothing behind', async () => {
    const full = disk();
    full.full = true;
    expect(await refusal(storeWith(full.files).createJournal(run, fakeClock()))).toMatch(/^store-unwritable/u);
    expect(readdirSync(join(store, 'runs'))).toEqual([]);
    expect(await storeWith().listRuns()).toEqual([]);
  });
});

describe('the spool', () => {
  const lost = async (): Promise<{ readonly said: string; readonly journal: OpenJournal; readonly full: Disk }> => {
    const full = disk();
    const journal = await started(storeWith(full.files));
    await journal.append(intent);
    Object.assign(full, { fault: 'half', full: true, code: 'EIO' });
    return { said: await refusal(journal.append(outcome())), journal, full };
  };

  it('keeps an outcome that the store cannot take, says where, and is read together with the journal', async () => {
    const { said, journal } = await lost();
    expect(said).toMatch(
      /^store-unwritable cannot write .*journal\.jsonl": EIO; what happened is kept in ".*spool\/20260226-230000-a1b2\.jsonl"$/u,
    );
    expect(await refusal(journal.append(outcome(2)))).toMatch(/^store-unwritable/u);
    expect(await refusal(journal.append(intent))).toMatch(/^store-unwritable/u);
    const { records, spooled, torn, head } = await storeWith().readRun(run);
    expect(records.map(({ kind, seq }) => [kind, seq])).toEqual([
      ['begin', 1],
      ['intent', 2],
      ['outcome', 3],
      ['outcome', 4],
    ]);
    expect([spooled, torn?.line]).toEqual([{ path: join(spool, `${run}.jsonl`), records: 2, state: 'merged' }, 3]);
    expect(head).toBe(
      sha256(
        readFileSync(join(spool, `${run}.jsonl`), 'utf8')
          .trimEnd()
          .split('\n')[1]!,
      ),
    );
    expect(statSync(join(spool, `${run}.jsonl`)).mode & 0o777).toBe(0o600);
  });

  it('becomes part of the journal when the run goes on, and is not needed from then on', async () => {
    await lost();
    const journal = await storeWith().continueJournal(run, fakeClock());
    await journal.append(done);
    await journal.close();
    expect(await kindsOf()).toEqual(['begin', 'intent', 'outcome', 'step']);
    rmSync(spool, { recursive: true });
    expect(await kindsOf()).toEqual(['begin', 'intent', 'outcome', 'step']);
  });

  it('that the journal went on without is left, and said', async () => {
    await lost();
    renameSync(spool, `${spool}-of-another-machine`);
    const journal = await storeWith().continueJournal(run, fakeClock());
    await journal.append(done);
    await journal.close();
    renameSync(`${spool}-of-another-machine`, spool);
    const { records, spooled } = await storeWith().readRun(run);
    expect([records.map(({ kind }) => kind), spooled?.state]).toEqual([['begin', 'intent', 'step'], 'left']);
  });

  it('with a changed line is damage, with its place', async () => {
    await lost();
    const path = join(spool, `${run}.jsonl`);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"prev":"sha256:', '"prev":"sha256:0'));
    await expect(storeWith().readRun(run)).rejects.toMatchObject({ code: 'journal-damaged', where: `${path}:1` });
  });

  it('that cannot be written either is said too, and nothing more is taken', async () => {
    const full = disk();
    writeFileSync(spool, 'a file where the folder should be');
    const journal = await started(storeWith(full.files));
    await journal.append(intent);
    Object.assign(full, { fault: 'nothing', full: true, code: 'EROFS' });
    expect(await refusal(journal.append(outcome()))).toMatch(/could not be kept beside it either/u);
    expect(await refusal(journal.append(end))).toMatch(/^store-unwritable/u);
    rmSync(spool);
    expect(await kindsOf()).toEqual(['begin', 'intent']);
  });
});

describe('a run that is resumed', () => {
  const stopped = async (): Promise<void> => {
    const journal = await started(storeWith());
    await journal.append(intent);
    await journal.close();
  };

  it('continues the chain in a file of its own; a torn line stays where it is', async () => {
    await stopped();
    appendFileSync(segmentPath(store, run, 1), '{"at":"2026');
    const before = readFileSync(segmentPath(store, run, 1), 'utf8');
    const journal = await storeWith().continueJournal(run, fakeClock());
    expect(journal.records.map(({ kind }) => kind)).toEqual(['begin', 'intent']);
    await journal.append(outcome());
    await journal.close();
    expect(readFileSync(segmentPath(store, run, 1), 'utf8')).toBe(before);
    const [first] = readFileSync(segmentPath(store, run, 2), 'utf8').split('\n');
    expect(JSON.parse(first!)).toMatchObject({ seq: 3, prev: sha256(before.split('\n')[1]!) });
    expect(await storeWith().readRun(run)).toMatchObject({ torn: null, records: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] });
  });

  it('is refused to a second one, and a third may follow', async () => {
    await stopped();
    const [one, two] = [storeWith(), storeWith()];
    const first = await one.continueJournal(run, fakeClock());
    await first.append(outcome());
    const second = await two.continueJournal(run, fakeClock());
    // The first was taken for dead: it may write nothing any more, and what it learned is kept.
    expect(await refusal(first.append(done))).toMatch(/^lock-lost .*resumed by another process/u);
    await second.append(phase);
    expect(await kindsOf()).toEqual(['begin', 'intent', 'outcome', 'phase']);
    expect((await storeWith().readRun(run)).spooled).toMatchObject({ state: 'left', records: 1 });
  });

  it('is read without the lines of a process that was taken for dead and wrote on', async () => {
    await stopped();
    const text = readFileSync(segmentPath(store, run, 1), 'utf8');
    const journal = await storeWith().continueJournal(run, fakeClock());
    await journal.append(phase);
    await journal.close();
    const next = (await storeWith().readRun(run)).records.at(-1)!;
    // Written by the woken one in the instant before it could see the new file.
    const late = JSON.stringify({ at: next.at, kind: 'phase', phase: 'undo', prev: next.prev, seq: 3 });
    writeFileSync(
      segmentPath(store, run, 1),
      `${text}${late}\n${JSON.stringify({ at: next.at, kind: 'phase', phase: 'undo', prev: sha256(late), seq: 4 })}\n`,
    );
    expect(await storeWith().readRun(run)).toMatchObject({
      leftLines: 2,
      records: [{ kind: 'begin' }, { kind: 'intent' }, { kind: 'phase', phase: 'change' }],
    });
  });

  it('is damaged when a file in between is missing, or begins with what follows nothing', async () => {
    await stopped();
    for (const entry of [phase, phase]) {
      const journal = await storeWith().continueJournal(run, fakeClock());
      await journal.append(entry);
      await journal.close();
    }
    const second = readFileSync(segmentPath(store, run, 2), 'utf8');
    rmSync(segmentPath(store, run, 2));
    await expect(storeWith().readRun(run)).rejects.toMatchObject({
      code: 'journal-damaged',
      message: expect.stringContaining('journal-2.jsonl" is missing'),
    });
    writeFileSync(segmentPath(store, run, 2), second.replace('change', 'verify'));
    await expect(storeWith().readRun(run)).rejects.toMatchObject({
      code: 'journal-damaged',
      where: `${segmentPath(store, run, 3)}:1`,
    });
  });
});

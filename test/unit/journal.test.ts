import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { sha256 } from '../../src/base/digest.ts';
import { UserError } from '../../src/base/error.ts';
import type { JournalEntry } from '../../src/domain/records/journal.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import type { FileOptions, JournalFile } from '../../src/store/journal/journal-file.ts';
import { journalRoot } from '../../src/store/journal/journal-line.ts';
import { segmentPath } from '../../src/store/journal/journal-places.ts';
import { parseJournal, readJournal } from '../../src/store/journal/journal-reading.ts';
import { newRunId } from '../../src/store/journal/runs.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { smallBegin } from '../helpers/small-begin.ts';

const begin = smallBegin('20260226-230000-a1b2');
const phase: JournalEntry = { kind: 'phase', phase: 'recheck' };
const run = '20260226-230000-a1b2';

let store: string;
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'aiplan-journal-'));
});
afterEach(() => {
  for (const folder of [store, `${store}-spool`]) rmSync(folder, { recursive: true, force: true });
});

const storeWith = (files: FileOptions = {}): Store =>
  folderStore({
    folder: store,
    spool: join(store, '..', `${basename(store)}-spool`),
    host: 'here',
    files: { reserve: 0, ...files },
  });

const write = async (entries: readonly JournalEntry[], name = run): Promise<string> => {
  const journal = await storeWith().createJournal(name, fakeClock());
  for (const entry of entries) await journal.append(entry);
  await journal.close();
  return journal.place;
};
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof UserError ? `${error.code} ${error.message}` : String(error);
  }
  return 'nothing thrown';
};

describe('journal', () => {
  it('chains lines by the hash of the bytes before, and reads them back', async () => {
    const path = await write([begin, phase, { kind: 'end', outcome: 'done', message: null }]);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const read = readJournal(store, run);
    expect(read.records.map(({ seq, kind }) => [seq, kind])).toEqual([
      [1, 'begin'],
      [2, 'phase'],
      [3, 'end'],
    ]);
    expect(read.records.map(({ prev }) => prev)).toEqual([journalRoot, sha256(lines[0]!), sha256(lines[1]!)]);
    expect(read.head).toBe(sha256(lines[2]!));
    expect(read.torn).toBeNull();
  });

  it('is private: folder 0700, file 0600', async () => {
    const path = await write([begin]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(store, 'runs', run)).mode & 0o777).toBe(0o700);
  });

  it('syncs after every line, before append returns', async () => {
    const log: string[] = [];
    const file: JournalFile = {
      async write(text) {
        log.push(`write ${JSON.parse(text).kind}`);
      },
      async sync() {
        log.push('sync');
      },
      async close() {
        log.push('close');
      },
    };
    const journal = await storeWith({ openFile: async () => file }).createJournal(run, fakeClock());
    await journal.append(begin);
    expect(log).toEqual(['write begin', 'sync']);
    await journal.append(phase);
    expect(log.slice(2)).toEqual(['write phase', 'sync']);
  });

  it('keeps one order when captures append at the same time', async () => {
    const journal = await storeWith().createJournal(run, fakeClock());
    await journal.append(begin);
    await Promise.all(Array.from({ length: 40 }, () => journal.append(phase)));
    await journal.close();
    expect(readJournal(store, run).records).toHaveLength(41);
  });

  it('ignores a torn last line and reports it', async () => {
    const path = await write([begin, phase]);
    appendFileSync(path, '{"seq":3,"ki');
    const read = readJournal(store, run);
    expect(read.records).toHaveLength(2);
    expect(read.torn).toEqual({ line: 3, bytes: 12 });
  });

  it('does not trust a whole last line without its line feed: it was not acknowledged', async () => {
    const path = await write([begin, phase]);
    writeFileSync(path, readFileSync(path, 'utf8').trimEnd());
    expect(readJournal(store, run).records).toHaveLength(1);
    expect(readJournal(store, run).torn?.line).toBe(2);
  });

  it.each([
    [
      'a changed line',
      (lines: string[]) => {
        lines[1] = lines[1]!.replace('recheck', 'change');
      },
      'line 3: it does not follow record 2',
    ],
    [
      'a removed line',
      (lines: string[]) => {
        lines.splice(1, 1);
      },
      'line 2: its number is 3',
    ],
    [
      'an inserted line',
      (lines: string[]) => {
        lines.splice(1, 0, lines[1]!);
      },
      'line 3: its number is 2',
    ],
    [
      'a line that is not JSON',
      (lines: string[]) => {
        lines[1] = 'rm -rf';
      },
      'line 2: it is not JSON',
    ],
    [
      'a missing beginning',
      (lines: string[]) => {
        lines.shift();
      },
      'line 1: its number is 2',
    ],
    [
      'a first line of another kind',
      (lines: string[]) => {
        lines[0] = lines[0]!.replace('"begin"', '"phase"');
      },
      'line 1: a journal begins with',
    ],
    [
      'an unknown format',
      (lines: string[]) => {
        lines[0] = lines[0]!.replace('journal@1', 'journal@9');
      },
      'line 1: its format',
    ],
    [
      'a line that is no record',
      (lines: string[]) => {
        lines[1] = '[]';
      },
      'line 2: it is not a journal record',
    ],
  ])('refuses %s and says where', async (_name, damage, expected) => {
    const path = await write([begin, phase, phase]);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    damage(lines);
    expect(codeOf(() => parseJournal(`${lines.join('\n')}\n`, path))).toContain('journal-damaged');
    expect(codeOf(() => parseJournal(`${lines.join('\n')}\n`, path))).toContain(expected);
  });

  it('any flipped byte is noticed (every byte of a small journal)', async () => {
    const path = await write([begin, phase, phase]);
    const bytes = readFileSync(path);
    const whole = readJournal(store, run).records.length;
    let tried = 0;
    // The last line has no successor that would notice, so its own bytes are tried only for what parsing notices.
    const end = bytes.lastIndexOf(10, bytes.length - 2);
    for (let index = 0; index < end; index += 1) {
      const copy = Buffer.from(bytes);
      copy[index] = copy[index]! ^ 1;
      expect(codeOf(() => parseJournal(copy.toString('utf8'), path))).toContain('journal-damaged');
      tried += 1;
    }
    expect([whole, tried]).toEqual([3, end]);
  });

  it('refuses an unwritable store before anything else', async () => {
    writeFileSync(join(store, 'runs'), 'a file where the folder should be');
    await expect(storeWith().createJournal(run, fakeClock())).rejects.toMatchObject({
      code: 'store-unwritable',
      help: expect.any(String),
    });
  });

  it('refuses a second journal for one run', async () => {
    await write([begin]);
    await expect(storeWith().createJournal(run, fakeClock())).rejects.toMatchObject({ code: 'run-exists' });
  });

  it('a full disk is said clearly, and nothing is written behind half a line', async () => {
    let full = false;
    const written: string[] = [];
    const file: JournalFile = {
      async write(text) {
        if (full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        written.push(text);
      },
      async sync() {
        /* nothing to do in memory */
      },
      async close() {
        /* nothing to do in memory */
      },
    };
    const journal = await storeWith({ openFile: async () => file }).createJournal(run, fakeClock());
    await journal.append(begin);
    full = true;
    await expect(journal.append(phase)).rejects.toMatchObject({
      code: 'store-unwritable',
      message: expect.stringContaining('ENOSPC'),
      help: expect.stringContaining('disk space'),
    });
    full = false;
    await expect(journal.append(phase)).rejects.toMatchObject({ code: 'store-unwritable' });
    expect(written).toHaveLength(1);
    expect(journal.records).toHaveLength(1);
  });
});

describe('runs', () => {
  it('are named by time and two random bytes', () => {
    expect(newRunId(Date.UTC(2026, 1, 26, 23, 15, 9), Uint8Array.from([0x0a, 0xff]))).toBe('20260226-231509-0aff');
  });

  it('are listed newest first, with a damaged one among them', async () => {
    await write([begin, { kind: 'end', outcome: 'failed', message: 'x' }], '20260226-230000-0001');
    await write([begin], '20260227-230000-0002');
    const path = await write([begin, phase], '20260228-230000-0003');
    writeFileSync(path, 'rubbish\n');
    expect(
      (await storeWith().listRuns()).map(({ run: name, outcome, planName, steps, problem }) => [
        name,
        outcome,
        planName,
        steps,
        problem !== null,
      ]),
    ).toEqual([
      ['20260228-230000-0003', 'damaged', null, 0, true],
      ['20260227-230000-0002', 'open', 'move', 2, false],
      ['20260226-230000-0001', 'failed', 'move', 2, false],
    ]);
    expect(await folderStore({ folder: join(store, 'nowhere'), spool: store, host: 'here' }).listRuns()).toEqual([]);
  });

  it('of unknown or odd names are refused', async () => {
    await expect(storeWith().readRun('../../etc/passwd')).rejects.toMatchObject({ code: 'no-such-run' });
    await expect(storeWith().readRun('20260226-230000-ffff')).rejects.toMatchObject({ code: 'no-such-run' });
    expect(segmentPath('/s', run, 1)).toBe(`/s/runs/${run}/journal.jsonl`);
  });
});

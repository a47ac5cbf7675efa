import { constants } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../model/event.ts';
import { canonical, sha256 } from '../model/digest.ts';
import { UserError } from '../model/error.ts';
import type { Journal, JournalEntry, JournalRecord } from '../model/journal.ts';
import { storeError, syncFolder } from './files.ts';

/** `prev` of the first line of every journal. */
export const journalRoot = `sha256:${'0'.repeat(64)}`;

/** The exact bytes of a record's line, without its line feed. The next line's `prev` is the SHA-256 of them. */
export const journalLine = (record: JournalRecord): string => canonical(record);

/** Where a run's journal lies in a store. */
export const journalPath = (store: string, run: string): string => join(store, 'runs', run, 'journal.jsonl');

/** A journal that is open for writing; `close` when the run has ended. */
export interface OpenJournal extends Journal { readonly path: string; close(): Promise<void> }

/** The file as the journal needs it; a test puts one in that fails. */
export interface JournalFile { write(text: string): Promise<void>; sync(): Promise<void>; close(): Promise<void> }

export interface JournalOptions { readonly store: string; readonly run: string; readonly clock: Clock; readonly openFile?: (path: string) => Promise<JournalFile> }

/**
 * Creates the journal of a new run: `<store>/runs/<run>/journal.jsonl`, mode 0600 in folders of mode 0700.
 * Throws UserError `store-unwritable` before anything else can happen, `run-exists` for a run that has one.
 */
export async function openJournal({ store, run, clock, openFile = createFile }: JournalOptions): Promise<OpenJournal> {
  const path = journalPath(store, run);
  let file: JournalFile;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    file = await openFile(path);
    for (const folder of [dirname(path), dirname(dirname(path)), store]) syncFolder(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new UserError('run-exists', `run "${run}" has a journal already`, { where: path, help: 'start again; a new run gets a new name' });
    }
    throw storeError(error, path);
  }
  return writerOf(file, path, run, clock);
}

function writerOf(file: JournalFile, path: string, run: string, clock: Clock): OpenJournal {
  const records: JournalRecord[] = [];
  let prev = journalRoot;
  let broken: UserError | null = null;
  // One line at a time, whoever calls: the chain needs an order, and captures run in parallel.
  let tail: Promise<unknown> = Promise.resolve();

  const write = async (entry: JournalEntry): Promise<JournalRecord> => {
    if (broken !== null) throw broken;
    const record: JournalRecord = { seq: records.length + 1, prev, at: new Date(clock.now()).toISOString(), ...entry };
    const line = journalLine(record);
    try {
      await file.write(`${line}\n`);
      await file.sync();
    } catch (error) {
      // What stands on disk now may be half a line: nothing may follow it.
      broken = storeError(error, path);
      throw broken;
    }
    prev = sha256(line);
    records.push(record);
    return record;
  };

  return {
    run, path, records,
    append(entry) {
      const result = tail.then(() => write(entry));
      tail = result.then(() => undefined, () => undefined);
      return result;
    },
    async close() {
      await tail;
      await file.close();
    },
  };
}

async function createFile(path: string): Promise<JournalFile> {
  const handle: FileHandle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND, 0o600);
  return {
    async write(text) { await handle.writeFile(text, 'utf8'); },
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

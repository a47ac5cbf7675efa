import { constants, existsSync } from 'node:fs';
import { mkdir, open, rm, rmdir, type FileHandle } from 'node:fs/promises';
import { randomFillSync } from 'node:crypto';
import { dirname, join } from 'node:path';
import { UserError } from '../../base/error.ts';
import type { JournalNeeds } from '../../domain/records/journal-store.ts';
import { storeError, syncFolder } from '../objects/files.ts';
import { reservePath, runFolder, segmentPath, spoolPath } from './journal-places.ts';
import type { Sink, Spool } from './journal-writer.ts';

/** A file as the journal needs it; a test puts one in that fails. */
export interface JournalFile {
  write(text: string): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileOptions {
  /** Opens a file that must not exist yet. */
  readonly openFile?: (path: string) => Promise<JournalFile>;
  /** Bytes held back for the outcomes of a run; 0: none. */
  readonly reserve?: number;
}

/**
 * The space that a run of so many steps holds back: outcomes of calls quote answers, and one of those is rarely longer
 * than this.
 */
const reserveOf = ({ steps = 0 }: JournalNeeds): number => 1024 * 1024 + steps * 64 * 1024;

/**
 * The files of a run's journal in a local store, from number `first` on. Space for what must still be told when the
 * disk gets full is taken before anything can happen. Throws UserError `store-unwritable`, and `run-exists` where the
 * first file exists.
 */
export async function journalFiles(
  store: string,
  run: string,
  first: number,
  needs: JournalNeeds,
  { openFile = createFile, reserve = reserveOf(needs) }: FileOptions = {},
): Promise<Sink> {
  const folder = runFolder(store, run);
  let number = first;
  const begin = async (): Promise<JournalFile> => {
    const file = await openFile(segmentPath(store, run, number));
    for (const path of [folder, dirname(folder), store]) syncFolder(path);
    return file;
  };
  let file: JournalFile;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (reserve > 0) await holdBack(reservePath(store, run), reserve);
    file = await begin();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new UserError('run-exists', `run "${run}" has a journal already`, {
        where: segmentPath(store, run, number),
        help: number === 1 ? 'start again; a new run gets a new name' : 'somebody else resumes this run',
      });
    }
    await leaveNothing(store, run, first);
    throw storeError(error, folder);
  }
  return {
    place: segmentPath(store, run, 1),
    async store(line) {
      if (existsSync(segmentPath(store, run, number + 1)))
        throw goneOnElsewhere(run, segmentPath(store, run, number + 1));
      try {
        await file.write(`${line}\n`);
        await file.sync();
      } catch (error) {
        throw storeError(error, segmentPath(store, run, number));
      }
    },
    async recover() {
      try {
        await rm(reservePath(store, run), { force: true });
        number += 1;
        const next = await begin();
        // The file that failed has nothing more to say; what it says about being closed changes nothing.
        await file.close().catch(() => undefined);
        file = next;
        return true;
      } catch {
        // The spool is tried next, and the writer tells the first error.
        return false;
      }
    },
    async close() {
      await file.close();
      await rm(reservePath(store, run), { force: true });
    },
  };
}

/** This process was taken for dead, and the run continues somewhere else: nothing of it may be written any more. */
export const goneOnElsewhere = (run: string, where: string): UserError =>
  new UserError('lock-lost', `run "${run}" was resumed by another process while this one did not run`, {
    where,
    help: 'nothing more is sent by this process; `aiplan runs` shows who works now',
  });

/** A run that could not begin is none: what was made for it goes, and never anything with content. */
async function leaveNothing(store: string, run: string, first: number): Promise<void> {
  try {
    await rm(reservePath(store, run), { force: true });
    if (first === 1) await rmdir(runFolder(store, run));
  } catch {
    // It could not be made, or is not empty: the error that is told says enough.
  }
}

/** Real blocks: random bytes, so that no file system stores them as a hole or compresses them away. */
async function holdBack(path: string, bytes: number): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
  try {
    const block = new Uint8Array(Math.min(bytes, 1024 * 1024));
    for (let written = 0; written < bytes; written += block.length) {
      randomFillSync(block);
      await handle.writeFile(block.subarray(0, Math.min(block.length, bytes - written)));
    }
    await handle.sync();
  } catch (error) {
    // A limit on the size of files is no full disk: the next file of the journal has the whole limit for itself.
    if ((error as NodeJS.ErrnoException).code !== 'EFBIG') throw error;
  } finally {
    await handle.close();
  }
}

async function createFile(path: string): Promise<JournalFile> {
  return journalFileOf(
    await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND, 0o600),
  );
}

const journalFileOf = (handle: FileHandle): JournalFile => ({
  async write(text) {
    await handle.writeFile(text, 'utf8');
  },
  sync: () => handle.sync(),
  close: () => handle.close(),
});

/** The spool of a run: one file in a folder of this machine, made when it is needed. */
export function spoolFile(folder: string, run: string): Spool {
  const path = spoolPath(folder, run);
  return {
    place: path,
    async store(line) {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600);
        try {
          await handle.writeFile(`${line}\n`, 'utf8');
          await handle.sync();
        } finally {
          await handle.close();
        }
        for (const name of [folder, join(folder, '..')]) syncFolder(name);
      } catch (error) {
        throw storeError(error, path);
      }
    },
  };
}

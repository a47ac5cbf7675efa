import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { UserError } from '../base/error.ts';
import type { ReadJournal, RunSummary } from '../domain/records/journal-store.ts';
import type { Store } from '../domain/records/store.ts';
import { auditLog } from './audit-log.ts';
import { mapBounded } from '../base/pool.ts';
import { closeToOthers, makeFolder } from './objects/files.ts';
import { folderObjects, namesIn, readStored } from './objects/folder-objects.ts';
import { journalFiles, spoolFile, type FileOptions } from './journal/journal-file.ts';
import { journalLine } from './journal/journal-line.ts';
import { reservePath, runFolder, segmentPath, spoolPath } from './journal/journal-places.ts';
import { foundRun, giveEach } from './journal/journal-segments.ts';
import { readJournal, withSpool } from './journal/journal-reading.ts';
import { writerOf } from './journal/journal-writer.ts';
import { keptIn } from './archive.ts';
import { folderLocks, type LockOptions } from './locks/lock.ts';
import { damagedSummary, isRunName, refuseOddName, summaryOfRead } from './journal/runs.ts';
import { closedIn } from './closed-runs.ts';

export interface FolderStoreOptions extends Pick<LockOptions, 'alive' | 'clocks' | 'pace'> {
  readonly folder: string;
  /** Another folder, for what has happened and cannot be stored in the first. */
  readonly spool: string;
  readonly host: string;
  readonly files?: FileOptions;
}

/**
 * The store as a local folder. Its locks and marks hold for the machines that see this folder, as a rule one. Throws as
 * `Store` says.
 */
export function folderStore({ folder, spool, host, files = {}, ...lockOptions }: FolderStoreOptions): Store {
  const objects = folderObjects(folder);
  const read = (run: string): ReadJournal => {
    refuseOddName(run);
    const path = spoolPath(spool, run);
    const text = readStored(path);
    return withSpool(readJournal(folder, run), text === null ? null : { path, text });
  };
  const summary = (run: string): RunSummary => {
    const path = segmentPath(folder, run, 1);
    try {
      return summaryOfRead(run, path, read(run));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return damagedSummary(run, path, error.message);
    }
  };
  /** A folder without a journal is damaged: something was there. */
  const known = async (run: string): Promise<RunSummary | null> =>
    existsSync(runFolder(folder, run)) ? summary(run) : null;
  const names = (): readonly string[] => namesIn(runFolder(folder, '')).filter(isRunName).sort().reverse();
  const locks = folderLocks({
    store: folder,
    host,
    runOf: async (run) => (isRunName(run) && readStored(segmentPath(folder, run, 1)) !== null ? summary(run) : null),
    ...lockOptions,
  });
  const lists = closedIn(objects, {
    names: async () => names(),
    summary: known,
    wholeSummary: known,
    each: (runs, work) => mapBounded(runs, 1, work),
  });
  return {
    place: folder,
    shared: false,
    acquireLock: (target, owner) => locks.acquire(target, owner),
    lockHolder: (target) => locks.holder(target),
    takeOverLock: (target, from, owner) => locks.takeOver(target, from, owner),

    async createJournal(run, clock, needs = {}) {
      return writerOf({
        run,
        clock,
        sink: await journalFiles(folder, run, 1, needs, files),
        spool: spoolFile(spool, run),
      });
    },
    async continueJournal(run, clock, needs = {}) {
      const { records, spooled, head } = read(run);
      const first = namesIn(runFolder(folder, run)).filter((name) => /^journal(-\d+)?\.jsonl$/u.test(name)).length + 1;
      const sink = await journalFiles(folder, run, first, needs, files);
      // Spooled lines become part of the journal, line for line, before anything follows them.
      const adopted = spooled?.state === 'merged' ? spooled.records : 0;
      for (const record of records.slice(records.length - adopted)) await sink.store(journalLine(record), record.seq);
      return writerOf({ run, clock, sink, spool: spoolFile(spool, run), records, end: { seq: records.length, head } });
    },
    readRun: async (run) => read(run),
    async eachRun(work, options = {}) {
      const runs = options.runs ?? names();
      await giveEach(
        runs,
        1,
        async (run) => foundRun(run, segmentPath(folder, run, 1), async () => read(run)),
        work,
        options,
      );
    },
    ...lists,
    async closeRun(run, how, closing) {
      const isMarked = await lists.closeRun(run, how, closing);
      // A process that was killed gives back nothing: no record follows a mark, and needs the room.
      if (isMarked) await rm(reservePath(folder, run.run), { force: true });
      return isMarked;
    },

    ...keptIn(objects),
    ...auditLog(objects),

    rewritten: async () => ({ objects: [], problem: null }),
    async inspect() {
      makeFolder(folder);
      const problems = closeToOthers(folder)
        ? []
        : [`"${folder}" can be read by others, and its rights are not this user's to change`];
      return {
        facts: [
          `a folder of this machine, "${folder}"`,
          'its lock and its marks of what was spent hold on this machine only; a team shares one in S3 (`store: s3://bucket/prefix`)',
          `what cannot be stored there is kept in "${spool}"`,
        ],
        problems,
      };
    },
    close() {
      /* Nothing is open between two calls. */
    },
  };
}

import { mapBounded } from '../base/pool.ts';
import { UserError } from '../base/error.ts';
import type { OpenJournal, ReadJournal, RunSummary } from '../domain/records/journal-store.ts';
import type { RewrittenObjects, Store, StoreFacts } from '../domain/records/store.ts';
import type { BucketFacts, StoreBucket } from '../domain/records/store-bucket.ts';
import { auditLog } from './audit-log.ts';
import { readStored } from './objects/folder-objects.ts';
import { spoolFile } from './journal/journal-file.ts';
import { journalLine } from './journal/journal-line.ts';
import { spoolPath } from './journal/journal-places.ts';
import { foundRun, giveEach, keepSegment, readSegment, segmentNames } from './journal/journal-segments.ts';
import { withSpool } from './journal/journal-reading.ts';
import { writerOf } from './journal/journal-writer.ts';
import { keptIn } from './archive.ts';
import { damagedSummary, isRunName, refuseOddName, summaryOfRead } from './journal/runs.ts';
import { s3StoreError } from './objects/s3-errors.ts';
import { factsOf, provedStore, versioningCommand } from './objects/s3-proof.ts';
import { readsAtOnce, readS3Journal, recordName, s3Sink, s3Summary } from './journal/s3-journal.ts';
import { s3Locks, type S3LockOptions } from './locks/s3-lock.ts';
import { listObjects, patiently, s3Objects } from './objects/s3-objects.ts';
import { closedIn } from './closed-runs.ts';

/** Runs that a reading of many reads at once; of one without a segment the records come beside each other besides. */
const bulkWidth = 16;

export interface S3StoreOptions extends Pick<S3LockOptions, 'host' | 'alive' | 'clocks' | 'pace' | 'space' | 'sleep'> {
  /** `s3://bucket/prefix`. */
  readonly place: string;
  /** Makes the connection; called once, when something is first asked of the store. */
  readonly connect: () => Promise<StoreBucket>;
  /** A folder of this machine, for what has happened and cannot be stored in S3. */
  readonly spool: string;
}

/**
 * The store as a prefix of an S3 bucket: one truth for a team and its CI. Every object is written once, but for the
 * locks, whose states follow each other. Throws as `Store` says, and UserError `store-not-versioned` for a bucket that
 * forgets what is overwritten.
 */
export function s3Store({ place, connect, spool, sleep, ...lockOptions }: S3StoreOptions): Store {
  const patience = sleep === undefined ? {} : { sleep };
  let opening: Promise<StoreBucket> | undefined;
  const open = (): Promise<StoreBucket> => {
    opening ??= opened(connect, place, patience);
    // A connection that failed may succeed the next time.
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };
  const objects = s3Objects(place, open, patience);
  const read = async (run: string): Promise<ReadJournal> => {
    refuseOddName(run);
    const path = spoolPath(spool, run);
    const text = readStored(path);
    return withSpool(await readS3Journal(await open(), run, patience), text === null ? null : { path, text });
  };
  /** Runs to which nothing is ever added any more: a process asks for each of them once. */
  const finished = new Map<string, RunSummary>();
  const summary = async (run: string): Promise<RunSummary | null> => {
    const known = finished.get(run) ?? (await summaryNow(run));
    if (known !== null && known.spooled === undefined && (known.outcome === 'done' || known.outcome === 'abandoned'))
      finished.set(run, known);
    return known;
  };
  const summaryNow = async (run: string): Promise<RunSummary | null> => {
    const found = await s3Summary(await open(), run, patience);
    return found === null || readStored(spoolPath(spool, run)) === null ? found : wholeSummary(run);
  };
  const wholeSummary = async (run: string): Promise<RunSummary | null> => {
    const path = `${place}/runs/${run}`;
    try {
      return summaryOfRead(run, path, await read(run));
    } catch (error) {
      if (error instanceof UserError && error.code === 'journal-damaged')
        return damagedSummary(run, path, error.message);
      throw error;
    }
  };
  const names = async (): Promise<readonly string[]> =>
    (await listObjects(await open(), 'runs', { folders: true }, patience)).filter(isRunName).toSorted().toReversed();
  const settled = closedIn(objects, {
    names,
    summary,
    wholeSummary,
    each: (items, work) => mapBounded(items, readsAtOnce, work),
  });
  /** Journals that this process writes: when their runs are closed, the whole of each is kept as one object. */
  const writing = new Map<string, OpenJournal>();
  const noted = (journal: OpenJournal): OpenJournal => {
    writing.set(journal.run, journal);
    return journal;
  };
  const locks = s3Locks({
    open,
    runOf: async (run) => (isRunName(run) ? summary(run) : null),
    ...patience,
    ...lockOptions,
  });
  return {
    place,
    shared: true,
    acquireLock: (target, owner) => locks.acquire(target, owner),
    lockHolder: (target) => locks.holder(target),
    takeOverLock: (target, from, owner) => locks.takeOver(target, from, owner),

    async createJournal(run, clock) {
      refuseOddName(run);
      return noted(writerOf({ run, clock, sink: s3Sink(await open(), run, patience), spool: spoolFile(spool, run) }));
    },
    async continueJournal(run, clock) {
      const { records, spooled, head } = await read(run);
      const sink = s3Sink(await open(), run, patience);
      // Spooled records become part of the journal, byte for byte, before anything follows them.
      const adopted = spooled?.state === 'merged' ? spooled.records : 0;
      for (const record of records.slice(records.length - adopted)) await sink.store(journalLine(record), record.seq);
      return noted(
        writerOf({ run, clock, sink, spool: spoolFile(spool, run), records, end: { seq: records.length, head } }),
      );
    },
    readRun: read,
    async eachRun(work, options = {}) {
      const [all, marks, segments] = await Promise.all([
        options.runs ?? names(),
        settled.closedRuns(),
        segmentNames(objects),
      ]);
      const hows = new Map(marks.map(({ run, how }) => [run, how]));
      await giveEach(
        all,
        bulkWidth,
        (run) =>
          foundRun(run, `${place}/runs/${run}`, async () => {
            refuseOddName(run);
            const [segment, how] = [segments.get(run), hows.get(run)];
            if (how === undefined || how === 'closed' || readStored(spoolPath(spool, run)) !== null) return read(run);
            const whole =
              segment === undefined
                ? null
                : await readSegment(
                    objects,
                    run,
                    segment,
                    how,
                    `${place}/runs/${run}`,
                    async () => (await objects.read(`runs/${run}/${recordName(segment.records + 1)}`)) !== null,
                  );
            if (whole !== null) return whole;
            const journal = await read(run);
            // The next reading of many is short.
            await keepSegment(objects, run, journal.records);
            return journal;
          }),
        work,
        options,
      );
    },
    ...settled,
    async closeRun(summary, how, closing) {
      const journal = writing.get(summary.run);
      if (journal !== undefined && readStored(spoolPath(spool, summary.run)) === null)
        await keepSegment(objects, summary.run, journal.records);
      return settled.closeRun(summary, how, closing);
    },

    ...keptIn(objects),
    ...auditLog(objects, { segments: true }),

    async rewritten(): Promise<RewrittenObjects> {
      const bucket = await open();
      try {
        const keys = await patiently(() => bucket.rewritten(), patience);
        return {
          objects: keys
            .filter(({ key }) => !key.startsWith('locks/') && !key.startsWith('probes/'))
            .map(({ key, how, at }) => ({ path: `${place}/${key}`, how, at })),
          problem: null,
        };
      } catch (error) {
        const explained = s3StoreError(error, place, 'read');
        if (!(explained instanceof UserError)) throw explained;
        return { objects: [], problem: `${explained.message}; it needs s3:ListBucketVersions` };
      }
    },
    async inspect(): Promise<StoreFacts> {
      const bucket = await connect();
      try {
        return factsOf(place, await patiently(() => bucket.facts(), patience), spool);
      } catch (error) {
        const explained = s3StoreError(error, place, 'read');
        if (!(explained instanceof UserError)) throw explained;
        return {
          facts: [`${place}, shared by everybody who may write there`],
          problems: [`${explained.message}; ${explained.help ?? ''}`],
        };
      } finally {
        bucket.close();
      }
    },
    async prove(): Promise<StoreFacts> {
      const bucket = await connect();
      try {
        return await provedStore(bucket, {
          place,
          spool,
          name: `${lockOptions.host.replaceAll(/[^A-Za-z0-9]/gu, '-').slice(0, 40)}-${Date.now()}`,
          patience,
        });
      } finally {
        bucket.close();
      }
    },
    close() {
      void opening?.then(
        (bucket) => bucket.close(),
        () => undefined,
      );
      opening = undefined;
    },
  };
}

async function opened(connect: () => Promise<StoreBucket>, place: string, patience: object): Promise<StoreBucket> {
  const bucket = await connect();
  try {
    const { versioning } = await patiently(() => bucket.facts(), patience);
    if (versioning !== 'Enabled') throw notVersioned(place, versioning);
    return bucket;
  } catch (error) {
    bucket.close();
    throw s3StoreError(error, place, 'read');
  }
}

const notVersioned = (place: string, versioning: BucketFacts['versioning']): UserError =>
  new UserError(
    'store-not-versioned',
    `the bucket of the store "${place}" does not keep versions (versioning is ${versioning === 'off' ? 'off' : 'suspended'})`,
    {
      help: `a store must be able to bring back what somebody deletes: ${versioningCommand(place)}`,
    },
  );

import { UserError } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { ReadJournal, RunSummary } from '../../domain/records/journal-store.ts';
import type { StoreBucket } from '../../domain/records/store-bucket.ts';
import { goneOnElsewhere } from './journal-file.ts';
import { mapBounded } from '../../base/pool.ts';
import { after, chainStart, checkedLine } from './journal-line.ts';
import type { Sink } from './journal-writer.ts';
import { damagedSummary, summaryOf } from './runs.ts';
import { listObjects, readObject, writeOnce, type Patience } from '../objects/s3-objects.ts';

/** Objects that are read at once. */
export const readsAtOnce = 24;

export const recordName = (seq: number): string => `${String(seq).padStart(6, '0')}.json`;
const folderOf = (run: string): string => `runs/${run}`;
const keyOf = (run: string, seq: number): string => `${folderOf(run)}/${recordName(seq)}`;

/**
 * The objects of a run's journal: one record each, written where none is, so that two writers meet and none can be
 * changed.
 */
export function s3Sink(bucket: StoreBucket, run: string, patience: Patience): Sink {
  return {
    place: `${bucket.place}/${folderOf(run)}`,
    async store(line, seq) {
      const key = keyOf(run, seq);
      if ((await writeOnce(bucket, key, `${line}\n`, { kind: 'absent' }, patience)).state === 'written') return;
      if (seq === 1)
        throw new UserError('run-exists', `run "${run}" has a journal already`, {
          where: `${bucket.place}/${key}`,
          help: 'start again; a new run gets a new name',
        });
      throw goneOnElsewhere(run, `${bucket.place}/${key}`);
    },
    // S3 was asked several times already; what has happened goes to the spool on this machine.
    recover: async () => false,
    async close() {
      /* An object is whole or not there. */
    },
  };
}

/**
 * Reads a run's journal and verifies its chain. Throws UserError `no-such-run`, `journal-damaged`, `store-unreadable`.
 */
export async function readS3Journal(bucket: StoreBucket, run: string, patience: Patience): Promise<ReadJournal> {
  const path = `${bucket.place}/${folderOf(run)}`;
  const names = await listObjects(bucket, folderOf(run), {}, patience);
  if (names.length === 0)
    throw new UserError('no-such-run', `there is no journal "${path}"`, {
      help: '`aiplan runs` lists the runs of this store; where the store was lost, `aiplan rollback --from-aws` lists those that the capture bucket knows of',
    });
  const texts = await mapBounded(names, readsAtOnce, (name) => textOf(bucket, `${folderOf(run)}/${name}`, patience));
  const records: JournalRecord[] = [];
  let end = chainStart;
  for (const [index, name] of names.entries()) {
    const where = `${path}/${name}`;
    if (name !== recordName(index + 1))
      throw damaged(`${path}/${recordName(index + 1)}`, `record ${index + 1} is missing`);
    const text = texts[index] ?? '';
    if (!text.endsWith('\n')) throw damaged(where, `record ${index + 1} is not whole`);
    const line = text.slice(0, -1);
    records.push(checkedLine(line, end, where, `record ${index + 1}`));
    end = after(end, line);
  }
  return { path, records, head: end.head, torn: null };
}

/** The line about a run in a list, by its first and its last record. */
export async function s3Summary(bucket: StoreBucket, run: string, patience: Patience): Promise<RunSummary | null> {
  const path = `${bucket.place}/${folderOf(run)}`;
  const names = await listObjects(bucket, folderOf(run), {}, patience);
  const last = names.at(-1);
  if (last === undefined) return null;
  if (last !== recordName(names.length))
    return damagedSummary(run, path, `of ${Number(last.slice(0, 6))} records only ${names.length} are there`);
  const ends = await Promise.all(
    [...new Set([recordName(1), last])].map((name) => readObject(bucket, `${folderOf(run)}/${name}`, patience)),
  );
  const storedAt = ends[0]?.writtenAt ?? 0;
  try {
    return {
      ...summaryOf(
        run,
        path,
        ends.map((found) => JSON.parse(found?.text ?? '') as JournalRecord),
      ),
      ...(storedAt === 0 ? {} : { storedAt }),
    };
  } catch {
    return damagedSummary(run, path, 'its first or last record is not JSON');
  }
}

async function textOf(bucket: StoreBucket, key: string, patience: Patience): Promise<string> {
  return (await readObject(bucket, key, patience))?.text ?? '';
}

const damaged = (where: string, what: string): UserError =>
  new UserError('journal-damaged', `the journal is damaged: ${what}`, {
    where,
    help: 'leave it as it is: nothing is rolled back from a damaged journal. The bucket keeps earlier versions of every object; the captures and their manifests are in the capture bucket',
  });

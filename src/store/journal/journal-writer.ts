import type { Clock } from '../../domain/records/event.ts';
import { UserError } from '../../base/error.ts';
import type { JournalEntry, JournalRecord } from '../../domain/records/journal.ts';
import type { OpenJournal } from '../../domain/records/journal-store.ts';
import { after, chainStart, journalLine, tellsWhatHappened, type ChainEnd } from './journal-line.ts';

/** Where the lines of a journal go: the files of a folder, or the objects of a bucket. */
export interface Sink {
  /** For messages. */
  readonly place: string;
  /** Stores one line; durable when this returns. Throws UserError `store-unwritable`. */
  store(line: string, seq: number): Promise<void>;
  /** After a line could not be stored: makes room, or takes another way. False: there is none. */
  recover(): Promise<boolean>;
  close(): Promise<void>;
}

/** A second place, for what has happened and cannot be stored in the first. */
export interface Spool {
  readonly place: string;
  /** Throws UserError `store-unwritable`. */
  store(line: string): Promise<void>;
}

export interface Writing {
  readonly run: string;
  readonly clock: Clock;
  readonly sink: Sink;
  readonly spool: Spool;
  /** The records that the journal holds already, and the end of its chain. */
  readonly records?: readonly JournalRecord[];
  readonly end?: ChainEnd;
}

/**
 * The writer of a journal. One line at a time, whoever calls: the chain needs an order, and captures run in parallel.
 *
 * Once a line could not be stored, nothing is announced any more: every intent is refused, so that nothing more is
 * sent. Records of past events (outcomes, captures, the end of steps and of the run) are stored all the same, in the
 * room that was reserved; and where even that fails, in the spool beside, after which every call throws and says where
 * it lies.
 */
export function writerOf({
  run,
  clock,
  sink,
  spool,
  records: earlier = [],
  end: start = chainStart,
}: Writing): OpenJournal {
  const records: JournalRecord[] = [...earlier];
  let end = start;
  let state: 'whole' | 'failed' | 'recovered' | 'spooling' | 'lost' = 'whole';
  let cause: UserError | null = null;
  let tail: Promise<unknown> = Promise.resolve();

  const stored = (record: JournalRecord, line: string): void => {
    end = after(end, line);
    records.push(record);
  };
  const failed = (error: unknown): UserError => {
    cause ??= asStoreError(error, sink.place);
    return cause;
  };
  const spooled = async (record: JournalRecord, line: string): Promise<never> => {
    const { message, help } = failed(null);
    try {
      await spool.store(line);
    } catch (error) {
      state = 'lost';
      throw new UserError(
        'store-unwritable',
        `${message}; and what happened last could not be kept beside it either (${asStoreError(error, spool.place).message})`,
        {
          where: sink.place,
          cause: error,
          help: `the journal ends with what was announced and not answered: AWS tells what became of it. ${help ?? ''}`.trim(),
        },
      );
    }
    stored(record, line);
    // Another process has resumed the run: what this one still learned is kept, and the first error says all.
    if (cause?.code === 'lock-lost') throw cause;
    throw new UserError('store-unwritable', `${message}; what happened is kept in "${spool.place}"`, {
      where: sink.place,
      ...(cause === null ? {} : { cause }),
      help: `leave that file where it is: aiplan reads it together with the journal. ${help ?? ''}`.trim(),
    });
  };
  const attempt = async (record: JournalRecord, line: string): Promise<boolean> => {
    try {
      await sink.store(line, record.seq);
      stored(record, line);
      return true;
    } catch (error) {
      // The last line there may be incomplete: nothing may follow it in the same place.
      failed(error);
      state = 'failed';
      return false;
    }
  };
  const write = async (entry: JournalEntry): Promise<JournalRecord> => {
    const record: JournalRecord = {
      seq: end.seq + 1,
      prev: end.head,
      at: new Date(clock.now()).toISOString(),
      ...entry,
    };
    const line = journalLine(record);
    const happened = tellsWhatHappened(entry);
    if (state !== 'whole' && !happened) throw failed(null);
    if (state === 'lost') throw failed(null);
    if (state === 'spooling') return spooled(record, line);
    if (state !== 'failed' && (await attempt(record, line))) return record;
    if (!happened) throw failed(null);
    if (cause?.code !== 'lock-lost' && (await sink.recover())) {
      state = 'recovered';
      if (await attempt(record, line)) return record;
    }
    state = 'spooling';
    return spooled(record, line);
  };
  return {
    run,
    place: sink.place,
    records,
    append(entry) {
      const result = tail.then(() => write(entry));
      tail = result.then(
        () => undefined,
        () => undefined,
      );
      return result;
    },
    async close() {
      await tail;
      await sink.close();
    },
  };
}

const asStoreError = (error: unknown, place: string): UserError =>
  error instanceof UserError
    ? error
    : new UserError(
        'store-unwritable',
        `cannot write "${place}": ${(error as NodeJS.ErrnoException | null)?.code ?? 'unknown'}`,
        { cause: error, help: 'check the place and its permissions' },
      );

import type { AuditEntry, AuditRecord } from '../domain/records/audit.ts';
import type { AuditProblem } from '../domain/records/audit-report.ts';
import { canonical, sha256 } from '../base/digest.ts';
import { UserError } from '../base/error.ts';
import type { Clock } from '../domain/records/event.ts';
import { isObject } from '../base/json.ts';
import { sanitise } from '../base/sanitise.ts';
import { flawText } from '../base/shape.ts';
import type { AuditStore } from '../domain/records/audit-store.ts';
import { auditIndex } from './audit-index.ts';
import { entriesPerSegment, segmentsOf, writeSegment } from './audit-segments.ts';
import { mapBounded } from '../base/pool.ts';
import { journalRoot } from './journal/journal-line.ts';
import type { Objects } from './objects/objects.ts';
import { auditRecord } from './objects/shapes.ts';

/** How often an entry is tried under the next number when somebody else was faster. */
const maximumRaces = 200;
/** Entries that are read at once. */
const width = 24;
/** How many of the newest names are looked at for one that is an entry. */
const mostLooks = 50;

const entryName = (seq: number): string => `${String(seq).padStart(8, '0')}.json`;
const isEntryName = (name: string): boolean => /^\d{8}\.json$/u.test(name);

export interface AuditLogOptions {
  /** Whole blocks of entries are also kept as one object each, so that a long log is read in few requests. */
  readonly segments?: boolean;
}

/**
 * The audit log: one object for each entry, `audit/00000001.json` and on. Its text is the canonical JSON of the record
 * and a line feed; `prev` is the SHA-256 of the text before without its line feed. An object is made only where none
 * is, so that writers on any number of machines get one order. An object in the folder that is no entry is left out.
 */
export function auditLog(objects: Objects, { segments = false }: AuditLogOptions = {}): AuditStore {
  /** The last entry that this process knows: where the search for the next number begins. */
  let known = { seq: 0, head: journalRoot };
  const index = auditIndex(objects);

  /** The newest entry. A stray file with the name of an entry is none, whatever its number. */
  const newest = async (): Promise<typeof known> => {
    const names = (await objects.list('audit', known.seq === 0 ? '' : entryName(known.seq))).filter(isEntryName);
    for (const name of names.toReversed().slice(0, mostLooks)) {
      const seq = Number(name.slice(0, 8));
      const text = await objects.read(`audit/${name}`);
      if (text === null) throw damaged(objects, name, 'it cannot be found');
      if (isEntry(text, seq)) return { seq, head: sha256(text.slice(0, -1)) };
    }
    return known;
  };
  const append = async (entry: AuditEntry, clock: Clock): Promise<AuditRecord> => {
    for (let races = 0; races < maximumRaces; races += 1) {
      known = await newest();
      const record = {
        seq: known.seq + 1,
        prev: known.head,
        at: new Date(clock.now()).toISOString(),
        ...entry,
      } as AuditRecord;
      const line = canonical(record);
      if ((await objects.create(`audit/${entryName(record.seq)}`, `${line}\n`)) !== 'made') {
        const there = await objects.read(`audit/${entryName(record.seq)}`);
        // Nobody was faster: what has the name of the next entry can be none, and no entry can follow it.
        if (there !== null && !isEntry(there, record.seq))
          throw damaged(
            objects,
            entryName(record.seq),
            'it has the name of the next entry and is none, so that nothing can be added',
          );
        continue;
      }
      known = { seq: record.seq, head: sha256(line) };
      await index.add(record);
      if (segments && record.seq % entriesPerSegment === 0)
        await writeSegment(objects, record.seq, () => linesFrom(record.seq - entriesPerSegment + 1, record.seq));
      return record;
    }
    throw new UserError(
      'store-unwritable',
      `the audit log "${objects.placeOf('audit')}" is written by others faster than an entry can be added`,
      { help: 'try again' },
    );
  };
  const linesFrom = (first: number, last: number): Promise<readonly (string | null)[]> =>
    mapBounded(
      Array.from({ length: last - first + 1 }, (_, at) => first + at),
      width,
      (seq) => objects.read(`audit/${entryName(seq)}`),
    );

  /**
   * Every entry, by segments as far as there are any that fit the chain, then one by one. With `damaged` a place where
   * the log is damaged is told, and every entry that can be read is answered; without it the first one ends the
   * reading.
   */
  const readAll = async (
    progress: (done: number, of: number) => void = () => undefined,
    damagedAt?: (problem: AuditProblem) => void,
  ): Promise<readonly AuditRecord[]> => {
    const kept = segments ? await segmentsOf(objects, width) : [];
    const records: AuditRecord[] = [];
    let head: string | null = journalRoot;
    for (const text of kept) {
      const read: ReturnType<typeof chained> = chained(text, records.length, head ?? journalRoot);
      if (read === null) break;
      records.push(...read.records);
      ({ head } = read);
    }
    const covered = records.length;
    const names = (await objects.list('audit', covered === 0 ? '' : entryName(covered))).filter(isEntryName);
    let done = 0;
    const texts = await mapBounded(names, width, async (name) => {
      const text = await objects.read(`audit/${name}`);
      progress((done += 1), names.length);
      return text ?? '';
    });
    let isWhole = true;
    let seq = covered;
    for (const [at, text] of texts.entries()) {
      const name = names[at] ?? '';
      const number = Number(name.slice(0, 8));
      // An object behind a gap that is no entry is a stray, and no sign that an entry was removed.
      if (
        name !== entryName(covered + at + 1) &&
        !texts.some((other, later) => later >= at && isEntry(other, Number(names[later]?.slice(0, 8))))
      )
        break;
      const { record, problems } = checked(text, number, { name, seq: seq + 1, head }, objects);
      for (const problem of problems) {
        if (damagedAt === undefined) throw problem;
        isWhole = false;
        const { code, message, where = '', help = '' } = problem;
        damagedAt({ code, where, message: `${message}; ${help}` });
      }
      if (record !== null) records.push(record);
      seq = number;
      // One break is one problem: what comes after an entry that cannot be read is held against nothing.
      head = record === null ? null : sha256(text.slice(0, -1));
    }
    if (segments && isWhole) {
      // Completes the work of an earlier version of aiplan, or of a process that died: the next reading is short again.
      for (
        let last = covered - (covered % entriesPerSegment) + entriesPerSegment;
        last <= records.length;
        last += entriesPerSegment
      ) {
        await writeSegment(objects, last, async () => texts.slice(last - entriesPerSegment - covered, last - covered));
      }
    }
    return records;
  };
  // Two entries of one process come one after the other without racing.
  let tail: Promise<unknown> = Promise.resolve();
  return {
    appendAudit(entry, clock) {
      const result = tail.then(() => append(entry, clock));
      tail = result.then(
        () => undefined,
        () => undefined,
      );
      return result;
    },
    auditHead: async () => (await newest()).head,
    readAudit: readAll,
    async readAuditOf(run, plans, damagedAt) {
      const seqs = await index.of(run, plans);
      if (seqs === null) return readAll(undefined, damagedAt);
      const texts = await mapBounded(seqs, width, (seq) => objects.read(`audit/${entryName(seq)}`));
      const found = texts.flatMap((text, at) =>
        text !== null && isEntry(text, seqs[at] ?? 0) && auditRecord(JSON.parse(text)) === null
          ? [JSON.parse(text) as AuditRecord]
          : [],
      );
      // Begun before there was an index: then not all that is told of it is in the index. Damaged: reading the log says
      // where.
      return found.length === seqs.length && found.some((record) => record.kind === 'run-began' && record.run === run)
        ? found
        : readAll(undefined, damagedAt);
    },
    async auditStrays() {
      const names = await objects.list('audit');
      const odd = names.filter((name) => !isEntryName(name));
      const entries = names.filter(isEntryName);
      const gap = entries.findIndex((name, at) => name !== entryName(at + 1));
      return [...odd, ...(gap < 0 ? [] : entries.slice(gap))].map((name) => objects.placeOf(`audit/${name}`));
    },
  };
}

/** Whether a text is an entry with that number. */
function isEntry(text: string, seq: number): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return (
      text.endsWith('\n') &&
      isObject(value) &&
      value['seq'] === seq &&
      typeof value['kind'] === 'string' &&
      typeof value['at'] === 'string' &&
      typeof value['prev'] === 'string'
    );
  } catch {
    // A text that is no JSON is no entry.
    return false;
  }
}

/**
 * The entries of a segment, if its lines continue the chain; null where they do not: then each entry is read by itself.
 */
function chained(
  text: string,
  before: number,
  start: string,
): { readonly records: readonly AuditRecord[]; readonly head: string } | null {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length !== entriesPerSegment) return null;
  let head = start;
  const records: AuditRecord[] = [];
  for (const [at, line] of lines.entries()) {
    if (!isEntry(`${line}\n`, before + at + 1)) return null;
    const record = JSON.parse(line) as AuditRecord;
    if (record.prev !== head) return null;
    head = sha256(line);
    records.push(record);
  }
  return { records, head };
}

interface Expected {
  readonly name: string;
  readonly seq: number;
  /** Null: the entry before cannot be read. */ readonly head: string | null;
}

/** An entry, and what is wrong with it or missing before it; null where it cannot be read. */
function checked(
  text: string,
  number: number,
  { name, seq, head }: Expected,
  objects: Objects,
): { readonly record: AuditRecord | null; readonly problems: readonly UserError[] } {
  const gap =
    number === seq
      ? []
      : [
          damaged(
            objects,
            entryName(seq),
            number === seq + 1
              ? `it is missing; the next one is "${name}"`
              : `it and ${number - seq - 1} more are missing; the next one is "${name}"`,
          ),
        ];
  const unreadable = (what: string) => ({ record: null, problems: [...gap, damaged(objects, name, what)] });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable('it is not JSON');
  }
  if (!isObject(value) || typeof value['kind'] !== 'string' || typeof value['at'] !== 'string' || !text.endsWith('\n'))
    return unreadable('it is not an audit entry');
  if (value['seq'] !== number)
    return unreadable(
      `its number is ${value['seq'] === undefined ? 'missing' : sanitise(JSON.stringify(value['seq'])).slice(0, 80)}`,
    );
  const flaw = auditRecord(value);
  if (flaw !== null) return unreadable(sanitise(flawText(flaw)));
  const isLoose = gap.length === 0 && head !== null && value['prev'] !== head;
  return {
    record: value as unknown as AuditRecord,
    problems: [
      ...gap,
      ...(isLoose
        ? [
            damaged(
              objects,
              name,
              number === 1
                ? 'the log does not begin here'
                : `it does not follow entry ${number - 1}, which was changed`,
            ),
          ]
        : []),
    ],
  };
}

const damaged = (objects: Objects, name: string, what: string): UserError =>
  new UserError('audit-damaged', `the audit log is damaged at entry "${name}": ${what}`, {
    where: objects.placeOf(`audit/${name}`),
    help: 'leave it as it is, and restore that entry from a backup or, in S3, from its earlier version',
  });

import type { AuditEntry, AuditRecord } from '../model/audit.ts';
import { canonical, sha256 } from '../model/digest.ts';
import { UserError } from '../model/error.ts';
import type { Clock } from '../model/event.ts';
import { isObject } from '../model/json.ts';
import type { Store } from '../model/store.ts';
import { journalRoot } from './journal-line.ts';
import type { Objects } from './objects.ts';

/** How often an entry is tried under the next number when somebody else was faster. */
const maximumRaces = 200;
/** Entries that are read at once. */
const width = 16;

const nameOf = (seq: number): string => `${String(seq).padStart(8, '0')}.json`;

/**
 * The audit log: one object for each entry, `audit/00000001.json` and on. Its text is the canonical JSON of the record and a
 * line feed; `prev` is the SHA-256 of the text before without its line feed. An object is made only where none is, so that
 * writers on any number of machines get one order.
 */
export function auditLog(objects: Objects): Pick<Store, 'appendAudit' | 'auditHead' | 'readAudit'> {
  /** The last entry that this process knows: where the search for the next number begins. */
  let known = { seq: 0, head: journalRoot };

  const newest = async (): Promise<typeof known> => {
    const names = await objects.list('audit', known.seq === 0 ? '' : nameOf(known.seq));
    const last = names.at(-1);
    if (last === undefined) return known;
    const seq = Number(last.slice(0, 8));
    return { seq, head: sha256((await textOf(objects, seq)).slice(0, -1)) };
  };
  const append = async (entry: AuditEntry, clock: Clock): Promise<AuditRecord> => {
    for (let races = 0; races < maximumRaces; races += 1) {
      known = await newest();
      const record = { seq: known.seq + 1, prev: known.head, at: new Date(clock.now()).toISOString(), ...entry } as AuditRecord;
      const line = canonical(record);
      if ((await objects.create(`audit/${nameOf(record.seq)}`, `${line}\n`)) !== 'made') continue;
      known = { seq: record.seq, head: sha256(line) };
      return record;
    }
    throw new UserError('store-unwritable', `the audit log "${objects.placeOf('audit')}" is written by others faster than an entry can be added`, { help: 'try again' });
  };
  // Two entries of one process come one after the other without racing.
  let tail: Promise<unknown> = Promise.resolve();
  return {
    appendAudit(entry, clock) {
      const result = tail.then(() => append(entry, clock));
      tail = result.then(() => undefined, () => undefined);
      return result;
    },
    auditHead: async () => (await newest()).head,
    async readAudit() {
      const names = await objects.list('audit');
      const texts = await readAll(objects, names);
      let head = journalRoot;
      return texts.map((text, index) => {
        const record = checked(text, index + 1, names[index] ?? '', head, objects);
        head = sha256(text.slice(0, -1));
        return record;
      });
    },
  };
}

async function textOf(objects: Objects, seq: number): Promise<string> {
  const text = await objects.read(`audit/${nameOf(seq)}`);
  if (text === null) throw damaged(objects, nameOf(seq), 'it cannot be found');
  return text;
}

async function readAll(objects: Objects, names: readonly string[]): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let from = 0; from < names.length; from += width) {
    const some = await Promise.all(names.slice(from, from + width).map((name) => objects.read(`audit/${name}`)));
    texts.push(...some.map((text) => text ?? ''));
  }
  return texts;
}

function checked(text: string, number: number, name: string, head: string, objects: Objects): AuditRecord {
  if (name !== nameOf(number)) throw damaged(objects, nameOf(number), `it is missing; the next one is "${name}"`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(objects, name, 'it is not JSON');
  }
  if (!isObject(value) || typeof value['kind'] !== 'string' || typeof value['at'] !== 'string' || !text.endsWith('\n')) throw damaged(objects, name, 'it is not an audit entry');
  if (value['seq'] !== number) throw damaged(objects, name, `its number is ${String(value['seq'])}`);
  if (value['prev'] !== head) throw damaged(objects, name, number === 1 ? 'the log does not begin here' : `it does not follow entry ${number - 1}, which was changed`);
  return value as unknown as AuditRecord;
}

const damaged = (objects: Objects, name: string, what: string): UserError => new UserError('audit-damaged', `the audit log is damaged at entry "${name}": ${what}`, {
  where: objects.placeOf(`audit/${name}`), help: 'leave it as it is, and restore that entry from a backup or, in S3, from its earlier version',
});

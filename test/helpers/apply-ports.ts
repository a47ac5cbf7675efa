import { UserError } from '../../src/base/error.ts';
import type { Clock, RunEvent } from '../../src/domain/records/event.ts';
import type { Journal, JournalEntry, JournalRecord } from '../../src/domain/records/journal.ts';
import type { SecretRef } from '../../src/base/json.ts';
import type { CaptureVault, SecretSource } from '../../src/domain/records/ports.ts';
import type { RunEnd } from '../../src/domain/records/run-end.ts';
import type { RunManifest, CaptureManifest } from '../../src/domain/records/run-manifest.ts';

/** A clock that a sleep moves forward at once. */
export interface FakeClock extends Clock {
  time: number;
  readonly slept: number[];
}
export function fakeClock(time = Date.UTC(2026, 1, 26, 23, 0, 0)): FakeClock {
  const slept: number[] = [];
  const clock: FakeClock = {
    time,
    slept,
    now: () => clock.time,
    async sleep(milliseconds) {
      slept.push(milliseconds);
      clock.time += milliseconds;
    },
  };
  return clock;
}

/**
 * A journal in memory. Its chain is only numbered: hashing it is the real one's business, and
 * test/unit/journal.test.ts's.
 */
export function memoryJournal(
  run: string,
  clock: Clock,
  beforeAppend: (entry: JournalEntry) => void = () => undefined,
  afterAppend: (entry: JournalEntry) => void = () => undefined,
): Journal & { readonly records: JournalRecord[] } {
  const records: JournalRecord[] = [];
  return {
    run,
    records,
    async append(entry) {
      beforeAppend(entry);
      // Not copied: nothing in the engine changes a value that it has made (the real journal's bytes are unit/journal's
      // business).
      const record: JournalRecord = {
        seq: records.length + 1,
        prev: `line ${records.length}`,
        at: new Date(clock.now()).toISOString(),
        ...entry,
      };
      records.push(record);
      afterAppend(entry);
      return record;
    },
  };
}

export interface MemoryVault extends CaptureVault {
  readonly kept: Map<string, string>;
  readonly manifests: Map<string, CaptureManifest | RunManifest>;
  readonly ends: RunEnd[];
}
/** The vault as one run has it: its secrets lie below its own name. */
export const vaultOf = (vault: CaptureVault, run: string): CaptureVault => ({
  ...vault,
  keepSecret: (step, name, text) => vault.keepSecret(`${run}/${step}`, name, text),
});
/** A capture bucket of its own that holds the same. */
export const vaultLike = ({ bucket, kept, manifests, ends }: MemoryVault): MemoryVault =>
  memoryVault(bucket, new Map(kept), new Map(manifests), [...ends]);
const noBucket = (): UserError =>
  new UserError('no-capture-bucket', 'there is no capture bucket', { help: 'run `aiplan setup`' });
export function memoryVault(
  bucket: string | null = 'captures',
  kept = new Map<string, string>(),
  manifests = new Map<string, CaptureManifest | RunManifest>(),
  ends: RunEnd[] = [],
): MemoryVault {
  return {
    bucket,
    kept,
    manifests,
    ends,
    async putEnd(end) {
      ends.push(end);
      return `s3://${bucket ?? ''}/${end.run}/end.json`;
    },
    async keepSecret(step, name, text) {
      if (bucket === null) throw noBucket();
      kept.set(`${step}/${name}`, text);
      return { $secret: { captured: `${step}/${name}` } } satisfies SecretRef;
    },
    async readSecret(ref) {
      if (bucket === null) throw noBucket();
      const text = kept.get(ref.$secret.captured ?? '');
      if (text === undefined)
        throw new UserError('no-such-secret', `no captured secret "${ref.$secret.captured ?? ''}"`);
      return text;
    },
    async findSecret(ref) {
      await this.readSecret(ref);
    },
    async putManifest(run, step, manifest) {
      manifests.set(`${run}/${step}`, manifest);
      return `s3://${bucket ?? ''}/${run}/${step}.json`;
    },
    async putRun(manifest) {
      manifests.set(`${manifest.run}/run.all ${manifest.journalHead}`, manifest);
      return `s3://${bucket ?? ''}/${manifest.run}/run.all.json`;
    },
  };
}

/** Secrets by the name of their variable. */
export const memorySecrets = (table: Readonly<Record<string, string>> = {}): SecretSource => ({
  async resolve(ref) {
    const text = table[ref.$secret.env ?? ref.$secret.file ?? ''];
    if (text === undefined)
      throw new UserError('secret-missing', `"${ref.$secret.env ?? ref.$secret.file ?? ''}" is not set`);
    return text;
  },
});

/** Collects events. */
export function recorder(): { readonly events: RunEvent[]; readonly emit: (event: RunEvent) => void } {
  const events: RunEvent[] = [];
  return {
    events,
    emit: (event) => {
      events.push(event);
    },
  };
}

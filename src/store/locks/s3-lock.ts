import type { Lock, LockOwner, LockTarget } from '../../domain/records/lock-store.ts';
import type { StoreBucket, StoredObject } from '../../domain/records/store-bucket.ts';
import { everySoOften, gapWatch, systemClocks, type Clocks } from './heartbeat.ts';
import { lockName } from './lock.ts';
import {
  judgeOf,
  lockLost,
  ownerOf,
  processSpace,
  type Holding,
  type JudgeOptions,
  type LockPace,
} from './lock-state.ts';
import { readObject, writeOnce, type Patience, type Written } from '../objects/s3-objects.ts';

export interface S3LockOptions extends Omit<JudgeOptions, 'pace'>, Patience {
  readonly open: () => Promise<StoreBucket>;
  readonly clocks?: Clocks;
  readonly pace?: LockPace;
}

const sharedPace: LockPace = { heartbeat: 15_000, gap: 60_000, silent: 120_000 };

/** A holding as S3 has it, with the tag of exactly this state of it. */
interface Tagged extends Holding {
  readonly etag: string;
}

/**
 * The locks of a store in S3: one object for each target, `locks/<target>.json`. Each state of it (taken, alive,
 * released) is written over exactly the state before (If-Match), or where there is none yet (If-None-Match), so that of
 * two writers one is refused. It is never deleted: releasing is a state, which needs no permission to delete and works
 * under Object Lock. How long a holder has been silent is told by S3's clock alone.
 */
export function s3Locks({
  open,
  clocks = systemClocks,
  pace = sharedPace,
  space = processSpace(),
  sleep,
  ...options
}: S3LockOptions) {
  const judge = judgeOf({ ...options, space, pace });
  const patience: Patience = sleep === undefined ? {} : { sleep };
  const keyOf = (target: LockTarget): string => `locks/${lockName(target)}.json`;

  const current = async (target: LockTarget): Promise<Tagged | null> => {
    const bucket = await open();
    const found = await readObject(bucket, keyOf(target), patience);
    return found === null ? null : holdingOf(found, `${bucket.place}/${keyOf(target)}`);
  };

  /** Takes the lock over the state `from`. Null when somebody else was faster. */
  const take = async (
    target: LockTarget,
    from: Tagged | null,
    owner: Omit<LockOwner, 'heartbeat'>,
  ): Promise<Lock | null> => {
    const bucket = await open();
    const watch = gapWatch(clocks, pace);
    const key = keyOf(target);
    const place = `${bucket.place}/${key}`;
    const stateOf = (beat: number, more: object = {}): string =>
      `${JSON.stringify({ ...owner, heartbeat: new Date(clocks.wall()).toISOString(), beat, space, ...more })}\n`;
    const first = await writeOnce(
      bucket,
      key,
      stateOf(0),
      from === null ? { kind: 'absent' } : { kind: 'unchanged', etag: from.etag },
      patience,
    );
    if (first.state === 'lost') return null;

    let etag = first.etag;
    let beats = 0;
    let lost: string | null = null;
    let tail: Promise<unknown> = Promise.resolve();
    /** Writes our next state over our last one. Throws UserError `store-unwritable` when S3 cannot be reached. */
    const advance = async (text: string): Promise<void> => {
      if (lost !== null) return;
      const at = watch.mark();
      const written: Written = await writeOnce(bucket, key, text, { kind: 'unchanged', etag }, patience);
      if (written.state === 'lost') {
        const by = written.found === null ? null : ownerOf(written.found.text);
        lost = by === null ? 'it is gone' : `run "${by.run}" of ${by.owner} on ${by.host} has it since ${by.startedAt}`;
        return;
      }
      etag = written.etag;
      watch.proven(at);
    };
    const inOrder = (work: () => Promise<void>): Promise<void> => {
      const result = tail.then(work);
      tail = result.then(
        () => undefined,
        () => undefined,
      );
      return result;
    };
    const beat = (): Promise<void> =>
      inOrder(() => {
        beats += 1;
        return advance(stateOf(beats));
      });
    const stop = everySoOften(pace.heartbeat, async () => {
      try {
        await beat();
      } catch {
        // A sign that could not be given makes a gap, and `check` says so.
      }
    });
    return {
      owner: { ...owner, heartbeat: new Date(clocks.wall()).toISOString() },
      async check() {
        let why = 'it cannot be proven after a pause';
        try {
          if (lost === null && watch.sinceProven() > pace.heartbeat * 1.5) await beat();
        } catch (error) {
          why = `it cannot be proven: ${error instanceof Error ? error.message : String(error)}`;
        }
        if (lost !== null) throw lockLost(lost, place);
        if (watch.isGap()) throw lockLost(why, place);
      },
      async release() {
        await stop();
        try {
          await inOrder(() => {
            beats += 1;
            return advance(stateOf(beats, { released: new Date(clocks.wall()).toISOString() }));
          });
        } catch {
          // A silent lock stays: the next run clears it, because this one has an end.
        }
      },
    };
  };

  const acquire = async (target: LockTarget, owner: Omit<LockOwner, 'heartbeat'>): Promise<Lock> => {
    for (;;) {
      const holding = await current(target);
      if (holding !== null && !holding.released) await judge.refuseHeld(target, holding);
      const lock = await take(target, holding, owner);
      if (lock !== null) return lock;
    }
  };
  return {
    acquire,
    async holder(target: LockTarget): Promise<LockOwner | null> {
      const holding = await current(target);
      return holding === null || holding.released ? null : judge.holderOf(holding);
    },
    async takeOver(target: LockTarget, from: LockOwner, owner: Omit<LockOwner, 'heartbeat'>): Promise<Lock> {
      const holding = await current(target);
      if (holding === null || holding.released) return acquire(target, owner);
      judge.refuseTakeOver(target, holding, from);
      return (await take(target, holding, owner)) ?? acquire(target, owner);
    },
  };
}

function holdingOf({ text, etag, writtenAt, readAt }: StoredObject, place: string): Tagged {
  const owner = ownerOf(text);
  return {
    place,
    etag,
    owner: owner === null ? null : { ...owner, heartbeat: new Date(writtenAt).toISOString() },
    released: owner?.released !== undefined,
    space: owner?.space ?? '',
    age: Math.max(0, readAt - writtenAt),
  };
}

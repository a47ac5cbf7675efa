import { renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sha256 } from '../../base/digest.ts';
import type { Lock, LockOwner, LockTarget } from '../../domain/records/lock-store.ts';
import { createWhole, makeFolder, storeError } from '../objects/files.ts';
import { namesIn, readStored } from '../objects/folder-objects.ts';
import { everySoOften, gapWatch, systemClocks, type Clocks } from './heartbeat.ts';
import {
  judgeOf,
  lockedByLiving,
  lockLost,
  ownerOf,
  processSpace,
  type Holding,
  type JudgeOptions,
  type LockPace,
} from './lock-state.ts';

export interface LockOptions extends Omit<JudgeOptions, 'pace'> {
  readonly store: string;
  readonly clocks?: Clocks;
  readonly pace?: LockPace;
}

const localPace: LockPace = { heartbeat: 2_000, gap: 10_000, silent: 20_000 };

/** The name of a target among locks: account, region, and a part of the digest of an endpoint that is not AWS's own. */
export const lockName = ({ account, region, endpoint }: LockTarget): string =>
  `${account}-${region}${endpoint === null ? '' : `-${sha256(endpoint).slice(7, 19)}`}`;

/** Its number is one more than that of the holding before; `beat` is its last sign of life, milliseconds since 1970. */
interface Numbered extends Holding {
  readonly number: number;
  readonly beat: number;
}

/**
 * The locks of a local store. Each holding of a lock is a file of its own, `locks/<target>.<number>.lock`: the one with
 * the highest number counts, it is never removed, and a new holding is made by creating the next number, which only one
 * process can do. So no reading and writing has to happen at once, and nothing is ever taken from under a holder
 * unseen.
 */
export function folderLocks({
  store,
  clocks = systemClocks,
  pace = localPace,
  space = processSpace(),
  ...options
}: LockOptions) {
  const judge = judgeOf({ ...options, space, pace });
  const folder = join(store, 'locks');
  const pathOf = (target: LockTarget, number: number): string => join(folder, `${lockName(target)}.${number}.lock`);

  const numbersOf = (target: LockTarget): readonly number[] => {
    const prefix = `${lockName(target)}.`;
    return namesIn(folder)
      .filter((name) => name.startsWith(prefix) && /^\d+\.lock$/u.test(name.slice(prefix.length)))
      .map((name) => Number.parseInt(name.slice(prefix.length), 10))
      .sort((a, b) => a - b);
  };
  const current = (target: LockTarget): Numbered | null => {
    for (;;) {
      const number = numbersOf(target).at(-1);
      if (number === undefined) return null;
      const path = pathOf(target, number);
      const text = readStored(path);
      const beat = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
      // Gone in between: somebody has made a higher one.
      if (text === null || beat === undefined) continue;
      const found = ownerOf(text);
      return {
        number,
        place: path,
        owner: found === null ? null : { ...found, heartbeat: new Date(beat).toISOString() },
        beat,
        space: found?.space ?? '',
        released: found?.released !== undefined,
        age: clocks.wall() - beat,
      };
    }
  };
  /** Takes the number after `from`. Null when somebody else was faster. */
  const take = (target: LockTarget, from: Numbered | null, owner: Omit<LockOwner, 'heartbeat'>): Lock | null => {
    const number = (from?.number ?? 0) + 1;
    const path = pathOf(target, number);
    const whole: LockOwner = { ...owner, heartbeat: new Date(clocks.wall()).toISOString() };
    if (!createWhole(path, `${JSON.stringify({ ...whole, space })}\n`)) return null;
    const since = from === null ? undefined : statSync(from.place, { throwIfNoEntry: false })?.mtimeMs;
    const numbers = numbersOf(target);
    if (numbers.at(-1) !== number) {
      // Others came and went while we looked: this number was used and cleared away before.
      rmSync(path, { force: true });
      return null;
    }
    const lock = held(path, pathOf(target, number + 1), whole);
    // The one before woke up and gave a sign while we looked. It sees this file before it sends anything more, or has
    // just not
    // seen it: either way both stop.
    if (from !== null && from.owner !== null && !from.released && since !== undefined && since !== from.beat) {
      lock.giveBack();
      void lock.release();
      throw lockedByLiving(target, from.owner, from.place, 0);
    }
    for (const old of numbers) if (old < number) rmSync(pathOf(target, old), { force: true });
    return lock;
  };

  const held = (path: string, next: string, owner: LockOwner): Lock & { giveBack(): void } => {
    const inode = statSync(path).ino;
    const watch = gapWatch(clocks, pace);
    const isOurs = (): boolean =>
      statSync(path, { throwIfNoEntry: false })?.ino === inode &&
      statSync(next, { throwIfNoEntry: false }) === undefined;
    const beat = (): void => {
      const now = new Date(clocks.wall());
      utimesSync(path, now, now);
      watch.proven(watch.mark());
    };
    const stop = everySoOften(pace.heartbeat, async () => {
      try {
        // After a gap the next mutating call decides: only there it matters.
        if (!watch.isGap() && isOurs()) beat();
      } catch {
        // A sign that cannot be given is a gap, and `check` says so.
      }
    });
    const giveBack = (): void => {
      // Only the owner writes this file; a successor has another one.
      const aside = join(dirname(path), `.${basename(path)}.${owner.pid}.tmp`);
      try {
        if (!isOurs()) return;
        writeFileSync(aside, `${JSON.stringify({ ...owner, released: new Date(clocks.wall()).toISOString() })}\n`, {
          mode: 0o600,
        });
        renameSync(aside, path);
      } catch {
        // The lock of a process that is gone stays: the next run clears it, because this one has an end.
        rmSync(aside, { force: true });
      }
    };
    return {
      owner,
      giveBack,
      async check() {
        try {
          if (watch.isGap()) beat();
          if (isOurs()) return;
        } catch (error) {
          throw lockLost(`its file cannot be read or written (${storeError(error, path).message})`, path);
        }
        throw lockLost(`somebody took it over${watch.isGap() ? ' while this process did not run' : ''}`, path);
      },
      async release() {
        await stop();
        giveBack();
      },
    };
  };

  const acquire = async (target: LockTarget, owner: Omit<LockOwner, 'heartbeat'>): Promise<Lock> => {
    makeFolder(folder);
    for (;;) {
      const holding = current(target);
      if (holding !== null && !holding.released) await judge.refuseHeld(target, holding);
      const lock = take(target, holding, owner);
      if (lock !== null) return lock;
    }
  };
  return {
    acquire,
    async holder(target: LockTarget): Promise<LockOwner | null> {
      const holding = current(target);
      return holding === null || holding.released ? null : judge.holderOf(holding);
    },
    async takeOver(target: LockTarget, from: LockOwner, owner: Omit<LockOwner, 'heartbeat'>): Promise<Lock> {
      const holding = current(target);
      if (holding === null || holding.released) return acquire(target, owner);
      judge.refuseTakeOver(target, holding, from);
      return take(target, holding, owner) ?? acquire(target, owner);
    },
  };
}

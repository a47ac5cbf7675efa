import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../base/error.ts';
import type { Lock, LockTarget, LockStore } from '../../domain/records/lock-store.ts';
import type { RunSummary } from '../../domain/records/journal-store.ts';
import type { Store } from '../../domain/records/store.ts';
import { makeFolder } from '../objects/files.ts';
import { folderLocks, type LockOptions } from './lock.ts';
import { processSpace } from './lock-state.ts';

/**
 * Where the locks of this user on this machine are: the same for every store and every HOME or XDG variable, because
 * the user database and fixed paths alone decide. Locks of an emulator, which no other machine sees, and those of a
 * user without a home lie in /tmp.
 */
function placeFor(target: LockTarget, host: string): string {
  const { homedir, uid, username } = userInfo();
  const machine = createHash('sha256').update(`${host} ${processSpace()}`).digest('hex').slice(0, 16);
  if (target.endpoint === null || process.platform === 'win32') {
    const place = join(homedir, '.local', 'state', 'aiplan', 'machine', machine);
    try {
      makeFolder(place);
      return place;
    } catch (error) {
      if (process.platform === 'win32' || !(error instanceof UserError)) throw error;
    }
  }
  const place = join('/tmp', `aiplan-${uid < 0 ? username : uid}`);
  makeFolder(place);
  const facts = lstatSync(place);
  if (!facts.isDirectory() || (uid >= 0 && facts.uid !== uid))
    throw new UserError('store-unwritable', `"${place}" is not a folder of this user`, {
      where: place,
      help: 'remove it, or let its owner remove it: the locks of this machine lie there',
    });
  return join(place, machine);
}

export interface MachineLockOptions extends Pick<LockOptions, 'host' | 'alive' | 'clocks' | 'pace'> {
  readonly placeOf?: (target: LockTarget) => string;
}

/**
 * The store, whose lock of a target is also one of this user on this machine: two runs with stores of their own keep
 * each other out as two runs of one store do. A run takes the lock of a dead or silent process without asking: the
 * store of that process knows the rest of its run.
 */
export function withMachineLock(store: Store, options: MachineLockOptions): Store {
  const { host, placeOf = (target) => placeFor(target, host), ...rest } = options;
  const ended = { outcome: 'done' } as RunSummary;
  const both = async (
    target: LockTarget,
    owner: Parameters<LockStore['acquireLock']>[1],
    inner: () => Promise<Lock>,
  ): Promise<Lock> => {
    const machine = await folderLocks({ store: placeOf(target), host, runOf: async () => ended, ...rest }).acquire(
      target,
      owner,
    );
    let lock: Lock;
    try {
      lock = await inner();
    } catch (error) {
      await machine.release();
      throw error;
    }
    return {
      owner: lock.owner,
      async check() {
        await machine.check();
        await lock.check();
      },
      async release() {
        await lock.release();
        await machine.release();
      },
    };
  };
  return {
    ...store,
    acquireLock: (target, owner) => both(target, owner, () => store.acquireLock(target, owner)),
    takeOverLock: (target, from, owner) => both(target, owner, () => store.takeOverLock(target, from, owner)),
  };
}

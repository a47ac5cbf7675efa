import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../model/digest.ts';
import { UserError } from '../model/error.ts';
import { isObject } from '../model/json.ts';
import type { Target } from '../model/live.ts';
import { createOnce, storeError } from './files.ts';

/** Who holds a lock; the content of the lock file. */
export interface LockOwner {
  readonly run: string;
  readonly owner: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
}

export interface Lock { readonly path: string; release(): void }

/** One mutating run per target and store: where the lock of a target lies. */
export const lockPath = (store: string, { account, region, endpoint }: Pick<Target, 'account' | 'region' | 'endpoint'>): string =>
  join(store, 'locks', `${account}-${region}${endpoint === null ? '' : `-${sha256(endpoint).slice(7, 19)}`}.lock`);

/**
 * Takes the lock of a target. A lock whose process on this host is gone is taken over; any other holder is named in
 * UserError `locked` (exit 1). Throws UserError `store-unwritable`. `alive` tells whether a process id of this host lives.
 */
export function acquireLock(store: string, target: Pick<Target, 'account' | 'region' | 'endpoint'>, owner: LockOwner, alive: (pid: number) => boolean = processLives): Lock {
  const path = lockPath(store, target);
  const text = `${JSON.stringify(owner)}\n`;
  try {
    mkdirSync(join(store, 'locks'), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storeError(error, path);
  }
  if (!createOnce(path, text)) {
    const found = contentOf(path);
    const holder = found === null ? null : parsed(found);
    if (found !== null && (holder === null || holder.host !== owner.host || alive(holder.pid))) throw locked(path, target, holder);
    if (found !== null) setAside(path, found, owner, target);
    if (!createOnce(path, text)) throw locked(path, target, parsed(contentOf(path) ?? ''));
  }
  return {
    path,
    release() {
      // Only our own lock: after a take-over it may be another's.
      if (contentOf(path) === text) rmSync(path, { force: true });
    },
  };
}

/** Moves a dead holder's lock away. If somebody was faster and the file is not the dead one any more, it is put back. */
function setAside(path: string, expected: string, owner: LockOwner, target: Pick<Target, 'account' | 'region'>): void {
  const aside = `${path}.${owner.pid}-${owner.run}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw storeError(error, path);
  }
  const moved = contentOf(aside);
  if (moved !== expected && moved !== null) {
    createOnce(path, moved);
    rmSync(aside, { force: true });
    throw locked(path, target, parsed(moved));
  }
  rmSync(aside, { force: true });
}

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw storeError(error, path);
  }
}

function parsed(text: string): LockOwner | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && typeof value['pid'] === 'number' && typeof value['host'] === 'string' ? (value as unknown as LockOwner) : null;
  } catch {
    return null;
  }
}

function locked(path: string, { account, region }: Pick<Target, 'account' | 'region'>, holder: LockOwner | null): UserError {
  const who = holder === null
    ? 'another run, whose lock file cannot be read'
    : `run "${holder.run}" of ${holder.owner} on ${holder.host}, process ${holder.pid}, since ${holder.startedAt}`;
  return new UserError('locked', `account ${account} in ${region} is being changed by ${who}`, {
    where: path,
    help: holder === null
      ? 'wait a moment and try again; if no run is alive, remove that file'
      : `wait until it has ended; if you are sure that process ${holder.pid} on ${holder.host} is gone, remove that file`,
  });
}

/** Whether a process id of this host is alive. One that we may not signal is. */
function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

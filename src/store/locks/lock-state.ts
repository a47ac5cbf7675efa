import { readFileSync, readlinkSync } from 'node:fs';
import { UserError } from '../../base/error.ts';
import type { LockOwner, LockTarget } from '../../domain/records/lock-store.ts';
import type { RunSummary } from '../../domain/records/journal-store.ts';
import { lockOwner } from '../objects/shapes.ts';

/** How often a holder gives a sign of life, and how old the last one may be; milliseconds. */
export interface LockPace {
  readonly heartbeat: number;
  /**
   * A holder that has not given a sign for this long proves that the lock is still its own before anything more is
   * sent.
   */
  readonly gap: number;
  /**
   * A lock whose last sign is older than this may be taken over by a person. Longer than `gap`, so that there are never
   * two.
   */
  readonly silent: number;
}

/** One holding of a lock, as it was read. */
export interface Holding {
  readonly place: string;
  /** Null: what stands there cannot be read. */
  readonly owner: LockOwner | null;
  readonly released: boolean;
  /** Which process ids of the holder's host mean the same processes. */
  readonly space: string;
  /** Milliseconds since its last sign of life. */
  readonly age: number;
}

export interface Judge {
  /** Who holds it, and whether the process was on this host and is gone. Null where that cannot be read. */
  holderOf(holding: Holding): LockOwner | null;
  /** Throws UserError `locked` unless the holder is gone, or silent, and its run is over or never began. */
  refuseHeld(target: LockTarget, holding: Holding): Promise<void>;
  /** Throws UserError `locked` unless exactly `from` holds it and gives no sign of life. */
  refuseTakeOver(target: LockTarget, holding: Holding, from: LockOwner): void;
}

export interface JudgeOptions {
  readonly host: string;
  /** Which process ids of this host mean the same processes: see `processSpace`. */
  readonly space?: string;
  /** The store's knowledge of a run; null where it has no journal. */
  readonly runOf: (run: string) => Promise<RunSummary | null>;
  /** Whether a process id of this host is alive. */
  readonly alive?: (pid: number) => boolean;
  readonly pace: LockPace;
}

/** Who may have a lock that somebody else holds: the same rules for a folder and for a bucket. */
export function judgeOf({ host, space = processSpace(), runOf, alive = processLives, pace }: JudgeOptions): Judge {
  const isGone = ({ owner, space: itsSpace }: Holding): boolean =>
    owner !== null && owner.host === host && itsSpace === space && !alive(owner.pid);
  return {
    holderOf: (holding) =>
      holding.owner === null || !isGone(holding) ? holding.owner : { ...holding.owner, gone: true },
    async refuseHeld(target, holding) {
      const { owner, place, age } = holding;
      if (owner === null) throw lockedUnreadably(target, place);
      const gone = isGone(holding);
      if (!gone && age <= pace.silent) throw lockedByLiving(target, owner, place, age);
      const summary = await runOf(owner.run);
      if (summary !== null && (summary.outcome === 'open' || summary.outcome === 'damaged'))
        throw lockedByOpenRun(target, owner, place, { gone, summary });
      // A silent process of another host may come back before its journal is begun.
      if (!gone && summary === null) throw lockedByOpenRun(target, owner, place, { gone, summary });
    },
    refuseTakeOver(target, holding, from) {
      const { owner, place, age } = holding;
      if (owner === null) throw lockedUnreadably(target, place);
      const isAnother = owner.run !== from.run || owner.pid !== from.pid || owner.host !== from.host;
      if (isAnother || (!isGone(holding) && age <= pace.silent))
        throw lockedByLiving(target, owner, place, age, pace.silent);
    },
  };
}

/** Reads the owner out of a lock's text; null when it is none. */
export function ownerOf(text: string): (LockOwner & { readonly released?: string; readonly space?: string }) | null {
  try {
    const value: unknown = JSON.parse(text);
    return lockOwner(value) === null ? (value as LockOwner) : null;
  } catch {
    return null;
  }
}

const seconds = (milliseconds: number): string => `${Math.max(0, Math.round(milliseconds / 1000))} s`;

/** The holder is at work: nobody may take over. */
export function lockedByLiving(
  { account, region }: LockTarget,
  holder: LockOwner,
  where: string,
  age: number,
  silent?: number,
): UserError {
  return new UserError(
    'locked',
    `account ${account} in ${region} is being changed by run "${holder.run}" of ${holder.owner} on ${holder.host}, process ${holder.pid}, since ${holder.startedAt}; its last sign of life is ${seconds(age)} old`,
    {
      where,
      help: `nothing was changed: wait until it has ended; \`aiplan runs\` shows it${silent === undefined ? '' : `. Should it be gone for good, a person can take over once it has been silent for ${seconds(silent)}: aiplan resume ${holder.run}`}`,
    },
  );
}

/** The holder is gone, or silent, and its run has no end: only a person who deals with that run takes the lock over. */
function lockedByOpenRun(
  { account, region }: LockTarget,
  holder: LockOwner,
  where: string,
  { gone, summary }: { readonly gone: boolean; readonly summary: RunSummary | null },
): UserError {
  const back = summary?.rollbackOf ?? holder.run;
  const why = gone
    ? `its process ${holder.pid} on ${holder.host} is gone`
    : `its process ${holder.pid} on ${holder.host} has given no sign since ${holder.heartbeat}`;
  return new UserError(
    'locked',
    `account ${account} in ${region} is locked by run "${holder.run}" of ${holder.owner}, which has no end: ${why}`,
    {
      where,
      help:
        summary?.outcome === 'damaged'
          ? `its journal cannot be read: \`aiplan runs ${holder.run}\` says why, \`aiplan runs abandon ${holder.run}\` closes it for good`
          : `\`aiplan resume ${holder.run}\` resumes it, \`aiplan rollback ${back}\` undoes it; either takes the lock over`,
    },
  );
}

function lockedUnreadably({ account, region }: LockTarget, where: string): UserError {
  return new UserError(
    'locked',
    `account ${account} in ${region} is locked by another run, whose lock cannot be read`,
    { where, help: 'wait a moment and try again; if no run is alive, remove it' },
  );
}

export const lockLost = (why: string, where: string): UserError =>
  new UserError('lock-lost', `the lock of this run is lost: ${why}`, {
    where,
    help: 'nothing more is sent by this run; `aiplan runs` shows who works now',
  });

/** Whether a process id of this host is alive. One that we may not signal is. */
export function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Tells apart hosts of one name: the boot and the process namespace of Linux, so that a process id in another
 * container, or from before a restart, is not taken for one of ours. Empty where the system does not say.
 */
export function processSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // Not Linux: the host's name has to do.
    return '';
  }
}

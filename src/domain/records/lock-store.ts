import type { Target } from '../live.ts';

/** Who holds a lock. */
export interface LockOwner {
  readonly run: string;
  readonly owner: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** ISO 8601; moves on while the holder lives. */
  readonly heartbeat: string;
  /** Only as told by `lockHolder`: its process was on this very machine and is gone. */
  readonly gone?: true;
}

export interface Lock {
  readonly owner: LockOwner;
  /**
   * Before each mutating call: throws UserError `lock-lost` when the lock is not ours any more, or when more time
   * passed since the last heartbeat than a living holder would let pass (the machine slept).
   */
  check(): Promise<void>;
  /** Never throws: a lock that could not be given back is cleared by the next run, because this one has an end. */
  release(): Promise<void>;
}

export type LockTarget = Pick<Target, 'account' | 'region' | 'endpoint'>;

/** The locks of a store: one for each target, held while a run changes it. */
export interface LockStore {
  /**
   * Takes the lock of a target. Throws UserError `locked`, naming the holder. The lock of a dead process is cleared
   * when its run has ended or never began; a run that it left open keeps the lock until a person resumes, rolls back or
   * abandons it.
   */
  acquireLock(target: LockTarget, owner: Omit<LockOwner, 'heartbeat'>): Promise<Lock>;
  /** Who holds it, or null. */
  lockHolder(target: LockTarget): Promise<LockOwner | null>;
  /**
   * Takes over from exactly this holder, by the decision of a person. Throws UserError `locked` when it is another one
   * by now, or when this one still gives signs of life.
   */
  takeOverLock(target: LockTarget, from: LockOwner, owner: Omit<LockOwner, 'heartbeat'>): Promise<Lock>;
}

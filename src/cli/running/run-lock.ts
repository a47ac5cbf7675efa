import { UserError } from '../../base/error.ts';
import type { Plan } from '../../domain/plan.ts';
import type { JournalStore } from '../../domain/records/journal-store.ts';
import type { Lock, LockOwner, LockStore } from '../../domain/records/lock-store.ts';

/**
 * The lock for a run of a plan. The rollback of a run that was left open takes the lock over from it, or from an
 * earlier rollback of it that was left open too: a person has just decided that. So does any run from a dead process of
 * this host. Any other holder is UserError `locked`.
 */
export async function lockFor(
  store: LockStore & JournalStore,
  { target, rollbackOf }: Pick<Plan, 'target' | 'rollbackOf'>,
  owner: Omit<LockOwner, 'heartbeat'>,
): Promise<Lock> {
  if (rollbackOf !== null) {
    const holder = await store.lockHolder(target);
    if (holder !== null && (holder.run === rollbackOf || (await isRollbackOf(store, holder.run, rollbackOf))))
      return store.takeOverLock(target, holder, owner);
  }
  try {
    return await store.acquireLock(target, owner);
  } catch (error) {
    const holder = error instanceof UserError && error.code === 'locked' ? await store.lockHolder(target) : null;
    if (holder?.gone !== true || !(await isLeftOpen(store, holder))) throw error;
    return store.takeOverLock(target, holder, owner);
  }
}

/**
 * A process of this host that died in the middle of a run has its lock taken by the next one: what its run touched or
 * still has to do blocks by itself (guardrail `open-run`), and nothing else need wait for it. A journal that cannot be
 * read does not say what that is.
 */
async function isLeftOpen(store: JournalStore, holder: LockOwner): Promise<boolean> {
  return (await store.findRun(holder.run))?.outcome === 'open';
}

async function isRollbackOf(store: JournalStore, run: string, rollbackOf: string): Promise<boolean> {
  return (await store.findRun(run))?.rollbackOf === rollbackOf;
}

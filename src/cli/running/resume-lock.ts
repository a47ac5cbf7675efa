import { exitCodes, UserError } from '../../base/error.ts';
import type { Lock, LockOwner, LockTarget } from '../../domain/records/lock-store.ts';
import { processLives } from '../../store/locks/lock-state.ts';
import { age } from '../../views/base/format.ts';
import { row, span } from '../../views/base/rows.ts';
import { cannotAsk } from '../planning/consent.ts';
import { tell } from '../context/output.ts';
import type { CommandContext } from '../context/command-context.ts';

/** How a person says that a holder on another host is to be taken over from. */
const holderName = ({ host, pid }: Pick<LockOwner, 'host' | 'pid'>): string => `${host}:${pid}`;

/**
 * The lock of a resumed run. It is free, or held by the very run, whose process is shown: one of this host must be
 * gone; of another host nobody here can tell, so a person has to name it (`--take-over HOST:PID`). A person is who sits
 * at a terminal, or has signed an approval. A holder that still gives signs of life is never taken over from. Throws
 * UserError `locked`, `take-over-needed` (exit 3).
 */
export async function lockOf(
  context: CommandContext,
  run: string,
  target: LockTarget,
  { takeOver, approval }: { readonly takeOver?: string; readonly approval?: string },
): Promise<Lock> {
  const { io, options, store } = context;
  const owner = { run, owner: io.user, host: io.host, pid: io.pid, startedAt: new Date(io.clock.now()).toISOString() };
  const holder = await store.lockHolder(target);
  if (holder === null || holder.run !== run) return store.acquireLock(target, owner);
  tell(io, options, [
    row(
      0,
      span('the lock is held by ', 'muted'),
      `${holder.owner} on ${holder.host}, process ${holder.pid}${holder.host === io.host && !processLives(holder.pid) ? ', which is gone' : ''}; it began ${age(holder.startedAt, io.clock.now())}, its last sign of life came ${age(holder.heartbeat, io.clock.now())}`,
    ),
  ]);
  if (holder.host !== io.host && takeOver !== holderName(holder)) {
    throw new UserError(
      'take-over-needed',
      `run ${run} was at work on ${holder.host}, and from here nobody can tell whether it still is`,
      {
        exitCode: exitCodes.blocked,
        help: `look there; if its process is gone for good: aiplan resume ${run} --take-over ${holderName(holder)}`,
      },
    );
  }
  if (takeOver !== holderName(holder) && approval === undefined && cannotAsk(context) !== null) {
    throw new UserError('take-over-needed', `only a person takes a lock over: ${cannotAsk(context) ?? ''}`, {
      exitCode: exitCodes.blocked,
      help: `name its holder: aiplan resume ${run} --take-over ${holderName(holder)}`,
    });
  }
  return store.takeOverLock(target, holder, owner);
}

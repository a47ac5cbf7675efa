import type { Call } from '../../src/domain/call.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';

/**
 * How a run is stopped at a call: it dies before the call leaves, or before its answer comes; or Ctrl-C while it is in
 * flight.
 */
export type Stop = 'before' | 'after' | 'ctrl-c';

/** The process is dead: nothing leaves it any more. */
class Dead extends Error {}

export interface Interrupter {
  /** The next run is stopped at the first mutating call for which this says yes. */
  arm(how: Stop, at: (call: Call, index: number) => boolean): void;
  /** The call at which the run was stopped; null where it came to its end. Takes the interruption away. */
  disarm(): string | null;
  readonly around: (session: ApplySession) => ApplySession;
  readonly onInterrupt: (callback: (signal: string) => void) => () => void;
}

/**
 * What tells one call from another, in every try alike: operation, and unless it takes a capture, what it acts upon and
 * the object.
 */
export const nameOf = ({ operation, identity, input }: Call): string =>
  identity.startsWith('aiplan-') || identity.startsWith('op-')
    ? operation
    : [operation, identity, input['Key']].filter((part) => typeof part === 'string').join(' ');

/** Stops runs at a chosen call. */
export function interrupter(): Interrupter {
  let armed: { readonly how: Stop; readonly at: (call: Call, index: number) => boolean } | null = null;
  let count = 0;
  let stopped: string | null = null;
  let dead = false;
  const listeners = new Set<(signal: string) => void>();
  const refuseDead = (): void => {
    if (dead) throw new Dead('dead');
  };
  return {
    arm(how, at) {
      armed = { how, at };
      count = 0;
      stopped = null;
      dead = false;
    },
    disarm() {
      armed = null;
      dead = false;
      return stopped;
    },
    around: (session) => ({
      ...session,
      async read(call) {
        refuseDead();
        return session.read(call);
      },
      async mutate(call, resolved, permit) {
        refuseDead();
        const how = armed !== null && stopped === null && armed.at(call, count) ? armed.how : null;
        count += 1;
        if (how === null) return session.mutate(call, resolved, permit);
        stopped = `${how} ${nameOf(call)}`;
        if (how === 'before') {
          dead = true;
          refuseDead();
        }
        if (how === 'after') dead = true;
        if (how === 'ctrl-c') for (const listener of listeners) listener('SIGINT');
        const answer = await session.mutate(call, resolved, permit);
        refuseDead();
        return answer;
      },
    }),
    onInterrupt(callback) {
      listeners.add(callback);
      return () => {
        listeners.delete(callback);
      };
    },
  };
}

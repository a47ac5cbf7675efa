import type { LiveResource } from '../../domain/live.ts';
import type { ApplyPorts } from '../../domain/records/ports.ts';
import type { ResourceType } from '../../domain/resource-type.ts';
import { readTogether, type Told, type Wanted } from './reading.ts';
import type { Turn } from './schedule.ts';

/** Reads of whole resources by steps that overlap: AWS describes many of a type by the calls that it takes for one. */
export interface SharedReads {
  /**
   * Runs a step that looks as the first thing that it does, once its beginning is journaled: looks are waited for by
   * each other, so that steps that begin together are looked at together.
   */
  beginning<Result>(step: string, work: () => Promise<Result>): Promise<Result>;
  /**
   * The resource as it is when the step has sent what it had to send. The reading begins after this was asked, once the
   * calls of other steps that are in line by then were sent, because they ask for the same next; what is asked for
   * while one of its type is under way is read by the next. Null and throws as `readWholly`.
   */
  whole(step: string, type: ResourceType, wanted: Wanted): Promise<LiveResource | null>;
  /**
   * Re-reads a step's resource right before its first call. The step that holds the turn reads for all waiting steps,
   * between calls and never during one. So everything that other steps have done so far is known as the run's own, and
   * between a read and its call there are only calls of these steps. `judge` judges each resource at once, before any
   * step sends a call. Throws what reading or `judge` throws; the step then keeps the turn, so that no other step
   * continues before the meaning of the error is known.
   */
  look<Result>(
    step: string,
    type: ResourceType,
    wanted: Wanted,
    judge: (now: LiveResource | null) => Result,
  ): Promise<Result>;
}

interface Asked {
  readonly type: ResourceType;
  readonly wanted: Wanted;
  readonly tell: (told: Told) => void;
}

export function sharedReads({ session, clock }: Pick<ApplyPorts, 'session' | 'clock'>, turn: Turn): SharedReads {
  const looks: (Asked & { isTold: boolean })[] = [];
  const lines = new Map<ResourceType, Asked[]>();
  const coming = new Set<string>();
  let whenAllCame: (() => void) | null = null;
  const came = (step: string): void => {
    coming.delete(step);
    if (coming.size === 0) whenAllCame?.();
  };

  const read = async (type: ResourceType, asked: readonly Asked[]): Promise<void> => {
    // Where AWS describes one resource per call, waiting for each other would save nothing.
    await Promise.all(
      (type.readsEach === true ? asked.map((one) => [one]) : [asked]).map(async (some) => {
        const told = await readTogether(
          session,
          type,
          some.map(({ wanted }) => wanted),
          clock.now(),
        );
        for (const { wanted, tell } of some) tell(told(wanted.identity));
      }),
    );
  };
  const serve = async (type: ResourceType, line: Asked[]): Promise<void> => {
    while (line.length > 0) {
      const place = `reading ${type.type}`;
      await turn.enter(place);
      turn.leave(place);
      // Who has just sent the last of those calls asks in a moment.
      await clock.sleep(0);
      await read(type, line.splice(0));
    }
    lines.delete(type);
  };
  return {
    async beginning(step, work) {
      coming.add(step);
      try {
        return await work();
      } finally {
        came(step);
      }
    },
    whole: (step, type, wanted) =>
      new Promise((resolve, reject) => {
        // Even where its last call was refused, the step has gone on from it.
        turn.leave(step);
        const tell = (told: Told): void => {
          if (told.ok) resolve(told.live);
          else reject(told.error);
        };
        const line = lines.get(type);
        if (type.readsEach === true) void read(type, [{ type, wanted, tell }]);
        else if (line !== undefined) line.push({ type, wanted, tell });
        else {
          const begun = [{ type, wanted, tell }];
          lines.set(type, begun);
          void serve(type, begun);
        }
      }),
    async look<Result>(
      step: string,
      type: ResourceType,
      wanted: Wanted,
      judge: (now: LiveResource | null) => Result,
    ): Promise<Result> {
      let outcome: { readonly result: Result } | { readonly error: unknown } | null = null;
      const own = {
        type,
        wanted,
        isTold: false,
        tell(told: Told) {
          own.isTold = true;
          try {
            outcome = told.ok ? { result: judge(told.live) } : { error: told.error };
          } catch (error) {
            outcome = { error };
          }
        },
      };
      looks.push(own);
      came(step);
      await turn.enter(step);
      if (!own.isTold) {
        // Only their journal is between these and their look: none of them can be waiting for this turn.
        if (coming.size > 0)
          await new Promise<void>((go) => {
            whenAllCame = go;
          });
        whenAllCame = null;
        const all = looks.splice(0);
        await Promise.all(
          [...new Set(all.map((each) => each.type))].map((one) =>
            read(
              one,
              all.filter((each) => each.type === one),
            ),
          ),
        );
      }
      const end = outcome as { readonly result: Result } | { readonly error: unknown } | null;
      if (end === null) throw new Error(`nothing was said about ${wanted.identity}`);
      if ('error' in end) throw end.error;
      turn.leave(step);
      return end.result;
    },
  };
}

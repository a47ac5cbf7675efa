import type { JournalEntry } from '../../src/domain/records/journal.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';

/** The process dies: nothing that it would do afterwards happens. */
export class Killed extends Error {}

/**
 * Lets a run live until its n-th point (0: it dies at the first). Points are, in order: before and after every line of
 * the journal, before every request, and after every request before its answer. `points` counts those that were passed.
 */
export function mortal(dieAt: number) {
  let points = 0;
  let dead = false;
  let where = '';
  const point = (name: string): void => {
    if (dead) throw new Killed('dead already');
    if (points === dieAt) {
      dead = true;
      where = name;
      throw new Killed(name);
    }
    points += 1;
  };
  return {
    get points() {
      return points;
    },
    get where() {
      return where;
    },
    get isDead() {
      return dead;
    },
    session: (session: ApplySession): ApplySession => ({
      ...session,
      async read(call) {
        point(`before ${call.operation}`);
        return session.read(call);
      },
      async mutate(call, resolved, permit) {
        point(`before ${call.operation}`);
        const answer = await session.mutate(call, resolved, permit);
        point(`after ${call.operation}`);
        return answer;
      },
    }),
    /** For `beforeAppend`: dying here leaves the line unwritten. */
    append(entry: JournalEntry): void {
      point(`before the line ${entry.kind}`);
    },
    written(entry: JournalEntry): void {
      point(`after the line ${entry.kind}`);
    },
  };
}

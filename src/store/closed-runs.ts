import { canonical } from '../base/digest.ts';
import { settledMark, shapedAs } from '../domain/records/mark-shapes.ts';
import type { RunSummary, ClosedRun, Settling, JournalStore } from '../domain/records/journal-store.ts';
import { lockName } from './locks/lock.ts';
import type { Objects } from './objects/objects.ts';
import { isRunName } from './journal/runs.ts';

/** The folder of the marks. */
const folder = 'settled';

const hows: ReadonlySet<string> = new Set<Settling>(['done', 'abandoned', 'idle', 'taken-back', 'closed']);
/** The characters of a part of a mark's name: no dot, which parts them, and nothing that could be a path. */
const part = /^[A-Za-z0-9_-]{1,64}$/u;
const unknown = '-';

/**
 * The name of a mark: `<run>.<how>.<target>.<plan name>.<run that it undoes>.json`, `-` for what there is not. Null
 * where a part cannot stand in a name: then there is no mark, and the journal is read each time.
 */
export function markName({ run, how, at, planName, rollbackOf }: ClosedRun): string | null {
  const parts = [run, how, ...[at, planName, rollbackOf].map((value) => value ?? unknown)];
  return parts.every((value) => part.test(value)) ? `${parts.join('.')}.json` : null;
}

/** Reads a mark's name; null where it is none: what cannot be read settles nothing. */
export function markOf(name: string): ClosedRun | null {
  const [run = '', how = '', at = '', planName = '', rollbackOf = '', ending, ...more] = name.split('.');
  if (
    ending !== 'json' ||
    more.length > 0 ||
    !isRunName(run) ||
    !hows.has(how) ||
    ![at, planName, rollbackOf].every((value) => part.test(value))
  )
    return null;
  const known = (value: string): string | null => (value === unknown ? null : value);
  return { run, how: how as Settling, at: known(at), planName: known(planName), rollbackOf: known(rollbackOf) };
}

/**
 * The part of a store that the marks need: every run that has a journal, newest first, and what its journal says of it.
 */
export interface RunsOfStore {
  names(): Promise<readonly string[]>;
  summary(run: string): Promise<RunSummary | null>;
  /** The same of a run whose journal a person gave up: read to the last record, so that the damage shows. */
  wholeSummary(run: string): Promise<RunSummary | null>;
  /** Works on a few at a time. */
  each<Result>(runs: readonly string[], work: (run: string) => Promise<Result>): Promise<readonly Result[]>;
}

type Listing = Pick<JournalStore, 'listRuns' | 'openRuns' | 'findRun' | 'closedRuns' | 'closeRun'>;

/**
 * The lists of runs. So that plan and apply need not read every journal that was ever written, a run with which nothing
 * more happens gets a mark: an object whose name says all that is asked of such a run. A mark only ever takes work
 * away. Which runs there are is told by the journals themselves, and whoever has no mark is read: a mark that was not
 * written, is lost or cannot be read hides nothing. It is made after the end of the run is durable, so that no open run
 * has one; and no run that has one is resumed.
 */
export function closedIn(objects: Objects, { names, summary, wholeSummary, each }: RunsOfStore): Listing {
  const closedRuns = async (): Promise<readonly ClosedRun[]> =>
    (await objects.list(folder)).flatMap((name) => markOf(name) ?? []);

  /** A run with a mark of a person is damaged, whatever its first and last record look like. */
  const listed = async (run: string, closed: ReadonlyMap<string, ClosedRun>): Promise<RunSummary | null> => {
    const mark = closed.get(run);
    if (mark === undefined) return summary(run);
    const [found, by] = await Promise.all([wholeSummary(run), closingOf(objects, mark)]);
    return found === null
      ? null
      : {
          ...found,
          planName: found.planName ?? mark.planName,
          rollbackOf: found.rollbackOf ?? mark.rollbackOf,
          closed: by,
        };
  };
  return {
    closedRuns,
    async listRuns({ newest, progress } = {}) {
      const [all, marks] = await Promise.all([names(), closedRuns()]);
      const closed = new Map(marks.flatMap((mark) => (mark.how === 'closed' ? [[mark.run, mark] as const] : [])));
      const wanted = newest === undefined ? all : all.slice(0, newest);
      let done = 0;
      const found = await each(wanted, async (run) => {
        const one = await listed(run, closed);
        progress?.((done += 1), wanted.length);
        return one;
      });
      return found.filter((one) => one !== null);
    },
    async openRuns() {
      const [all, marks] = await Promise.all([names(), closedRuns()]);
      const settled = new Set(marks.map(({ run }) => run));
      return (
        await each(
          all.filter((run) => !settled.has(run)),
          summary,
        )
      ).filter((found) => found !== null);
    },
    findRun: async (run) => (isRunName(run) ? summary(run) : null),
    async closeRun({ run, account, region, endpoint, planName, rollbackOf }, how, closing) {
      const at = account === null || region === null ? null : lockName({ account, region, endpoint });
      const name = markName({ run, how, at, planName, rollbackOf });
      if (name === null) return false;
      await objects.create(`${folder}/${name}`, `${canonical({ format: 'aiplan/settled@1', run, how, ...closing })}\n`);
      return true;
    },
  };
}

/**
 * Who closed a run. A mark whose text cannot be read says nothing of that, and closes it all the same: its name stands
 * for it.
 */
async function closingOf(objects: Objects, mark: ClosedRun): Promise<{ readonly by: string; readonly at: string }> {
  const text = await objects.read(`${folder}/${markName(mark) ?? ''}`);
  const {
    run,
    by = 'unknown',
    at = 'unknown',
  } = shapedAs<{ readonly run: string; readonly by?: string; readonly at?: string }>(settledMark, text ?? '') ?? {};
  return run === mark.run ? { by, at } : { by: 'unknown', at: 'unknown' };
}

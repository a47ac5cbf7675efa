import type { Clock } from './event.ts';
import type { Journal, JournalRecord, RunOutcome } from './journal.ts';

/** A journal that is open for writing; `close` when the run has ended or pauses. */
export interface OpenJournal extends Journal {
  readonly place: string;
  close(): Promise<void>;
}

/** A journal as read back. `head` is the SHA-256 of its last whole line. */
export interface ReadJournal {
  readonly path: string;
  readonly records: readonly JournalRecord[];
  readonly head: string;
  /** A last line that was never finished: the process died while it wrote. The line was not acknowledged. */
  readonly torn: { readonly line: number; readonly bytes: number } | null;
  /**
   * Lines of a process that wrote on although its run was resumed elsewhere: what they say was decided by reading AWS.
   * They are not among `records`.
   */
  readonly leftLines?: number;
  /**
   * Records that the store could not take and that lie beside it. `merged`: they follow the journal and are among
   * `records`; `left`: the journal went on without them, on another machine.
   */
  readonly spooled?: { readonly path: string; readonly records: number; readonly state: 'merged' | 'left' };
}

/** The needs of a journal. */
export interface JournalNeeds {
  /** Steps of the plan: how much space is reserved before the first call. */
  readonly steps?: number;
}

/** A run as a reading of many finds it: its journal, or why it cannot be read. */
export type FoundRun =
  | { readonly run: string; readonly path: string; readonly journal: ReadJournal; readonly problem: null }
  | {
      readonly run: string;
      readonly path: string;
      readonly journal: null;
      readonly problem: { readonly code: string; readonly message: string; readonly where: string | null };
    };

/** One run in a list. `open`: it has no end, so it was killed or is still going. */
export interface RunSummary {
  readonly run: string;
  readonly path: string;
  readonly command: 'apply' | 'rollback' | null;
  readonly planName: string | null;
  readonly rollbackOf: string | null;
  readonly account: string | null;
  readonly region: string | null;
  readonly endpoint: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /**
   * When the store took its first record, by the store's own clock, milliseconds since 1970; absent: the store has
   * none.
   */
  readonly storedAt?: number;
  readonly outcome: RunOutcome | 'open' | 'damaged';
  readonly steps: number;
  /** Why the journal cannot be read; null when it can. */
  readonly problem: string | null;
  /**
   * Its end, or what stands before it, is not in the store but in a spool of this machine: others do not know of it
   * yet.
   */
  readonly spooled?: true;
  /** Who closed it for good although its journal cannot be read, and when. Absent: nobody. */
  readonly closed?: { readonly by: string; readonly at: string };
}

/**
 * How a run came to be one with which nothing more happens. `idle`: it ended before its first call; `taken-back`: a
 * rollback that came after it is done; `closed`: by a person, although its journal cannot be read.
 */
export type Settling = 'done' | 'abandoned' | 'idle' | 'taken-back' | 'closed';

/**
 * The mark of a run with which nothing more happens, as its name tells: it saves reading the journal. It is no proof;
 * the journal is. `at`: the target as locks are named; each null where it is not known.
 */
export interface ClosedRun {
  readonly run: string;
  readonly how: Settling;
  readonly at: string | null;
  readonly planName: string | null;
  readonly rollbackOf: string | null;
}

/** The journals of a store, and the marks of runs that are closed. */
export interface JournalStore {
  /** The journal of a new run. Throws UserError `run-exists`. */
  createJournal(run: string, clock: Clock, needs?: JournalNeeds): Promise<OpenJournal>;
  /**
   * Continues the journal of a run that stopped: a torn last line stays where it is, and the chain continues after the
   * last whole one.
   */
  continueJournal(run: string, clock: Clock, needs?: JournalNeeds): Promise<OpenJournal>;
  /** Throws UserError `no-such-run`, `journal-damaged`. */
  readRun(run: string): Promise<ReadJournal>;
  /**
   * Reads the journals of all runs, newest first, or of those named, a few at a time, and lets go of each when `work`
   * has ended. `work` answers `stop` where no older one is needed. A journal that cannot be read is told as such and
   * hides no other.
   */
  eachRun(
    work: (found: FoundRun) => 'stop' | void,
    options?: { readonly runs?: readonly string[]; readonly progress?: (done: number, of: number) => void },
  ): Promise<void>;
  /**
   * Newest first, all of them or the `newest` ones, each by its journal. A damaged journal is listed as such and hides
   * no other.
   */
  listRuns(options?: {
    readonly newest?: number;
    readonly progress?: (done: number, of: number) => void;
  }): Promise<readonly RunSummary[]>;
  /**
   * The runs without a mark that they are closed, newest first, each by its journal: every open one, and few others.
   */
  openRuns(): Promise<readonly RunSummary[]>;
  /** One run of the list; null where it has no journal. */
  findRun(run: string): Promise<RunSummary | null>;
  /** The marks of closed runs, oldest first. */
  closedRuns(): Promise<readonly ClosedRun[]>;
  /**
   * Marks a run as closed: only when its `end` is durable, or a person has closed it, who is then named in `closing`.
   * Answers whether it has a mark now: a run whose plan cannot be named in one stays without.
   */
  closeRun(
    summary: Pick<RunSummary, 'run' | 'account' | 'region' | 'endpoint' | 'planName' | 'rollbackOf'>,
    how: Settling,
    closing?: { readonly by: string; readonly host: string; readonly at: string; readonly problem: string },
  ): Promise<boolean>;
}

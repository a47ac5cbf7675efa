import { join } from 'node:path';

/** The folder of a run in a local store. */
export const runFolder = (store: string, run: string): string => join(store, 'runs', run);

/**
 * Where a part of a run's journal lies in a local store: `journal.jsonl`, and `journal-2.jsonl` from where the run was
 * resumed.
 */
export const segmentPath = (store: string, run: string, number: number): string =>
  join(runFolder(store, run), number === 1 ? 'journal.jsonl' : `journal-${number}.jsonl`);

/** Space that is held back for the outcomes of a run when the disk gets full. */
export const reservePath = (store: string, run: string): string => join(runFolder(store, run), 'reserve');

/** Where records lie that the store could not take. */
export const spoolPath = (spool: string, run: string): string => join(spool, `${run}.jsonl`);

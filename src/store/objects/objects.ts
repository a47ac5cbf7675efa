/**
 * The outcome of making an object: made by this very call, also where its answer was lost and a second look showed it;
 * or somebody had made one before, with the same text or another.
 */
export type Creation = 'made' | 'same' | 'other';

/**
 * Small texts that are written once and never changed, by key (`plans/ab12.json`): files of a folder or objects of a
 * bucket. All methods throw UserError `store-unwritable` or `store-unreadable` where the place cannot be reached.
 */
export interface Objects {
  /** Where a key lies, for messages. */
  placeOf(key: string): string;
  /** Makes an object that must not exist yet: all of it or nothing, durable when this returns. */
  create(key: string, text: string): Promise<Creation>;
  read(key: string): Promise<string | null>;
  /** Names below a folder (`audit`), sorted, without the folder; from `after` on, that excluded. */
  list(folder: string, after?: string): Promise<readonly string[]>;
}

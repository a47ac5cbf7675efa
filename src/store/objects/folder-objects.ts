import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/error.ts';
import { createWhole, readWhole } from './files.ts';
import type { Objects } from './objects.ts';

/** Objects as files of a folder, mode 0600 in folders of mode 0700. */
export function folderObjects(folder: string): Objects {
  return {
    placeOf: (key) => join(folder, key),
    async create(key, text) {
      const path = join(folder, key);
      if (createWhole(path, text)) return 'made';
      return readStored(path) === text ? 'same' : 'other';
    },
    read: async (key) => readStored(join(folder, key)),
    async list(name, after = '') {
      return namesIn(join(folder, name))
        .filter((item) => !item.startsWith('.') && item > after)
        .sort();
    },
  };
}

/** A file of the store, or null. Throws UserError `store-unreadable`. */
export function readStored(path: string): string | null {
  try {
    return readWhole(path);
  } catch (error) {
    throw unreadable(error, path);
  }
}

/** The names in a folder of the store; none where it does not exist. Throws UserError `store-unreadable`. */
export function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw unreadable(error, path);
  }
}

function unreadable(error: unknown, path: string): UserError {
  const cause = error instanceof UserError ? error.cause : error;
  return new UserError(
    'store-unreadable',
    `cannot read "${path}": ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`,
    { cause: error, help: 'check the path and its permissions' },
  );
}

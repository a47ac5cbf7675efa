import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { UserError } from '../../base/error.ts';

/** Turns a file-system error into a UserError that names the path and the way on. */
export function storeError(error: unknown, path: string): UserError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const help: Record<string, string> = {
    ENOSPC: 'free some disk space, or point `store` in your configuration at another folder',
    EDQUOT: 'the quota is used up: free some space, or point `store` in your configuration at another folder',
    EFBIG: 'the limit on file sizes (ulimit -f) is too small for it: lift it',
    EROFS: 'the file system is read-only; point `store` in your configuration at another folder',
    EACCES: 'make the folder writable for you, or point `store` in your configuration at another folder',
    EPERM: 'make the folder writable for you, or point `store` in your configuration at another folder',
  };
  return new UserError('store-unwritable', `cannot write "${path}": ${code}`, {
    cause: error,
    help: help[code] ?? 'check the path and its permissions',
  });
}

/** Makes a private folder (mode 0700) and its parents. Throws UserError `store-unwritable`. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storeError(error, path);
  }
}

/**
 * Takes the rights of group and others off a folder of this user. Answers whether nobody else has any now; a folder
 * that is not there is closed.
 */
export function closeToOthers(path: string): boolean {
  try {
    const { mode, uid } = statSync(path);
    if (process.platform === 'win32' || (mode & 0o077) === 0) return true;
    if (uid !== process.getuid?.()) return false;
    chmodSync(path, 0o700);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/**
 * Writes a whole file so that a reader sees the old or the new one: temporary file, fsync, rename, fsync of the folder.
 */
export function writeWhole(path: string, text: string, mode = 0o600): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${randomBytes(6).toString('hex')}.tmp`);
  makeFolder(folder);
  try {
    const handle = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw storeError(error, path);
  }
}

/**
 * Creates a file that must not exist yet, so that it is never seen half written: a temporary file, fsync, a hard link
 * to it (which fails where the name is taken), fsync of the folder. Returns false when it exists. Throws UserError
 * `store-unwritable`.
 */
export function createWhole(path: string, text: string): boolean {
  const folder = dirname(path);
  const temporary = join(folder, `.${randomBytes(6).toString('hex')}.tmp`);
  makeFolder(folder);
  try {
    const handle = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    linkSync(temporary, path);
    syncFolder(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw storeError(error, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Makes a rename or a new name in the folder survive a power cut; Windows cannot and need not open folders. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export interface ReadWholeOptions {
  /**
   * A pipe may be read too, as where a shell hands over the output of another program; a pipe without a writer is
   * waited for.
   */
  readonly pipes?: boolean;
  /** The largest file that is read, in bytes; absent: any. */
  readonly mostBytes?: number;
}

/**
 * A file's text, or null when it does not exist. Throws UserError `unreadable-file` for what cannot be read,
 * `not-a-regular-file` for a folder, a device or a pipe (opening a pipe waits for its writer), `file-too-large` above
 * `mostBytes`.
 */
export function readWhole(path: string, { pipes = false, mostBytes = Infinity }: ReadWholeOptions = {}): string | null {
  try {
    const facts = statSync(path);
    if (!facts.isFile() && !(pipes && (facts.isFIFO() || facts.isSocket() || facts.isCharacterDevice()))) {
      throw new UserError(
        'not-a-regular-file',
        `"${path}" is ${facts.isDirectory() ? 'a folder' : 'a device or a pipe'}, not a file`,
        { help: 'give the path of a file' },
      );
    }
    if (facts.size > mostBytes)
      throw new UserError('file-too-large', `"${path}" has ${facts.size} bytes; at most ${mostBytes} are read`, {
        help: 'give a smaller file',
      });
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new UserError('unreadable-file', `cannot read "${path}": ${code ?? 'unknown'}`, {
      cause: error,
      help: 'check the path and its permissions',
    });
  }
}

/**
 * The text of a regular file of at most so many bytes; null for anything else, and for what is not there or not for
 * this user to read.
 */
export function readSmall(path: string, mostBytes: number): string | null {
  try {
    const facts = statSync(path);
    return facts.isFile() && facts.size <= mostBytes ? readFileSync(path, 'utf8') : null;
  } catch {
    // Whoever asks has other places to look in, and says which file was not found.
    return null;
  }
}

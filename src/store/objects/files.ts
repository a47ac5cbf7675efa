import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { UserError } from '../../base/error.ts';
import { isInside, isLexicallyInside } from './folders.ts';

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
export const readWhole = (
  path: string,
  { pipes = false, mostBytes = Infinity }: ReadWholeOptions = {},
): string | null =>
  orNull(path, () => {
    const { isPipe } = kindOf(path);
    return pipes && isPipe ? readFileSync(path, 'utf8') : readOpened(path, mostBytes);
  });

/**
 * The text of a regular file of at most so many bytes; null for anything else, and for what is not there or not for
 * this user to read.
 */
export function readSmall(path: string, mostBytes: number): string | null {
  try {
    return readOpened(path, mostBytes);
  } catch {
    // Whoever asks has other places to look in, and says which file was not found.
    return null;
  }
}

/**
 * The text of a file that lies in a folder or below it, or null when it does not exist. `name`: how a message calls it.
 * The judged file is the one that is read: it is opened once, and what is open must lie in the folder.
 * Throws UserError as `readWhole` does, and `text-outside` where a link leads out, `text-linked` for a file with further
 * names, which may lie anywhere, `text-moved` where another file took its place meanwhile.
 */
export const readBelow = (folder: string, path: string, name: string, mostBytes: number): string | null =>
  orNull(path, () => {
    const outside = (): UserError =>
      new UserError('text-outside', `"${name}" lies outside the folder of the change plan`, {
        help: 'put the text file beside the change plan',
      });
    const moved = (): UserError =>
      new UserError('text-moved', `another file took the place of "${name}" while it was read`, {
        help: 'let nothing write beside the change plan meanwhile, and run the command again',
      });
    if (!isInside(path, folder)) throw outside();
    return readOpened(path, mostBytes, (facts, handle) => {
      if (facts.nlink > 1n)
        throw new UserError(
          'text-linked',
          `"${name}" has ${facts.nlink} names, it is a hard link: another name may lie outside the folder of the change plan, where an agent could not read it`,
          { help: `make it a file of its own: copy it under another name, delete "${name}" and rename the copy` },
        );
      const lies = pathOfOpen(handle);
      if (lies !== null) {
        if (!isLexicallyInside(lies, realpathSync.native(folder))) throw moved();
        return;
      }
      // Where the system tells no path of what is open, the name must lead to exactly it.
      const whole = realpathSync.native(path);
      const named = statSync(whole, { bigint: true });
      if (!isInside(whole, folder) || named.dev !== facts.dev || named.ino !== facts.ino) throw moved();
    });
  });

/** Where the file lies that a handle has open, links followed; null where the system does not tell (Linux does). */
function pathOfOpen(handle: number): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${handle}`);
  } catch {
    // No Linux, or no /proc: the caller compares by name.
    return null;
  }
}

/** What a path leads to. Throws UserError `not-a-regular-file` for a folder. */
function kindOf(path: string): { readonly isPipe: boolean } {
  const facts = statSync(path);
  if (facts.isDirectory()) throw notAFile(path, facts);
  return { isPipe: facts.isFIFO() || facts.isSocket() || facts.isCharacterDevice() };
}

const notAFile = (path: string, facts: Pick<BigIntStats, 'isDirectory'>): UserError =>
  new UserError(
    'not-a-regular-file',
    `"${path}" is ${facts.isDirectory() ? 'a folder' : 'a device or a pipe'}, not a file`,
    { help: 'give the path of a file' },
  );

/** Opens a regular file once; `judge` sees what is open, and as many bytes are read as it has then. */
function readOpened(
  path: string,
  mostBytes: number,
  judge: (facts: BigIntStats, handle: number) => void = () => undefined,
): string {
  // A device is not even opened, for that may do something; a pipe that took the file's place is not waited for.
  const before = statSync(path, { bigint: true });
  if (!before.isFile()) throw notAFile(path, before);
  const handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
  try {
    const facts = fstatSync(handle, { bigint: true });
    if (!facts.isFile()) throw notAFile(path, facts);
    if (facts.size > mostBytes)
      throw new UserError('file-too-large', `"${path}" has ${facts.size} bytes; at most ${mostBytes} are read`, {
        help: 'give a smaller file',
      });
    judge(facts, handle);
    const bytes = Buffer.alloc(Number(facts.size));
    let length = 0;
    for (let read = 1; read > 0 && length < bytes.length; length += read)
      read = readSync(handle, bytes, length, bytes.length - length, null);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(handle);
  }
}

function orNull(path: string, read: () => string): string | null {
  try {
    return read();
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

import { existsSync, realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../../base/error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where aiplan's own files are: configuration, state (store, sandbox) and cache, by the XDG base directory rules. */
export interface Folders {
  readonly configuration: string;
  readonly state: string;
  readonly cache: string;
  readonly workingTree: string;
  /** False where there is no working tree: outside git, and where it holds the home folder. */ readonly apart: boolean;
}

const home = (environment: Environment): string => environment['HOME'] ?? environment['USERPROFILE'] ?? homedir();

const base = (environment: Environment, name: string, fallback: string): string => {
  const value = environment[name];
  return value !== undefined && isAbsolute(value) ? value : join(home(environment), fallback);
};

const real = (path: string): string => {
  let existing = path;
  const rest: string[] = [];
  while (!existsSync(existing) && dirname(existing) !== existing) {
    rest.unshift(existing.slice(dirname(existing).length + 1));
    existing = dirname(existing);
  }
  // The system's own spelling: where file names know no case, two of one folder are one.
  return join(realpathSync.native(existing), ...rest);
};

/** True when `path` is `folder` or below it, symbolic links followed. */
export const isInside = (path: string, folder: string): boolean => isLexicallyInside(real(path), real(folder));

/** The same of two paths in which no link is left. */
export function isLexicallyInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** The home folder that the system's user database names: not $HOME, which whoever starts the program can set. */
function systemHome(): string | null {
  try {
    return userInfo().homedir;
  } catch {
    // No entry in the user database, as in some containers.
    return null;
  }
}

/**
 * The nearest folder upwards that holds `.git`; never one that holds the home folder, whose dotfiles may be under git.
 * Null: there is none.
 */
function gitTreeOf(current: string, person: string | null): string | null {
  for (let folder = resolve(current); ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git')) && (person === null || !isInside(person, folder))) return folder;
    if (dirname(folder) === folder) return null;
  }
}

/**
 * The folders of this user. Throws UserError `configuration-in-working-tree` when the configuration or the store would
 * lie in the working tree, where an agent writes (law 14). Outside a git checkout there is no working tree, and
 * `aiplan.yaml` is that of the current folder; `person` is the home folder.
 */
export function foldersOf(environment: Environment, current: string, person: string | null = systemHome()): Folders {
  const folders: Folders = {
    configuration: join(base(environment, 'XDG_CONFIG_HOME', '.config'), 'aiplan'),
    state: join(base(environment, 'XDG_STATE_HOME', join('.local', 'state')), 'aiplan'),
    cache: join(base(environment, 'XDG_CACHE_HOME', '.cache'), 'aiplan'),
    ...treeOf(current, person),
  };
  refuseInside(folders.configuration, folders, 'the configuration folder');
  refuseInside(folders.state, folders, 'the state folder');
  return folders;
}

function treeOf(current: string, person: string | null): Pick<Folders, 'workingTree' | 'apart'> {
  const tree = gitTreeOf(current, person);
  return { workingTree: tree ?? resolve(current), apart: tree !== null };
}

/** Throws UserError `configuration-in-working-tree` when the path lies in the working tree. */
export function refuseInside(
  path: string,
  { workingTree, apart }: Pick<Folders, 'workingTree' | 'apart'>,
  what: string,
): void {
  if (apart && isInside(path, workingTree)) {
    throw new UserError(
      'configuration-in-working-tree',
      `${what} "${path}" lies in the working tree "${workingTree}", where an agent can write`,
      {
        help: 'set XDG_CONFIG_HOME and XDG_STATE_HOME to folders outside the working tree, or unset them',
      },
    );
  }
}

import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { UserError } from '../model/error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where aiplan's own files are: configuration, state (store, sandbox) and cache, by the XDG base directory rules. */
export interface Folders { readonly configuration: string; readonly state: string; readonly cache: string; readonly workingTree: string }

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
  return join(realpathSync(existing), ...rest);
};

/** True when `path` is `folder` or below it, symbolic links followed. */
export const isInside = (path: string, folder: string): boolean => {
  const way = relative(real(folder), real(path));
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
};

/** The nearest folder upwards that holds `.git`, else the current folder; never one that holds the home folder. */
export function workingTreeOf(current: string, environment: Environment): string {
  for (let folder = resolve(current); ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git')) && !isInside(home(environment), folder)) return folder;
    if (dirname(folder) === folder) return resolve(current);
  }
}

/**
 * The folders of this user. Throws UserError `configuration-in-working-tree` when the configuration or the store would lie in
 * the working tree, where an agent writes (law 14).
 */
export function foldersOf(environment: Environment, current: string): Folders {
  const folders: Folders = {
    configuration: join(base(environment, 'XDG_CONFIG_HOME', '.config'), 'aiplan'),
    state: join(base(environment, 'XDG_STATE_HOME', join('.local', 'state')), 'aiplan'),
    cache: join(base(environment, 'XDG_CACHE_HOME', '.cache'), 'aiplan'),
    workingTree: workingTreeOf(current, environment),
  };
  refuseInside(folders.configuration, folders.workingTree, 'the configuration folder');
  refuseInside(folders.state, folders.workingTree, 'the state folder');
  return folders;
}

/** Throws UserError `configuration-in-working-tree` when the path lies in the working tree. */
export function refuseInside(path: string, workingTree: string, what: string): void {
  if (isInside(path, workingTree)) {
    throw new UserError('configuration-in-working-tree', `${what} "${path}" lies in the working tree "${workingTree}", where an agent can write`, {
      help: 'set XDG_CONFIG_HOME and XDG_STATE_HOME to folders outside the working tree, or unset them',
    });
  }
}

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.mjs';

/** The other versions of Node that the built program is tried on (the npm packages `node-<platform>-<arch>`). */
const versions = ['22.23.5', '24.22.3'];

const folderOf = (version) =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'aiplan', `node-${version}`);
const packageName = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const programIn = (folder) =>
  join(folder, 'node_modules', packageName, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** Puts one version into the cache folder; answers why not where that does not work. */
async function fetchNode(version) {
  const folder = folderOf(version);
  const beside = `${folder}.${process.pid}`;
  mkdirSync(beside, { recursive: true });
  try {
    // A platform has its npm under a name of its own.
    const { code, output } = await run(
      'npm',
      [
        'install',
        '--prefix',
        beside,
        '--no-save',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
        `${packageName}@${version}`,
      ],
      { shell: process.platform === 'win32' },
    );
    if (code !== 0) return `npm could not fetch it: ${output.trim().split('\n').at(-1)}`;
    rmSync(folder, { recursive: true, force: true });
    renameSync(beside, folder);
    return undefined;
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/**
 * The other versions of Node, each with its program or why it is left out. They are 40 MB each to fetch, so that a
 * clone fetches them only with AIPLAN_NODES=1, once; whoever has them uses them.
 */
export async function otherNodes() {
  const found = [];
  for (const version of versions) {
    const program = programIn(folderOf(version));
    const reason = existsSync(program)
      ? undefined
      : process.env.AIPLAN_NODES === '1'
        ? await fetchNode(version)
        : 'AIPLAN_NODES=1 fetches it once into the cache folder';
    found.push(
      reason === undefined && existsSync(program)
        ? { version, program }
        : { version, reason: reason ?? `${packageName} has no program` },
    );
  }
  return found;
}

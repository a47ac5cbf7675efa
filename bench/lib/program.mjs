import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const bin = join(root, 'dist', 'bin.mjs');
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** Says what to do and ends where there is no build. */
export function requireBuild() {
  if (existsSync(bin)) return;
  process.stderr.write('There is no dist/bin.mjs. Run: npm run build\n');
  process.exit(1);
}

/** Runs `work` with a temporary folder that is gone afterwards, also after Ctrl-C. */
export async function inTemporaryFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'aiplan-bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  process.once('SIGINT', () => process.exit(130));
  try {
    return await work(folder);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** Bundles `entry.ts` into the folder, as the program itself is bundled, and loads it. */
export async function loadProgram(folder) {
  const { build } = await import('rolldown');
  const { default: config } = await import(pathToFileURL(join(root, 'rolldown.config.mjs')).href);
  await build({ ...config, cwd: root, input: { entry: 'bench/lib/entry.ts' }, logLevel: 'silent', output: { ...config.output, dir: join(folder, 'program') } });
  cpSync(join(root, 'providers', 'aws', 'schemas'), join(folder, 'program', 'schemas'), { recursive: true });
  return import(pathToFileURL(join(folder, 'program', 'entry.mjs')).href);
}

/** An environment without credentials, configuration or network settings of the user, and a folder to run in. */
export function cleanPlace(folder) {
  const home = join(folder, 'home');
  const work = join(folder, 'work');
  for (const path of [home, work]) mkdirSync(path, { recursive: true });
  return { cwd: work, env: { PATH: process.env.PATH ?? '', HOME: home, USERPROFILE: home, NO_COLOR: '1', ...(process.env.SystemRoot === undefined ? {} : { SystemRoot: process.env.SystemRoot }) } };
}

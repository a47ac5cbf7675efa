import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const bin = join(root, 'dist', 'bin.mjs');
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** Says what to do and ends where there is no build. */
export function requireBuild() {
  if (existsSync(bin)) return;
  process.stderr.write('There is no dist/bin.mjs. Run: npm run build\n');
  process.exit(1);
}

/**
 * Runs `work` with a temporary folder, and with a function that takes what is to be ended afterwards. Everything is
 * ended and the folder gone when this settles, and after Ctrl-C.
 */
export async function inTemporaryFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'aiplan-bench-'));
  const endings = [];
  const end = async () => {
    for (const ending of endings.splice(0)) await ending();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('SIGINT', () => void end().then(() => process.exit(130)));
  try {
    return await work(folder, (ending) => {
      endings.push(ending);
    });
  } finally {
    await end();
  }
}

/**
 * Bundles `entry.ts` and the sandbox's server into the folder, as the program itself is bundled, and loads the former.
 */
export async function loadProgram(folder) {
  const { build } = await import('rolldown');
  const { default: config } = await import(pathToFileURL(join(root, 'rolldown.config.mjs')).href);
  await build({
    ...config,
    cwd: root,
    input: { entry: 'bench/lib/entry.ts', 'sandbox-server': 'src/sandbox/server-process.ts' },
    logLevel: 'silent',
    output: { ...config.output, dir: join(folder, 'program') },
  });
  cpSync(join(root, 'providers', 'aws', 'schemas'), join(folder, 'program', 'schemas'), { recursive: true });
  return import(pathToFileURL(join(folder, 'program', 'entry.mjs')).href);
}

/** An environment without credentials, configuration or network settings of the user, and a folder to run in. */
export function cleanPlace(folder) {
  const home = join(folder, 'home');
  const work = join(folder, 'work');
  for (const path of [home, work]) mkdirSync(path, { recursive: true });
  return {
    cwd: work,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      USERPROFILE: home,
      NO_COLOR: '1',
      ...(process.env.SystemRoot === undefined ? {} : { SystemRoot: process.env.SystemRoot }),
    },
  };
}

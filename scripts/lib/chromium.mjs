import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inRoot } from './paths.mjs';

const require = createRequire(import.meta.url);

/** Where browsers are commonly installed, beside the folders of PATH. */
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
];
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'headless_shell'];

/**
 * Browsers that could be tried, best first: the one that CHROME_PATH names, the packaged one where it fits, those of
 * the system.
 */
export function* browsers() {
  const named = process.env.CHROME_PATH ?? '';
  if (named !== '') yield { program: named };
  if (process.platform === 'linux' && process.arch === 'x64') {
    try {
      yield* packaged();
    } catch (error) {
      yield { program: 'the packaged browser', problem: error.message };
    }
  }
  const found = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  for (const program of [...found, ...applications]) if (existsSync(program)) yield { program };
}

/**
 * The browser of the development dependency, unpacked once into the cache folder. It is unpacked beside and then moved,
 * so that nobody ever starts half a program. First with the libraries of the system; where some are missing (NSS, say),
 * with those that it brings along.
 */
function* packaged() {
  const { version } = require(inRoot('node_modules', '@sparticuz', 'chromium', 'package.json'));
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'aiplan');
  const folder = join(cache, `chromium-${version}-with-libraries`);
  if (!existsSync(folder)) unpack(cache, folder);
  const fonts = join(folder, 'both');
  mkdirSync(fonts, { recursive: true });
  // Its own fonts first, then those of the system, which have the glyphs that it lacks.
  writeFileSync(
    join(fonts, 'fonts.conf'),
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${join(folder, 'fonts')}</dir><dir>/usr/share/fonts</dir><dir>/usr/local/share/fonts</dir><cachedir>${join(folder, 'font-cache')}</cachedir></fontconfig>\n`,
  );
  const program = join(folder, 'chromium');
  yield { program, fonts };
  yield { program, fonts, libraries: join(folder, 'al2023', 'lib') };
}

function unpack(cache, folder) {
  mkdirSync(cache, { recursive: true });
  const beside = mkdtempSync(join(cache, 'unpacking-'));
  try {
    const libraries = inRoot('node_modules', '@sparticuz', 'chromium', 'bin', 'al2023.tar.br');
    const code = `const { default: chromium, inflate } = await import("@sparticuz/chromium"); chromium.setGraphicsMode = false; await chromium.executablePath(); await inflate(${JSON.stringify(libraries)});`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: inRoot(),
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: beside },
    });
    if (status !== 0)
      throw new Error(`the packaged browser could not be unpacked: ${stderr.trim().split('\n').at(-1)}`);
    try {
      renameSync(beside, folder);
    } catch (error) {
      // Another process was faster; its copy is as good.
      if (!existsSync(join(folder, 'chromium'))) throw error;
    }
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/** The environment of a browser: a home of its own, so that it leaves nothing behind. */
export const environmentOf = ({ fonts, libraries }, home) => ({
  PATH: process.env.PATH ?? '',
  HOME: home,
  TMPDIR: home,
  LANG: 'C.UTF-8',
  ...(fonts === undefined ? {} : { FONTCONFIG_PATH: fonts }),
  ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }),
});

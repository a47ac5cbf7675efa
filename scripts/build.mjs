#!/usr/bin/env node
// Bundles the program into dist/: bin.mjs, its lazily loaded chunks, the sandbox's server and the schemas.
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { writeLicences } from './lib/licences.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { Stop, runMain, timed } from './lib/report.mjs';
import { runNode } from './lib/run.mjs';

const stamp = inRoot('dist', 'source.sha256');
const SOURCES = [
  'src',
  'providers',
  'scripts/build.mjs',
  'scripts/lib/licences.mjs',
  'scripts/extract-schemas.mjs',
  'rolldown.config.mjs',
  'package.json',
  'package-lock.json',
];

function* filesIn(path) {
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) yield* filesIn(child);
    else if (entry.isFile()) yield child;
  }
}

/** A digest of everything that the bundle is made of. */
function sourceDigest() {
  const hash = createHash('sha256');
  for (const source of SOURCES.map((name) => inRoot(name))) {
    for (const file of /\.[a-z]+$/u.test(source) ? [source] : filesIn(source))
      hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

const isBuilt = (digest) =>
  existsSync(stamp) && existsSync(inRoot('dist', 'bin.mjs')) && readFileSync(stamp, 'utf8') === digest;

/** Extracts the schemas where they are stale. Throws Stop where that fails. */
export async function ensureSchemas() {
  const { code, output } = await runNode([inRoot('scripts', 'extract-schemas.mjs')]);
  if (code !== 0) throw new Stop(`extracting the CloudFormation schemas failed:\n${output.trim()}`);
  if (!output.includes('up to date')) process.stderr.write(output);
}

/** Builds where the sources changed since dist/ was made. Throws Stop where the bundler refuses. */
export async function ensureBuild({ force = false } = {}) {
  await ensureSchemas();
  const digest = sourceDigest();
  if (!force && isBuilt(digest)) return;
  await timed('building dist/', async () => {
    const { build } = await import('rolldown');
    const { default: config } = await import(pathToFileURL(inRoot('rolldown.config.mjs')).href);
    process.chdir(root);
    // Beside, then swapped in: a build that fails leaves the last one as it is, and a program that runs from dist/
    // meanwhile keeps finding its chunks until the last moment.
    const next = inRoot(`dist.${process.pid}`);
    const old = inRoot(`dist.${process.pid}.old`);
    let result;
    try {
      result = await build({ ...config, output: { ...config.output, dir: next }, logLevel: 'silent' });
    } catch (error) {
      rmSync(next, { recursive: true, force: true });
      throw new Stop(
        `the build failed: ${stripVTControlCharacters(error instanceof Error ? error.message : String(error)).trim()}`,
      );
    }
    cpSync(inRoot('providers', 'aws', 'schemas'), join(next, 'schemas'), { recursive: true });
    writeLicences(result, join(next, 'THIRD-PARTY-LICENCES.txt'));
    chmodSync(join(next, 'bin.mjs'), 0o755);
    writeFileSync(join(next, 'source.sha256'), digest);
    if (existsSync(inRoot('dist'))) renameSync(inRoot('dist'), old);
    renameSync(next, inRoot('dist'));
    rmSync(old, { recursive: true, force: true });
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await runMain(() => ensureBuild({ force: true }));

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { inRoot } from './paths.mjs';
import { Stop, timed } from './report.mjs';
import { run, runNode } from './run.mjs';

const stamp = inRoot('node_modules', '.aiplan-lock-digest');
const lockDigest = () =>
  createHash('sha256')
    .update(readFileSync(inRoot('package-lock.json')))
    .digest('hex');

/** Whether node_modules holds exactly what the lock file says, by npm's own record of what it installed. */
function isInstalled() {
  const record = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      entry.optional === true ||
      (present[path]?.version === entry.version && present[path]?.integrity === entry.integrity),
  );
}

/** Installs the dependencies where they are missing or the lock file changed. Throws Stop where npm fails. */
export async function ensureDependencies() {
  const digest = lockDigest();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  if (!isInstalled()) {
    const words = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
    const npm = process.env.npm_execpath;
    const result = await timed('installing dependencies (npm ci)', async () => {
      const done =
        npm === undefined
          ? await run('npm', words, { shell: process.platform === 'win32' })
          : await runNode([npm, ...words]);
      if (done.code !== 0)
        throw new Stop(
          `npm ci failed:\n${done.output.trim()}\nCheck the network and the npm registry, then try again.`,
        );
      return done;
    });
    if (result.output.trim() !== '') process.stderr.write(`${result.output.trim()}\n`);
  }
  writeFileSync(stamp, digest);
}

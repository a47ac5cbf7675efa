import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const MODULES = `${sep}node_modules${sep}`;

/** The folder of the package that a bundled module came from; undefined for a module of our own. */
function packageFolder(id) {
  const path = id.replace(/^\0/u, '').split('?')[0];
  const start = path.lastIndexOf(MODULES);
  if (start < 0) return undefined;
  const [scope, name] = path.slice(start + MODULES.length).split(sep);
  return join(path.slice(0, start), 'node_modules', scope, ...(scope.startsWith('@') ? [name] : []));
}

/** Writes the licences of all packages that are in the bundle, as their authors ask for. */
export function writeLicences({ output }, file) {
  const folders = new Set(
    output
      .flatMap((chunk) => chunk.moduleIds ?? [])
      .map(packageFolder)
      .filter((folder) => folder !== undefined && existsSync(join(folder, 'package.json'))),
  );
  const texts = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const own = readdirSync(folder).find((entry) => /^licen[cs]e/iu.test(entry));
    const text =
      own === undefined
        ? `Licence: ${typeof license === 'string' ? license : 'see the package'}`
        : readFileSync(join(folder, own), 'utf8').trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  writeFileSync(file, `${texts.sort().join(`\n${'-'.repeat(80)}\n\n`)}`);
}

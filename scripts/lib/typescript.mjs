import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { inRoot } from './paths.mjs';

/** A module keeps the address of its own source file, so that it finds what lies beside it. */
const ownAddress = {
  name: 'own-address',
  transform: {
    filter: { code: 'import.meta.url' },
    handler: (code, id) => ({ code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)) }),
  },
};

/**
 * Imports a TypeScript module of this repository, for scripts: bundled into a temporary file, with packages from
 * node_modules.
 */
export async function importTypeScript(path) {
  const folder = mkdtempSync(join(tmpdir(), 'aiplan-script-'));
  try {
    symlinkSync(inRoot('node_modules'), join(folder, 'node_modules'), 'junction');
    const bundle = await rolldown({
      input: inRoot(path),
      platform: 'node',
      external: (id) => !/^[./]/u.test(id) && !/^[a-zA-Z]:/u.test(id),
      transform: { target: 'node20' },
      plugins: [ownAddress],
    });
    const { output } = await bundle.write({
      dir: folder,
      format: 'esm',
      entryFileNames: 'entry.mjs',
      chunkFileNames: '[name].mjs',
    });
    await bundle.close();
    return await import(pathToFileURL(join(folder, output[0].fileName)).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

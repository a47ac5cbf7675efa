import { existsSync, readFileSync } from 'node:fs';
import { UserError } from '../../src/base/error.ts';
import type { Schemas, TypeSchema } from '../../src/domain/schema.ts';

/** Beside this file in the source tree and beside `bin.mjs` in a bundle; one up from a bundle's `chunks/`. */
const folders = ['./schemas/', '../schemas/'].map((relative) => new URL(relative, import.meta.url));
const loaded = new Map<string, TypeSchema | undefined>();
let folder: URL | undefined;

/**
 * The schema of a CloudFormation type, read on first use from the folder that scripts/extract-schemas.mjs wrote, then
 * kept. Undefined for a type that was not extracted. Throws UserError `schemas-missing` where there is no such folder.
 */
export const loadSchema: Schemas = (type) => {
  if (loaded.has(type)) return loaded.get(type);
  const schema = read(type);
  loaded.set(type, schema);
  return schema;
};

let names: ReadonlySet<string> | undefined;

/** Every CloudFormation type that AWS has, managed by aiplan or not. Read on first use. Throws as `loadSchema` does. */
export function loadTypeNames(): ReadonlySet<string> {
  names ??= new Set(JSON.parse(readFileSync(new URL('types.json', folderOf()), 'utf8')) as readonly string[]);
  return names;
}

function read(type: string): TypeSchema | undefined {
  const here = folderOf();
  if (!/^[A-Za-z0-9]+(?:::[A-Za-z0-9]+){2}$/u.test(type)) return undefined;
  const file = new URL(`${type.replaceAll('::', '-')}.json`, here);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as TypeSchema) : undefined;
}

function folderOf(): URL {
  folder ??= folders.find((candidate) => existsSync(new URL('source.json', candidate)));
  if (folder === undefined) {
    throw new UserError('schemas-missing', 'the extracted CloudFormation schemas are missing', {
      help: 'run: node scripts/extract-schemas.mjs',
    });
  }
  return folder;
}

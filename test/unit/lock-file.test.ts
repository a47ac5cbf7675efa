import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../helpers/source-tree.ts';

interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
type Packages = Readonly<Record<string, Entry>>;

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly lockfileVersion: number;
  readonly packages: Packages;
};
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Entry;

/** The entry that a package at `from` gets when it asks for `name`: its own, else that of the nearest folder above. */
function found(packages: Packages, from: string, name: string): Entry | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
    const entry = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (entry !== undefined || folder === '') return entry;
  }
}

/**
 * Optional packages, such as the binaries for other systems, that the lock names and does not hold: `npm ci` refuses
 * those.
 */
const missing = (packages: Packages): readonly string[] =>
  Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => found(packages, path, name) === undefined)
      .map((name) => `${path} → ${name}`),
  );

/** Where packages would be fetched from, if not from whatever registry the user has. */
const foreignHosts = (packages: Packages): readonly string[] => [
  ...new Set(
    Object.values(packages).flatMap(({ resolved }) =>
      resolved === undefined || resolved.startsWith('https://registry.npmjs.org/') ? [] : [resolved],
    ),
  ),
];

describe('package-lock.json', () => {
  it('holds an entry for every optional package that it names, for every system', () => {
    const named = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    );
    expect(named.filter((name) => /darwin/u.test(name)).length).toBeGreaterThan(3);
    expect(named.filter((name) => /win32/u.test(name)).length).toBeGreaterThan(3);
    expect(missing(lock.packages)).toEqual([]);
  });

  it('names no registry but the public one', () => {
    expect(foreignHosts(lock.packages)).toEqual([]);
  });

  it('has a checksum for everything that is fetched', () => {
    expect(
      Object.entries(lock.packages)
        .filter(([path, { integrity, link }]) => path !== '' && link !== true && integrity === undefined)
        .map(([path]) => path),
    ).toEqual([]);
  });

  it('is the lock of package.json, of which every version is exact', () => {
    expect(lock.lockfileVersion).toBe(3);
    expect(lock.packages['']?.devDependencies).toEqual(manifest.devDependencies);
    expect(
      Object.entries(manifest.devDependencies ?? {}).filter(([, version]) => !/^\d+\.\d+\.\d+$/u.test(version)),
    ).toEqual([]);
    expect(
      Object.entries(manifest.devDependencies ?? {}).filter(
        ([name, version]) => lock.packages[`node_modules/${name}`]?.version !== version,
      ),
    ).toEqual([]);
  });

  it('has no dependencies at run time: the package ships as a bundle', () => {
    expect(manifest.dependencies ?? {}).toEqual({});
  });

  it('would be refused if a platform were missing or a private registry named', () => {
    const packages: Packages = {
      'node_modules/a': { optionalDependencies: { 'a-linux': '1.0.0', 'a-darwin': '1.0.0' } },
      'node_modules/a-linux': { resolved: 'https://registry.npmjs.org/a-linux/-/a-linux-1.0.0.tgz' },
      'node_modules/b': { resolved: 'https://packages.example/b.tgz', optionalDependencies: { 'b-linux': '1.0.0' } },
      'node_modules/b/node_modules/b-linux': {},
    };
    expect(missing(packages)).toEqual(['node_modules/a → a-darwin']);
    expect(foreignHosts(packages)).toEqual(['https://packages.example/b.tgz']);
  });
});

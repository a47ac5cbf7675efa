import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textReader } from '../../src/cli/context/command-context.ts';
import type { Io } from '../../src/cli/context/io.ts';
import { foldersOf, isInside } from '../../src/store/objects/folders.ts';
import { readSmall } from '../../src/store/objects/files.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'aiplan-beside-')));
  for (const name of ['tree', 'tree/scripts', 'outside']) mkdirSync(join(root, name));
  write('outside/boot.sh', 'the canary\n');
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});
const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
const read = (path: string): string => textReader({ current: join(root, 'tree') } as Io, 'plan.yaml')(path);
const refusal = (code: string, message: RegExp, help: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message), help: expect.stringMatching(help) });

describe('a text beside the change plan', () => {
  it('is a file there, by whatever name of the folder', () => {
    write('tree/scripts/boot.sh', 'boot\n');
    write('tree/..boot.sh', 'dots\n');
    symlinkSync('scripts/boot.sh', join(root, 'tree/link.sh'));
    expect([read('scripts/boot.sh'), read('link.sh'), read('..boot.sh')]).toEqual(['boot\n', 'boot\n', 'dots\n']);
  });

  it('is no hard link: the same file may have a name that an agent could not read', () => {
    linkSync(join(root, 'outside/boot.sh'), join(root, 'tree/boot.sh'));
    expect(() => read('boot.sh')).toThrow(refusal('text-linked', /"boot\.sh" has 2 names.*hard link/u, /copy/u));
    write('tree/own.sh', 'own\n');
    linkSync(join(root, 'tree/own.sh'), join(root, 'tree/other.sh'));
    expect(() => read('own.sh')).toThrow(refusal('text-linked', /hard link/u, /copy/u));
  });

  it('does not lie behind a link that leads out, of its own or of a folder above it', () => {
    symlinkSync(join(root, 'outside/boot.sh'), join(root, 'tree/boot.sh'));
    symlinkSync(join(root, 'outside'), join(root, 'tree/sub'));
    symlinkSync('/proc/self', join(root, 'tree/self'));
    for (const path of ['boot.sh', 'sub/boot.sh', 'self/environ', 'self/root/etc/hostname'])
      expect(() => read(path)).toThrow(refusal('text-outside', /lies outside/u, /beside the change plan/u));
  });

  it('is neither a pipe, nor a device, nor a folder', () => {
    execFileSync('mkfifo', [join(root, 'tree/pipe')]);
    symlinkSync('/dev/zero', join(root, 'tree/zero'));
    expect(() => read('pipe')).toThrow(refusal('not-a-regular-file', /pipe/u, /./u));
    expect(() => read('scripts')).toThrow(refusal('not-a-regular-file', /folder/u, /./u));
    expect(() => read('zero')).toThrow(refusal('text-outside', /lies outside/u, /./u));
  });

  it('is never another one that is put in its place while it is read', async () => {
    write('tree/scripts/boot.sh', 'boot\n');
    const [scripts, aside, link] = ['tree/scripts', 'tree/aside', 'tree/link'].map((name) => join(root, name));
    symlinkSync(join(root, 'outside'), String(link));
    const swapper = spawn(
      process.execPath,
      [
        '-e',
        `const { renameSync } = require('node:fs');
         const [scripts, aside, link] = process.argv.slice(1);
         process.stdout.write('on');
         for (;;) {
           renameSync(scripts, aside); renameSync(link, scripts);
           renameSync(scripts, link); renameSync(aside, scripts);
         }`,
        ...[scripts, aside, link].map(String),
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    try {
      await new Promise((done) => swapper.stdout.once('data', done));
      const seen = new Set<string>();
      const ends = Date.now() + 700;
      while (Date.now() < ends) {
        try {
          seen.add(read('scripts/boot.sh'));
        } catch (error) {
          seen.add((error as { code?: string }).code ?? String(error));
        }
      }
      expect([...seen]).not.toContain('the canary\n');
      expect([...seen]).toContain('boot\n');
    } finally {
      swapper.kill();
      await new Promise((done) => swapper.once('close', done));
    }
  });
});

it('what a place of an earlier reading claims is no more than a file', () => {
  expect(readSmall('/proc/self/environ', 1_000_000)).toBe('');
  expect(readSmall(join(root, 'outside/boot.sh'), 5)).toBeNull();
  expect(readSmall(join(root, 'outside/boot.sh'), 100)).toBe('the canary\n');
});

it('a folder whose name begins with two dots lies where it lies (law 14)', () => {
  mkdirSync(join(root, 'tree/.git'));
  const tree = join(root, 'tree');
  expect(isInside(join(tree, '..config'), tree)).toBe(true);
  expect(isInside(join(root, 'outside'), tree)).toBe(false);
  expect(isInside(root, tree)).toBe(false);
  for (const name of ['XDG_CONFIG_HOME', 'XDG_STATE_HOME'])
    expect(() => foldersOf({ HOME: root, [name]: join(tree, '..config') }, tree, root)).toThrow(
      expect.objectContaining({ code: 'configuration-in-working-tree' }),
    );
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Io } from '../../src/cli/context/io.ts';
import { widthOf } from '../../src/cli/context/output.ts';
import { readInput, textReader } from '../../src/cli/context/command-context.ts';
import { readWhole } from '../../src/store/objects/files.ts';
import { foldersOf } from '../../src/store/objects/folders.ts';
import { pasteRow } from '../../src/views/base/rows.ts';
import { rowsToText } from '../../src/views/base/text.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'aiplan-where-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
const made = (...parts: readonly string[]): string => {
  const folder = join(root, ...parts);
  mkdirSync(folder, { recursive: true });
  return folder;
};
const refused = expect.objectContaining({ code: 'configuration-in-working-tree' });

describe('where there is no git checkout, there is no working tree', () => {
  const person = () => made('people', 'maria');
  it.each([
    ['the home folder', ['people', 'maria']],
    ['the configuration folder', ['people', 'maria', '.config', 'aiplan']],
    ['a folder above the home folder', ['people']],
    ['a plain folder of its own', ['people', 'maria', 'infrastructure']],
  ])('so that %s is a place to work in', (_name, folder) => {
    const folders = foldersOf({ HOME: person() }, made(...folder), person());
    expect(folders).toMatchObject({
      apart: false,
      workingTree: join(root, ...folder),
      configuration: join(person(), '.config', 'aiplan'),
    });
  });

  it('also where HOME is not the home folder of the user database', () => {
    const other = made('container-home');
    expect(foldersOf({ HOME: other }, other, '/root').apart).toBe(false);
  });
});

describe('a home folder whose dotfiles are under git', () => {
  const dotted = (): string => {
    made('dotted', '.git');
    return made('dotted');
  };
  it('is no working tree, nor are the folders in it that are no checkouts', () => {
    for (const current of [dotted(), made('dotted', 'notes'), made('dotted', '.config', 'aiplan')])
      expect(foldersOf({ HOME: dotted() }, current, dotted()).apart).toBe(false);
  });
  it('a checkout in it is one, and holds no configuration', () => {
    made('dotted', 'project', '.git');
    const current = made('dotted', 'project', 'deep');
    expect(foldersOf({ HOME: dotted() }, current, dotted())).toMatchObject({
      apart: true,
      workingTree: join(root, 'dotted', 'project'),
    });
    expect(() => foldersOf({ HOME: dotted(), XDG_CONFIG_HOME: join(current, 'config') }, current, dotted())).toThrow(
      refused,
    );
    expect(() => foldersOf({ HOME: dotted(), XDG_STATE_HOME: current }, current, dotted())).toThrow(refused);
  });
});

it('a terminal that does not know its size is as wide as a pipe', () => {
  expect(widthOf({ columns: 0 })).toBe(widthOf({} as NodeJS.WriteStream));
  expect(widthOf({ columns: 0 })).toBe(120);
  expect(widthOf({ columns: 7 })).toBe(20);
  expect(widthOf({ columns: 300 })).toBe(120);
});

it('a command to be pasted is one line, however narrow the terminal', () => {
  const command = `export AWS_ENDPOINT_URL=http://127.0.0.1:40000 AWS_REGION=eu-west-1 ${'A=b '.repeat(40)}`.trim();
  expect(rowsToText([pasteRow(command)], { width: 40, color: false })).toBe(`${command}\n`);
});

describe('what is read as a file', () => {
  const io = () => ({ current: root }) as Io;
  it('is a file: a pipe that nobody writes to, a device and a folder are refused at once', () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    made('a-folder');
    for (const name of ['pipe', 'a-folder', '/dev/zero'])
      expect(() => readWhole(name.startsWith('/') ? name : join(root, name))).toThrow(
        expect.objectContaining({ code: 'not-a-regular-file' }),
      );
    expect(() => textReader(io(), 'plan.yaml')('pipe')).toThrow(
      expect.objectContaining({ code: 'not-a-regular-file' }),
    );
  });
  it('is no larger than what AWS would take', () => {
    writeFileSync(join(root, 'large.sh'), 'x'.repeat(1_048_577));
    expect(() => textReader(io(), 'plan.yaml')('large.sh')).toThrow(
      expect.objectContaining({ code: 'file-too-large' }),
    );
  });
  it('is null where there is none', () => expect(readWhole(join(root, 'none'))).toBeNull());
  it('may be handed over by a shell, where it is the change plan', () => {
    writeFileSync(join(root, 'plan.yaml'), 'aiplan: 1\n');
    expect(readInput(io(), 'plan.yaml')).toBe('aiplan: 1\n');
  });
});

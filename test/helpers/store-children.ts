import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { root } from './source-tree.ts';
import type { ChildOrder } from './store-child.ts';

type Said = Readonly<Record<string, unknown>>;

/** Another process with a store of its own. */
export interface Child {
  readonly pid: number;
  /** Everything it has said so far. */
  readonly said: readonly Said[];
  tell(line: string): void;
  /**
   * The first thing it says, from now on or `since` a number of things said, that is so. Throws when it ends without.
   */
  hears(which: (said: Said) => boolean, since?: number): Promise<Said>;
  signal(signal: NodeJS.Signals): void;
  end(): Promise<void>;
}

export interface Children {
  start(order: ChildOrder): Promise<Child>;
  close(): Promise<void>;
}

const bundling = `
  import { rolldown } from 'rolldown';
  const [input, dir] = process.argv.slice(1);
  const bundle = await rolldown({ input, platform: 'node', external: (id) => !/^[./]/u.test(id), transform: { target: 'node20' }, logLevel: 'silent' });
  await bundle.write({ dir, format: 'esm', entryFileNames: 'child.mjs', chunkFileNames: '[name].mjs' });
  await bundle.close();
`;

/** Bundles the child's program once. */
export async function storeChildren(): Promise<Children> {
  const folder = mkdtempSync(join(tmpdir(), 'aiplan-children-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  // In a process of its own: the bundler's native part does not work inside the test runner.
  await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', bundling, join(root, 'test', 'helpers', 'store-child.ts'), folder],
    { cwd: root },
  );
  const all: Child[] = [];
  return {
    async start(order) {
      const child = childOf(
        spawn(process.execPath, [join(folder, 'child.mjs'), JSON.stringify(order)], {
          stdio: ['pipe', 'pipe', 'inherit'],
          cwd: folder,
          env: { ...process.env, NODE_NO_WARNINGS: '1' },
        }),
      );
      all.push(child);
      await child.hears(({ ready }) => ready === true, 0);
      return child;
    },
    async close() {
      for (const child of all) await child.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function childOf(process: ChildProcess): Child {
  const said: Said[] = [];
  const waiting = new Set<() => void>();
  let ended = false;
  const wake = (): void => {
    for (const check of waiting) check();
  };
  if (process.stdout !== null)
    createInterface({ input: process.stdout }).on('line', (line) => {
      said.push(JSON.parse(line) as Said);
      wake();
    });
  const gone = new Promise<void>((done) => {
    process.once('exit', () => {
      ended = true;
      wake();
      done();
    });
  });
  return {
    pid: process.pid ?? 0,
    said,
    tell(line) {
      process.stdin?.write(`${line}\n`);
    },
    hears: (which, since = said.length) =>
      new Promise((done, fail) => {
        const check = (): void => {
          const found = said.slice(since).find(which);
          if (found === undefined && !ended) return;
          waiting.delete(check);
          if (found !== undefined) done(found);
          else fail(new Error(`the child ended; it said ${JSON.stringify(said.slice(-5))}`));
        };
        waiting.add(check);
        check();
      }),
    signal(signal) {
      process.kill(signal);
    },
    async end() {
      process.kill('SIGCONT');
      process.stdin?.end();
      process.kill('SIGKILL');
      await gone;
    },
  };
}

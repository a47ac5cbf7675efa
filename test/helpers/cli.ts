import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from '@jest/globals';
import { isAlive } from '../../src/sandbox/processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const bin = join(root, 'dist', 'bin.mjs');

/** The Node that runs the built program: that of the tests, or the one that AIPLAN_NODE names. */
export const nodeProgram = process.env['AIPLAN_NODE'] ?? process.execPath;
/** A program that lives for a second never earns back what optimising its code costs: a fifth of its time. */
export const quick = ['--no-opt'];

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end and keeps what it said. After `timeout` milliseconds it is killed, and `signal` says so.
 */
function finished(child: ChildProcess, timeout = 60_000): Promise<Finished> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  return new Promise((done, fail) => {
    const late = setTimeout(() => child.kill('SIGKILL'), timeout);
    child.once('error', fail);
    child.once('close', (code, signal) => {
      clearTimeout(late);
      done({ code, signal, ...said });
    });
  });
}

/** What the program is made of, as scripts/build.mjs has it. */
const SOURCES = ['src', 'providers', 'scripts', 'rolldown.config.mjs', 'package.json', 'package-lock.json'];
const digestFile = join(root, 'dist', 'source.sha256');
/** Holds the digest of the dist/ that was found fresh last, and bears the time of that look. */
const seenFresh = join(root, 'node_modules', '.cache', 'aiplan', 'built');

/**
 * Whether dist/ is the one that was found fresh, and no source was touched, added or taken away since: a look at times
 * alone.
 */
function isFresh(): boolean {
  try {
    const since = statSync(seenFresh).mtimeMs;
    const untouched = (path: string): boolean => {
      const found = statSync(path);
      return (
        found.mtimeMs < since &&
        found.ctimeMs < since &&
        (!found.isDirectory() || readdirSync(path).every((name) => untouched(join(path, name))))
      );
    };
    return (
      readFileSync(seenFresh, 'utf8') === readFileSync(digestFile, 'utf8') &&
      SOURCES.every((name) => untouched(join(root, name)))
    );
  } catch (error) {
    // Nobody looked yet, or a file went away meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Builds dist/ where it is stale; suites in other processes wait for it. */
export async function ensureBuilt(): Promise<void> {
  if (isFresh()) return;
  const lock = join(tmpdir(), `aiplan-build-${createHash('sha256').update(root).digest('hex').slice(0, 12)}.lock`);
  while (!taken(lock))
    await new Promise((done) => {
      setTimeout(done, 50);
    });
  try {
    const started = new Date();
    const build = `const { ensureBuild } = await import(${JSON.stringify(pathToFileURL(join(root, 'scripts', 'build.mjs')).href)}); await ensureBuild();`;
    const { code, stderr } = await finished(
      spawn(process.execPath, ['--input-type=module', '-e', build], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] }),
      120_000,
    );
    if (code !== 0) throw new Error(`the build failed:\n${stderr}`);
    mkdirSync(dirname(seenFresh), { recursive: true });
    writeFileSync(seenFresh, readFileSync(digestFile));
    utimesSync(seenFresh, started, started);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Takes the lock file; that of a process that is gone is removed. */
function taken(lock: string): boolean {
  try {
    const handle = openSync(lock, 'wx');
    writeSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return false;
}

export type Environment = Readonly<Record<string, string | undefined>>;
export interface RunOptions {
  /** Laid over the environment; undefined takes a variable away. */
  readonly environment?: Environment;
  /** Text for standard input, which is otherwise closed. */
  readonly input?: string;
  readonly timeout?: number;
  /** Exit codes that are no surprise to `ok` and `json`. */
  readonly expected?: readonly number[];
  /** Words that start the program, before node: `['sh', '-c', 'ulimit …; exec "$@"', 'sh']`. */
  readonly through?: readonly string[];
  /** Another Node than that of the tests. */
  readonly program?: string;
  readonly onStarted?: (child: ChildProcess) => void;
}

/** What a command that must fail has to say. */
interface Failure {
  readonly exit: number;
  readonly code: string;
  readonly says?: RegExp;
  readonly help?: RegExp;
}

/** A person's machine: private home, configuration, state and working tree; removed by `close`. */
export interface Cli {
  readonly home: string;
  readonly work: string;
  readonly state: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Puts a file into the working tree; answers its name. */
  write(name: string, text: string): string;
  read(name: string): string;
  /** The user's configuration file. */
  configure(text: string): void;
  run(words: readonly string[], options?: RunOptions): Promise<Finished>;
  /** As `run`, and the exit code must be expected (0 where nothing else is said). */
  ok(words: readonly string[], options?: RunOptions): Promise<Finished>;
  /** As `ok` with `--json`: the document on standard output. */
  json(words: readonly string[], options?: RunOptions): Promise<any>;
  /** Runs a command that must fail as said: exit code, error code, what is wrong, and what to do. */
  fails(words: readonly string[], failure: Failure, options?: RunOptions): Promise<Finished>;
  close(): void;
}

/** A new machine. `endpoint`: where AWS is; without one there are no credentials and no region either. */
export function openCli(endpoint: string | null = null): Cli {
  const home = mkdtempSync(join(tmpdir(), 'aiplan-cli-'));
  const [work, state] = [join(home, 'work'), join(home, 'state')];
  mkdirSync(join(work, '.git'), { recursive: true });
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    USER: 'ada',
    TMPDIR: tmpdir(),
    LANG: 'C.UTF-8',
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: state,
    XDG_CACHE_HOME: join(home, 'cache'),
    AWS_EC2_METADATA_DISABLED: 'true',
    ...(endpoint === null
      ? {}
      : {
          AWS_ENDPOINT_URL: endpoint,
          AWS_REGION: 'eu-west-1',
          AWS_ACCESS_KEY_ID: 'sandbox',
          AWS_SECRET_ACCESS_KEY: 'sandbox',
        }),
  };
  const cli: Cli = {
    home,
    work,
    state,
    environment,
    write(name, text) {
      writeFileSync(join(work, name), text);
      return name;
    },
    read: (name) => readFileSync(join(work, name), 'utf8'),
    configure(text) {
      const path = join(home, 'config', 'aiplan', 'config.yaml');
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    },
    run(words, { environment: more = {}, input, timeout, through = [], program = nodeProgram, onStarted } = {}) {
      const [command, ...rest] = [...through, program, ...quick, bin, ...words] as [string, ...string[]];
      const child = spawn(command, rest, {
        cwd: work,
        env: { ...environment, ...more },
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      });
      child.stdin?.end(input);
      onStarted?.(child);
      return finished(child, timeout);
    },
    async ok(words, options = {}) {
      const result = await cli.run(words, options);
      if (!(options.expected ?? [0]).includes(result.code ?? -1))
        throw new Error(
          `aiplan ${words.join(' ')} ended with ${result.code ?? result.signal}\n${result.stdout}${result.stderr}`,
        );
      return result;
    },
    async json(words, options) {
      return JSON.parse((await cli.ok(['--json', ...words], options)).stdout) as unknown;
    },
    async fails(words, { exit, code, says = /\S/u, help = /\S/u }, options) {
      const result = await cli.run(['--json', ...words], options);
      expect({
        words,
        code: result.code,
        error: /^\s*\{/u.test(result.stdout) ? (JSON.parse(result.stdout) as unknown) : result,
      }).toEqual({
        words,
        code: exit,
        error: expect.objectContaining({
          error: code,
          message: expect.stringMatching(says),
          help: expect.stringMatching(help),
        }),
      });
      return result;
    },
    close() {
      rmSync(home, { recursive: true, force: true });
    },
  };
  return cli;
}

/** An error for people: what to do stands below it, and nothing of the program's insides. */
export function expectReadable({ stderr }: Finished): void {
  expect(stderr).not.toMatch(/error bug|\n\s+at \S+ \(|node:internal|UnhandledPromise/u);
  expect(stderr).toMatch(/^ {4}\S/mu);
}

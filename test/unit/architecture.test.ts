import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadedWith, readSource, readSources, root, type SourceFile, type SourceImport } from '../helpers/source-tree.ts';

/** What the files of one folder may import. A folder that is not in the table may not exist. */
interface Layer {
  /** Folders of ours, itself included. */
  readonly own: readonly string[];
  readonly packages: readonly string[];
  /** Packages that single files may import besides, by path; `*` stands for any part of a name. */
  readonly besides?: Readonly<Record<string, readonly string[]>>;
  /** No clock, no randomness, no process, no console, no timers, no network: all that comes through ports. */
  readonly pure?: true;
}

const files = ['node:fs', 'node:fs/promises', 'node:os', 'node:path', 'node:crypto'];

const layers: Readonly<Record<string, Layer>> = {
  'src/model/': { own: ['src/model/'], packages: [], besides: { 'src/model/digest.ts': ['node:crypto'] }, pure: true },
  'src/change/': { own: ['src/change/', 'src/model/'], packages: ['yaml'], pure: true },
  // The planner holds every plan against the built-in guardrails itself, so that no caller can leave them out.
  'src/engine/': { own: ['src/engine/', 'src/guardrails/', 'src/model/'], packages: [], pure: true },
  'src/guardrails/': { own: ['src/guardrails/', 'src/model/'], packages: [], pure: true },
  // string-width: columns of a terminal, a pure function.
  'src/views/': { own: ['src/views/', 'src/model/'], packages: ['diff', 'string-width'], pure: true },
  'src/store/': { own: ['src/store/', 'src/model/'], packages: files, besides: { 'src/store/configuration.ts': ['yaml'], 'src/store/manifest-shapes.ts': ['zod'], 'src/store/signatures.ts': ['node:child_process'] } },
  'src/tui/': { own: ['src/tui/', 'src/views/', 'src/model/'], packages: ['ink', 'react', 'string-width'] },
  'src/sandbox/': {
    own: ['src/sandbox/', 'src/model/'],
    packages: [...files, 'node:child_process', 'node:http', 'node:net', 'node:stream', 'node:stream/consumers', 'node:stream/promises', 'node:timers/promises', 'node:url', '@aws-sdk/*'],
    // Fixtures are YAML.
    besides: { 'src/sandbox/fixture.ts': ['yaml'] },
  },
  'src/commands/': {
    own: ['src/commands/', 'src/change/', 'src/engine/', 'src/guardrails/', 'src/model/', 'src/sandbox/', 'src/store/', 'src/tui/', 'src/views/', 'providers/'],
    packages: ['node:path'], besides: { 'src/commands/pager.ts': ['node:child_process'], 'src/commands/program.ts': ['commander', '@bomb.sh/tab/commander'] },
  },
  'src/cli.ts': { own: ['src/commands/'], packages: ['node:crypto', 'node:os', 'node:timers/promises'] },
  'src/bin.ts': { own: ['src/cli.ts'], packages: ['node:module'] },
  'providers/': {
    own: ['providers/', 'src/model/'], packages: [], pure: true,
    besides: {
      'providers/aws/commands-*.ts': ['@aws-sdk/*'],
      // Schemas are files beside the program; reading one takes no port, because every type needs it.
      'providers/aws/schema.ts': ['node:fs'],
      // Only the pause after a throttled call; a test puts its own in.
      'providers/aws/session.ts': ['node:timers/promises'],
      // Fingerprints of bodies that are too large to compare.
      'providers/aws/values.ts': ['node:crypto'],
    },
  },
};

const impure = /^(?:console|process|performance|fetch|crypto|globalThis|global|require|set(?:Timeout|Interval|Immediate)|queueMicrotask|Date\(\)|new Date\(\)|Date\.now|Math\.random)$/u;
const mostLines = 400;

const sources = readSources('src', 'providers');
const layerOf = (path: string): string | undefined => Object.keys(layers).find((name) => (name.endsWith('/') ? path.startsWith(name) : path === name));
const fits = (pattern: string, text: string): boolean => new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/gu, '\\$&').replaceAll('*', '[^/]*')}$`, 'u').test(text);

function importAllowed(source: Pick<SourceFile, 'path'>, { target, own, kind }: SourceImport): boolean {
  const layer = layers[layerOf(source.path) ?? ''];
  if (layer === undefined) return false;
  if (own) return layer.own.some((folder) => (folder.endsWith('/') ? target.startsWith(folder) : target === folder));
  if (kind === 'type' && source.path.startsWith('providers/') && fits('@aws-sdk/*', target)) return true;
  const besides = Object.entries(layer.besides ?? {}).filter(([path]) => fits(path, source.path)).flatMap(([, packages]) => packages);
  return [...layer.packages, ...besides].some((name) => fits(name, target));
}

/** `path:line: what` for everything that a rule finds in some files; an empty list is what the tests want. */
const importProblems = (all: readonly SourceFile[]): readonly string[] => all.flatMap((source) =>
  source.imports.filter((found) => !importAllowed(source, found)).map(({ target, kind, line }) => `${source.path}:${line}: ${kind} import of ${target}`));
const impurities = (all: readonly SourceFile[]): readonly string[] => all.filter(({ path }) => layers[layerOf(path) ?? '']?.pure === true)
  .flatMap(({ path, globals }) => globals.filter(({ name }) => impure.test(name)).map(({ name, line }) => `${path}:${line}: ${name}`));
const globalsBut = (all: readonly SourceFile[], name: RegExp, allowed: readonly string[]): readonly string[] =>
  all.filter(({ path }) => !allowed.includes(path)).flatMap(({ path, globals }) => globals.filter((use) => name.test(use.name)).map((use) => `${path}:${use.line}: ${use.name}`));
const untyped = (all: readonly SourceFile[]): readonly string[] => all.flatMap(({ path, any, unchecked }) => [...any.map((line) => `${path}:${line}: any`), ...unchecked.map((line) => `${path}:${line}: unchecked`)]);

/** The circles of a graph, each as the names that reach each other, in order of name (Tarjan's algorithm). */
function circles(graph: readonly (readonly [string, readonly string[]])[]): readonly (readonly string[])[] {
  const edges = new Map(graph);
  const index = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: (readonly string[])[] = [];
  const low = (name: string): number => lowest.get(name) ?? Infinity;
  const visit = (name: string): void => {
    index.set(name, index.size);
    lowest.set(name, index.size - 1);
    stack.push(name);
    for (const next of edges.get(name) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(name, Math.min(low(name), low(next)));
    }
    if (low(name) !== index.get(name)) return;
    const part = stack.splice(stack.indexOf(name));
    if (part.length > 1) found.push(part.sort());
  };
  for (const [name] of graph) if (!index.has(name)) visit(name);
  return found;
}

/** Files whose text has something. */
function holding(pattern: RegExp): readonly string[] {
  return sources.filter(({ path }) => pattern.test(readFileSync(join(root, path), 'utf8'))).map(({ path }) => path);
}

describe('the house', () => {
  it('reads the source tree', () => {
    expect(sources.length).toBeGreaterThan(200);
    expect(sources.flatMap(({ imports }) => imports).filter(({ own, target }) => own && !sources.some(({ path }) => path === target)).map(({ target }) => target)).toEqual([]);
  });

  it('has a place for every file', () => {
    expect(sources.filter(({ path }) => layerOf(path) === undefined).map(({ path }) => path)).toEqual([]);
  });

  it('imports only downwards', () => {
    expect(importProblems(sources)).toEqual([]);
  });

  it('has no circle of imports', () => {
    expect(circles(sources.map(({ path, imports }) => [path, imports.filter(({ own }) => own).map(({ target }) => target)]))).toEqual([]);
  });

  it('names no exception that is not used', () => {
    const used = (path: string, name: string): boolean => sources.some((source) => fits(path, source.path) && source.imports.some(({ target }) => fits(name, target)));
    const unused = Object.values(layers).flatMap(({ besides = {} }) => Object.entries(besides)).flatMap(([path, names]) => names.filter((name) => !used(path, name)).map((name) => `${path}: ${name}`));
    expect(unused).toEqual([]);
  });

  it('keeps clock, randomness, process, console and network out of the pure folders', () => {
    expect(impurities(sources)).toEqual([]);
  });

  it('prints through ports, and reads arguments and environment in one place', () => {
    expect(globalsBut(sources, /^console$/u, [])).toEqual([]);
    expect(globalsBut(sources, /^process\.(?:argv|env)$/u, ['src/cli.ts', 'src/bin.ts'])).toEqual([]);
  });

  it('never switches the type checker off', () => {
    expect(untyped(sources)).toEqual([]);
  });

  it('keeps files small enough to read at one sitting', () => {
    expect(sources.filter(({ lines }) => lines > mostLines).map(({ path, lines }) => `${path}: ${lines} lines`)).toEqual([]);
  });
});

describe('what is loaded when', () => {
  const heavy = /^(?:@aws-sdk\/|ink$|react|@cedar-policy\/)/u;
  const waysTo = (path: string, wanted: RegExp): readonly string[] => [...loadedWith(path, sources)].filter(([target]) => wanted.test(target)).map(([, way]) => way.join(' → '));

  it('starts with nothing but Node itself', () => {
    for (const start of ['src/bin.ts', 'src/cli.ts']) expect(waysTo(start, /^(?!node:|src\/(?:bin|cli)\.ts$)/u)).toEqual([]);
  });

  it('loads no AWS client and no Ink with any command', () => {
    const commands = sources.filter(({ path }) => path.startsWith('src/commands/'));
    expect(commands.length).toBeGreaterThan(10);
    expect(commands.flatMap(({ path }) => waysTo(path, heavy))).toEqual([]);
  });

  it('loads no AWS client with the resource types, and clients only where one is made', () => {
    expect(waysTo('providers/index.ts', heavy)).toEqual([]);
    const importers = sources.flatMap(({ path, imports }) => imports.filter(({ target, kind }) => target.startsWith('providers/aws/commands-') && kind !== 'type').map(({ kind }) => `${path} ${kind}`));
    // The store's client is behind a gate of its own. The last one asks a client for its region and sends nothing: see the last test of the next group.
    expect([...new Set(importers)]).toEqual(['providers/aws/session.ts lazy', 'providers/aws/store-session.ts lazy', 'providers/aws/target.ts lazy']);
  });
});

describe('the narrow places', () => {
  it('lets only the approver make an approved plan', () => {
    expect(holding(/\bas (?:unknown as )?ApprovedPlan\b/u)).toEqual(['src/engine/approve.ts']);
  });

  it('sends mutating calls only from the executor, the driver of setup and expiry, what notes its calls, and the vault', () => {
    expect(holding(/\.mutate\(/u)).toEqual(['providers/s3/vault.ts', 'src/commands/audit-log.ts', 'src/commands/world.ts', 'src/engine/drive.ts', 'src/engine/send-batch.ts', 'src/engine/send.ts']);
  });

  it('builds requests of the SDK in two files: that of the sessions, and that of the store', () => {
    expect(holding(/\.send\(/u).filter((path) => !path.startsWith('src/sandbox/'))).toEqual(['providers/aws/session.ts', 'providers/aws/store-session.ts']);
    // What seeds the emulator speaks to it with clients of its own, and refuses any other endpoint (src/sandbox/seed/context.ts).
    const clients = sources.filter(({ imports }) => imports.some(({ target, kind }) => target.startsWith('@aws-sdk/') && kind !== 'type')).map(({ path }) => path);
    expect(clients.filter((path) => !/^providers\/aws\/commands-|^src\/sandbox\/(?:seed\/|fleet\.ts)/u.test(path))).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const broken = (path: string, text: string): SourceFile => readSource(path, text);

  it.each([
    ['src/model/a.ts', "import { readFileSync } from 'node:fs';"],
    ['src/model/a.ts', "import type { Plan } from '../engine/plan.ts';"],
    ['src/change/a.ts', "export * from '../engine/diff.ts';"],
    ['src/engine/a.ts', "import { Box } from 'ink';"],
    ['src/engine/a.ts', "const late = await import('../../providers/index.ts');"],
    ['src/engine/a.ts', "type Store = import('../store/files.ts').Store;"],
    ['src/views/a.ts', "export { run } from '../commands/run.ts';"],
    ['src/store/a.ts', "import { spawn } from 'node:child_process';"],
    ['src/tui/a.tsx', "import { apply } from '../engine/apply.ts';"],
    ['src/cli.ts', "import { apply } from './engine/apply.ts';"],
    ['src/commands/a.ts', "import { main } from '../cli.ts';"],
    ['providers/ec2/a.ts', "import { EC2Client } from '@aws-sdk/client-ec2';"],
    ['providers/ec2/a.ts', "import { type Instance } from '@aws-sdk/client-ec2';"],
    ['providers/ec2/a.ts', "const fs = require('node:fs');"],
    ['src/elsewhere/a.ts', "import type { Json } from '../model/json.ts';"],
  ])('refuse in %s: %s', (path, text) => {
    expect(importProblems([broken(path, text)])).toHaveLength(1);
  });

  it('allow types of the SDK, and what the table says', () => {
    expect(importProblems([
      broken('providers/ec2/a.ts', "import type { Instance } from '@aws-sdk/client-ec2';"),
      broken('src/change/a.ts', "import { parse } from 'yaml';\nimport type { Json } from '../model/json.ts';"),
      broken('src/commands/a.ts', "const { apply } = await import('../engine/apply.ts');"),
    ])).toEqual([]);
  });

  it('find circles, long ones too, and only these', () => {
    expect(circles([['a', ['b']], ['b', ['c', 'd']], ['c', ['a']], ['d', ['e']], ['e', []]])).toEqual([['a', 'b', 'c']]);
    expect(circles([['a', ['b', 'c']], ['b', ['c']], ['c', []]])).toEqual([]);
  });

  it('find what is not pure, and only that', () => {
    const text = 'const at = Date.now();\nconst now = new Date();\nconst die = Math["random"]();\nconsole.log(process.env.HOME);\nsetTimeout(run, 5);\nconst fine = new Date(at); const process2 = { console: 1, now: 2 }; function f(process: string) { return process; }';
    const found = impurities([broken('src/engine/a.ts', text)]);
    expect(found.map((line) => line.replace('src/engine/a.ts:', ''))).toEqual(['1: Date.now', '2: new Date()', '3: Math.random', '4: console', '4: process', '5: setTimeout']);
    expect(impurities([broken('src/store/a.ts', text)])).toEqual([]);
  });

  it('find the type any and comments that switch the checker off', () => {
    expect(untyped([broken('src/engine/a.ts', 'const a = b as any;\nlet c: any;\n// @ts-ignore\nconst any = 1; const text = "as any";')])).toEqual(['src/engine/a.ts:1: any', 'src/engine/a.ts:2: any', 'src/engine/a.ts:3: unchecked']);
  });

  it('follow what is loaded at once, and nothing else', () => {
    const tree = [broken('src/a.ts', "import { b } from './b.ts';"), broken('src/b.ts', "import type { x } from 'types-only';\nconst later = import('later');\nimport 'at-once';")];
    expect([...loadedWith('src/a.ts', tree).keys()]).toEqual(['src/a.ts', 'src/b.ts', 'at-once']);
  });
});

import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { services } from '../../providers/aws/services/index.ts';
import {
  loadedWith,
  readSource,
  readSources,
  root,
  type SourceFile,
  type SourceImport,
} from '../helpers/source-tree.ts';

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

const values = ['src/base/', 'src/domain/'];

const layers: Readonly<Record<string, Layer>> = {
  'src/base/': {
    own: ['src/base/'],
    packages: ['ipaddr.js'],
    besides: { 'src/base/digest.ts': ['node:crypto'] },
    pure: true,
  },
  'src/domain/': { own: values, packages: [], pure: true },
  'src/language/': { own: ['src/language/', ...values], packages: ['yaml'], pure: true },
  'src/plan/': { own: ['src/plan/', ...values], packages: [], pure: true },
  'src/history/': { own: ['src/history/', 'src/plan/', ...values], packages: [], pure: true },
  'src/run/': { own: ['src/run/', 'src/history/', 'src/plan/', ...values], packages: [], pure: true },
  'src/recovery/': {
    own: ['src/recovery/', 'src/run/', 'src/history/', 'src/plan/', ...values],
    packages: [],
    pure: true,
  },
  'src/audit/': { own: ['src/audit/', 'src/history/', 'src/plan/', ...values], packages: [], pure: true },
  // string-width: columns of a terminal, a pure function.
  'src/views/': { own: ['src/views/', ...values], packages: ['@dagrejs/dagre', 'diff', 'string-width'], pure: true },
  'src/store/': {
    own: ['src/store/', ...values],
    packages: files,
    besides: {
      'src/store/configuration.ts': ['yaml'],
      'src/store/signing/signatures.ts': ['node:child_process'],
    },
  },
  'src/tui/': { own: ['src/tui/', 'src/views/', ...values], packages: ['ink', 'react', 'string-width'] },
  'src/sandbox/': {
    own: ['src/sandbox/', ...values, 'providers/aws/services/'],
    packages: [
      ...files,
      'node:child_process',
      'node:http',
      'node:net',
      'node:stream',
      'node:stream/consumers',
      'node:stream/promises',
      'node:timers/promises',
      'node:url',
      '@aws-sdk/*',
    ],
    // Fixtures are YAML.
    besides: { 'src/sandbox/seed/fixture.ts': ['yaml'] },
  },
  'src/cli/': {
    own: [
      'src/cli/',
      'src/language/',
      'src/plan/',
      'src/history/',
      'src/run/',
      'src/recovery/',
      'src/audit/',
      'src/views/',
      'src/store/',
      'src/tui/',
      'src/sandbox/',
      ...values,
      'providers/',
    ],
    packages: ['node:path'],
    besides: {
      'src/cli/context/pager.ts': ['node:child_process'],
      'src/cli/program.ts': ['commander', '@bomb.sh/tab/commander'],
    },
  },
  'src/cli.ts': { own: ['src/cli/'], packages: ['node:crypto', 'node:os', 'node:timers/promises'] },
  'src/bin.ts': { own: ['src/cli.ts'], packages: ['node:module'] },
  'providers/': {
    own: ['providers/', ...values],
    packages: [],
    pure: true,
    besides: {
      'providers/aws/services/*.ts': ['@aws-sdk/*'],
      // Schemas are files beside the program; reading one takes no port, because every type needs it.
      'providers/aws/schema.ts': ['node:fs'],
      // Only the pause after a throttled call; a test puts its own in.
      'providers/aws/session/session.ts': ['node:timers/promises'],
      // Fingerprints of bodies that are too large to compare.
      'providers/aws/values/values.ts': ['node:crypto'],
    },
  },
};

const impure =
  /^(?:console|process|performance|fetch|crypto|globalThis|global|require|set(?:Timeout|Interval|Immediate)|queueMicrotask|Date\(\)|new Date\(\)|Date\.now|Math\.random)$/u;
const mostLines = 600;
const mostFiles = 20;
const mostColumns = 120;

const sources = readSources('src', 'providers');
const layerOf = (path: string): string | undefined =>
  Object.keys(layers).find((name) => (name.endsWith('/') ? path.startsWith(name) : path === name));
const fits = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/gu, '\\$&').replaceAll('*', '[^/]*')}$`, 'u').test(text);

function importAllowed(source: Pick<SourceFile, 'path'>, { target, own, kind }: SourceImport): boolean {
  const layer = layers[layerOf(source.path) ?? ''];
  if (layer === undefined) return false;
  if (own) return layer.own.some((folder) => (folder.endsWith('/') ? target.startsWith(folder) : target === folder));
  if (kind === 'type' && source.path.startsWith('providers/') && fits('@aws-sdk/*', target)) return true;
  const besides = Object.entries(layer.besides ?? {})
    .filter(([path]) => fits(path, source.path))
    .flatMap(([, packages]) => packages);
  return [...layer.packages, ...besides].some((name) => fits(name, target));
}

/** `path:line: what` for everything that a rule finds in some files; an empty list is what the tests want. */
const importProblems = (all: readonly SourceFile[]): readonly string[] =>
  all.flatMap((source) =>
    source.imports
      .filter((found) => !importAllowed(source, found))
      .map(({ target, kind, line }) => `${source.path}:${line}: ${kind} import of ${target}`),
  );
const impurities = (all: readonly SourceFile[]): readonly string[] =>
  all
    .filter(({ path }) => layers[layerOf(path) ?? '']?.pure === true)
    .flatMap(({ path, globals }) =>
      globals.filter(({ name }) => impure.test(name)).map(({ name, line }) => `${path}:${line}: ${name}`),
    );
const globalsBut = (all: readonly SourceFile[], name: RegExp, allowed: readonly string[]): readonly string[] =>
  all
    .filter(({ path }) => !allowed.includes(path))
    .flatMap(({ path, globals }) =>
      globals.filter((use) => name.test(use.name)).map((use) => `${path}:${use.line}: ${use.name}`),
    );
const untyped = (all: readonly SourceFile[]): readonly string[] =>
  all.flatMap(({ path, any, unchecked }) => [
    ...any.map((line) => `${path}:${line}: any`),
    ...unchecked.map((line) => `${path}:${line}: unchecked`),
  ]);

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
    expect(
      sources
        .flatMap(({ imports }) => imports)
        .filter(({ own, target }) => own && !sources.some(({ path }) => path === target))
        .map(({ target }) => target),
    ).toEqual([]);
  });

  it('has a place for every file', () => {
    expect(sources.filter(({ path }) => layerOf(path) === undefined).map(({ path }) => path)).toEqual([]);
  });

  it('imports only downwards', () => {
    expect(importProblems(sources)).toEqual([]);
  });

  it('has no circle of imports', () => {
    expect(
      circles(sources.map(({ path, imports }) => [path, imports.filter(({ own }) => own).map(({ target }) => target)])),
    ).toEqual([]);
  });

  it('has no circle of rooms: a folder and the folders below it are rooms of their own', () => {
    const rooms = new Map<string, Set<string>>();
    for (const { path, imports } of sources) {
      const room = rooms.get(dirname(path)) ?? new Set();
      rooms.set(dirname(path), room);
      for (const { own, target } of imports) if (own && dirname(target) !== dirname(path)) room.add(dirname(target));
    }
    expect(circles([...rooms].map(([room, to]) => [room, [...to]]))).toEqual([]);
  });

  it('has rooms of at most 20 files, each with a README', () => {
    const rooms = new Map<string, number>();
    for (const { path } of sources) rooms.set(dirname(path), (rooms.get(dirname(path)) ?? 0) + 1);
    expect(
      [...rooms].filter(([, files]) => files > mostFiles).map(([room, files]) => `${room}: ${files} files`),
    ).toEqual([]);
    const named = [...rooms.keys()].filter((room) => room !== 'src' && room !== 'providers');
    expect(named.filter((room) => !existsSync(join(root, room, 'README.md')))).toEqual([]);
  });

  it('names in the README of a room only files that are there', () => {
    const named = [...new Set(sources.map(({ path }) => dirname(path)))].filter((room) =>
      existsSync(join(root, room, 'README.md')),
    );
    const missing = named
      .flatMap((room) =>
        [...readFileSync(join(root, room, 'README.md'), 'utf8').matchAll(/`([\w-]+\.tsx?)`/gu)].map(
          ([, name]) => `${room}/${name ?? ''}`,
        ),
      )
      .filter((path) => !existsSync(join(root, path)));
    expect(missing).toEqual([]);
  });

  it('keeps lines within 120 columns, but for texts and patterns that cannot be broken', () => {
    const long = sources.flatMap(({ path }) =>
      readFileSync(join(root, path), 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          [...line].length > mostColumns && !/['"`/]|[;{]\S+[:{]/u.test(line) ? [`${path}:${index + 1}`] : [],
        ),
    );
    expect(long).toEqual([]);
  });

  it('names no exception that is not used', () => {
    const used = (path: string, name: string): boolean =>
      sources.some((source) => fits(path, source.path) && source.imports.some(({ target }) => fits(name, target)));
    const unused = Object.values(layers)
      .flatMap(({ besides = {} }) => Object.entries(besides))
      .flatMap(([path, names]) => names.filter((name) => !used(path, name)).map((name) => `${path}: ${name}`));
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
    expect(
      sources.filter(({ lines }) => lines > mostLines).map(({ path, lines }) => `${path}: ${lines} lines`),
    ).toEqual([]);
  });
});

describe('what is loaded when', () => {
  const heavy = /^(?:@aws-sdk\/|ink$|react|@cedar-policy\/)/u;
  const waysTo = (path: string, wanted: RegExp): readonly string[] =>
    [...loadedWith(path, sources)].filter(([target]) => wanted.test(target)).map(([, way]) => way.join(' → '));

  it('starts with nothing but Node itself', () => {
    for (const start of ['src/bin.ts', 'src/cli.ts'])
      expect(waysTo(start, /^(?!node:|src\/(?:bin|cli)\.ts$)/u)).toEqual([]);
  });

  it('loads no AWS client and no Ink with any command', () => {
    const commands = sources.filter(({ path }) => /^src\/cli\/(?:commands|audit)\//u.test(path));
    expect(commands.length).toBeGreaterThan(10);
    expect(commands.flatMap(({ path }) => waysTo(path, heavy))).toEqual([]);
  });

  it('loads no AWS client with the resource types, and clients only where one is made', () => {
    expect(waysTo('providers/index.ts', heavy)).toEqual([]);
    const clients = sources.flatMap(({ path, imports }) =>
      imports
        .filter(
          ({ target, kind }) => path.startsWith('providers/') && target.startsWith('@aws-sdk/') && kind !== 'type',
        )
        .map(({ kind }) => `${path} ${kind}`),
    );
    expect(clients).toEqual(
      Object.keys(services)
        .sort()
        .map((service) => `providers/aws/services/${service}.ts lazy`),
    );
    // The store's client is behind a gate of its own. The last one asks a client for its region and sends nothing: see
    // the last test of the next group.
    expect(holding(/\.load\(\)/u)).toEqual([
      'providers/aws/session/session.ts',
      'providers/aws/session/store-session.ts',
      'providers/aws/session/target.ts',
    ]);
  });
});

describe('the narrow places', () => {
  it('lets only the approver make an approved plan', () => {
    expect(holding(/\bas (?:unknown as )?ApprovedPlan\b/u)).toEqual(['src/plan/approve.ts']);
  });

  it('sends mutating calls only from the executor, the driver of setup and expiry, what notes its calls, and the vault', () => {
    expect(holding(/\.mutate\(/u)).toEqual([
      'providers/s3/capture-bucket/vault.ts',
      'src/cli/context/audit-log.ts',
      'src/cli/context/command-context.ts',
      'src/run/executor/run-outside.ts',
      'src/run/executor/send-batch.ts',
      'src/run/executor/send.ts',
    ]);
  });

  it('builds requests of the SDK in two files: that of the sessions, and that of the store', () => {
    expect(holding(/\.send\(/u).filter((path) => !path.startsWith('src/sandbox/'))).toEqual([
      'providers/aws/session/session.ts',
      'providers/aws/session/store-session.ts',
    ]);
    // What seeds the emulator speaks to it with clients of its own, and refuses any other endpoint
    // (src/sandbox/seed/context.ts).
    const clients = sources
      .filter(({ imports }) => imports.some(({ target, kind }) => target.startsWith('@aws-sdk/') && kind !== 'type'))
      .map(({ path }) => path);
    expect(
      clients.filter((path) => !/^providers\/aws\/services\/|^src\/sandbox\/(?:seed\/|fleet\.ts)/u.test(path)),
    ).toEqual([]);
  });
});

/** Folders of one service each, and words of the language of CloudFormation that are not the service of that name. */
const ofOneService = new RegExp(
  `^(?:providers/aws/services|(?:providers|src/sandbox/proxy)/(?:${Object.keys(services).join('|')})|src/sandbox/seed)/`,
  'u',
);
const ownWords: readonly (readonly [path: string, word: string, what: string])[] = [
  ['src/language/functions/dynamic-references.ts', 'ssm', '{{resolve:ssm:…}} of CloudFormation'],
  ['src/language/functions/dynamic-references.ts', 'secretsmanager', '{{resolve:secretsmanager:…}} of CloudFormation'],
  ['providers/kinds/configuration-type.ts', 'iam', 'the member of a resource type'],
  ['src/cli/audit/audit-evidence.ts', 'logs', 'audit logs'],
  ['src/cli/audit/audit-reading.ts', 'logs', 'audit logs'],
];
const servicesNamed = (all: readonly SourceFile[]): readonly string[] =>
  all
    .filter(({ path }) => !ofOneService.test(path))
    .flatMap(({ path, words }) =>
      words.filter(({ value }) => Object.hasOwn(services, value)).map(({ value, line }) => `${path}:${line}: ${value}`),
    );

describe('the table of services', () => {
  it('is the only place in which a service stands, but for the calls that are sent to it', () => {
    const isOwn = (found: string): boolean =>
      ownWords.some(([path, word]) => found.startsWith(`${path}:`) && found.endsWith(`: ${word}`));
    const found = servicesNamed(sources);
    expect(found.filter((one) => !isOwn(one))).toEqual([]);
    expect(
      ownWords.filter(([path, word]) => !found.some((one) => one.startsWith(`${path}:`) && one.endsWith(`: ${word}`))),
    ).toEqual([]);
  });

  it('names each service once, after its file', () => {
    expect(Object.entries(services).map(([key, { name }]) => [key, name])).toEqual(
      Object.keys(services).map((key) => [key, key]),
    );
  });
});

describe('the rules themselves', () => {
  const broken = (path: string, text: string): SourceFile => readSource(path, text);

  it.each([
    ['src/domain/a.ts', "import { readFileSync } from 'node:fs';"],
    ['src/base/a.ts', "import type { Plan } from '../domain/plan.ts';"],
    ['src/language/a.ts', "export * from '../plan/diff/diff.ts';"],
    ['src/plan/a.ts', "import { Box } from 'ink';"],
    ['src/run/a.ts', "const late = await import('../../providers/index.ts');"],
    ['src/plan/a.ts', "type Store = import('../store/files.ts').Store;"],
    ['src/views/a.ts', "export { run } from '../cli/commands/run.ts';"],
    ['src/store/a.ts', "import { spawn } from 'node:child_process';"],
    ['src/tui/a.tsx', "import { apply } from '../run/apply/apply.ts';"],
    ['src/cli.ts', "import { apply } from './run/apply/apply.ts';"],
    ['src/cli/commands/a.ts', "import { main } from '../../cli.ts';"],
    ['providers/ec2/a.ts', "import { EC2Client } from '@aws-sdk/client-ec2';"],
    ['providers/ec2/a.ts', "import { type Instance } from '@aws-sdk/client-ec2';"],
    ['providers/ec2/a.ts', "const fs = require('node:fs');"],
    ['src/elsewhere/a.ts', "import type { Json } from '../base/json.ts';"],
  ])('refuse in %s: %s', (path, text) => {
    expect(importProblems([broken(path, text)])).toHaveLength(1);
  });

  it('allow types of the SDK, and what the table says', () => {
    expect(
      importProblems([
        broken('providers/ec2/a.ts', "import type { Instance } from '@aws-sdk/client-ec2';"),
        broken('src/language/a.ts', "import { parse } from 'yaml';\nimport type { Json } from '../base/json.ts';"),
        broken('src/cli/commands/a.ts', "const { apply } = await import('../../run/apply/apply.ts');"),
      ]),
    ).toEqual([]);
  });

  it('find a service that stands outside the table, and no call', () => {
    const text =
      "const a = { service: 'ec2', operation: 'DescribeVpcs' };\nconst b = { s3: 1 };\nif (name === 'rds') run();\ntype C = 'kms' | 'x';\nimport 'ec2';";
    const found = (path: string): readonly string[] => servicesNamed([broken(path, text)]);
    expect(found('src/plan/a.ts').map((line) => line.replace('src/plan/a.ts:', ''))).toEqual([
      '2: s3',
      '3: rds',
      '4: kms',
    ]);
    expect([...found('providers/aws/services/a.ts'), ...found('providers/rds/a.ts')]).toEqual([]);
    expect(found('providers/aws/gate/a.ts')).toHaveLength(3);
  });

  it('find circles, long ones too, and only these', () => {
    expect(
      circles([
        ['a', ['b']],
        ['b', ['c', 'd']],
        ['c', ['a']],
        ['d', ['e']],
        ['e', []],
      ]),
    ).toEqual([['a', 'b', 'c']]);
    expect(
      circles([
        ['a', ['b', 'c']],
        ['b', ['c']],
        ['c', []],
      ]),
    ).toEqual([]);
  });

  it('find what is not pure, and only that', () => {
    const text =
      'const at = Date.now();\nconst now = new Date();\nconst die = Math["random"]();\nconsole.log(process.env.HOME);\nsetTimeout(run, 5);\nconst fine = new Date(at); const process2 = { console: 1, now: 2 }; function f(process: string) { return process; }';
    const found = impurities([broken('src/plan/a.ts', text)]);
    expect(found.map((line) => line.replace('src/plan/a.ts:', ''))).toEqual([
      '1: Date.now',
      '2: new Date()',
      '3: Math.random',
      '4: console',
      '4: process',
      '5: setTimeout',
    ]);
    expect(impurities([broken('src/store/a.ts', text)])).toEqual([]);
  });

  it('find the type any and comments that switch the checker off', () => {
    expect(
      untyped([
        broken(
          'src/plan/a.ts',
          'const a = b as any;\nlet c: any;\n// @ts-ignore\nconst any = 1; const text = "as any";',
        ),
      ]),
    ).toEqual(['src/plan/a.ts:1: any', 'src/plan/a.ts:2: any', 'src/plan/a.ts:3: unchecked']);
  });

  it('follow what is loaded at once, and nothing else', () => {
    const tree = [
      broken('src/a.ts', "import { b } from './b.ts';"),
      broken('src/b.ts', "import type { x } from 'types-only';\nconst later = import('later');\nimport 'at-once';"),
    ];
    expect([...loadedWith('src/a.ts', tree).keys()]).toEqual(['src/a.ts', 'src/b.ts', 'at-once']);
  });
});

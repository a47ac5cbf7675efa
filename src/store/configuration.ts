import { isAbsolute, join } from 'node:path';
import { isCollection, LineCounter, parseDocument, visit, type Document } from 'yaml';
import type { Configuration } from '../domain/configuration.ts';
import { UserError } from '../base/error.ts';
import { sanitise } from '../base/sanitise.ts';
import { readWhole } from './objects/files.ts';
import { refuseInside, type Folders } from './objects/folders.ts';
import { signersDigest } from './signing/signers.ts';
import { s3Place } from './objects/s3-place.ts';

/** The defaults. */
export const defaults: Configuration = {
  allowedSigners: null,
  signers: null,
  minimumTier: 'T0',
  allowYes: false,
  planExpiryMinutes: 60,
  maxConfirmations: 20,
  secretPrefixes: ['AIPLAN_SECRET_'],
  secretFiles: [],
  protected: [],
  accounts: [],
  aliases: {},
  capture: { bucket: null, maxObjects: 100_000, maxBytes: 100 * 1024 ** 3, expiryDays: 14, expiryDaysDestruction: 90 },
  store: null,
  storeRegion: null,
  storeProfile: null,
  sources: {},
};

type Values = Readonly<Record<string, unknown>>;
type Kind = 'text' | 'flag' | 'count' | 'texts' | 'map' | 'tier';

/** One setting: its name in the files, its place in `Configuration`, its kind, and what counts as tightening. */
interface Setting {
  readonly name: string;
  readonly kind: Kind;
  readonly get: (configuration: Configuration) => unknown;
  readonly set: (configuration: Configuration, value: never) => Configuration;
  /** The stricter of two, for a layer that may only tighten; absent: that layer may not set it at all. */
  readonly tighten?: (outer: never, inner: never) => unknown;
}

const capture = (key: keyof Configuration['capture']) => ({
  get: (configuration: Configuration) => configuration.capture[key],
  set: (configuration: Configuration, value: never) => ({
    ...configuration,
    capture: { ...configuration.capture, [key]: value },
  }),
});
const top = (key: keyof Configuration) => ({
  get: (configuration: Configuration) => configuration[key],
  set: (configuration: Configuration, value: never) => ({ ...configuration, [key]: value }),
});
const least = (a: number, b: number): number => Math.min(a, b);
const union = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])].sort();
/** An empty list means any account, so that two lists without a common one must not come to an empty list. */
const common = (a: readonly string[], b: readonly string[]): readonly string[] => {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  const both = a.filter((item) => b.includes(item));
  return both.length === 0 ? ['none'] : both;
};

const settings: readonly Setting[] = [
  { name: 'allowed_signers', kind: 'text', ...top('allowedSigners') },
  { name: 'minimum_tier', kind: 'tier', ...top('minimumTier'), tighten: (a: string, b: string) => (a > b ? a : b) },
  { name: 'allow_yes', kind: 'flag', ...top('allowYes'), tighten: (a: boolean, b: boolean) => a && b },
  { name: 'plan_expiry_minutes', kind: 'count', ...top('planExpiryMinutes'), tighten: least },
  { name: 'max_confirmations', kind: 'count', ...top('maxConfirmations'), tighten: least },
  {
    name: 'secret_prefixes',
    kind: 'texts',
    ...top('secretPrefixes'),
    tighten: (a: readonly string[], b: readonly string[]) => a.filter((item) => b.includes(item)),
  },
  {
    name: 'secret_files',
    kind: 'texts',
    ...top('secretFiles'),
    tighten: (a: readonly string[], b: readonly string[]) => a.filter((item) => b.includes(item)),
  },
  { name: 'protected', kind: 'texts', ...top('protected'), tighten: union },
  { name: 'accounts', kind: 'texts', ...top('accounts'), tighten: common },
  { name: 'aliases', kind: 'map', ...top('aliases') },
  { name: 'capture_bucket', kind: 'text', ...capture('bucket') },
  // Neither more nor less of them is stricter: what passes a lowered limit may be deleted without a copy.
  { name: 'capture_max_objects', kind: 'count', ...capture('maxObjects') },
  { name: 'capture_max_bytes', kind: 'count', ...capture('maxBytes') },
  { name: 'capture_expiry_days', kind: 'count', ...capture('expiryDays'), tighten: Math.max },
  { name: 'capture_expiry_days_destruction', kind: 'count', ...capture('expiryDaysDestruction'), tighten: Math.max },
  { name: 'store', kind: 'text', ...top('store') },
  { name: 'store_region', kind: 'text', ...top('storeRegion') },
  { name: 'store_profile', kind: 'text', ...top('storeProfile') },
];

const fits = (kind: Kind, value: unknown): boolean => {
  switch (kind) {
    case 'text':
      return typeof value === 'string' && value !== '';
    case 'flag':
      return typeof value === 'boolean';
    case 'count':
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'map':
      return (
        typeof value === 'object' &&
        value !== null &&
        !Array.isArray(value) &&
        Object.values(value).every((item) => typeof item === 'string')
      );
    case 'tier':
      return value === 'T0' || value === 'T1';
    default:
      return kind satisfies never;
  }
};
const kindNames: Readonly<Record<Kind, string>> = {
  text: 'a text',
  flag: 'true or false',
  count: 'a whole number of 0 or more',
  texts: 'a list of texts',
  map: 'a map of texts (quote account ids)',
  tier: 'T0 or T1',
};

/** Reads one configuration file. Throws UserError `bad-configuration` with file:line:column. */
function readLayer(path: string): Values | null {
  const text = readWhole(path);
  if (text === null) return null;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    throw new UserError('bad-configuration', sanitise(problem.message.split('\n')[0] ?? 'not YAML'), {
      where: place(problem.pos[0]),
      help: 'repair the file; FORMATS.md lists every setting',
    });
  }
  const values = plainValues(document, place);
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new UserError('bad-configuration', 'the file is not a map of settings', {
      where: `${path}:1:1`,
      help: 'FORMATS.md lists every setting',
    });
  }
  for (const [name, value] of Object.entries(values)) {
    const node = document.getIn([name], true) as { range?: [number, number, number] } | undefined;
    const where = place(node?.range?.[0] ?? 0);
    const setting = settings.find((candidate) => candidate.name === name);
    if (setting === undefined) {
      throw new UserError('bad-configuration', `unknown setting "${sanitise(name)}"`, {
        where,
        help: `known settings: ${settings.map((known) => known.name).join(', ')}`,
      });
    }
    if (!fits(setting.kind, value)) {
      throw new UserError(
        'bad-configuration',
        `"${name}" is ${sanitise(JSON.stringify(value) ?? 'nothing')}; it takes ${kindNames[setting.kind]}`,
        { where, help: 'correct the value' },
      );
    }
  }
  return values as Values;
}

/**
 * The values of a document. Anchors and aliases are not taken: one alone could stand for millions of values. Throws
 * UserError `bad-configuration`.
 */
function plainValues(document: Document.Parsed, place: (offset: number) => string): unknown {
  const refuse = (node: { readonly range?: readonly number[] | null }, what: string, help: string): never => {
    throw new UserError('bad-configuration', what, { where: place(node.range?.[0] ?? 0), help });
  };
  visit(document, {
    Alias: (_key, node) => refuse(node, 'it uses an alias (`*`)', 'write the value itself where the alias stands'),
    Pair: (_key, { key }) => {
      if (isCollection(key)) refuse(key, 'a list or a map is used as a name', 'a name is a text');
    },
  });
  return document.toJS({ maxAliasCount: 0 }) ?? {};
}

/**
 * The effective configuration: defaults, the system's file (`/etc/aiplan/config.yaml`) where there is one, the user's
 * file, and the repository's `aiplan.yaml`. Only the outermost file that exists may relax; every further one can only
 * tighten (law 14). Throws UserError `bad-configuration`, `loosening-configuration`, `configuration-in-working-tree`.
 */
export function loadConfiguration(folders: Folders, system = '/etc/aiplan/config.yaml'): Configuration {
  const layers = [
    { path: system, name: 'system file' },
    { path: join(folders.configuration, 'config.yaml'), name: 'user file' },
    { path: join(folders.workingTree, 'aiplan.yaml'), name: 'repository file' },
  ];
  let result: Configuration = {
    ...defaults,
    sources: Object.fromEntries(settings.map((setting) => [setting.name, 'default'])),
  };
  let relaxable = true;
  for (const { path, name } of layers) {
    const values = readLayer(path);
    if (values === null) continue;
    const free = relaxable && name !== 'repository file';
    relaxable = false;
    for (const setting of settings) {
      const value = values[setting.name];
      if (value === undefined) continue;
      const outer = setting.get(result);
      const chosen = free ? value : tightened(setting, outer, value, path);
      if (JSON.stringify(chosen) !== JSON.stringify(outer)) {
        result = { ...setting.set(result, chosen as never), sources: { ...result.sources, [setting.name]: name } };
      }
    }
  }
  const inS3 = result.store !== null && result.store.startsWith('s3://');
  if (inS3) s3Place(result.store ?? '');
  else if (result.store !== null && !isAbsolute(result.store)) {
    throw new UserError(
      'bad-configuration',
      `"store" is "${sanitise(result.store)}"; it takes the full path of a folder, or s3://bucket/prefix`,
      { help: 'correct the value' },
    );
  }
  for (const path of [result.allowedSigners, inS3 ? null : result.store, ...result.secretFiles]) {
    if (path !== null) refuseInside(path, folders, 'a path named in the configuration');
  }
  return { ...result, signers: signersDigest(result.allowedSigners) };
}

function tightened(setting: Setting, outer: unknown, value: unknown, path: string): unknown {
  if (setting.tighten === undefined) {
    throw new UserError('loosening-configuration', `"${setting.name}" may not be set here`, {
      where: path,
      help: 'this file can only tighten; say it in the outermost configuration file',
    });
  }
  return setting.tighten(outer as never, value as never);
}

/** Rows for the screen: name, effective value, where it comes from. */
export function describeConfiguration(
  configuration: Configuration,
): readonly { readonly name: string; readonly value: string; readonly source: string }[] {
  return settings.map((setting) => ({
    name: setting.name,
    value: JSON.stringify(setting.get(configuration) ?? null),
    source: configuration.sources[setting.name] ?? 'default',
  }));
}

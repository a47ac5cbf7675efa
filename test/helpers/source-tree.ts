import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from '@swc/core';

/** One import, export from, dynamic import, `import('…')` type or `require` of a source file. */
export interface SourceImport {
  /** A path from the repository's root for our own files, else the package or `node:` name as written. */
  readonly target: string;
  readonly own: boolean;
  /** `type` vanishes when the program runs; `static` runs at once; `lazy` runs when it is reached. */
  readonly kind: 'type' | 'static' | 'lazy';
  readonly line: number;
}

/** A use of a name that the file does not declare: `console`, `Math.random`, `new Date()`. */
interface GlobalUse {
  readonly name: string;
  readonly line: number;
}

/** A text of the code, or the name of a member of an object. */
interface SourceWord {
  readonly value: string;
  readonly line: number;
}

export interface SourceFile {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly SourceImport[];
  readonly globals: readonly GlobalUse[];
  /** Without the service that a call names (`service: 'ec2'`), and without imports. */
  readonly words: readonly SourceWord[];
  /** Lines that hold the type `any`. */
  readonly any: readonly number[];
  /** Lines with a comment that switches the type checker off. */
  readonly unchecked: readonly number[];
  /** Every text with a blank in it, as written; `…` stands for the values in a template. */
  readonly texts: readonly string[];
}

export const root = fileURLToPath(new URL('../../', import.meta.url));

type Syntax = { readonly type?: string; readonly span?: { readonly start: number }; readonly [name: string]: unknown };

/** Identifiers that nothing in the file declares carry this mark (swc's resolver). */
const undeclared = 1;

/** Reads every TypeScript file below the folders, `src` and `providers` say, in order of path. */
export function readSources(...folders: readonly string[]): readonly SourceFile[] {
  return folders
    .flatMap(filesIn)
    .sort()
    .map((path) => readSource(path, readFileSync(join(root, path), 'utf8')));
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesIn(path) : /\.tsx?$/u.test(entry.name) ? [path] : [];
  });
}

/** Parses one file's text. Throws what the parser throws where it is not TypeScript. */
export function readSource(path: string, text: string): SourceFile {
  const bytes = Buffer.from(text, 'utf8');
  const imports: SourceImport[] = [];
  const globals: GlobalUse[] = [];
  const words: SourceWord[] = [];
  const any: number[] = [];
  const texts: string[] = [];
  const lineOf = (node: Syntax): number =>
    bytes
      .subarray(0, Math.max((node.span?.start ?? 1) - 1, 0))
      .toString('utf8')
      .split('\n').length;
  const add = (source: unknown, kind: SourceImport['kind'], node: Syntax): void => {
    const name = (source as { readonly value?: unknown }).value;
    if (typeof name !== 'string') throw new Error(`${path}:${lineOf(node)}: an import whose name is computed`);
    const own = name.startsWith('.');
    imports.push({
      target: own ? normalize(join(dirname(path), name)).replaceAll('\\', '/') : name,
      own,
      kind,
      line: lineOf(node),
    });
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      value.forEach(visit);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const node = value as Syntax;
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration':
        if (node['source'] !== null && node['source'] !== undefined)
          add(node['source'], node['typeOnly'] === true ? 'type' : 'static', node);
        break;
      case 'TsImportType':
        add(node['argument'], 'type', node);
        break;
      case 'CallExpression': {
        const callee = node['callee'] as Syntax;
        const first = (node['arguments'] as readonly { readonly expression: unknown }[])[0]?.expression;
        if (callee.type === 'Import') add(first, 'lazy', node);
        if (isGlobal(callee, 'require')) add(first, 'static', node);
        if (isGlobal(callee, 'Date')) globals.push({ name: 'Date()', line: lineOf(node) });
        break;
      }
      case 'NewExpression':
        if (
          isGlobal(node['callee'] as Syntax, 'Date') &&
          ((node['arguments'] ?? []) as readonly unknown[]).length === 0
        )
          globals.push({ name: 'new Date()', line: lineOf(node) });
        break;
      case 'MemberExpression': {
        const object = node['object'] as Syntax;
        const property = node['property'] as Syntax;
        const name = property.type === 'Computed' ? (property['expression'] as Syntax)['value'] : property['value'];
        if (object.type === 'Identifier' && object['ctxt'] === undeclared && typeof name === 'string')
          globals.push({ name: `${String(object['value'])}.${name}`, line: lineOf(node) });
        break;
      }
      case 'Identifier':
        if (node['ctxt'] === undeclared) globals.push({ name: String(node['value']), line: lineOf(node) });
        break;
      case 'KeyValueProperty': {
        const key = node['key'] as Syntax;
        if (typeof key['value'] === 'string') words.push({ value: key['value'], line: lineOf(key) });
        if (key['value'] === 'service' && (node['value'] as Syntax).type === 'StringLiteral') return;
        break;
      }
      case 'StringLiteral':
        words.push({ value: String(node['value']), line: lineOf(node) });
        texts.push(String(node['value']));
        break;
      case 'JSXText':
        texts.push(String(node['value']));
        break;
      case 'TemplateLiteral':
        texts.push((node['quasis'] as readonly Syntax[]).map(({ cooked }) => String(cooked)).join('…'));
        break;
      case 'TsKeywordType':
        if (node['kind'] === 'any') any.push(lineOf(node));
        break;
      default:
        break;
    }
    for (const [name, inner] of Object.entries(node))
      if (name !== 'span' && !(name === 'source' && /^(?:Import|Export)/u.test(node.type ?? ''))) visit(inner);
  };
  visit(parseSync(text, { syntax: 'typescript', tsx: path.endsWith('x'), target: 'es2022' }).body);
  const lines = text.split('\n');
  const unchecked = lines.flatMap((line, index) =>
    /@ts-(?:ignore|nocheck|expect-error)/u.test(line) ? [index + 1] : [],
  );
  return {
    path,
    lines: text.endsWith('\n') ? lines.length - 1 : lines.length,
    imports,
    globals,
    words,
    any,
    unchecked,
    texts: texts.filter((text) => /\s/u.test(text)),
  };
}

const isGlobal = (node: Syntax, name: string): boolean =>
  node.type === 'Identifier' && node['value'] === name && node['ctxt'] === undeclared;

/**
 * Everything that runs at once when a file is loaded: our own files and the packages that they import, with the way
 * there. Imports of types and lazy imports are left out.
 */
export function loadedWith(path: string, sources: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const ways = new Map<string, readonly string[]>([[path, [path]]]);
  const open = [path];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const { target, kind } of byPath.get(next)?.imports ?? []) {
      if (kind !== 'static' || ways.has(target)) continue;
      ways.set(target, [...(ways.get(next) ?? []), target]);
      open.push(target);
    }
  }
  return ways;
}

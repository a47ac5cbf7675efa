import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { root } from './source-tree.ts';

/** The text of a file, by its path from the repository's root. */
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const filesIn = (folder: string, kind: RegExp): readonly string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesIn(path, kind) : kind.test(entry.name) ? [path] : [];
  });
const markdownIn = (folder: string): readonly string[] => filesIn(folder, /\.md$/u);

/** A source file: its path and its text. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** Every source file of the program, unparsed: quicker than `readSources`, and enough for names. */
export const sourceTexts = (): readonly SourceText[] =>
  ['src', 'providers'].flatMap((folder) => filesIn(folder, /\.tsx?$/u).map((path) => ({ path, text: read(path) })));

/** The files of ours that a source file imports, by path from the root. */
export const importsOf = ({ path, text }: SourceText): readonly string[] =>
  [...text.matchAll(/(?:\bfrom |\bimport\()'(\.[^']+)'/gu)].map(([, target]) =>
    normalize(join(dirname(path), target ?? '')),
  );

/** The pages on how the program is made, one for each subject. */
export const designPages = markdownIn('docs/design').toSorted();

/** Every document that people read, by its path from the root: the pages at the top, docs, and the rooms' own. */
export const documents: readonly string[] = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['docs', 'bench', 'src', 'providers'].flatMap(markdownIn),
].toSorted();

/** Words in backticks that look like files of ours: a path with a folder in it. */
export const filesNamed = (text: string): readonly string[] =>
  [...text.matchAll(/`((?:[\w*.-]+\/)+[\w*.-]+\.(?:tsx?|mjs|json|yaml|md))`/gu)].map(([, path]) => path ?? '');

/** Whether a path, in which `*` stands for any part of a name, is that of a file of ours. */
export const isFile = (path: string): boolean =>
  ['', 'src/', 'test/', 'bench/', 'src/sandbox/'].some((base) => {
    const full = `${base}${path}`;
    if (!path.includes('*')) return existsSync(join(root, full));
    const folder = join(root, full.slice(0, full.lastIndexOf('/')));
    const [start = '', end = ''] = full.slice(full.lastIndexOf('/') + 1).split('*');
    return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(start) && name.endsWith(end));
  });

/** Anchors of the headings of a Markdown text, as GitHub makes them. */
const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split('\n')
      .filter((line) => /^#+ /u.test(line))
      .map((line) =>
        line
          .replace(/^#+ /u, '')
          .toLowerCase()
          .replaceAll(/[^\w\s-]/gu, '')
          .trim()
          .replaceAll(' ', '-'),
      ),
  );

/** Links of a document that lead to no file, no folder or no heading of ours. `path`: where the text stands. */
export const deadLinks = (path: string, text: string): readonly string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/gu)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^https?:/u.test(target))
    .filter((target) => {
      const [file = '', anchor] = target.split('#');
      const place = file === '' ? path : normalize(join(dirname(path), file));
      if (place !== path && !existsSync(join(root, place))) return true;
      return anchor !== undefined && !anchorsOf(place === path ? text : read(place)).has(anchor);
    });

/**
 * The sentences of a Markdown text: without headings, tables, pictures and indented or fenced code. A link is its
 * words, and a word in backticks is one word, whatever stands in it.
 */
export function sentencesOf(markdown: string): readonly string[] {
  const blocks = markdown
    .replaceAll(/^```[^]*?^```$/gmu, '')
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )|\n(?=\|)|(?<=^#.*)\n/mu)
    .filter((block) => !/^(?:#|\||!\[| {4})/u.test(block));
  return blocks.flatMap((block) =>
    block
      .replace(/^\s*(?:[-*]|\d+\.) /u, '')
      .replaceAll(/`[^`]*`/gu, 'Code')
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
      .replaceAll('**', '')
      .replaceAll(/\s+/gu, ' ')
      .split(/(?<=[.!?])\s+(?=[A-Z*]|aiplan\b)/u)
      .map((sentence) => sentence.trim())
      .filter((sentence) => sentence !== ''),
  );
}

/** Words of a sentence: runs of letters, digits, hyphens and apostrophes. */
export const wordCount = (sentence: string): number => (sentence.match(/[\p{L}\d][\p{L}\d'’.-]*/gu) ?? []).length;

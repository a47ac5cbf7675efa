import { resourceTypes } from '../../providers/index.ts';
import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fields } from '../../src/language/fields.ts';
import { limits } from '../../src/language/reader/limits.ts';
import { exitCodes } from '../../src/base/error.ts';
import { isObject } from '../../src/base/json.ts';
import { defaults, describeConfiguration } from '../../src/store/configuration.ts';
import {
  deadLinks,
  designPages,
  documents,
  filesNamed,
  importsOf,
  isFile,
  read,
  sentencesOf,
  sourceTexts,
  wordCount,
} from '../helpers/documents.ts';
import { root } from '../helpers/source-tree.ts';

const architecture = read('ARCHITECTURE.md');
const formats = read('FORMATS.md');
const mostLines = { architecture: 150, design: 120 };
const mostWords = 25;

/** The row of a table whose first cell is that word in backticks. */
const rowOf = (text: string, word: string): string =>
  text.split('\n').find((line) => line.startsWith(`| \`${word}\``)) ?? '';

describe('the documents', () => {
  it('are all looked at', () => {
    expect(documents).toEqual(
      expect.arrayContaining(['README.md', 'docs/design/runs.md', 'docs/shared-store.md', 'src/plan/graph/README.md']),
    );
  });

  it.each(documents)('%s names only files that exist', (path) => {
    // /etc/aiplan/config.yaml and paths with <…> are the user's.
    expect(filesNamed(read(path)).filter((file) => !isFile(file))).toEqual([]);
  });

  it.each(documents)('%s links only to headings and files that exist', (path) => {
    expect(deadLinks(path, read(path))).toEqual([]);
  });

  it('say for each law where it is enforced, and which test tries to break it', () => {
    const rows = architecture.split('\n').filter((line) => /^\| \d+ /u.test(line));
    expect(rows.map((line) => Number(/^\| (\d+)/u.exec(line)?.[1]))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    ]);
    const wrong = rows.flatMap((line) => {
      const tests = [
        ...(line.split('|')[3] ?? '').matchAll(
          /`((?:unit|property|faults|golden|tui|contract)\/[\w*-]+)`(?: "([^"]+)")?/gu,
        ),
      ];
      return tests.length === 0
        ? [line]
        : tests.flatMap(([, name = '', quoted]) => {
            const found = readdirSync(join(root, 'test', name.split('/')[0] ?? '')).filter(
              (file) =>
                /\.test\.tsx?$/u.test(file) &&
                new RegExp(`^${(name.split('/')[1] ?? '').replaceAll('*', '.*')}\\.test`, 'u').test(file),
            );
            const texts = found.map((file) => read(`test/${name.split('/')[0] ?? ''}/${file}`));
            return found.length > 0 && (quoted === undefined || texts.some((text) => text.includes(quoted)))
              ? []
              : [`${name} ${quoted ?? ''}`];
          });
    });
    expect(wrong).toEqual([]);
  });
});

describe('the pages on how the program is made', () => {
  const pages = ['ARCHITECTURE.md', ...designPages];
  const sources = sourceTexts();
  const words = new Set(sources.flatMap(({ text }) => text.match(/[A-Za-z_]\w*/gu) ?? []));

  it('stay short, and ARCHITECTURE.md leads to each of them', () => {
    const long = pages
      .map((path) => [path, read(path).trimEnd().split('\n').length] as const)
      .filter(([path, lines]) => lines > (path === 'ARCHITECTURE.md' ? mostLines.architecture : mostLines.design));
    expect(long).toEqual([]);
    expect(designPages.filter((path) => !architecture.includes(`](${path})`))).toEqual([]);
  });

  it.each(pages)('%s names only functions, types and members that the code has', (path) => {
    const flow = /The flow[^]*?\n\n([^]*?)\n\n/u.exec(path === 'ARCHITECTURE.md' ? architecture : '')?.[1] ?? '';
    const named = [
      ...[...read(path).matchAll(/`(?:\w+\.)?([a-z]+[A-Z]\w*)`/gu)].map(([, name]) => name ?? ''),
      ...(flow.match(/\b[a-z]+[A-Z]\w*/gu) ?? []),
    ];
    expect(named.filter((name) => !words.has(name))).toEqual([]);
  });

  it.each(pages)('%s names beside a file only what that file has', (path) => {
    const wrong = [...read(path).matchAll(/`([\w/.-]+\.tsx?)`\s\(`(\w+)`/gu)].filter(
      ([, file = '', name = '']) =>
        sources.find((source) => source.path === file || source.path === `src/${file}`)?.text.includes(name) !== true,
    );
    expect(wrong.map(([all]) => all)).toEqual([]);
  });

  it('README.md names every resource type that a change plan can have', () => {
    expect(
      resourceTypes.all.map(({ type }) => type).filter((type) => !read('README.md').includes(`\`${type}\``)),
    ).toEqual([]);
  });

  it('ARCHITECTURE.md lists every room with all that it imports', () => {
    const roomOf = (path: string): string =>
      path.startsWith('providers/') ? 'providers' : path.split('/').slice(0, 2).join('/');
    const row = (room: string): string =>
      architecture.split('\n').find((line) => line.startsWith('| `') && line.split('|')[1]?.includes(`\`${room}\``)) ??
      '';
    const allows = (room: string, other: string): boolean => {
      const cell = row(room).split('|')[3] ?? '';
      return cell.includes(other.replace('src/', '')) || (room === 'src/cli' && cell.includes('all rooms above'));
    };
    const rooms = [...new Set(sources.map(({ path }) => roomOf(path)))];
    expect(rooms.filter((room) => row(room) === '')).toEqual([]);
    const missing = sources.flatMap((source) =>
      importsOf(source)
        .map((target) => [roomOf(source.path), roomOf(target)] as const)
        .filter(([room, other]) => room !== other && !allows(room, other))
        .map(([room, other]) => `${room} → ${other}`),
    );
    expect([...new Set(missing)]).toEqual([]);
  });

  it.each(pages)('%s is written in sentences of at most 25 words, none of which begins with "What"', (path) => {
    expect(
      sentencesOf(read(path)).filter((sentence) => wordCount(sentence) > mostWords || /^What\b/u.test(sentence)),
    ).toEqual([]);
  });

  it('knows a sentence, whatever is around it', () => {
    expect(
      sentencesOf(
        '# Head\nOne `a. B` two.\nThree [four](x.md)! Five\n\n    code. Here\n\n- six. Seven\n- eight\n\n| a. B |\n|---|\n```\nx. Y\n```\n',
      ),
    ).toEqual(['One Code two.', 'Three four!', 'Five', 'six.', 'Seven', 'eight']);
    expect(wordCount('aiplan reads (again) the a-b value: 3.')).toBe(7);
  });

  it('finds dead links: to files, to headings here and there', () => {
    expect(
      deadLinks(
        'docs/design/x.md',
        '## Here is\n[a](runs.md) [b](gone.md) [c](#here-is) [d](#not) [e](runs.md#phases) [f](runs.md#none) [g](https://x.y/z)',
      ),
    ).toEqual(['gone.md', '#not', 'runs.md#none']);
  });
});

describe('comments', () => {
  it('name only files that exist', () => {
    const sources = sourceTexts();
    const names = [...sources.map(({ path }) => `/${path}`), ...documents.map((path) => `/${path}`)];
    // A file of the bundle.
    const others = new Set(['bin.mjs']);
    const wrong = sources.flatMap(({ path, text }) =>
      text
        .split('\n')
        .filter((line) => /^\s*(?:\/\*\*|\*|\/\/)/u.test(line))
        .flatMap((line) => line.match(/(?<![\w/.-])[\w/.-]+\.(?:tsx?|mjs|md)\b/gu) ?? [])
        .filter((name) => !others.has(name) && !isFile(name) && !names.some((known) => known.endsWith(`/${name}`)))
        .map((name) => `${path}: ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('FORMATS.md', () => {
  it('tells every setting with its default', () => {
    const wrong = describeConfiguration(defaults).filter(({ name, value }) => {
      const shown = (rowOf(formats, name).split('|')[2] ?? '').trim().replaceAll('`', '').replaceAll('"', '');
      return shown !== (value === 'null' ? 'none' : value.replaceAll('"', ''));
    });
    expect(wrong).toEqual([]);
  });

  it('tells every exit code', () => {
    for (const code of Object.values(exitCodes)) expect(formats).toMatch(new RegExp(`^\\| ${code} \\| `, 'mu'));
  });

  it('tells every field of a plan file, its steps and its findings', () => {
    const plan = JSON.parse(read('fixtures/golden/plan-memory.json')) as Record<string, unknown>;
    const section = formats.slice(formats.indexOf('## Plan file'), formats.indexOf('## Live state'));
    const names = [
      plan,
      ...(plan['steps'] as object[]),
      ...(plan['findings'] as object[]),
      plan['summary'] as object,
    ].flatMap((value) => (isObject(value) ? Object.keys(value) : []));
    expect(names.length).toBeGreaterThan(100);
    expect([...new Set(names)].filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
  });

  it('tells every field of an entry', () => {
    expect(Object.keys(fields).filter((name) => !new RegExp(`^\\|[^|]*\`${name}\``, 'mu').test(formats))).toEqual([]);
  });

  it('tells the limits of a change plan', () => {
    const section = formats.slice(formats.indexOf('**Limits**'), formats.indexOf('## Plan file'));
    expect(Object.entries(limits).filter(([, value]) => !section.includes(value.toLocaleString('en')))).toEqual([]);
  });
});

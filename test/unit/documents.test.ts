import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fields } from '../../src/language/fields.ts';
import { limits } from '../../src/language/reader/limits.ts';
import { exitCodes } from '../../src/base/error.ts';
import { isObject } from '../../src/base/json.ts';
import { defaults, describeConfiguration } from '../../src/store/configuration.ts';
import { root } from '../helpers/source-tree.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const architecture = read('ARCHITECTURE.md');
const formats = read('FORMATS.md');
const documents = ['README.md', 'ARCHITECTURE.md', 'FORMATS.md', 'CONTRIBUTING.md', 'bench/README.md'].filter((path) =>
  existsSync(join(root, path)),
);

/** Words in backticks that look like files of ours, with what they may be relative to. */
const filesNamed = (text: string): readonly string[] =>
  [...text.matchAll(/`((?:[\w*.-]+\/)+[\w*.-]+\.(?:tsx?|mjs|json|yaml))`/gu)].map(([, path]) => path ?? '');
const exists = (path: string): boolean =>
  ['', 'src/', 'test/', 'bench/', 'src/sandbox/'].some((base) => {
    const full = `${base}${path}`;
    if (!path.includes('*')) return existsSync(join(root, full));
    const folder = join(root, full.slice(0, full.lastIndexOf('/')));
    const [start = '', end = ''] = full.slice(full.lastIndexOf('/') + 1).split('*');
    return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(start) && name.endsWith(end));
  });

/** The row of a table whose first cell is that word in backticks. */
const rowOf = (text: string, word: string): string =>
  text.split('\n').find((line) => line.startsWith(`| \`${word}\``)) ?? '';

describe('the documents', () => {
  it.each(documents)('%s names only files that exist', (path) => {
    // /etc/aiplan/config.yaml and paths with <…> are the user's.
    expect(filesNamed(read(path)).filter((file) => !exists(file))).toEqual([]);
  });

  it.each(documents)('%s links only to its own headings and to files that exist', (path) => {
    const text = read(path);
    const anchors = new Set(
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
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/gu)]
      .map(([, target]) => target ?? '')
      .filter((target) => !/^https?:/u.test(target));
    expect(
      links.filter((target) =>
        target.startsWith('#') ? !anchors.has(target.slice(1)) : !existsSync(join(root, target.split('#')[0] ?? '')),
      ),
    ).toEqual([]);
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

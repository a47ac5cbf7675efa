import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../helpers/source-tree.ts';

const documents = ['README.md', 'ARCHITECTURE.md', 'docs/screens.md'];
const pictures = documents.flatMap((path) =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/!\[([^\]]*)\]\(([^)]+)\)/gu)].map(
    ([, words = '', target = '']) => ({ path, words, file: join(dirname(path), target) }),
  ),
);

/** Width and height as a PNG file's first chunk says; null for anything else. */
function sizeOf(file: string): readonly [number, number] | null {
  const bytes = existsSync(join(root, file)) ? readFileSync(join(root, file)) : Buffer.alloc(0);
  return bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
    ? [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
    : null;
}

describe('the pictures in the documents', () => {
  it('are there, are pictures, are not large, and say in words what they show', () => {
    expect(pictures.length).toBeGreaterThan(14);
    for (const { file, words } of pictures) {
      const size = sizeOf(file);
      expect([file, size !== null && size[0] > 500 && size[1] > 200, words.length > 10]).toEqual([file, true, true]);
      expect([file, readFileSync(join(root, file)).length < 200_000]).toEqual([file, true]);
    }
  });

  it('of screens all stand in docs/screens.md', () => {
    const shown = new Set(pictures.map(({ file }) => file));
    expect(
      readdirSync(join(root, 'docs', 'screens')).filter((name) => !shown.has(join('docs', 'screens', name))),
    ).toEqual([]);
  });
});

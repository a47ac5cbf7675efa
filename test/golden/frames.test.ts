import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { isUnsafe } from '../../src/base/sanitise.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { widthOfRow } from '../../src/views/base/text.ts';
import { situations, type Situation } from '../helpers/situations.ts';
import type { Size } from '../../src/tui/terminal/view.ts';

/** `AIPLAN_UPDATE_GOLDEN=1` writes the frames anew; look at the difference before it is committed. */
const folder = new URL('./frames/', import.meta.url);
const fileOf = ({ name }: Situation, { columns, rows }: Size): string => `${name}-${columns}x${rows}.txt`;
const cells = situations.flatMap((situation) =>
  situation.sizes.map((size) => [fileOf(situation, size), situation, size] as const),
);
const updates = process.env['AIPLAN_UPDATE_GOLDEN'] === '1';

describe('the screen', () => {
  it.each(cells)('%s', (file, situation, size) => {
    const frame = situation.frame(size);
    // The last line of a terminal stays free: a frame as high as the terminal scrolls it.
    expect(frame.length).toBeLessThanOrEqual(Math.max(1, size.rows - 1));
    expect(frame.filter((line) => widthOfRow(line) > size.columns).map(plainText)).toEqual([]);
    expect(frame.filter((line) => isUnsafe(plainText(line))).map(plainText)).toEqual([]);
    const text = frame.map((line) => `${plainText(line).trimEnd()}\n`).join('');
    const place = new URL(file, folder);
    if (updates) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(place, text);
    }
    expect(text).toBe(existsSync(place) ? readFileSync(place, 'utf8') : 'there is no such file yet');
  });

  it('has no frame of a situation that is no more', () => {
    const wanted = new Set<string>(cells.map(([file]) => file));
    const left = readdirSync(folder).filter((file) => !wanted.has(file));
    if (updates) for (const file of left) rmSync(new URL(file, folder));
    expect(updates ? [] : left).toEqual([]);
  });

  it('fits at every size from 1×1 on, in every situation', () => {
    for (const situation of situations) {
      for (const [columns, rows] of [
        [1, 1],
        [2, 30],
        [10, 4],
        [39, 12],
        [40, 12],
        [41, 13],
        [60, 19],
        [99, 24],
        [100, 24],
        [101, 20],
        [120, 3],
        [400, 120],
      ] as const) {
        const frame = situation.frame({ columns, rows }, { columns: 80, rows: 24 });
        // The screen of a run keeps four lines and ten columns; what does not fit is cut by the screen itself.
        expect([
          situation.name,
          columns,
          rows,
          frame.length <= Math.max(4, rows - 1),
          frame.filter((line) => widthOfRow(line) > Math.max(10, columns)).length,
        ]).toEqual([situation.name, columns, rows, true, 0]);
      }
    }
  });
});

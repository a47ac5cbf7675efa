import { UserError } from '../base/error.ts';
import { mapBounded } from '../base/pool.ts';
import type { Objects } from './objects/objects.ts';

/** Entries of the audit log in one segment. */
export const entriesPerSegment = 500;

const folder = 'audit-segments';
const nameOf = (last: number): string =>
  `${String(last - entriesPerSegment + 1).padStart(8, '0')}-${String(last).padStart(8, '0')}.jsonl`;

/**
 * The texts of the segments from the first entry on, as far as they follow each other. A segment holds the very lines
 * of its entries, so that the chain proves it; it takes work away and proves nothing itself.
 */
export async function segmentsOf(objects: Objects, width: number): Promise<readonly string[]> {
  const names = new Set(await objects.list(folder));
  const wanted: string[] = [];
  for (let last = entriesPerSegment; names.has(nameOf(last)); last += entriesPerSegment) wanted.push(nameOf(last));
  return (await mapBounded(wanted, width, (name) => objects.read(`${folder}/${name}`))).map((text) => text ?? '');
}

/**
 * Writes the segment that ends with an entry, where all of its lines are there. A failure here harms nothing: the
 * entries are there.
 */
export async function writeSegment(
  objects: Objects,
  last: number,
  lines: () => Promise<readonly (string | null)[]>,
): Promise<void> {
  try {
    const texts = await lines();
    if (
      texts.length === entriesPerSegment &&
      texts.every((text) => text !== null && text.endsWith('\n') && text.indexOf('\n') === text.length - 1)
    )
      await objects.create(`${folder}/${nameOf(last)}`, texts.join(''));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

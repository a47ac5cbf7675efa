import { isMasked, isObject, type Json, type JsonObject } from '../../base/json.ts';
import { linesToPaste } from '../../base/paste.ts';
import type { ResourceEntry } from '../../domain/change-plan.ts';
import type { LiveResource } from '../../domain/live.ts';
import { few, quote } from '../../domain/wording.ts';
import type { Removal } from '../diff/merge.ts';
import { valueAt } from '../diff/references.ts';
import { block, type Planning } from '../refresh/draft.ts';

/** Live elements that the author's lists omit (law 1): one finding for an entry, with the `expect` that names them. */
export function blockRemovals(
  planning: Planning,
  entry: ResourceEntry,
  live: LiveResource,
  removals: readonly Removal[],
): void {
  const [first] = removals;
  if (first === undefined) return;
  block(
    planning,
    entry,
    `properties.${first.at}`,
    'unnamed-removal',
    removals.length === 1
      ? `${first.path} would be removed without having been named: ${quote(first.element)}`
      : `${removals.length} elements would be removed without having been named: ${few(
          removals.map(({ path }) => path),
          20,
        )}`,
    helpOf(entry, removals, live),
  );
}

function helpOf({ address, expect }: ResourceEntry, removals: readonly Removal[], live: LiveResource): string {
  const keep = `keep ${removals.length === 1 ? 'it' : 'them'} in \`properties\`, or show that the removal is meant: `;
  const names = [...new Set(removals.map(({ at }) => at.split('.', 1)[0] ?? at))];
  const isPlain = removals.every(
    ({ at, element }) => Array.isArray(valueAt(live.properties, at)) && !isMasked(element),
  );
  if (expect !== undefined || !isPlain)
    return `${keep}put ${removals.length === 1 ? 'it' : 'them'} into \`expect\` under ${few(names)}`;
  const stated: JsonObject = removals.reduce<JsonObject>(
    (whole, { at, element }) => withElement(whole, at.split('.'), element),
    {},
  );
  return `${keep}add to ${address}:\n${linesToPaste('expect', stated, 4)}`;
}

/** The object with one more element in the list at the path. */
function withElement(whole: JsonObject, [name = '', ...rest]: readonly string[], element: Json): JsonObject {
  const old = whole[name];
  if (rest.length === 0)
    return { ...whole, [name]: [...(Array.isArray(old) ? (old as readonly Json[]) : []), element] };
  return { ...whole, [name]: withElement(isObject(old) ? old : {}, rest, element) };
}

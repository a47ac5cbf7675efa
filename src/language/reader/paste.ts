import { sanitise } from '../../base/sanitise.ts';
import { plainScalar } from './node.ts';

/** Text as a YAML scalar that reads back as the same text; for lines to paste. */
export function pasteText(text: string): string {
  const safe = sanitise(text);
  return /^[A-Za-z][\w./-]*(?: [\w./-]+)*$/u.test(safe) && plainScalar(safe, 0).source === null
    ? safe
    : JSON.stringify(safe);
}

/** `{ a: x, b: y }`, a map of texts on one line. */
export const pasteMap = (entries: Iterable<readonly [string, string]>): string => {
  const parts = [...entries].map(([key, value]) => `${pasteText(key)}: ${pasteText(value)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
};

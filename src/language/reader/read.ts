import { isUnsafe } from '../../base/sanitise.ts';
import { limits } from './limits.ts';
import { entryOf, isReservedKey, type Node } from './node.ts';
import { Places, Problems, quote } from './problems.ts';
import { readYaml } from './read-yaml.ts';
import { withoutFence } from './repair.ts';

/** A file's text as a tree, or undefined with errors among the problems. */
export function readTree(text: string): { readonly tree: Node | undefined; readonly problems: Problems } {
  const whole = text.replaceAll('\r\n', '\n').replace(/^\ufeff/u, '');
  const problems = new Problems(new Places(whole));
  const fence = whole.length > limits.characters ? null : withoutFence(whole);
  const source = fence?.text ?? whole;
  if (fence !== null)
    problems.error(
      'markdown-fence',
      0,
      'the change plan stands in a Markdown code fence',
      fence.last === null
        ? `delete line ${fence.first} and what stands above it`
        : `delete the lines ${fence.first} and ${fence.last}, and whatever stands outside of them`,
    );
  if (source.length > limits.characters) {
    problems.error(
      'file-too-large',
      null,
      `the file has ${source.length} characters; at most ${limits.characters} are read`,
      'split the plan',
    );
    return { tree: undefined, problems };
  }
  refuseUnsafe(source, problems);
  let tree: Node | undefined;
  if (source.trim() !== '') {
    if (hopelesslyDeep(source)) {
      problems.error(
        'too-deep',
        null,
        `lists and maps are nested deeper than ${limits.depth}`,
        'write the plan flat: resources, one level of entries, their properties',
      );
      return { tree, problems };
    }
    tree = readYaml(source, problems);
  }
  if (tree === undefined && problems.failed) return { tree, problems };
  if (tree === undefined || (tree.kind === 'scalar' && tree.value === null))
    problems.error('empty-file', 0, 'the file holds no change plan', 'aiplan: 1\nname: my-change\n…');
  else if (!checkTree(tree, problems)) tree = undefined;
  return { tree, problems };
}

/**
 * Characters that a screen would hide or act upon, anywhere in the file, comments included; line breaks and tabs aside.
 */
function refuseUnsafe(source: string, problems: Problems): void {
  if (!isUnsafe(source.replace(/[\n\t]/gu, ' '))) return;
  for (let start = 0; start < source.length;) {
    const found = source.indexOf('\n', start);
    const end = found === -1 ? source.length : found;
    const line = source.slice(start, end).replaceAll('\t', ' ');
    if (isUnsafe(line)) problems.unsafe(start + line.indexOf([...line].find(isUnsafe) ?? ''), line);
    start = end + 1;
  }
}

/**
 * Keys that stand twice or mean something to YAML, JavaScript or aiplan; false where the tree is too large to continue.
 */
function checkTree(tree: Node, problems: Problems): boolean {
  const resources = tree.kind === 'map' ? entryOf(tree, 'resources')?.node : undefined;
  const open: { readonly node: Node; readonly depth: number }[] = [{ node: tree, depth: 0 }];
  let values = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if ((values += 1) > limits.values) {
      problems.error('too-many-values', null, `the file holds more than ${limits.values} values`, 'split the plan');
      return false;
    }
    if (node.kind === 'list') {
      for (let index = node.items.length - 1; index >= 0; index -= 1)
        open.push({ node: node.items[index]!, depth: depth + 1 });
    } else if (node.kind === 'map') {
      const seen = new Map<string, number>();
      for (const { key, at, node: value } of node.entries) {
        const first = seen.get(key);
        if (first !== undefined) {
          (node === resources ? problems.about(key) : problems).error(
            node === resources ? 'duplicate-address' : 'duplicate-key',
            at,
            `${quote(key)} stands twice; first in line ${problems.places.at(first).line}`,
            'keep one of them, or merge the two',
          );
        } else seen.set(key, at);
        if (key === '<<')
          problems.error('merge-not-allowed', at, 'merges ("<<") are not allowed', 'write the values out');
        else if (isReservedKey(key)) problems.error('forbidden-key', at, `the key ${quote(key)} is reserved`);
        else if (isUnsafe(key)) problems.unsafe(at, key);
        open.push({ node: value, depth: depth + 1 });
      }
    } else if (node.kind === 'scalar' && typeof node.value === 'string' && node.value.length > limits.text) {
      problems.error(
        'text-too-long',
        node.at,
        `a text of ${node.value.length} characters is longer than ${limits.text}`,
      );
    }
    if (depth > limits.depth) {
      problems.error('too-deep', node.at, `lists and maps are nested deeper than ${limits.depth}`);
      return false;
    }
  }
  return true;
}

/**
 * Text on which the library would spend gigabytes before it says no. Brackets inside quotes count, so the bound is
 * generous.
 */
function hopelesslyDeep(source: string): boolean {
  if (/^[ ]*(?:[-?:] +){100}/mu.test(source)) return true;
  let depth = 0;
  for (const bracket of source.matchAll(/[[\]{}]/gu)) {
    depth += bracket[0] === '[' || bracket[0] === '{' ? 1 : -1;
    if (depth > 5_000) return true;
  }
  return false;
}

import { Document, Scalar, YAMLMap, YAMLSeq, type Node as YamlNode } from 'yaml';
import { sanitiseLines } from '../../base/sanitise.ts';
import type { MapEntry, Node } from '../reader/node.ts';

/**
 * A change plan that was made out of something else, to be pasted: its head, its entries, and what could not be carried
 * over.
 */
export interface Skeleton {
  readonly name: string;
  readonly intent: string;
  readonly resources: readonly MapEntry[];
  /** Lines of comment at the end. */
  readonly left: readonly string[];
}

/** The skeleton as YAML. */
export function writeSkeleton({ name, intent, resources, left }: Skeleton): string {
  const head = [
    'aiplan: 1',
    `name: ${name}`,
    `intent: ${JSON.stringify(intent)}`,
    'target: { account: "123456789012", region: eu-west-1 }   # your account and region',
    'resources:',
  ].join('\n');
  return `${head}\n${writeEntries(resources)}${left.map((line) => `# ${sanitiseLines(line).replaceAll('\n', ' ')}\n`).join('')}`.trimEnd();
}

/** Entries as they stand under `resources:`. */
export function writeEntries(entries: readonly MapEntry[]): string {
  const document = new Document(null);
  document.contents = toYaml({ kind: 'map', at: 0, tag: null, entries }, document) as never;
  const text = document.toString({
    lineWidth: 0,
    flowCollectionPadding: true,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  });
  return sanitiseLines(text).replace(/^(?=[^\n])/gmu, '  ');
}

function toYaml(node: Node, document: Document): YamlNode {
  const made = plainYaml(node, document);
  if (node.tag !== null) made.tag = node.tag;
  return made;
}

function plainYaml(node: Node, document: Document): YamlNode {
  switch (node.kind) {
    case 'map': {
      const map = new YAMLMap(document.schema);
      for (const { key, node: value } of node.entries) map.add(document.createPair(key, toYaml(value, document)));
      map.flow = node.entries.length === 0;
      return map;
    }
    case 'list': {
      const list = new YAMLSeq(document.schema);
      for (const item of node.items) list.add(toYaml(item, document));
      list.flow = node.tag !== null || node.items.every(({ kind }) => kind === 'scalar');
      return list;
    }
    case 'scalar': {
      const scalar = new Scalar(node.value);
      if (typeof node.value === 'string' && node.value.includes('\n'))
        scalar.type =
          !node.value.includes('\t') && /^\S[^\r]*[^\n\r]\n?$/u.test(node.value)
            ? Scalar.BLOCK_LITERAL
            : Scalar.QUOTE_DOUBLE;
      else if (typeof node.value === 'string' && node.tag !== null && !/^[\w.:-]*$/u.test(node.value))
        scalar.type = Scalar.QUOTE_DOUBLE;
      return scalar;
    }
    default:
      return new Scalar(null);
  }
}

/** A name for a plan out of any text. */
export const planNameOf = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replace(/^[^a-z]+|-+$/gu, '')
    .slice(0, 40)
    .replace(/-+$/u, '') || 'my-change';

/**
 * The file as a tree: values with the offset at which they stand, so that every judgement can name a place.
 */
export type Node = ScalarNode | ListNode | MapNode | BadNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly at: number;
  /** `!Ref` and so on; null where none is written. A tagged scalar's value is its text. */
  readonly tag: string | null;
  readonly value: string | number | boolean | null;
  /** As written, where the value is a number, a boolean or null; null for text. */
  readonly source: string | null;
  /** The value of a function: whatever looks like a placeholder in it was meant. */
  readonly computed?: true;
}

export interface ListNode {
  readonly kind: 'list';
  readonly at: number;
  readonly tag: string | null;
  readonly items: readonly Node[];
}
export interface MapNode {
  readonly kind: 'map';
  readonly at: number;
  readonly tag: string | null;
  readonly entries: readonly MapEntry[];
}
/** A value that could not be read and was reported; whoever meets it stays silent. */
interface BadNode {
  readonly kind: 'bad';
  readonly at: number;
  readonly tag: null;
}
export interface MapEntry {
  readonly key: string;
  readonly at: number;
  readonly node: Node;
}

/** A plain (unquoted) scalar by the YAML 1.2 core schema: null, booleans, integers and decimals; all else is text. */
export function plainScalar(text: string, at: number): ScalarNode {
  const value = resolvePlain(text);
  return { kind: 'scalar', at, tag: null, value, source: typeof value === 'string' ? null : text };
}

export const textScalar = (value: string, at: number, tag: string | null = null): ScalarNode => ({
  kind: 'scalar',
  at,
  tag,
  value,
  source: null,
});

function resolvePlain(text: string): string | number | boolean | null {
  const first = text.charCodeAt(0);
  const numeric = (first >= 48 && first <= 57) || first === 45 || first === 43 || first === 46;
  if (numeric) {
    if (/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/u.test(text)) return Number(text);
    if (/^0x[\da-fA-F]+$|^0o[0-7]+$/u.test(text)) return Number(text);
    if (/^[-+]?\.(?:inf|Inf|INF)$/u.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
    return /^\.(?:nan|NaN|NAN)$/u.test(text) ? Number.NaN : text;
  }
  if (text.length > 5) return text;
  switch (text) {
    case '':
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
    default:
      return text;
  }
}

/** Keys that the file check refuses everywhere; whoever meets one stays silent. */
export const isReservedKey = (key: string): boolean => key === '<<' || key === '__proto__' || key.startsWith('$');

export const entryOf = (map: MapNode, key: string): MapEntry | undefined =>
  map.entries.find((entry) => entry.key === key);

/** The kind of a node, in words: for messages that must not quote a value which may be secret. */
export function kindOf(node: Node): string {
  if (node.tag !== null) return node.tag;
  if (node.kind === 'map' && node.entries.length === 1 && /^(?:Ref$|Fn::)/u.test(node.entries[0]?.key ?? ''))
    return `a function (${node.entries[0]?.key.slice(0, 30) ?? ''})`;
  if (node.kind !== 'scalar') return node.kind === 'list' ? 'a list' : node.kind === 'map' ? 'a map' : 'unreadable';
  switch (typeof node.value) {
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
    default:
      return 'null';
  }
}

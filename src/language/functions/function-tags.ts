import type { JsonObject } from '../../base/json.ts';
import { sanitise } from '../../base/sanitise.ts';
import type { Node } from '../reader/node.ts';
import { quote, type Problems } from '../reader/problems.ts';
import { isPseudo } from './pseudo-parameters.ts';

/** A tag of the language, or its long form as CloudFormation's JSON writes functions. */
export type Special =
  | { readonly kind: 'ref'; readonly address: string }
  | { readonly kind: 'attribute'; readonly address: string; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly path: string }
  | { readonly kind: 'any' }
  /** A function of CloudFormation, or `!Ref` to a pseudo parameter: `functions.ts` gives it its value. */
  | FunctionCall;

export interface FunctionCall {
  readonly kind: 'function';
  readonly tag: string;
  readonly argument: Node;
}

const FUNCTIONS: ReadonlySet<string> = new Set(['!Sub', '!Join', '!Select', '!Split', '!Base64', '!GetAZs']);

const LONG: Readonly<Record<string, string>> = {
  Ref: '!Ref',
  'Fn::Ref': '!Ref',
  'Fn::GetAtt': '!GetAtt',
  'Fn::Env': '!Env',
  'Fn::File': '!File',
  'Fn::Text': '!Text',
  'Fn::Any': '!Any',
  'Fn::Sub': '!Sub',
  'Fn::Join': '!Join',
  'Fn::Select': '!Select',
  'Fn::Split': '!Split',
  'Fn::Base64': '!Base64',
  'Fn::GetAZs': '!GetAZs',
};
const WRITE: Readonly<Record<string, string>> = {
  '!Ref': '!Ref Address',
  '!GetAtt': '!GetAtt Address.Attribute',
  '!Env': '!Env AIPLAN_SECRET_NAME',
  '!File': '!File path/to/secret',
  '!Text': '!Text path/to/file',
  '!Any': '!Any',
  '!Sub': '!Sub "text-${Address.Attribute}-${AWS::Region}"',
  '!Join': '!Join ["-", [a, b]]',
  '!Select': '!Select [0, [a, b]]',
  '!Split': '!Split [",", "a,b"]',
  '!Base64': '!Base64 text',
  '!GetAZs': '!GetAZs ""',
};
/** How a tag is written, for messages. */
export const writtenTag = (tag: string): string => WRITE[tag] ?? tag;
/** CloudFormation functions that the language does not have, with what to write instead. */
const FOREIGN: Readonly<Record<string, string>> = {
  ImportValue: 'add the other resource with  action: read  and name it with  !Ref',
  FindInMap: 'write the value out: a change plan has no mappings',
  If: 'write the value out: a change plan has no conditions',
  Cidr: 'write the range out',
  Transform: 'write the value out',
  Merge: 'write the values out',
};

/** The tag that a node carries, by either spelling; null where the node is an ordinary value. */
export function specialTag(node: Node): { readonly tag: string; readonly argument: Node } | null {
  if (node.tag !== null) return { tag: node.tag, argument: { ...node, tag: null } };
  if (node.kind !== 'map') return null;
  const only = node.entries.length === 1 ? node.entries[0] : undefined;
  if (only !== undefined && Object.hasOwn(LONG, only.key)) return { tag: LONG[only.key]!, argument: only.node };
  // A function stands alone; whatever stands beside it makes it an ordinary map, which no property takes.
  const foreign = node.entries.find(({ key }) => key.startsWith('Fn::'));
  return foreign === undefined ? null : { tag: `!${foreign.key.slice(4)}`, argument: foreign.node };
}

/** Reads a tag or long form. `undefined`: it is one, and wrong (reported); `null`: the node is an ordinary value. */
export function readSpecial(node: Node, problems: Problems): Special | null | undefined {
  const found = specialTag(node);
  if (found === null) return null;
  const { tag, argument } = found;
  if (node.kind === 'map' && node.tag === null && node.entries.length > 1) {
    problems.error(
      'tag-argument',
      node.at,
      `a function stands alone in its map; beside ${quote(`Fn::${tag.slice(1)}`)} there are other keys`,
      `write  ${WRITE[tag] ?? 'the value itself'}`,
    );
    return undefined;
  }
  const text = textOf(argument);
  if (FUNCTIONS.has(tag) || (tag === '!Ref' && text !== null && isPseudo(text)))
    return { kind: 'function', tag, argument };
  switch (tag) {
    case '!Ref':
      if (text !== null && text !== '') return { kind: 'ref', address: text };
      break;
    case '!GetAtt': {
      const attribute = attributeOf(argument, text);
      if (attribute !== null) return attribute;
      break;
    }
    case '!Env':
      if (text !== null && /^[A-Za-z_]\w*$/u.test(text)) return { kind: 'env', name: text };
      break;
    case '!File':
      if (text !== null && text !== '') return { kind: 'file', path: text };
      break;
    case '!Text':
      if (text !== null && text !== '') return { kind: 'text', path: text };
      break;
    case '!Any':
      if (text === '' || text === 'true') return { kind: 'any' };
      break;
    default: {
      const name = sanitise(tag.slice(0, 60));
      const instead = FOREIGN[tag.slice(1)];
      problems.error(
        'unknown-tag',
        node.at,
        `${quote(name)} is not a tag of this language: there are ${Object.keys(WRITE).join(', ')}${problems.meant(tag, Object.keys(WRITE))}`,
        instead ?? 'write the value itself; text that begins with ! stands in double quotes',
      );
      return undefined;
    }
  }
  problems.error('tag-argument', node.at, `${tag} has no usable argument`, `write  ${WRITE[tag]}`);
  return undefined;
}

export function textOf(node: Node): string | null {
  if (node.kind !== 'scalar' || node.tag !== null) return null;
  return typeof node.value === 'string' ? node.value : (node.source ?? '');
}

function attributeOf(argument: Node, text: string | null): Special | null {
  if (text !== null) {
    const dot = text.indexOf('.');
    return dot > 0 && dot < text.length - 1
      ? { kind: 'attribute', address: text.slice(0, dot), path: text.slice(dot + 1) }
      : null;
  }
  if (argument.kind !== 'list') return null;
  const [address, ...parts] = argument.items.map(textOf);
  return address && parts.length > 0 && parts.every((part) => part)
    ? { kind: 'attribute', address, path: parts.join('.') }
    : null;
}

/** The JSON that the rest of the program sees (src/domain/change-plan.ts); `!Text` is inlined elsewhere. */
export function specialJson(special: Exclude<Special, { kind: 'text' } | { kind: 'function' }>): JsonObject {
  switch (special.kind) {
    case 'ref':
      return { Ref: special.address };
    case 'attribute':
      return { 'Fn::GetAtt': [special.address, special.path] };
    case 'env':
      return { $secret: { env: special.name } };
    case 'file':
      return { $secret: { file: special.path } };
    case 'any':
      return { $any: true };
    default:
      return special satisfies never;
  }
}

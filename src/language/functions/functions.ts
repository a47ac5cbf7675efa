import { folded, functionOf } from '../../base/template-functions.ts';
import { isObject, type Json } from '../../base/json.ts';
import {
  dynamicPieces,
  holdsDynamic,
  parameterAddress,
  parameterType,
  zonesAddress,
  zonesType,
} from './dynamic-references.ts';
import { textScalar, type ListNode, type Node, type ScalarNode } from '../reader/node.ts';
import { quote } from '../reader/problems.ts';
import { insteadOfPseudo, isPseudo, pseudoValue } from './pseudo-parameters.ts';
import { readSpecial, specialJson, textOf, writtenTag, type FunctionCall, type Special } from './function-tags.ts';
import type { Spot, ValueContext } from './values-context.ts';

/**
 * A value that a function gave: a literal text or list (then `literal` is the node to read on with), or JSON of the
 * language.
 */
export type Computed = { readonly literal: Node } | { readonly json: Json; readonly gives: 'text' | 'list' | 'either' };

/**
 * The value of a function at its place. A function whose arguments stand in the file is computed here and read as a
 * literal; one that needs a reference or a look-up stays a function. Undefined where it is wrong (reported).
 */
export function readFunction(call: FunctionCall, spot: Spot, context: ValueContext): Computed | undefined {
  const json = functionJson(call, spot, context);
  if (json === undefined) return undefined;
  const literal = literalNode(json, spot.node.at);
  return literal === undefined ? { json, gives: givenBy(json) } : { literal };
}

/** A text with `{{resolve:ssm:…}}` in it as JSON of the language; secrets and other services are refused. */
export function readDynamicText(text: string, spot: Spot, context: ValueContext): Json | undefined {
  const parts: Json[] = [];
  for (const piece of dynamicPieces(text)) {
    if (typeof piece === 'string') {
      parts.push(piece);
      continue;
    }
    const read = readDynamicPiece(piece, spot, context);
    if (read === undefined) return undefined;
    parts.push(read);
  }
  return parts.length === 1 ? parts[0] : { 'Fn::Join': ['', parts] };
}

function readDynamicPiece(
  piece: Exclude<ReturnType<typeof dynamicPieces>[number], string>,
  spot: Spot,
  context: ValueContext,
): Json | undefined {
  const { problems, mode, rules, schema } = context;
  const { at } = spot.node;
  switch (piece.kind) {
    case 'wrong':
      return problems.error(
        'dynamic-reference',
        at,
        `${quote(textOf(spot.node) ?? '')} is not a dynamic reference`,
        piece.why,
      ) as undefined;
    case 'secret':
    case 'secure-parameter': {
      const allowed = rules.secretInput.join(', ');
      return problems.error(
        'secret-not-allowed',
        at,
        `a secret is not allowed in ${spot.place.slice(spot.place.indexOf('.') + 1)}: secrets go only where AWS never shows them again`,
        allowed === ''
          ? `${schema.type} has no such property; write the value itself, or  {{resolve:ssm:NAME}}  for a plain parameter`
          : `write the value itself, or  {{resolve:ssm:NAME}}  for a plain parameter; secrets are allowed in: ${allowed}`,
      ) as undefined;
    }
    case 'parameter':
      if (mode !== 'properties')
        return problems.error(
          'reference-not-allowed',
          at,
          `${mode} says what is live now and cannot look a parameter up`,
          'write the value itself',
        ) as undefined;
      return lookUp(parameterType, piece.identity, parameterAddress(piece.identity), 'Value', at, context);
    default:
      return piece satisfies never;
  }
}

function lookUp(
  type: string,
  id: string,
  address: string,
  property: string,
  at: number,
  { lookups }: ValueContext,
): Json {
  if (!lookups.has(address)) lookups.set(address, { type, id, at });
  return { 'Fn::GetAtt': [address, property] };
}

/** A literal that a function gave, as a node at its place; undefined where it is no literal. */
function literalNode(json: Json, at: number): Node | undefined {
  if (typeof json === 'string') return { ...textScalar(json, at), computed: true } satisfies ScalarNode;
  if (!Array.isArray(json)) return undefined;
  const items = json.map((item: Json) => literalNode(item, at));
  return items.every((item) => item !== undefined)
    ? ({ kind: 'list', at, tag: null, items } satisfies ListNode)
    : undefined;
}

function givenBy(json: Json): 'text' | 'list' | 'either' {
  const name = functionOf(json)?.name;
  if (name === 'Fn::Join' || name === 'Fn::Base64') return 'text';
  if (name === 'Fn::Split' || Array.isArray(json)) return 'list';
  const attribute = isObject(json) ? json['Fn::GetAtt'] : undefined;
  return Array.isArray(attribute) &&
    attribute[1] === 'Names' &&
    typeof attribute[0] === 'string' &&
    attribute[0].startsWith('GetAZs:')
    ? 'list'
    : 'either';
}

function functionJson(call: FunctionCall, spot: Spot, context: ValueContext): Json | undefined {
  const argument = argumentOf(call, spot, context);
  if (argument === undefined) return undefined;
  const value = isObject(argument) ? folded(argument) : argument;
  const problem = isObject(value) ? value['$problem'] : undefined;
  if (typeof problem === 'string')
    return context.problems.error('tag-argument', spot.node.at, problem, `write  ${writtenTag(call.tag)}`) as undefined;
  return value as Json;
}

/** The function as JSON, its arguments read and computed. */
function argumentOf({ tag, argument }: FunctionCall, spot: Spot, context: ValueContext): Json | undefined {
  const wrong = (): undefined =>
    context.problems.error(
      'tag-argument',
      argument.at,
      `${tag} has no usable argument`,
      `write  ${writtenTag(tag)}`,
    ) as undefined;
  const pair = (): readonly [Node, Node] | undefined =>
    argument.kind === 'list' && argument.items.length === 2 ? [argument.items[0]!, argument.items[1]!] : wrong();
  switch (tag) {
    case '!Ref':
      return pseudo(textOf(argument) ?? '', argument.at, context);
    case '!Sub':
      return substitute(argument, spot, context) ?? undefined;
    case '!Base64':
      return wrapped('Fn::Base64', expression(argument, spot, context));
    case '!GetAZs':
      return zones(argument, spot, context);
    case '!Join':
    case '!Split':
    case '!Select': {
      const both = pair();
      if (both === undefined) return undefined;
      const [first, second] = both.map((node) => expression(node, spot, context));
      return first === undefined || second === undefined ? undefined : { [`Fn::${tag.slice(1)}`]: [first, second] };
    }
    default:
      return wrong();
  }
}

const wrapped = (name: string, value: Json | undefined): Json | undefined =>
  value === undefined ? undefined : { [name]: value };

function pseudo(name: string, at: number, { problems, where }: ValueContext): string | undefined {
  const value = pseudoValue(name, where);
  if (value !== undefined) return value;
  return problems.error(
    'pseudo-parameter',
    at,
    `${quote(name)} has no value in a change plan`,
    insteadOfPseudo(name, where),
  ) as undefined;
}

/** An argument of a function: literal, list, reference or another function. */
function expression(node: Node, spot: Spot, context: ValueContext): Json | undefined {
  const { problems } = context;
  if (node.kind === 'bad') return undefined;
  const special = readSpecial(node, problems);
  if (special === undefined) return undefined;
  if (special !== null) return specialValue(special, node, spot, context);
  if (node.kind === 'list') {
    const items = node.items.map((item) => expression(item, spot, context));
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  if (node.kind === 'map')
    return problems.error(
      'tag-argument',
      node.at,
      'a function takes texts, lists, references and functions',
      'write a text',
    ) as undefined;
  if (node.value === null) return '';
  const text = textOf(node) ?? '';
  return holdsDynamic(text) ? readDynamicText(text, { ...spot, node }, context) : text;
}

function specialValue(special: Special, node: Node, spot: Spot, context: ValueContext): Json | undefined {
  switch (special.kind) {
    case 'function':
      return functionJson(special, { ...spot, node }, context);
    case 'ref':
    case 'attribute':
      return referred(special, node.at, spot, context);
    default:
      return context.problems.error(
        'tag-argument',
        node.at,
        'a function takes texts, lists, references and functions',
        'secrets and files stand alone',
      ) as undefined;
  }
}

function referred(
  special: Extract<Special, { kind: 'ref' | 'attribute' }>,
  at: number,
  { place }: Spot,
  { mode, problems, references, address }: ValueContext,
): Json | undefined {
  if (mode !== 'properties')
    return problems.error(
      'reference-not-allowed',
      at,
      `${mode} says what is live now and cannot refer to another entry`,
      'write the value itself; aiplan inventory prints it',
    ) as undefined;
  references.push({ address, at, place, special, wanted: { kind: 'json' }, refers: undefined, inText: true });
  return specialJson(special);
}

/** `!Sub text` or `!Sub [text, { Name: value }]`; `${!X}` stands for the text `${X}`. */
function substitute(argument: Node, spot: Spot, context: ValueContext): Json | undefined {
  const listed = argument.kind === 'list' && argument.tag === null ? argument.items : [argument];
  const [first, second] = listed;
  const text = first === undefined ? null : textOf(first);
  if (text === null || first === undefined || listed.length > 2 || (second !== undefined && second.kind !== 'map')) {
    return context.problems.error(
      'tag-argument',
      argument.at,
      '!Sub takes a text, or a list of a text and a map',
      `write  ${writtenTag('!Sub')}`,
    ) as undefined;
  }
  const names = [...text.matchAll(/\$\{([^{}!]*)\}/gu)].map((found) => (found[1] ?? '').trim());
  const mapped = new Set(second?.kind === 'map' ? second.entries.map(({ key }) => key) : []);
  if (holdsDynamic(text) && names.some((name) => !isPseudo(name) && !mapped.has(name))) {
    const secret = /\{\{resolve:(?:secretsmanager|ssm-secure):/u.test(text);
    return context.problems.error(
      'dynamic-reference',
      first.at,
      'a dynamic reference cannot hold what another entry or a parameter of a template gives',
      secret
        ? 'name the secret itself:  "{{resolve:secretsmanager:NAME:SecretString:KEY}}"'
        : 'name the parameter itself:  "{{resolve:ssm:NAME}}"',
    ) as undefined;
  }
  const own = new Map<string, Json | undefined>(
    second?.kind === 'map' ? second.entries.map(({ key, node }) => [key, expression(node, spot, context)]) : [],
  );
  const parts: (Json | undefined)[] = [];
  let at = 0;
  for (const found of text.matchAll(/\$\{([^{}]*)\}/gu)) {
    if (found.index > at) parts.push(text.slice(at, found.index));
    at = found.index + found[0].length;
    const name = (found[1] ?? '').trim();
    if (name.startsWith('!')) parts.push(`\${${name.slice(1)}}`);
    else if (own.has(name)) parts.push(own.get(name));
    else if (isPseudo(name)) parts.push(pseudo(name, first.at, context));
    else if (name === '')
      parts.push(
        context.problems.error(
          'tag-argument',
          first.at,
          '!Sub holds an empty ${}',
          'write  ${Address}, or  ${!}  is not needed: delete it',
        ) as undefined,
      );
    else {
      const dot = name.indexOf('.');
      parts.push(
        referred(
          dot < 0
            ? { kind: 'ref', address: name }
            : { kind: 'attribute', address: name.slice(0, dot), path: name.slice(dot + 1) },
          first.at,
          spot,
          context,
        ),
      );
    }
  }
  if (at < text.length) parts.push(text.slice(at));
  if (!parts.every((part) => part !== undefined)) return undefined;
  if (
    parts.some((part) => typeof part !== 'string') &&
    parts.some((part) => typeof part === 'string' && holdsDynamic(part))
  )
    return context.problems.error(
      'dynamic-reference',
      first.at,
      'a dynamic reference cannot hold what another entry gives',
      'write the name of the parameter out',
    ) as undefined;
  return { 'Fn::Join': ['', parts] };
}

function zones(argument: Node, spot: Spot, context: ValueContext): Json | undefined {
  const { problems, where, mode } = context;
  const given = argument.kind === 'list' && argument.items.length === 0 ? '' : expression(argument, spot, context);
  if (given === undefined) return undefined;
  if (given !== '' && given !== where.region)
    return problems.error(
      'tag-argument',
      argument.at,
      `!GetAZs lists the Availability Zones of the target's region only`,
      'write  !GetAZs ""',
    ) as undefined;
  if (mode !== 'properties')
    return problems.error(
      'reference-not-allowed',
      argument.at,
      `${mode} says what is live now and cannot look Availability Zones up`,
      'write the value itself',
    ) as undefined;
  return lookUp(zonesType, where.region, zonesAddress(where.region), 'Names', argument.at, context);
}

import { UserError } from '../../base/error.ts';
import type { Json } from '../../base/json.ts';
import { isUnsafe, sanitise } from '../../base/sanitise.ts';
import { dynamicPieces } from './dynamic-references.ts';
import { readFunction } from './functions.ts';
import { limits } from '../reader/limits.ts';
import { list, quote } from '../reader/problems.ts';
import type { Node } from '../reader/node.ts';
import { readSpecial, specialJson, specialTag, type FunctionCall, type Special } from './function-tags.ts';
import { said, type SecretSources, type Spot, type ValueContext } from './values-context.ts';

/**
 * Judges whether a tag may stand where it stands, and gives its JSON. `value` reads the literal that a function gives,
 * as any literal at its place is read.
 */
export function placeSpecial(
  special: Special,
  spot: Spot,
  context: ValueContext,
  value: (spot: Spot) => Json | undefined,
): Json | undefined {
  const { mode, rules, problems, references, schema, address } = context;
  const { at } = spot.node;
  switch (special.kind) {
    case 'any':
      if (mode === 'expect') return specialJson(special);
      problems.error('any-not-allowed', at, `!Any means "is set" and stands only in  expect`, 'write the value');
      return undefined;
    case 'ref':
    case 'attribute':
      if (mode !== 'properties') {
        problems.error(
          'reference-not-allowed',
          at,
          `${mode} says what is live now and cannot refer to another entry`,
          'write the value itself; aiplan inventory prints it',
        );
        return undefined;
      }
      references.push({ address, at, place: spot.place, special, wanted: spot.type, refers: spot.property?.refers });
      return specialJson(special);
    case 'env':
    case 'file':
      problems.error(
        'secret-not-allowed',
        at,
        `${special.kind === 'env' ? '!Env' : '!File'} is not allowed in ${said(spot)}: secrets go only where AWS never shows them again`,
        rules.secretInput.length === 0
          ? `${schema.type} has no such property`
          : `allowed in: ${list(rules.secretInput)}`,
      );
      return undefined;
    case 'text':
      return readText(special.path, spot, context);
    case 'function':
      return placeFunction(special, spot, context, value);
    default:
      return special satisfies never;
  }
}

/**
 * A function: its literal is read on, unless it is text that aiplan encodes by itself; one that waits for a value must
 * fit.
 */
function placeFunction(
  call: FunctionCall,
  spot: Spot,
  context: ValueContext,
  value: (spot: Spot) => Json | undefined,
): Json | undefined {
  const { node, path, type } = spot;
  // Templates encode user data; aiplan does that itself.
  if (call.tag === '!Base64' && context.rules.sensitive.includes(path)) return value({ ...spot, node: call.argument });
  const computed = readFunction(call, spot, context);
  if (computed === undefined) return undefined;
  if ('literal' in computed) return value({ ...spot, node: computed.literal });
  const wanted =
    type.kind === 'list'
      ? 'list'
      : type.kind === 'object' || type.kind === 'map' || type.kind === 'tags'
        ? 'map'
        : type.kind === 'json' || type.kind === 'union'
          ? 'either'
          : 'text';
  if (wanted === 'either' || (computed.gives === 'either' && wanted !== 'map') || computed.gives === wanted)
    return computed.json;
  const gives = computed.gives === 'list' ? 'a list' : 'one text';
  return context.problems.error(
    'reference-type',
    node.at,
    `${said(spot)}: ${call.tag} gives ${gives}, and ${said(spot)} takes ${wanted === 'text' ? 'one value' : `a ${wanted}`}`,
    wanted === 'list'
      ? 'put it in brackets:  [ … ]'
      : wanted === 'text'
        ? 'take one element:  !Select [0, … ]'
        : 'write the map itself',
  ) as undefined;
}

/** A password-like property: only sources of secrets. The value found there is never quoted. */
export function readSecret(spot: Spot, context: ValueContext): Json | undefined {
  const { mode, problems, secrets } = context;
  const { path } = spot;
  const node = computedSecret(spot, context);
  if (node === undefined) return undefined;
  if (mode !== 'properties') {
    problems.error(
      'secret-not-comparable',
      node.at,
      `${path} can never be read, so it cannot stand in  ${mode}`,
      'delete the line',
    );
    return undefined;
  }
  const dynamic =
    node.kind === 'scalar' && typeof node.value === 'string' && node.tag === null ? dynamicPieces(node.value) : [];
  const [only] = dynamic;
  if (dynamic.length === 1 && typeof only === 'object') return dynamicSecret(only, node.at, path, context);
  const tag = specialTag(node)?.tag;
  if (tag !== '!Env' && tag !== '!File') {
    problems.error(
      'literal-secret',
      node.at,
      `${path} is a secret and must not stand in a change plan`,
      `${path}: !Env AIPLAN_SECRET_${path
        .replace(/.*\./u, '')
        .replace(/([a-z])([A-Z])/gu, '$1_$2')
        .toUpperCase()}\nset that variable where aiplan runs; if the text was a real secret, change it`,
    );
    return undefined;
  }
  const special = readSpecial(node, problems);
  if (special?.kind !== 'env' && special?.kind !== 'file') return undefined;
  const source = special.kind === 'env' ? special.name : special.path;
  if (isUnsafe(source)) {
    problems.unsafe(node.at, source);
    return undefined;
  }
  if (secrets !== undefined) {
    const allowed =
      special.kind === 'env'
        ? prefixesOf(secrets).some((prefix) => source.startsWith(prefix))
        : secrets.files.includes(source);
    if (!allowed) {
      problems.error(
        'secret-source-not-allowed',
        node.at,
        `${tag} ${quote(source)} is not an allowed source of secrets`,
        special.kind === 'env'
          ? `use a name that begins with ${prefixesOf(secrets).join(' or ')}`
          : `allowed: ${list(secrets.files) || 'none'}; the configuration outside the working tree lists them`,
      );
      return undefined;
    }
  }
  return specialJson(special);
}

/** The value of a secret property, a function as the text that it gives. */
function computedSecret(spot: Spot, context: ValueContext): Node | undefined {
  const tag = specialTag(spot.node)?.tag;
  if (context.mode !== 'properties' || tag === undefined || !['!Sub', '!Join', '!Select'].includes(tag))
    return spot.node;
  const special = readSpecial(spot.node, context.problems);
  if (special?.kind !== 'function') return special === undefined ? undefined : spot.node;
  const computed = readFunction(special, spot, context);
  if (computed === undefined || 'literal' in computed) return computed?.literal;
  return context.problems.error(
    'literal-secret',
    spot.node.at,
    `${spot.path} is a secret, and its source is not a text that the file alone tells`,
    'name the source itself:  {{resolve:secretsmanager:NAME:SecretString:KEY}}  or  !Env AIPLAN_SECRET_NAME',
  ) as undefined;
}

/** `{{resolve:secretsmanager:…}}` and `{{resolve:ssm-secure:…}}`: read when the other secrets are, never written. */
function dynamicSecret(
  piece: Exclude<ReturnType<typeof dynamicPieces>[number], string>,
  at: number,
  path: string,
  { problems, secrets }: ValueContext,
): Json | undefined {
  if (piece.kind === 'wrong')
    return problems.error(
      'dynamic-reference',
      at,
      `${path} holds what is not a dynamic reference`,
      piece.why,
    ) as undefined;
  if (piece.kind === 'parameter') {
    return problems.error(
      'literal-secret',
      at,
      `${path} is a secret, and a plain parameter is shown in every plan`,
      `keep it as a SecureString and write  {{resolve:ssm-secure:${sanitise(piece.identity)}}}`,
    ) as undefined;
  }
  const name = piece.kind === 'secret' ? piece.name : piece.identity;
  const prefixes = secrets === undefined ? [] : prefixesOf(secrets);
  if (
    secrets !== undefined &&
    !prefixes.some((prefix) => name.replace(/^\//u, '').startsWith(prefix) || name.startsWith(prefix))
  ) {
    return problems.error(
      'secret-source-not-allowed',
      at,
      `${quote(name)} is not an allowed source of secrets`,
      `use a name that begins with ${prefixes.join(' or ')}, or let a person add it to the configuration outside the working tree:\n  secret_prefixes: [ ${sanitise(name)} ]`,
    ) as undefined;
  }
  return piece.kind === 'secret'
    ? { $secret: { manager: piece.reference } }
    : { $secret: { parameter: piece.identity } };
}

const prefixesOf = ({ prefixes }: SecretSources): readonly string[] => [...new Set(['AIPLAN_SECRET_', ...prefixes])];

/**
 * `!Text path`: the file's text, relative to the change plan, in the properties that are shown masked and written as
 * text.
 */
function readText(path: string, spot: Spot, { mode, rules, problems, readText: read }: ValueContext): Json | undefined {
  const { node, path: property, inList } = spot;
  const refuse = (message: string, help: string): undefined =>
    problems.error('text-not-readable', node.at, message, help) as undefined;
  if (mode !== 'properties' || inList || !rules.sensitive.includes(property)) {
    problems.error(
      'text-not-allowed',
      node.at,
      `!Text is not allowed in ${said(spot)}`,
      rules.sensitive.length === 0 ? 'write the text itself' : `allowed in: ${list(rules.sensitive)}`,
    );
    return undefined;
  }
  if (isUnsafe(path) || /^[/~\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)/u.test(path))
    return refuse(
      `${quote(path)} does not lie beside the change plan`,
      'name a file relative to the change plan, without  ..',
    );
  if (read === undefined) return refuse(`!Text ${quote(path)} cannot be read here`, 'write the text itself');
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    return refuse(
      `!Text ${quote(path)} could not be read: ${error instanceof Error ? sanitise(error.message) : String(error)}`,
      error instanceof UserError && error.help !== undefined ? error.help : 'is the file there?',
    );
  }
  if (text.length > limits.text)
    return refuse(`${quote(path)} has ${text.length} characters; at most ${limits.text} are read`, 'make it shorter');
  if (isUnsafe(text.replace(/[\n\t\r]/gu, ' ')))
    return refuse(
      `${quote(path)} holds characters that are invisible or control the screen`,
      'delete them from the file',
    );
  return text;
}

import { isObject, type Json, type JsonObject } from './json.ts';

/**
 * The functions of the language as JSON, in the shapes of CloudFormation's intrinsic functions ("Intrinsic function
 * reference", CloudFormation template reference). The parser turns `Fn::Sub` into `Fn::Join`, so that four are left.
 */
const functionNames = ['Fn::Join', 'Fn::Select', 'Fn::Split', 'Fn::Base64'] as const;
export type FunctionName = (typeof functionNames)[number];

/** The function that a value is, with its argument; null for any other value. */
export function functionOf(value: Json | undefined): { readonly name: FunctionName; readonly argument: Json } | null {
  if (!isObject(value)) return null;
  const [only, ...more] = Object.keys(value);
  const name = more.length > 0 ? undefined : functionNames.find((known) => known === only);
  return name === undefined ? null : { name, argument: value[name] ?? null };
}

/** The value of a function; `null`: an argument is not known yet; `problem`: one sentence without the values. */
type Applied = { readonly value: Json } | { readonly problem: string } | null;

/** Applies a function whose arguments are already values. Pure; never throws. */
function applyFunction(name: FunctionName, argument: Json): Applied {
  if (isOpen(argument)) return null;
  switch (name) {
    case 'Fn::Base64':
      return typeof argument === 'string'
        ? { value: Buffer.from(argument, 'utf8').toString('base64') }
        : { problem: 'Base64 takes one text' };
    case 'Fn::Join':
      return join(argument);
    case 'Fn::Split':
      return split(argument);
    case 'Fn::Select':
      return select(argument);
    default:
      return name satisfies never;
  }
}

function join(argument: Json): Applied {
  const [delimiter, items] = pair(argument);
  if (typeof delimiter !== 'string' || !Array.isArray(items)) return { problem: 'Join takes a text and a list' };
  const texts = items.map(scalarText);
  return texts.every((text) => text !== null)
    ? { value: texts.join(delimiter) }
    : { problem: 'Join takes a list of texts' };
}

function split(argument: Json): Applied {
  const [delimiter, text] = pair(argument);
  return typeof delimiter === 'string' && delimiter !== '' && typeof text === 'string'
    ? { value: text.split(delimiter) }
    : { problem: 'Split takes two texts, and the first is not empty' };
}

function select(argument: Json): Applied {
  const [index, items] = pair(argument);
  const at =
    typeof index === 'number' ? index : typeof index === 'string' && /^\d+$/u.test(index) ? Number(index) : Number.NaN;
  if (!Number.isInteger(at) || at < 0 || !Array.isArray(items))
    return { problem: 'Select takes a number from 0 and a list' };
  const found = items[at] as Json | undefined;
  return found === undefined || found === null
    ? { problem: `Select asks for element ${at}, and the list has ${items.length}` }
    : { value: found };
}

const pair = (argument: Json): readonly (Json | undefined)[] =>
  Array.isArray(argument) && argument.length === 2 ? argument : [];

/** A number or boolean as the text that YAML writes. */
const scalarText = (value: Json): string | null =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;

/** True where something in the argument is no value yet: a reference, a function, an unknown, a secret. */
const isOpen = (value: Json | undefined): boolean =>
  Array.isArray(value) ? value.some((item: Json) => isOpen(item)) : isObject(value);

/** The function with its value in place of it where that is known; else as it is, its inner functions applied. */
export function folded(value: JsonObject): Json | { readonly $problem: string } {
  const found = functionOf(value);
  if (found === null) return value;
  const applied = applyFunction(found.name, found.argument);
  if (applied === null) return value;
  return 'value' in applied ? applied.value : { $problem: applied.problem };
}

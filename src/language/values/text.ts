import { isUnsafe, sanitise } from '../../base/sanitise.ts';
import { kindOf, type Node } from '../reader/node.ts';
import { quote, type Problems } from '../reader/problems.ts';
import { coerceText } from '../reader/scalar.ts';
import { placeholderIn, substitutable, type TextPlace } from './placeholders.ts';

/** One word or line of text: a name, an address, an id. Undefined where it is none (reported). */
export function readWord(node: Node, what: string, problems: Problems, help?: string): string | undefined {
  if (node.kind === 'bad') return undefined;
  if (node.kind !== 'scalar' || node.tag !== null) {
    problems.error('wrong-type', node.at, `${what} is ${kindOf(node)}; text is expected`, help);
    return undefined;
  }
  if (node.value === null || node.value === '') {
    problems.error('empty-text', node.at, `${what} is empty`, help);
    return undefined;
  }
  const coerced = coerceText(node);
  if ('value' in coerced)
    return noPlaceholder(coerced.value, 'value', { what, at: node.at }, problems) ? coerced.value : undefined;
  if (coerced.problem.code === 'unsafe-character') problems.unsafe(node.at, coerced.problem.message);
  else problems.error(coerced.problem.code, node.at, `${what}: ${coerced.problem.message}`, coerced.problem.help);
  return undefined;
}

const noAddresses: ReadonlySet<string> = new Set();

/**
 * True where a text holds no placeholder that nobody filled in; else it is reported. `addresses`: where `!Sub` could
 * fill it in.
 */
export function noPlaceholder(
  text: string,
  place: TextPlace,
  { what, at }: { readonly what: string; readonly at: number },
  problems: Problems,
  addresses?: ReadonlySet<string>,
): boolean {
  const found = placeholderIn(text, place);
  if (found === undefined) return true;
  const fill = addresses !== undefined && substitutable(text, addresses ?? noAddresses);
  problems.error(
    'placeholder',
    at,
    `${what} still holds its placeholder ${quote(found)}`,
    place === 'prose'
      ? 'write it in your own words'
      : fill
        ? `to have it filled in, write  !Sub ${JSON.stringify(sanitise(text))}`
        : 'write the value itself',
  );
  return false;
}

/** Prose: a claim of the author. Lines are kept, space around them is not. */
export function readProse(node: Node, what: string, most: number, problems: Problems): string | undefined {
  if (node.kind === 'bad') return undefined;
  if (node.kind !== 'scalar' || node.tag !== null) {
    problems.error('wrong-type', node.at, `${what} is ${kindOf(node)}; text is expected`, `${what}: In one sentence`);
    return undefined;
  }
  const text = (typeof node.value === 'string' ? node.value : (node.source ?? '')).trim();
  if (text === '' || node.value === null)
    return problems.error('empty-text', node.at, `${what} is empty`, `${what}: In one sentence`) as undefined;
  if (isUnsafe(text.replaceAll('\n', ' '))) return problems.unsafe(node.at, text.replaceAll('\n', ' ')) as undefined;
  if (!noPlaceholder(text, 'prose', { what, at: node.at }, problems)) return undefined;
  if (text.length > most)
    return problems.error(
      'text-too-long',
      node.at,
      `${what} has ${text.length} characters; at most ${most} are allowed`,
    ) as undefined;
  return text;
}

/** A list of words. A single word is not taken for a list of one. */
export function readWords(
  node: Node,
  what: string,
  problems: Problems,
): readonly { readonly word: string; readonly at: number }[] | undefined {
  if (node.kind === 'bad') return undefined;
  if (node.kind !== 'list' || node.tag !== null) {
    problems.error('wrong-type', node.at, `${what} is ${kindOf(node)}; a list is expected`, `${what}: [ … ]`);
    return undefined;
  }
  return node.items.flatMap((item) => {
    const word = readWord(item, `an element of ${what}`, problems);
    return word === undefined ? [] : [{ word, at: item.at }];
  });
}

/** One of a few words. */
export function readChoice<T extends string>(
  node: Node,
  what: string,
  choices: readonly T[],
  problems: Problems,
): T | undefined {
  const word = readWord(node, what, problems, `allowed: ${choices.join(', ')}`);
  if (word === undefined) return undefined;
  const found = choices.find((choice) => choice === word);
  if (found === undefined)
    problems.error(
      'value-not-allowed',
      node.at,
      `${what}: ${quote(word)} is not allowed${problems.meant(word, choices)}`,
      `allowed: ${choices.join(', ')}`,
    );
  return found;
}

import type { TypeSchema } from '../../domain/schema.ts';
import { formatIdentity, identityParts, parseIdentity } from '../../domain/identity.ts';
import { entryOf, type Node } from '../reader/node.ts';
import { list, quote, type Problems } from '../reader/problems.ts';
import { specialTag } from '../functions/function-tags.ts';
import { readWord } from './text.ts';

/**
 * The identity of a live resource in its canonical form: text, or a map of the identity's parts, joined by `|`. Always
 * a literal, never a wildcard (law 1).
 */
export function readIdentity(node: Node, schema: TypeSchema, problems: Problems): string | undefined {
  const parts = schema.primaryIdentifier;
  if (node.kind === 'bad') return undefined;
  if (specialTag(node) !== null) {
    problems.error(
      'reference-not-allowed',
      node.at,
      'id names a live resource and cannot be a reference',
      'write the id itself; aiplan inventory prints it',
    );
    return undefined;
  }
  if (node.kind === 'map') {
    const unknown = node.entries.find(({ key }) => !parts.includes(key));
    if (unknown !== undefined)
      return problems.error(
        'invalid-id',
        unknown.at,
        `${quote(unknown.key)} is no part of the identity of ${schema.type}`,
        `the parts are: ${list(parts)}`,
      ) as undefined;
    const words = parts.map((part) => {
      const entry = entryOf(node, part);
      if (entry === undefined)
        return problems.error('invalid-id', node.at, `id has no ${part}`, `the parts are: ${list(parts)}`) as undefined;
      return literal(entry.node, `id.${part}`, problems);
    });
    return words.every((word) => word !== undefined) ? formatIdentity(words as readonly string[]) : undefined;
  }
  const word = literal(node, 'id', problems);
  if (word === undefined) return undefined;
  if (parseIdentity(word, parts.length) === null) {
    const wanted = parts.length === 1 ? 'one part' : `${parts.length} parts joined by "|"`;
    return problems.error(
      'invalid-id',
      node.at,
      `the identity of ${schema.type} has ${wanted} (${parts.join(', ')}); ${quote(word)} has ${identityParts(word).length}`,
      parts.length === 1
        ? 'one entry names one resource; write an entry for each'
        : `id: { ${parts.map((part) => `${part}: …`).join(', ')} }`,
    ) as undefined;
  }
  return word;
}

function literal(node: Node, what: string, problems: Problems): string | undefined {
  const word = readWord(node, what, problems, 'aiplan inventory prints the ids of live resources');
  if (word === undefined) return undefined;
  if (/[*?]/u.test(word))
    return problems.error(
      'wildcard-id',
      node.at,
      `${quote(word)} looks like a pattern; an entry names exactly one resource`,
      'write one entry for each resource, with its id',
    ) as undefined;
  if (/^\s|\s$/u.test(word))
    return problems.error(
      'invalid-id',
      node.at,
      `${quote(word)} is not an id`,
      'aiplan inventory prints the ids of live resources',
    ) as undefined;
  return word;
}

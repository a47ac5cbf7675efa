import type { ResourceEntry } from '../domain/change-plan.ts';
import type { ResourceTypes } from '../domain/resource-type.ts';
import type { Schemas } from '../domain/schema.ts';
import { saysSomething } from '../base/statement.ts';
import { entryOf, type MapNode } from './reader/node.ts';
import { list, type Problems } from './reader/problems.ts';

/**
 * Deletions whose `expect` states nothing about the victim beside its identity, which `id` says already: one finding
 * for all of them, in the place of the first.
 */
export function judgeDeletions(
  entries: readonly ResourceEntry[],
  { entries: nodes }: MapNode,
  { types, schemas }: { readonly types: ResourceTypes; readonly schemas: Schemas },
  problems: Problems,
): void {
  const byAddress = new Map(nodes.toReversed().map(({ key, node }) => [key, node]));
  const nodeOf = (address: string) => byAddress.get(address);
  const unstated = entries.filter(({ address, action, type, expect }) => {
    if (action !== 'delete') return false;
    const node = nodeOf(address);
    const written = node?.kind === 'map' ? entryOf(node, 'expect')?.node : undefined;
    // A value that could not be read has an error of its own.
    if (expect === undefined && written?.kind === 'map' && written.entries.length > 0) return false;
    const identifiers = new Set([types.get(type)?.rules.nameProperty, ...(schemas(type)?.primaryIdentifier ?? [])]);
    return !Object.entries(expect ?? {}).some(([name, value]) => !identifiers.has(name) && saysSomething(value));
  });
  const [first] = unstated;
  if (first === undefined) return;
  const addresses = unstated.map(({ address }) => address);
  problems
    .about(first.address)
    .warning(
      'delete-without-expect',
      nodeOf(first.address)?.at ?? null,
      addresses.length === 1
        ? first.expect === undefined
          ? 'the deletion does not say what it believes to delete'
          : '`expect` of the deletion says nothing beside the identity, which `id` says already'
        : `${addresses.length} deletions do not say what they believe to delete: ${list(addresses, 5)}`,
      `add to ${addresses.length === 1 ? 'it' : 'each'} a line that live AWS is held against, such as\n    expect: { Tags: { Name: … } }`,
    );
}

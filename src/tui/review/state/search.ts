import type { Step } from '../../../domain/plan.ts';

/**
 * The text by which a step is found: its address, type and identity, tags and all values that are shown of it; in small
 * letters.
 */
const texts = new WeakMap<Step, string>();

function textOf(step: Step): string {
  let text = texts.get(step);
  if (text === undefined) {
    const changes = step.changes.map(
      ({ path, before, after, authored }) => `${path} ${plain(before)} ${plain(after)} ${authored ?? ''}`,
    );
    text = [
      step.id,
      step.type,
      step.identity ?? '',
      ...changes,
      plain(step.evidence.binding),
      plain(step.evidence.observed),
      ...step.leftovers,
      ...(step.destruction?.loses ?? []),
      ...(step.grant?.opens ?? []),
    ]
      .join('\n')
      .toLowerCase();
    texts.set(step, text);
  }
  return text;
}

const plain = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);

export interface Search {
  /** As it is typed; empty: no search. */
  readonly query: string;
  /** All steps of the plan that fit, shown in the list or not. */
  readonly found: ReadonlySet<Step>;
}

export const noSearch: Search = { query: '', found: new Set() };

/** Steps that hold all words of a query. Goes on from a search for the beginning of the same query. */
export function searchFor(query: string, steps: readonly Step[], before: Search): Search {
  const words = query
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== '');
  if (words.length === 0) return { query, found: noSearch.found };
  const among =
    before.found.size > 0 && query.startsWith(before.query) && before.query.trim() !== '' ? before.found : steps;
  const found = new Set<Step>();
  for (const step of among) {
    const text = textOf(step);
    if (words.every((word) => text.includes(word))) found.add(step);
  }
  return { query, found };
}

/** Prepares steps from an index on, until `enough` says so; answers the index to continue from. */
export function prepareSearch(steps: readonly Step[], from: number, enough: () => boolean): number {
  let at = from;
  for (; at < steps.length && (at % 16 !== 0 || at === from || !enough()); at += 1) textOf(steps[at] as Step);
  return at;
}

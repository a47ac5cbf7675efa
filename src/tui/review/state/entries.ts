import type { Step } from '../../../domain/plan.ts';
import { wordOf } from '../../../views/step/card-rows.ts';
import { inReadingOrder } from '../../../views/plan/plan-parts.ts';

/** The parts of the list, in their order. */
export type Section = 'destructions' | 'blocked' | 'grants' | 'updates' | 'creates' | 'unchanged';

export const sectionTitles: Readonly<Record<Section, string>> = {
  destructions: 'Destructions',
  blocked: 'Blocked',
  grants: 'Grants',
  updates: 'Updates',
  creates: 'Creates',
  unchanged: 'Unchanged',
};

/** The part of the list in which a step stands; as `inReadingOrder` sorts. */
export function sectionOf(step: Step): Section {
  if (step.action === 'keep' && !step.blocked) return 'unchanged';
  if (step.destruction !== null) return 'destructions';
  if (step.blocked) return 'blocked';
  if (step.grant !== null) return 'grants';
  return step.action === 'create' ? 'creates' : 'updates';
}

export type Filter =
  | { readonly by: 'destructions' }
  | { readonly by: 'action'; readonly word: string }
  | { readonly by: 'type'; readonly type: string };

export const filterText = (filter: Filter): string =>
  filter.by === 'destructions'
    ? 'only destructions'
    : filter.by === 'action'
      ? `only ${filter.word}`
      : `only ${filter.type}`;

const passes = (step: Step, filter: Filter): boolean =>
  filter.by === 'destructions'
    ? step.destruction !== null
    : filter.by === 'action'
      ? wordOf(step) === filter.word
      : step.type === filter.type;

const ordered = new WeakMap<readonly Step[], readonly Step[]>();

/** All steps of a plan in reading order; sorted once. */
export function orderedSteps(steps: readonly Step[]): readonly Step[] {
  let found = ordered.get(steps);
  if (found === undefined) {
    found = inReadingOrder(steps);
    ordered.set(steps, found);
  }
  return found;
}

/** The steps that the list shows. A filter for what is unchanged shows it. */
export function listedSteps(steps: readonly Step[], filter: Filter | null, unchanged: boolean): readonly Step[] {
  const all = orderedSteps(steps);
  if (filter === null) return unchanged ? all : all.filter((step) => sectionOf(step) !== 'unchanged');
  const hidden = !unchanged && !(filter.by === 'action' && filter.word === 'unchanged');
  return all.filter((step) => passes(step, filter) && !(hidden && sectionOf(step) === 'unchanged'));
}

export interface FilterChoice {
  readonly filter: Filter | null;
  readonly label: string;
  readonly count: number;
}

const choices = new WeakMap<readonly Step[], readonly FilterChoice[]>();

/** The choices of the list's filter: everything that occurs, with how often. The first choice is no filter. */
export function filterChoices(steps: readonly Step[]): readonly FilterChoice[] {
  let found = choices.get(steps);
  if (found === undefined) {
    const [words, types] = [new Map<string, number>(), new Map<string, number>()];
    for (const step of orderedSteps(steps)) {
      words.set(wordOf(step), (words.get(wordOf(step)) ?? 0) + 1);
      types.set(step.type, (types.get(step.type) ?? 0) + 1);
    }
    const destructions = steps.filter((step) => step.destruction !== null).length;
    found = [
      { filter: null, label: 'all steps', count: steps.length },
      ...(destructions === 0
        ? []
        : [{ filter: { by: 'destructions' }, label: 'destructions', count: destructions } as const]),
      ...[...words].map(([word, count]): FilterChoice => ({ filter: { by: 'action', word }, label: word, count })),
      ...[...types]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([type, count]): FilterChoice => ({ filter: { by: 'type', type }, label: type, count })),
    ];
    choices.set(steps, found);
  }
  return found;
}

import { identityParts, isAmong, textsOf } from '../../domain/identity.ts';
import { HeldBack } from '../executor/interruptions.ts';
import { inSchedule } from '../executor/schedule.ts';
import type { Task } from './run-context.ts';

/**
 * Steps that are under way at once. Mutating calls go one at a time all the same; what overlaps is waiting, reading and
 * capturing. Of updates more may overlap: they are read together, and none of them captures anything on its way.
 */
const widthOf = (tasks: readonly Task[]): number =>
  tasks.every(({ step }) => step.action === 'update' && step.destruction === null) ? 8 : 4;

/** Creates before updates before what destroys; steps of one rank may overlap. */
export const rankOf = ({ step }: Task): number =>
  ({ create: 0, keep: 1, update: 1, replace: 2, delete: 2 } as const)[step.action];

/**
 * Runs steps in plan order. Steps overlap where they are of one rank, neither waits for the other, and neither names
 * the other's resource. After a failure nothing more is begun and nothing more is sent, except calls that undo a
 * quiescing; waits come to their end. Throws the first error.
 */
export async function runSteps(tasks: readonly Task[], work: (task: Task) => Promise<void>): Promise<void> {
  for (const group of ranksOf(tasks)) {
    const before = edgesOf(group);
    await inSchedule({
      count: group.length,
      width: widthOf(group),
      after: (index) => before[index] ?? [],
      work: (index) => work(group[index] as Task),
      follows: (error) => error instanceof HeldBack,
    });
  }
}

/** The tasks in their order, cut wherever the rank changes: a group begins when the one before it has ended. */
export function ranksOf(tasks: readonly Task[]): readonly (readonly Task[])[] {
  const groups: Task[][] = [];
  for (const task of tasks) {
    const last = groups.at(-1);
    if (last?.[0] !== undefined && rankOf(last[0]) === rankOf(task)) last.push(task);
    else groups.push([task]);
  }
  return groups;
}

/**
 * For each task the earlier ones that must have ended before it begins: those that it waits for, and those with whose
 * resource it has to do.
 */
export function edgesOf(tasks: readonly Task[]): readonly (readonly number[])[] {
  const byIdentity = indexOf(tasks);
  const byAddress = new Map(tasks.map(({ step }, index) => [step.id, index]));
  const before = tasks.map(() => new Set<number>());
  const order = (one: number, other: number | undefined): void => {
    if (other !== undefined && other !== one) before[Math.max(one, other)]?.add(Math.min(one, other));
  };
  for (const [index, task] of tasks.entries()) {
    for (const address of task.step.dependsOn) order(index, byAddress.get(address));
    const texts = textsOfTask(task);
    for (const word of texts)
      for (const other of byIdentity.get(word) ?? []) if (isAmong(texts, other.identity)) order(index, other.index);
  }
  return before.map((positions) => [...positions]);
}

interface Named {
  readonly identity: string;
  readonly index: number;
}

/**
 * The tasks by the identities that they are about. A composite identity stands under the part that the fewest share:
 * who names that part is looked at whole.
 */
function indexOf(tasks: readonly Task[]): ReadonlyMap<string, readonly Named[]> {
  const all = tasks.flatMap((task, index) => identitiesOf(task).map((identity): Named => ({ identity, index })));
  const shared = new Map<string, number>();
  for (const { identity } of all)
    for (const part of identityParts(identity)) shared.set(part, (shared.get(part) ?? 0) + 1);
  const found = new Map<string, Named[]>();
  for (const named of all) {
    const [rarest = ''] = identityParts(named.identity).toSorted((a, b) => (shared.get(a) ?? 0) - (shared.get(b) ?? 0));
    const list = found.get(rarest);
    if (list === undefined) found.set(rarest, [named]);
    else list.push(named);
  }
  return found;
}

/** Every identity that the task is about, former ones too. */
export function identitiesOf({ step, work }: Task): readonly string[] {
  const { restore, repoint } = work.entry;
  return [work.live?.identity, step.identity, restore?.formerIdentity, repoint?.formerIdentity].filter(
    (identity) => typeof identity === 'string',
  );
}

/** Every text, and every word of one, that the task reads or writes: an identity among them is a resource of it. */
export function textsOfTask({ work }: Task): ReadonlySet<string> {
  const found = new Set<string>();
  const { live, desired, entry } = work;
  textsOf(desired, found);
  for (const resource of [live, entry.restore?.live, entry.reopen?.live]) {
    if (resource === null || resource === undefined) continue;
    for (const part of [resource.properties, resource.attributes, resource.binding]) textsOf(part, found);
  }
  for (const order of [entry.restore, entry.repoint, entry.reopen]) textsOf(order?.capture, found);
  return found;
}

import type { Json } from '../../base/json.ts';
import { isObject } from '../../base/json.ts';
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
const rankOf = ({ step }: Task): number =>
  ({ create: 0, keep: 1, update: 1, replace: 2, delete: 2 } as const)[step.action];

/**
 * Carries out steps in plan order. Steps overlap where they are of one rank, neither waits for the other, and neither
 * names the other's resource. After a failure nothing more is begun and nothing more is sent, but what takes a
 * quiescing back; waits come to their end. Throws the first error.
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
  const byIdentity = new Map<string, number>();
  const byAddress = new Map<string, number>();
  for (const [index, task] of tasks.entries()) {
    byAddress.set(task.step.id, index);
    for (const identity of identitiesOf(task)) byIdentity.set(identity, index);
  }
  const before = tasks.map(() => new Set<number>());
  const order = (one: number, other: number | undefined): void => {
    if (other !== undefined && other !== one) before[Math.max(one, other)]?.add(Math.min(one, other));
  };
  for (const [index, task] of tasks.entries()) {
    for (const address of task.step.dependsOn) order(index, byAddress.get(address));
    for (const word of wordsOf(task)) order(index, byIdentity.get(word));
  }
  return before.map((positions) => [...positions]);
}

function identitiesOf({ step, work }: Task): readonly string[] {
  const { restore, repoint } = work.entry;
  return [work.live?.identity, step.identity, restore?.formerIdentity, repoint?.formerIdentity].filter(
    (identity) => typeof identity === 'string',
  );
}

/**
 * Every word of every text that the task reads or writes: an identity among them means that it has to do with that
 * resource.
 */
function wordsOf({ work }: Task): ReadonlySet<string> {
  const words = new Set<string>();
  const collect = (value: Json | undefined): void => {
    if (typeof value === 'string') for (const word of [value, ...value.split(/[\s|/,:"]+/u)]) words.add(word);
    else if (Array.isArray(value)) for (const item of value as readonly Json[]) collect(item);
    else if (isObject(value)) for (const item of Object.values(value)) collect(item);
  };
  const { live, desired, entry } = work;
  collect(desired);
  for (const resource of [live, entry.restore?.live, entry.reopen?.live]) {
    if (resource === null || resource === undefined) continue;
    for (const part of [resource.properties, resource.attributes, resource.binding]) collect(part);
  }
  for (const order of [entry.restore, entry.repoint, entry.reopen]) collect(order?.capture);
  return words;
}

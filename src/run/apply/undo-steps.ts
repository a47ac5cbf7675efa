import { AwsError, UserError } from '../../base/error.ts';
import { isObject, type Json } from '../../base/json.ts';
import { isAmong } from '../../domain/identity.ts';
import { isOfTheStore, StepFailed } from '../executor/interruptions.ts';
import { identitiesOf, rankOf, textsOfTask } from './change-phase.ts';
import type { Task } from './run-context.ts';

/**
 * Carries out the steps of the undo of a run, one after the other: what one resource refuses stops only what has to do
 * with it. Steps that destroy come last of all, and are not begun after a failure: what came in the place of something
 * stays until that is back. `ready` is called before the step at position `until`, where nothing has failed by then.
 * Throws the first error.
 */
export async function undoSteps(
  tasks: readonly Task[],
  until: number,
  work: (task: Task) => Promise<void>,
  ready: () => Promise<void>,
): Promise<void> {
  const left: Task[] = [];
  const failures: unknown[] = [];
  for (const [index, task] of tasks.entries()) {
    if (index === until && failures.length === 0) await ready();
    if (failures.length > 0 && (rankOf(task) === 2 || left.some((other) => concerns(other, task)))) {
      left.push(task);
      continue;
    }
    try {
      await work(task);
    } catch (error) {
      if (!stopsNoOther(error)) throw error;
      failures.push(error);
      left.push(task);
    }
  }
  if (until === tasks.length && failures.length === 0) await ready();
  if (failures.length > 0) throw failures[0];
}

/**
 * Whether one step names the resource of the other. The steps of an undo depend on each other in a chain, which is
 * their order and says nothing of that.
 */
function concerns(one: Task, other: Task): boolean {
  const [ones, others] = [textsOfTask(one), textsOfTask(other)];
  return (
    identitiesOf(one).some((identity) => isAmong(others, identity)) ||
    identitiesOf(other).some((identity) => isAmong(ones, identity)) ||
    refersTo(other.work.entry.properties, one.step.id)
  );
}

const refersTo = (value: Json | undefined, address: string): boolean =>
  Array.isArray(value)
    ? value.some((item: Json) => refersTo(item, address))
    : isObject(value) && (value['Ref'] === address || Object.values(value).some((item) => refersTo(item, address)));

/** AWS, or the check of a type, refused one step for a reason of its own; everything about the session stops all. */
export function stopsNoOther(error: unknown): boolean {
  if (!(error instanceof StepFailed)) return false;
  const { cause } = error;
  if (cause instanceof StepFailed) return stopsNoOther(cause);
  if (cause instanceof AwsError)
    return cause.executed === 'no' && !['network', 'expired', 'throttled'].includes(cause.kind);
  return cause === undefined || (cause instanceof UserError && !isOfTheStore(cause));
}

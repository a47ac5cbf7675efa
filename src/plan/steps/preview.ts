import { callName, type Call, type Effect, type Program } from '../../domain/call.ts';
import type { SecretRef } from '../../base/json.ts';

/**
 * Runs a program without sending anything: every effect is answered by its preview. Returns the calls that it would
 * make and its result. Pure, as programs are.
 */
export function preview<Result>(program: Program<Result>): {
  readonly calls: readonly Call[];
  readonly result: Result;
} {
  const calls: Call[] = [];
  let step = program.next();
  while (step.done !== true) {
    step = program.next(answer(step.value, calls));
  }
  return { calls, result: step.value };
}

function answer(effect: Effect, calls: Call[]): unknown {
  switch (effect.kind) {
    case 'read':
      return effect.preview;
    case 'call':
      calls.push(effect.call);
      return effect.call.preview ?? {};
    case 'batch':
      calls.push(...effect.calls);
      return effect.calls.map((call) => call.preview ?? {});
    case 'wait':
      return effect.wait.preview ?? {};
    case 'keep-secret':
      return { $secret: { captured: effect.name } } satisfies SecretRef;
    case 'progress':
      return undefined;
    default:
      return effect satisfies never;
  }
}

/** The operations of calls in order, runs of equal ones once. */
export function operationsOf(calls: readonly Call[]): readonly string[] {
  return calls.map(callName).filter((name, index, all) => name !== all[index - 1]);
}

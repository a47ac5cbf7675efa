import type { Effect, Program } from '../../domain/call.ts';
import { AwsError, UserError } from '../../base/error.ts';
import { paceOf } from '../../domain/records/poll-intervals.ts';
import { sendCall, refuseWhenStopped, stopOf, type Sending } from './send.ts';
import { sendBatch } from './send-batch.ts';
import { waitFor } from './wait.ts';

export interface Execution extends Sending {
  /** Until when (milliseconds since 1970) absence may be eventual consistency: set when something new settles. */
  readonly freshUntil?: number;
  /** Preflight: a program that yields a mutating call is wrong, and refused before anything leaves. */
  readonly readOnly?: boolean;
}

/** Operations that make something; what they made may stay invisible to reads for a while (law 9). */
const makes = /:(?:Create|Run|Restore|Allocate|Copy|Import|Register)/u;

/**
 * Runs a program: reads pass; every mutating call is journaled, sent and journaled again; waits go to the waiter.
 * AwsError and `wait-failed` are thrown into the program. Everything else (a lost answer, stop, gate, store, secrets)
 * ends it: the program has no say in those. Returns the program's result.
 */
export async function runProgram<Result>(program: Program<Result>, execution: Execution): Promise<Result> {
  const answers = answerer(execution);
  let step = program.next();
  while (step.done !== true) {
    let thrown: unknown = null;
    let value: unknown;
    try {
      value = await answers(step.value);
    } catch (error) {
      if (!(error instanceof AwsError) && !(error instanceof UserError && error.code === 'wait-failed')) {
        program.return(undefined as never);
        throw error;
      }
      thrown = error;
    }
    step = thrown === null ? program.next(value) : program.throw(thrown);
  }
  return step.value;
}

function answerer(execution: Execution): (effect: Effect) => Promise<unknown> {
  const { ports, step } = execution;
  const pace = paceOf(ports.pace);
  let freshUntil = execution.freshUntil ?? null;
  const noteMade = (operations: readonly string[]): void => {
    if (operations.some((operation) => makes.test(operation))) freshUntil = ports.clock.now() + pace.consistency;
  };
  const refuseIfReadOnly = (operation: string): void => {
    if (execution.readOnly === true)
      throw new UserError('gate-refused', `${operation} is a mutating call in a check of step "${step}"`);
  };
  return async (effect) => {
    // The program has gone on from whatever its last call met.
    if (effect.kind !== 'call' && effect.kind !== 'batch') execution.state.turn.leave(step);
    switch (effect.kind) {
      case 'read':
        refuseWhenStopped(execution);
        return ports.session.read(effect.call);
      case 'call': {
        const operation = `${effect.call.service}:${effect.call.operation}`;
        refuseIfReadOnly(operation);
        const answer = await sendCall(effect.call, execution);
        noteMade([operation]);
        return answer;
      }
      case 'batch': {
        const operations = effect.calls.map((call) => `${call.service}:${call.operation}`);
        if (operations[0] !== undefined) refuseIfReadOnly(operations[0]);
        const answer = await sendBatch(effect.calls, effect.purpose, execution);
        noteMade(operations);
        return answer;
      }
      case 'wait':
        return waitFor(effect.wait, {
          session: ports.session,
          clock: ports.clock,
          emit: ports.emit,
          stop: stopOf(execution) ?? null,
          pace,
          step,
          freshUntil,
        });
      case 'keep-secret':
        refuseIfReadOnly('keep-secret');
        return ports.vault.keepSecret(step, effect.name, effect.text);
      case 'progress':
        ports.emit({ kind: 'progress', step, text: effect.text, fraction: effect.fraction ?? null });
        return undefined;
      default:
        return effect satisfies never;
    }
  };
}

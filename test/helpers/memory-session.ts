import {
  callName,
  type Answer,
  type AwsSession,
  type Call,
  type Permit,
  type ReadCall,
} from '../../src/domain/call.ts';
import { UserError } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { mutations } from './memory-mutations.ts';
import { reads } from './memory-reads.ts';
import { lagging, type State } from './memory-state.ts';
import { describe } from './memory-values.ts';

/** As it comes over the wire: nothing is shared with what sent it. */
const copyOf = (value: JsonObject): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

/** The session of the memory world: reads by name, mutations only by permit, faults as ordered. */
export function memorySession(state: State, sent: Call[]): AwsSession {
  const counts: Record<string, number> = {};
  const fault = (name: string) => {
    const found = state.faults.find(({ operation, times }) => operation === name && times > 0);
    if (found !== undefined) found.times -= 1;
    return found;
  };
  return {
    counts,
    async read(call: ReadCall) {
      const name = callName(call);
      const answer = reads[name];
      if (answer === undefined) throw new UserError('gate-refused', `${name} is not a known read of the memory world`);
      counts[name] = (counts[name] ?? 0) + 1;
      try {
        const failure = fault(name);
        if (failure !== undefined) throw failure.error;
        return answer(state, call.input);
      } catch (error) {
        if (call.absent?.includes((error as { code?: string }).code ?? '') === true) return null;
        throw error;
      }
    },
    async mutate(call: Call, resolved: JsonObject, permit: Permit): Promise<Answer> {
      const name = callName(call);
      const execute = mutations[name];
      if (execute === undefined)
        throw new UserError('gate-refused', `${name} is not a known operation of the memory world`);
      if (!permit.operations.includes(name))
        throw new UserError('gate-refused', `${name} is not among the calls of step "${permit.step}"`);
      if (
        call.operation === 'DeleteDatabase' &&
        resolved['SkipFinalSnapshot'] === true &&
        permit.confirmedLoss?.includes('skip-final-snapshot') !== true
      ) {
        throw new UserError('gate-refused', 'a skipped final snapshot is not permitted');
      }
      const failure = fault(name);
      if (failure !== undefined && !failure.lost) throw failure.error;
      counts[name] = (counts[name] ?? 0) + 1;
      sent.push(call);
      const output = copyOf(lagging(state, describe, () => execute(state, copyOf(resolved))));
      if (failure !== undefined) throw failure.error;
      return { output, requestId: `memory-${sent.length}`, attempts: 1 };
    },
  };
}

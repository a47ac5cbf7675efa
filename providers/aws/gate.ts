import { canonical } from '../../src/model/digest.ts';
import { UserError } from '../../src/model/error.ts';
import { callName, type Call, type Permit, type Service } from '../../src/model/call.ts';
import type { JsonObject } from '../../src/model/json.ts';

/** Operations whose name begins like this only read; everything else counts as mutating (law 6). */
export const isRead = (_service: Service, operation: string): boolean => /^(Describe|Get|List|Head)/u.test(operation);

export interface Gate {
  during<Result>(call: Call, resolved: JsonObject, permit: Permit, input: object, work: () => Promise<Result>): Promise<Result>;
}

interface Stack { add(middleware: unknown, options: object): void }

/** Puts the gate into a client's middleware: the only way out of the process (law 6). */
export function attachGate(client: { middlewareStack: unknown }, service: Service, mode: 'read-only' | 'apply'): Gate {
  const permitted = new Map<string, number>();
  const refuse = (message: string): never => { throw new UserError('gate-refused', message); };
  (client.middlewareStack as Stack).add((next: (args: unknown) => unknown, context: { commandName?: string }) => async (args: { input: object }) => {
    const operation = (context.commandName ?? '').replace(/Command$/u, '');
    if (isRead(service, operation)) return next(args);
    if (mode === 'read-only') refuse(`${service}:${operation} would change something, and this command only reads`);
    const key = `${operation} ${canonical(args.input)}`;
    if ((permitted.get(key) ?? 0) < 1) refuse(`${service}:${operation} was not declared by the step that runs`);
    return next(args);
  }, { step: 'initialize', priority: 'high', name: 'aiplanGate', override: true });
  return {
    async during(call, _resolved, permit, input, work) {
      if (!permit.operations.includes(callName(call))) refuse(`${callName(call)} is not among the calls of step "${permit.step}"`);
      const key = `${call.operation} ${canonical(input)}`;
      permitted.set(key, (permitted.get(key) ?? 0) + 1);
      try {
        return await work();
      } finally {
        permitted.delete(key);
      }
    },
  };
}

import { callName, type AwsSession, type Effect, type Permit, type Program } from '../../domain/call.ts';
import { UserError } from '../../base/error.ts';
import type { JsonObject } from '../../base/json.ts';
import { preview } from '../../plan/steps/preview.ts';

/**
 * Runs a program outside a run: `aiplan setup`, checks of the capture bucket, expiry of captures. Only the operations
 * that its preview lists can be sent. `make` is called twice. Throws AwsError, and UserError `unexpected-effect` for an
 * effect that only a run can carry out.
 */
export async function runOutsideRun<Result>(
  session: AwsSession,
  make: () => Program<Result>,
  permit: Omit<Permit, 'operations'>,
): Promise<Result> {
  const operations = [...new Set(preview(make()).calls.map(callName))];
  const perform = async (effect: Effect): Promise<unknown> => {
    switch (effect.kind) {
      case 'read':
        return session.read(effect.call);
      case 'call':
        return (await session.mutate(effect.call, effect.call.input, { ...permit, operations })).output;
      case 'batch': {
        const answers: JsonObject[] = [];
        for (const call of effect.calls)
          answers.push((await session.mutate(call, call.input, { ...permit, operations })).output);
        return answers;
      }
      case 'progress':
        return undefined;
      default:
        throw new UserError('unexpected-effect', `a program outside a run asked for "${effect.kind}"`, {
          help: 'please report it',
        });
    }
  };
  const program = make();
  let step = program.next();
  while (step.done !== true) {
    let value: unknown;
    try {
      value = await perform(step.value);
    } catch (error) {
      step = program.throw(error);
      continue;
    }
    step = program.next(value);
  }
  return step.value;
}

import { preview } from '../../src/plan/steps/preview.ts';
import { callName, type AwsSession, type Effect, type Program } from '../../src/domain/call.ts';
import { isSecretRef, type Json, type JsonObject } from '../../src/base/json.ts';

/**
 * Drives a program against a session, for tests of resource types: no journal, quick polling, secrets kept in memory.
 * `make` is called twice, because the first pass only previews: the operations seen there are all that is permitted.
 */
export async function drive<Result>(
  session: AwsSession,
  make: () => Program<Result>,
  secrets: Map<string, string> = new Map(),
): Promise<Result> {
  const operations = [...new Set(preview(make()).calls.map(callName))];
  const permit = {
    run: 'test',
    step: 'Test',
    operations,
    confirmedLoss: ['skip-final-snapshot', 'retention-zero'] as const,
  };
  const resolve = (value: Json | undefined): Json => {
    if (isSecretRef(value)) {
      const { captured, env, base64 } = value.$secret;
      const text = secrets.get(captured ?? env ?? '') ?? '';
      return base64 === true ? Buffer.from(text).toString('base64') : text;
    }
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value as JsonObject).map(([key, item]) => [key, resolve(item)]));
    return value ?? null;
  };
  const perform = async (effect: Effect): Promise<unknown> => {
    switch (effect.kind) {
      case 'read':
        return session.read(effect.call);
      case 'call':
        return (await session.mutate(effect.call, resolve(effect.call.input) as JsonObject, permit)).output;
      case 'batch': {
        const answers = [];
        for (const call of effect.calls)
          answers.push((await session.mutate(call, resolve(call.input) as JsonObject, permit)).output);
        return answers;
      }
      case 'wait': {
        let agreed = 0;
        for (let polls = 0; polls < 400; polls += 1) {
          const answer = await session.read(effect.wait.read);
          const judged = effect.wait.judge(answer);
          if (judged.state === 'failed') throw new Error(`${effect.wait.what}: ${judged.reason}`);
          agreed = judged.state === 'done' ? agreed + 1 : 0;
          if (agreed >= (effect.wait.agree ?? 1)) return answer;
          await new Promise((done) => setTimeout(done, 50));
        }
        throw new Error(`${effect.wait.what}: still not settled after 400 polls`);
      }
      case 'keep-secret':
        secrets.set(effect.name, effect.text);
        return { $secret: { captured: effect.name } };
      case 'progress':
        return undefined;
      default:
        return effect satisfies never;
    }
  };
  const program = make();
  let step = program.next();
  while (step.done !== true) {
    let value: unknown;
    let failed: unknown;
    try {
      value = await perform(step.value);
    } catch (error) {
      failed = error ?? new Error('failed');
    }
    step = failed === undefined ? program.next(value) : program.throw(failed);
  }
  return step.value;
}

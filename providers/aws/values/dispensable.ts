import { progress, send, type Call, type Program } from '../../../src/domain/call.ts';
import { AwsError } from '../../../src/base/error.ts';
import type { JsonObject } from '../../../src/base/json.ts';

/** Refusals that another attempt would get too: of what a call names, not of the moment or of the caller. */
const LASTING: ReadonlySet<AwsError['kind']> = new Set(['absent', 'invalid']);

/** Whether AWS refused a call for what it asks, with no effect. */
export const isLastingRefusal = (error: unknown): error is AwsError =>
  error instanceof AwsError && error.executed === 'no' && LASTING.has(error.kind);

/**
 * Sends a call without which a restore is still worth something: where AWS refuses it, because a role, a topic or a
 * bucket that it names is gone, the restore continues and says so. The comparison with what was captured tells it too.
 * Answers null where it was refused. Throws AwsError for any other failure.
 */
export function* sendDispensable(call: Call): Program<JsonObject | null> {
  try {
    return yield* send(call);
  } catch (error) {
    if (!isLastingRefusal(error)) throw error;
    yield* progress(`left out: ${call.purpose} (${error.code}: ${error.message})`);
    return null;
  }
}

import { callName, type Call } from '../../domain/call.ts';
import { AwsError, UserError } from '../../base/error.ts';

/** The run pauses and can be resumed: Ctrl-C, or credentials that cannot be renewed. Nothing failed. */
export class RunStopped extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RunStopped';
  }
}

/** A step was held back because another one failed: this is never the error that ends the run. */
export class HeldBack extends RunStopped {}

/** The answer of a mutating call was lost. Only a read can tell whether it was executed (law 8). */
export class InDoubt extends Error {
  readonly call: Call;

  constructor(call: Call, error: AwsError) {
    super(
      `${callName(call)} on ${call.identity}: the answer was lost (${error.code}: ${error.message}); whether AWS carried it out is in doubt`,
      { cause: error },
    );
    this.name = 'InDoubt';
    this.call = call;
  }
}

/** Takes fresh credentials. Throws RunStopped where there are none to take: the run pauses. */
export async function renewOrStop(session: { renew(): Promise<void> }): Promise<void> {
  try {
    await session.renew();
  } catch (error) {
    if (error instanceof AwsError && (error.kind === 'expired' || error.kind === 'denied')) {
      throw new RunStopped(
        `the credentials have expired and could not be renewed (${error.message}); log in again`,
        error,
      );
    }
    throw error;
  }
}

/** The live state is no longer the one from which the plan was made. */
export class Stale extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Stale';
  }
}

/** A step cannot continue for a reason of its own: an incomplete capture, a resource that cannot be read. */
export class StepFailed extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StepFailed';
  }
}

/** The journal cannot be written, or is written by another process by now: nothing more can be told or done. */
export const isOfTheStore = (error: unknown): error is UserError =>
  error instanceof UserError && (error.code === 'store-unwritable' || error.code === 'lock-lost');

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error instanceof AwsError ? `${error.operation}: ${error.code}: ${error.message}` : error.message;
};

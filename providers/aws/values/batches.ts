import { AwsError } from '../../../src/base/error.ts';
import { mapBounded } from '../../../src/base/pool.ts';
import type { ReadFailure } from '../../../src/domain/live.ts';
import { permissionsOf } from '../services/index.ts';

/**
 * A list in pieces of at most `size`: as many values as a filter or an identifier list of EC2 and RDS takes, unless
 * told.
 */
export function pieces<Item>(items: readonly Item[], size = 200): readonly (readonly Item[])[] {
  const result: Item[][] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}

/** `mapBounded` with the width that reads of AWS have: 16 at a time, unless told. */
export const bounded = <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  limit = 16,
): Promise<readonly Result[]> => mapBounded(items, limit, work);

/** The outcome of a read: its value, or the AwsError that it failed with. Any other error is thrown on. */
export type Attempt<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: AwsError };

export async function attempt<Value>(work: Promise<Value>): Promise<Attempt<Value>> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    if (error instanceof AwsError) return { ok: false, error };
    throw error;
  }
}

/** A failed read of one identity, or of the whole type. */
export const failureOf = (type: string, identity: string | null, error: AwsError): ReadFailure => ({
  type,
  identity,
  code: error.code,
  message: error.message,
  operation: error.operation,
  ...permissionsOf(error.operation),
});

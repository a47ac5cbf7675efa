import type { AwsReader } from '../../src/model/call.ts';
import { AwsError } from '../../src/model/error.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { ReadFailure } from '../../src/model/live.ts';
import { listOf, textOf } from './fields.ts';

/** EC2 takes at most 200 values in one filter (DescribeInstances: "up to 200 values per filter"). */
export const filterValues = 200;

/** A list in pieces of at most `size`. */
export function pieces<Item>(items: readonly Item[], size: number = filterValues): readonly (readonly Item[])[] {
  const result: Item[][] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}

/** Runs `work` over all items, at most `limit` at a time, answers in order. Rejects with the first error. */
export async function bounded<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>, limit = 16): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}

/** Every element of `list` over all pages of a describe call. Throws AwsError. */
export async function allPages(aws: AwsReader, operation: string, input: JsonObject, list: string): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let token: string | undefined;
  do {
    const answer: JsonObject = (await aws.read({ service: 'ec2', operation, input: token === undefined ? input : { ...input, NextToken: token } })) ?? {};
    found.push(...listOf(answer[list]));
    token = textOf(answer['NextToken']);
  } while (token !== undefined);
  return found;
}

/** All elements that match one filter with any number of values, 200 values per call. Throws AwsError. */
export async function byFilter(
  aws: AwsReader, operation: string, list: string, filter: string, values: readonly string[], input: JsonObject = {},
): Promise<readonly JsonObject[]> {
  const answers = await bounded(pieces(values), (some) =>
    allPages(aws, operation, { ...input, Filters: [{ Name: filter, Values: [...some] }, ...listOf(input['Filters'])] }, list));
  return answers.flat();
}

/** What became of a read: its value, or the AwsError that it failed with. Any other error is thrown on. */
export type Attempt<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: AwsError };

export async function attempt<Value>(work: Promise<Value>): Promise<Attempt<Value>> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    if (error instanceof AwsError) return { ok: false, error };
    throw error;
  }
}

/** A failed read of one identity, or of the whole type. */
export const failureOf = (type: string, identity: string | null, error: AwsError): ReadFailure =>
  ({ type, identity, code: error.code, message: error.message });

/** An EC2 filter of a program's read. */
export const filtered = (name: string, values: readonly Json[]): JsonObject => ({ Filters: [{ Name: name, Values: values }] });

import type { AwsReader } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { bounded, pieces } from '../aws/values/batches.ts';
import { listOf, textOf } from '../aws/values/fields.ts';

/** Every element of `list` over all pages of a describe call. Throws AwsError. */
export async function allPages(
  aws: AwsReader,
  operation: string,
  input: JsonObject,
  list: string,
): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let token: string | undefined;
  do {
    const answer: JsonObject =
      (await aws.read({
        service: 'ec2',
        operation,
        input: token === undefined ? input : { ...input, NextToken: token },
      })) ?? {};
    found.push(...listOf(answer[list]));
    token = textOf(answer['NextToken']);
  } while (token !== undefined);
  return found;
}

/** All elements that match one filter with any number of values, 200 values per call. Throws AwsError. */
export async function byFilter(
  aws: AwsReader,
  operation: string,
  list: string,
  filter: string,
  values: readonly string[],
  input: JsonObject = {},
): Promise<readonly JsonObject[]> {
  const answers = await bounded(pieces(values), (some) =>
    allPages(
      aws,
      operation,
      { ...input, Filters: [{ Name: filter, Values: [...some] }, ...listOf(input['Filters'])] },
      list,
    ),
  );
  return answers.flat();
}

/** An EC2 filter of a program's read. */
export const filtered = (name: string, values: readonly Json[]): JsonObject => ({
  Filters: [{ Name: name, Values: values }],
});

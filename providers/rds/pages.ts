import { look, type AwsReader, type Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { listOf, textOf } from '../aws/values/fields.ts';

/** Every element of `list` over all pages of an RDS describe call (`Marker`, 100 records a page). Throws AwsError. */
export async function allPages(
  aws: AwsReader,
  operation: string,
  input: JsonObject,
  list: string,
): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let marker: string | undefined;
  do {
    const answer: JsonObject =
      (await aws.read({
        service: 'rds',
        operation,
        input: marker === undefined ? input : { ...input, Marker: marker },
      })) ?? {};
    found.push(...listOf(answer[list]));
    marker = textOf(answer['Marker']);
  } while (marker !== undefined);
  return found;
}

/** The same inside a program; a preview sees one empty page. */
export function* lookAtAllPages(operation: string, input: JsonObject, list: string): Program<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let marker: string | undefined;
  do {
    const answer: JsonObject | null = yield* look({
      service: 'rds',
      operation,
      input: marker === undefined ? input : { ...input, Marker: marker },
    });
    found.push(...listOf(answer?.[list]));
    marker = textOf(answer?.['Marker']);
  } while (marker !== undefined);
  return found;
}

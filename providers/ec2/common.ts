import { look, type AwsReader, type Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { ReadFailure } from '../../src/domain/live.ts';
import type { ReadQuery } from '../../src/domain/resource-type.ts';
import { listOf, textOf } from '../aws/values/fields.ts';
import { attempt, bounded, failureOf, pieces } from '../aws/values/batches.ts';
import { allPages } from './paging.ts';

/** Every element of `list` over all pages, as a program. `preview` stands for them in a plan. */
export function* lookAll(
  operation: string,
  input: JsonObject,
  list: string,
  preview: readonly JsonObject[] = [],
): Program<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let token: string | undefined;
  do {
    const answer: JsonObject | null = yield* look(
      { service: 'ec2', operation, input: token === undefined ? input : { ...input, NextToken: token } },
      { [list]: preview },
    );
    found.push(...listOf(answer?.[list]));
    token = textOf(answer?.['NextToken']);
  } while (token !== undefined);
  return found;
}

/** The result of a batched describe: raw elements, identities that a complete answer did not hold, and failed reads. */
export interface Described {
  readonly found: readonly JsonObject[];
  readonly absent: readonly string[];
  readonly failures: readonly ReadFailure[];
}

/**
 * The elements of a describe operation for a query: all, or 200 identities a call by filter, because one unknown id
 * would fail a call by ids. A failed call is a failure of each of its identities, never an absence.
 */
export async function describe(
  aws: AwsReader,
  query: ReadQuery,
  how: {
    readonly type: string;
    readonly operation: string;
    readonly list: string;
    readonly filter: string;
    readonly idField: string;
  },
): Promise<Described> {
  const wanted = query.all ? [null] : pieces([...new Set(query.identities)]);
  const answers = await bounded(wanted, async (identities) => {
    const input: JsonObject = {
      ...(identities === null ? {} : { Filters: [{ Name: how.filter, Values: identities }] }),
      MaxResults: 1000,
    };
    return { identities, answer: await attempt(allPages(aws, how.operation, input, how.list)) };
  });
  const found: JsonObject[] = [];
  const absent: string[] = [];
  const failures: ReadFailure[] = [];
  for (const { identities, answer } of answers) {
    if (!answer.ok) {
      failures.push(...(identities ?? [null]).map((identity) => failureOf(how.type, identity, answer.error)));
      continue;
    }
    found.push(...answer.value);
    const seen = new Set(answer.value.map((raw) => textOf(raw[how.idField])));
    absent.push(...(identities ?? query.identities).filter((identity) => !seen.has(identity)));
  }
  return { found, absent, failures };
}

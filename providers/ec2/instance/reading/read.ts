import type { AwsReader } from '../../../../src/domain/call.ts';
import type { JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource, ReadFailure } from '../../../../src/domain/live.ts';
import type { ReadQuery, ReadResult } from '../../../../src/domain/resource-type.ts';
import { listOf, objectOf, textOf } from '../../../aws/values/fields.ts';
import { readDetails } from './details.ts';
import { readNamed } from './named.ts';
import { instanceType } from './facts.ts';
import { instanceResource } from './shape.ts';
import { attempt, bounded, failureOf, pieces } from '../../../aws/values/batches.ts';
import { allPages } from '../../paging.ts';

/** DescribeInstances takes at most 1000 results a page. */
const pageSize = 1000;

/**
 * Reads instances: one paginated DescribeInstances per 200 identities (by filter, because one unknown id would fail a
 * call by ids), attributes and evidence for the detailed ones only. A failed read is a failure, never an absence.
 */
export async function readInstances(aws: AwsReader, query: ReadQuery): Promise<ReadResult> {
  const wanted = query.all ? [null] : pieces([...new Set(query.identities)]);
  const failures: ReadFailure[] = [];
  const absent: string[] = [];
  const found: JsonObject[] = [];
  await bounded(wanted, async (identities) => {
    const input: JsonObject = {
      ...(identities === null ? {} : { Filters: [{ Name: 'instance-id', Values: identities }] }),
      MaxResults: pageSize,
    };
    const answer = await attempt(allPages(aws, 'DescribeInstances', input, 'Reservations'));
    if (!answer.ok) {
      failures.push(...(identities ?? [null]).map((identity) => failureOf(instanceType, identity, answer.error)));
      return;
    }
    const instances = answer.value.flatMap((reservation) => listOf(reservation['Instances']));
    const seen = new Set(instances.map((raw) => textOf(raw['InstanceId'])));
    found.push(...instances);
    absent.push(...(identities ?? []).filter((identity) => !seen.has(identity)));
  });
  if (query.all && failures.length === 0) {
    const seen = new Set(found.map((raw) => textOf(raw['InstanceId'])));
    absent.push(...query.identities.filter((identity) => !seen.has(identity)));
  }
  const detailed = found.filter((raw) => query.detailed.has(textOf(raw['InstanceId']) ?? '') && isThere(raw));
  const details = await readDetails(aws, detailed);
  const named = await readNamed(
    aws,
    found.filter((raw) => !details.of.has(textOf(raw['InstanceId']) ?? '') && isThere(raw)),
    query.properties ?? new Map(),
  );
  const resources: readonly LiveResource[] = found.map((raw) => {
    const id = textOf(raw['InstanceId']) ?? '';
    const whole = details.of.get(id);
    return instanceResource(raw, whole ?? named.of.get(id) ?? null, whole !== undefined);
  });
  return { resources, absent, failures: [...failures, ...details.failures, ...named.failures] };
}

const isThere = (raw: JsonObject): boolean =>
  !/^(shutting-down|terminated)$/u.test(textOf(objectOf(raw['State'])['Name']) ?? '');

import type { JournalRecord } from '../domain/records/journal.ts';
import { isObject, type Json } from '../base/json.ts';
import { identityParts } from '../domain/identity.ts';
import { recordsOf } from '../history/journal-reading.ts';

/**
 * Every name by which CloudTrail may know what a run touched: identities before and after, of calls, of captures, and
 * of restores. Parts of composite identities stand alone. Addresses are aiplan's and not among them. Pure.
 */
export function resourceNames(records: readonly JournalRecord[]): readonly string[] {
  const names = new Set<string>();
  const add = (identity: string | null): void => {
    for (const part of identity === null ? [] : identityParts(identity)) if (part !== '') names.add(part);
  };
  for (const step of recordsOf(records, 'begin')[0]?.plan.steps ?? []) if (step.action !== 'keep') add(step.identity);
  for (const record of records) {
    if (record.kind === 'step') add(record.identity);
    else if (record.kind === 'remapped') for (const pair of Object.entries(record.map)) pair.forEach(add);
    else if (record.kind === 'captured') for (const name of namesIn(record.capture.refs)) add(name);
    else if (record.kind === 'intent' && !/^(?:Create|Run|Restore|Register|Copy)/u.test(record.declared.operation))
      add(record.declared.identity);
  }
  return [...names].filter((name) => !/^s3:\/\/|\s/u.test(name)).sort();
}

/** Names of snapshots and images among the references of a capture; numbers, digests and keys are none. */
const awsName = /^(?:(?:snap|ami|vol|i|sg|eni|subnet|vpc)-[0-9a-f]{8,17}|aiplan-[\w-]{1,250})$/u;
const namesIn = (value: Json | undefined): readonly string[] => {
  if (typeof value === 'string') return awsName.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((item: Json) => namesIn(item));
  return isObject(value) ? Object.values(value).flatMap(namesIn) : [];
};

/** An attribute that CloudTrail can be asked by, with its value. */
export interface Lookup {
  readonly key: 'ResourceName' | 'Username' | 'AccessKeyId';
  readonly value: string;
}

/**
 * How CloudTrail knows a principal: an access key by itself; of an ARN the user name, the name of the role's session,
 * or `root` (CloudTrail API reference, LookupAttribute; user guide, "userIdentity element"). Anything else counts as a
 * user name.
 */
export function principalLookup(principal: string): Lookup {
  if (/^(?:AKIA|ASIA)[A-Z0-9]{12,}$/u.test(principal)) return { key: 'AccessKeyId', value: principal };
  const arn = /^arn:[\w-]+:(?:iam|sts)::\d{12}:(?<kind>[\w-]+)(?:\/(?<path>.*))?$/u.exec(principal)?.groups;
  return {
    key: 'Username',
    value:
      arn === undefined ? principal : arn['kind'] === 'root' ? 'root' : (arn['path']?.split('/').at(-1) ?? principal),
  };
}

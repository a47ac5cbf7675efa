import type { TrailEvent } from '../../../src/domain/records/audit-report.ts';
import type { AwsReader } from '../../../src/domain/call.ts';
import { UserError } from '../../../src/base/error.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';

/** One question: events with this attribute, in this stretch of time (milliseconds since 1970). */
export interface HistoryQuestion {
  readonly key: 'ResourceName' | 'Username' | 'AccessKeyId';
  readonly value: string;
  readonly since: number;
  readonly until: number;
}

/** The reach of event history: the last 90 days (CloudTrail API reference, LookupEvents). */
export const historyDays = 90;
/** Two requests a second, for the whole account and region (ibid.); in milliseconds. */
export const historyPause = 500;

/**
 * The mutating management events that fit one question, in every page. `pace` is waited for before each request.
 * Sign-ins change no resource and are left out. Throws AwsError, and UserError `unexpected-answer` where the pages go
 * round in a circle.
 */
export async function* askHistory(
  aws: AwsReader,
  question: HistoryQuestion,
  pace: () => Promise<void>,
): AsyncGenerator<TrailEvent> {
  const { key, value, since, until } = question;
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    await pace();
    const answer: JsonObject | null = await aws.read({
      service: 'cloudtrail',
      operation: 'LookupEvents',
      input: {
        LookupAttributes: [{ AttributeKey: key, AttributeValue: value }],
        MaxResults: 50,
        StartTime: { $date: new Date(since).toISOString() },
        EndTime: { $date: new Date(until).toISOString() },
        ...(token === undefined ? {} : { NextToken: token }),
      },
    });
    for (const item of list(answer?.['Events'])) {
      const event = eventOf(item);
      if (event !== null) yield event;
    }
    token = text(answer?.['NextToken']) ?? undefined;
    if (token !== undefined && seen.has(token))
      throw new UserError('unexpected-answer', 'CloudTrail gave the same page twice', {
        help: 'try again; nothing can be said without every page',
      });
    if (token !== undefined) seen.add(token);
  } while (token !== undefined);
}

/**
 * One event as JSON; null for a read or a sign-in. The document in `CloudTrailEvent` tells most; where it cannot be
 * read, what stands beside it still counts: an event that is not understood is not left out. (CloudTrail user guide,
 * "CloudTrail record contents")
 */
function eventOf(item: JsonObject): TrailEvent | null {
  const record = documentOf(text(item['CloudTrailEvent']));
  const readOnly = record['readOnly'] ?? text(item['ReadOnly']) === 'true';
  if (readOnly === true || record['eventType'] === 'AwsConsoleSignIn') return null;
  const identity = isObject(record['userIdentity']) ? record['userIdentity'] : {};
  const listed = list(item['Resources']).map((resource) => text(resource['ResourceName']));
  const named = list(record['resources']).map((resource) => text(resource['ARN']));
  return {
    id:
      text(item['EventId']) ??
      text(record['eventID']) ??
      `${text(item['EventTime']) ?? ''} ${text(item['EventName']) ?? ''}`,
    // A Date of the SDK has become ISO text with milliseconds; the document's has none.
    at: isoOf(text(record['eventTime']) ?? text(item['EventTime'])),
    source: text(record['eventSource']) ?? text(item['EventSource']) ?? 'unknown',
    name: text(record['eventName']) ?? text(item['EventName']) ?? 'unknown',
    requestId: text(record['requestID']),
    principal: text(identity['arn']) ?? text(identity['principalId']) ?? text(item['Username']),
    service: text(identity['invokedBy']) ?? (identity['type'] === 'AWSService' ? 'an AWS service' : null),
    sourceIp: text(record['sourceIPAddress']),
    userAgent: text(record['userAgent']),
    errorCode: text(record['errorCode']),
    errorMessage: text(record['errorMessage']),
    resources: [...new Set([...listed, ...named].filter((name): name is string => name !== null))],
  };
}

const text = (value: Json | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);
const list = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value.filter((item: Json) => isObject(item)) as readonly JsonObject[]) : [];
const isoOf = (time: string | null): string =>
  time === null || Number.isNaN(Date.parse(time)) ? '' : new Date(Date.parse(time)).toISOString();

function documentOf(json: string | null): JsonObject {
  try {
    const value: unknown = JSON.parse(json ?? '{}');
    return isObject(value) ? value : {};
  } catch {
    // The members beside the document are all there is then.
    return {};
  }
}

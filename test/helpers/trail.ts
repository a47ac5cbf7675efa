import { randomUUID } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { identify, s3Operation } from '../../src/sandbox/proxy/protocol/identify.ts';
import { kindOfOperation } from '../../providers/aws/gate/known-reads.ts';
import type { Service } from '../../src/domain/call.ts';

/** A request as AWS saw it. */
interface SeenByAws {
  readonly service: string;
  readonly operation: string;
  readonly userAgent: string;
  readonly requestId: string;
}

/** An event of the trail: what stands beside the document, and the document. */
export interface TrailItem {
  readonly at: number;
  readonly requestId?: string;
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly readOnly: boolean;
  readonly username: string;
  readonly resources: readonly string[];
  readonly document: object | string;
}

/**
 * A stand-in for CloudTrail's event history, which the emulator has not: it stands before an endpoint, passes every
 * request on, gives each answer a request id of its own, and keeps an event for it as AWS would: management events
 * only, S3 under CloudTrail's names. It speaks the JSON 1.1 protocol of LookupEvents (API reference): exactly one
 * attribute, a stretch of time, pages, tokens that hold for the same question only, throttling.
 */
export interface Trail {
  readonly endpoint: string;
  readonly seen: SeenByAws[];
  readonly items: TrailItem[];
  readonly asked: { readonly attribute: string; readonly token: boolean }[];
  /** Events on one page; AWS may give fewer than are asked for. */
  pageSize: number;
  /** How many of the next questions are refused as too many. */
  throttled: number;
  close(): Promise<void>;
}

/** `behind`: what answers everything that is not CloudTrail's; null: nothing does. */
export async function openTrail(behind: string | null = null): Promise<Trail> {
  const trail = {
    endpoint: '',
    seen: [] as SeenByAws[],
    items: [] as TrailItem[],
    asked: [] as { attribute: string; token: boolean }[],
    pageSize: 2,
    throttled: 0,
  };
  const server = createServer((incoming, response) => {
    void bodyOf(incoming)
      .then(async (body) => {
        const target = incoming.headers['x-amz-target'];
        const agent = incoming.headers['user-agent'] ?? '';
        if (typeof target === 'string' && target.startsWith('CloudTrail_20131101.')) {
          trail.seen.push({
            service: 'cloudtrail',
            operation: target.split('.')[1] ?? '',
            userAgent: agent,
            requestId: '',
          });
          return answerLookup(trail, incoming, body.toString('utf8'), response);
        }
        return passOn(trail, behind ?? '', incoming, body, agent, response);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  trail.endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return Object.assign(trail, {
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => {
        server.close(done);
      });
    },
  });
}

const bodyOf = async (stream: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

async function passOn(
  trail: Omit<Trail, 'close'>,
  behind: string,
  incoming: IncomingMessage,
  body: Buffer,
  userAgent: string,
  response: ServerResponse,
): Promise<void> {
  const { hostname, port } = new URL(behind);
  const requestId = randomUUID();
  const { service, bucket, key, query } = identify(incoming);
  const form = new URLSearchParams(body.toString('utf8'));
  const operation =
    service === 's3'
      ? s3Operation(
          incoming.method ?? 'GET',
          { bucket, key, query },
          incoming.headers['x-amz-copy-source'] !== undefined,
        )
      : (form.get('Action') ?? '');
  const named =
    service === 's3'
      ? [bucket]
      : [...form].filter(([name]) => /Id(?:\.\d+)?$|Identifier$|ResourceName$/u.test(name)).map(([, value]) => value);
  const keep = (made: readonly string[], error: string | null): void => {
    trail.seen.push({ service, operation, userAgent, requestId });
    // Upon objects there are data events only.
    if (service !== 's3' || (key === '' && operation !== 'DeleteObjects'))
      trail.items.push(
        itemOf({ service, operation, userAgent, requestId, resources: [...new Set([...named, ...made])], error }),
      );
  };
  let answer: IncomingMessage;
  let text: Buffer;
  try {
    answer = await new Promise<IncomingMessage>((done, fail) => {
      httpRequest({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, done)
        .once('error', fail)
        .end(body);
    });
    text = await bodyOf(answer);
  } catch (error) {
    // The answer is lost; AWS has carried the call out all the same, and says so in its history.
    keep([], null);
    throw error;
  }
  const failed = (answer.statusCode ?? 500) >= 400;
  const said = text.toString('utf8');
  keep(
    service === 's3' || failed ? [] : (said.match(/\b(?:i|sg|vol|vpc|subnet|snap|ami)-[0-9a-f]{8,17}\b/gu) ?? []),
    failed ? (/<Code>([^<]*)/u.exec(said)?.[1] ?? 'Unknown') : null,
  );
  const {
    'x-amzn-requestid': _own,
    'x-amz-request-id': _other,
    'transfer-encoding': _chunked,
    ...headers
  } = answer.headers;
  response
    .writeHead(answer.statusCode ?? 500, {
      ...headers,
      'x-amzn-requestid': requestId,
      ...(incoming.method === 'HEAD' ? {} : { 'content-length': text.length }),
    })
    .end(text);
}

/** An event as CloudTrail keeps it. */
export function itemOf({
  service,
  operation,
  userAgent,
  requestId,
  resources,
  error = null,
  username = 'moto',
  at = Date.now(),
  more = {},
}: {
  readonly service: string;
  readonly operation: string;
  readonly userAgent: string;
  readonly requestId: string;
  readonly resources: readonly string[];
  readonly error?: string | null;
  readonly username?: string;
  readonly at?: number;
  readonly more?: object;
}): TrailItem {
  const id = randomUUID();
  const readOnly = kindOfOperation(service as Service, operation) !== 'mutating';
  // S3 user guide, "Amazon S3 CloudTrail events".
  const name =
    {
      PutBucketLifecycleConfiguration: 'PutBucketLifecycle',
      PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
      DeletePublicAccessBlock: 'DeleteBucketPublicAccessBlock',
      PutBucketNotificationConfiguration: 'PutBucketNotification',
    }[operation] ?? operation;
  const source = `${service}.amazonaws.com`;
  const document = {
    eventVersion: '1.09',
    userIdentity: {
      type: 'IAMUser',
      arn: `arn:aws:iam::123456789012:user/${username}`,
      accountId: '123456789012',
      userName: username,
    },
    eventTime: `${new Date(at).toISOString().slice(0, 19)}Z`,
    eventSource: source,
    eventName: name,
    awsRegion: 'eu-west-1',
    sourceIPAddress: '192.0.2.7',
    userAgent,
    requestID: requestId,
    eventID: id,
    readOnly,
    eventType: 'AwsApiCall',
    managementEvent: true,
    ...(error === null ? {} : { errorCode: error }),
    ...more,
  };
  return { at: Math.floor(at / 1000) * 1000, id, name, source, readOnly, username, resources, requestId, document };
}

function answerLookup(
  trail: Omit<Trail, 'close'>,
  incoming: IncomingMessage,
  body: string,
  response: ServerResponse,
): void {
  const refuse = (type: string): void => {
    response
      .writeHead(400, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() })
      .end(JSON.stringify({ __type: type, message: type }));
  };
  if (incoming.method !== 'POST' || incoming.headers['content-type'] !== 'application/x-amz-json-1.1')
    return refuse('SerializationException');
  if (trail.throttled > 0) {
    trail.throttled -= 1;
    return refuse('ThrottlingException');
  }
  const {
    LookupAttributes: attributes = [],
    StartTime: start,
    EndTime: end,
    MaxResults: most = 50,
    NextToken: token,
  } = JSON.parse(body) as {
    LookupAttributes?: { AttributeKey: string; AttributeValue: string }[];
    StartTime?: number;
    EndTime?: number;
    MaxResults?: number;
    NextToken?: string;
  };
  const [attribute] = attributes;
  if (attributes.length !== 1 || attribute === undefined) return refuse('InvalidLookupAttributesException');
  if (start === undefined || end === undefined || start > end) return refuse('InvalidTimeRangeException');
  if (most < 1 || most > 50) return refuse('InvalidMaxResultsException');
  const question = JSON.stringify([attribute, start, end, most]);
  const [from, same] =
    token === undefined
      ? [0, question]
      : (JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as [number, string]);
  if (same !== question) return refuse('InvalidNextTokenException');
  trail.asked.push({ attribute: `${attribute.AttributeKey}=${attribute.AttributeValue}`, token: token !== undefined });
  const fitting = trail.items
    .filter(
      (item) =>
        item.at >= start * 1000 - 999 &&
        item.at <= end * 1000 &&
        (attribute.AttributeKey === 'ResourceName'
          ? item.resources.includes(attribute.AttributeValue)
          : attribute.AttributeKey === 'Username' && item.username === attribute.AttributeValue),
    )
    .reverse();
  const size = Math.min(trail.pageSize, most);
  const page = fitting.slice(from, from + size).map((item) => ({
    EventId: item.id,
    EventName: item.name,
    ReadOnly: String(item.readOnly),
    EventTime: item.at / 1000,
    EventSource: item.source,
    Username: item.username,
    Resources: item.resources.map((ResourceName) => ({ ResourceName, ResourceType: 'AWS::Some::Thing' })),
    CloudTrailEvent: typeof item.document === 'string' ? item.document : JSON.stringify(item.document),
  }));
  const next =
    from + size < fitting.length
      ? { NextToken: Buffer.from(JSON.stringify([from + size, question])).toString('base64') }
      : {};
  response
    .writeHead(200, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() })
    .end(JSON.stringify({ Events: page, ...next }));
}

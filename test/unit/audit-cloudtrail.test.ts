import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askHistory, type HistoryQuestion } from '../../providers/aws/session/cloudtrail.ts';
import { openSession } from '../../providers/aws/session/session.ts';
import { version } from '../../src/base/version.ts';
import type { TrailEvent } from '../../src/domain/records/audit-report.ts';
import type { AwsReader } from '../../src/domain/call.ts';
import { root } from '../helpers/source-tree.ts';
import { itemOf, openTrail, type Trail } from '../helpers/trail.ts';

const at = Date.parse('2026-02-26T23:15:01.000Z');
const question: HistoryQuestion = {
  key: 'ResourceName',
  value: 'courses-prod',
  since: at - 60_000,
  until: at + 60_000,
};
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const all = async (events: AsyncIterable<TrailEvent>): Promise<TrailEvent[]> => {
  const list: TrailEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
};

let trail: Trail;
beforeAll(async () => {
  trail = await openTrail();
});
afterAll(async () => {
  await trail.close();
});
beforeEach(() => {
  trail.items.length = 0;
  trail.asked.length = 0;
  trail.seen.length = 0;
});

const asking = async (wanted = question): Promise<{ readonly events: TrailEvent[]; readonly paces: number }> => {
  const session = openSession({ region: 'eu-west-1', endpoint: trail.endpoint, credentials, mode: 'read-only' });
  let paces = 0;
  try {
    return {
      events: await all(
        askHistory(session, wanted, async () => {
          paces += 1;
        }),
      ),
      paces,
    };
  } finally {
    session.close();
  }
};
const item = (over: Partial<Parameters<typeof itemOf>[0]> = {}) =>
  itemOf({
    service: 'rds',
    operation: 'DeleteDBInstance',
    userAgent: 'aws-cli/2',
    requestId: 'r-1',
    resources: ['courses-prod'],
    at,
    ...over,
  });

describe('event history, asked by a real client through the gate', () => {
  it('reads every page, each request in its pace, throttled or not, and leaves reads and sign-ins out', async () => {
    trail.items.push(
      ...Array.from({ length: 5 }, (_none, index) => item({ requestId: `r-${index}` })),
      item({ operation: 'DescribeDBInstances' }),
      item({ more: { eventType: 'AwsConsoleSignIn' } }),
      item({ at: at + 120_000 }),
      item({ resources: ['another'] }),
    );
    trail.throttled = 1;
    const { events, paces } = await asking();
    expect(events.map(({ requestId }) => requestId)).toEqual(['r-4', 'r-3', 'r-2', 'r-1', 'r-0']);
    expect(trail.asked).toEqual(
      [false, true, true, true].map((token) => ({ attribute: 'ResourceName=courses-prod', token })),
    );
    expect(paces).toBe(4);
    expect(trail.throttled).toBe(0);
    expect(events[0]).toEqual({
      id: expect.stringMatching(/./u),
      at: '2026-02-26T23:15:01.000Z',
      source: 'rds.amazonaws.com',
      name: 'DeleteDBInstance',
      requestId: 'r-4',
      principal: 'arn:aws:iam::123456789012:user/moto',
      service: null,
      sourceIp: '192.0.2.7',
      userAgent: 'aws-cli/2',
      errorCode: null,
      errorMessage: null,
      resources: ['courses-prod'],
    });
  });

  it('leaves no event out that it does not understand', async () => {
    trail.items.push({ ...item(), document: '{ not JSON' }, { ...item(), document: '[]' });
    expect((await asking()).events).toMatchObject([
      {
        source: 'rds.amazonaws.com',
        name: 'DeleteDBInstance',
        requestId: null,
        principal: 'moto',
        at: '2026-02-26T23:15:01.000Z',
      },
      { name: 'DeleteDBInstance', principal: 'moto' },
    ]);
  });

  it('tells AWS services, refusals and named resources', async () => {
    trail.items.push(
      item({ error: 'AccessDenied', more: { errorMessage: 'no' } }),
      item({
        more: {
          userIdentity: { type: 'AWSService', invokedBy: 'autoscaling.amazonaws.com' },
          resources: [{ ARN: 'arn:aws:rds:eu-west-1:123456789012:db:courses-prod' }],
        },
      }),
    );
    expect((await asking()).events).toMatchObject([
      {
        service: 'autoscaling.amazonaws.com',
        resources: ['courses-prod', 'arn:aws:rds:eu-west-1:123456789012:db:courses-prod'],
      },
      { errorCode: 'AccessDenied', errorMessage: 'no', service: null },
    ]);
  });

  it('stops at what is refused: half an answer is none', async () => {
    await expect(asking({ ...question, until: question.since - 10_000 })).rejects.toMatchObject({
      code: 'InvalidTimeRangeException',
      operation: 'cloudtrail:LookupEvents',
    });
    const circle: AwsReader = { counts: {}, read: async () => ({ Events: [], NextToken: 'again' }) };
    await expect(all(askHistory(circle, question, async () => undefined))).rejects.toMatchObject({
      code: 'unexpected-answer',
    });
  });
});

describe('the user agent', () => {
  it('names aiplan and its version, and the run where there is one', async () => {
    await asking();
    expect(trail.seen[0]?.userAgent).toMatch(new RegExp(`aiplan/${version.replaceAll('.', '\\.')}$`, 'u'));
    const session = openSession({
      region: 'eu-west-1',
      endpoint: trail.endpoint,
      credentials,
      mode: 'apply',
      userAgent: '20260226-231501-a1b2',
    });
    await all(askHistory(session, question, async () => undefined));
    session.close();
    expect(trail.seen.at(-1)?.userAgent).toMatch(
      new RegExp(`aiplan/${version.replaceAll('.', '\\.')} run/20260226-231501-a1b2$`, 'u'),
    );
  });

  it('has the version of the program', () => {
    const read = (path: string): string => readFileSync(join(root, path), 'utf8');
    expect(JSON.parse(read('package.json'))).toMatchObject({ version });
    expect(/^const version = '([^']*)'/mu.exec(read('src/cli.ts'))?.[1]).toBe(version);
  });
});

import { describe, expect, it } from '@jest/globals';
import { principalLookup, resourceNames } from '../../src/audit/names.ts';
import { isDataEvent, isLoggedAs } from '../../providers/aws/services/index.ts';
import { reconcile, runOf } from '../../src/audit/reconcile.ts';
import type { LoggedCall, TrailEvent } from '../../src/domain/records/audit-report.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import { reconcileRows } from '../../src/views/run/audit-reconcile-rows.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { digestedPlan, sampleLogs, sampleRun } from '../helpers/audit-samples.ts';

const trail = { isLoggedAs, isDataEvent };

const run = '20260226-231501-a1b2';
const began = Date.parse('2026-02-26T23:15:00Z');
const now = began + 3_600_000;
const agent = `aws-sdk-js/3 os/linux lang/js aiplan/0.1.0 run/${run}`;
const call = (over: Partial<LoggedCall> & { requestId?: string | null } = {}): LoggedCall => {
  const { requestId = 'request-1', ...rest } = over;
  return {
    run,
    step: 'CoursesDb',
    call: 1,
    seq: 5,
    at: new Date(began).toISOString(),
    purpose: 'change',
    why: 'x',
    operations: ['rds:DeleteDBInstance'],
    count: 1,
    identity: 'courses-prod',
    retry: 'absolute',
    input: {},
    outcome: {
      at: new Date(began + 2000).toISOString(),
      ok: true,
      requestId,
      milliseconds: 2000,
      code: null,
      message: null,
      executed: 'yes',
      partial: null,
    },
    ...rest,
  };
};
const event = (over: Partial<TrailEvent> = {}): TrailEvent => ({
  id: 'event-1',
  at: new Date(began + 1000).toISOString(),
  source: 'rds.amazonaws.com',
  name: 'DeleteDBInstance',
  requestId: 'request-1',
  principal: 'arn:aws:iam::123456789012:user/alexey',
  service: null,
  sourceIp: '192.0.2.7',
  userAgent: agent,
  errorCode: null,
  errorMessage: null,
  resources: ['courses-prod'],
  ...over,
});
const lost = {
  at: new Date(began + 120_000).toISOString(),
  ok: false,
  requestId: null,
  milliseconds: 120_000,
  code: 'TimeoutError',
  message: 'x',
  executed: 'unknown',
  partial: null,
} as const;
const compare = (calls: readonly LoggedCall[], events: readonly TrailEvent[], at = now) => {
  const found = reconcile(calls, events, { now: at, since: began - 60_000, until: at, trail });
  return Object.fromEntries(
    Object.entries(found)
      .map(([name, list]) => [name, (list as readonly unknown[]).length])
      .filter(([, count]) => count !== 0),
  );
};

describe('reconciling with CloudTrail', () => {
  it('matches by request id, whatever else differs', () => {
    expect(compare([call()], [event({ userAgent: null, resources: [], name: 'DeleteDBInstanceV2' })])).toEqual({
      matched: 1,
    });
    expect(compare([call()], [event(), event()])).toEqual({ matched: 1 });
  });

  it('reports what was done around aiplan', () => {
    const around = event({ id: 'event-2', requestId: 'request-2', userAgent: 'aws-cli/2.15 Python/3.11' });
    expect(compare([call()], [event(), around])).toEqual({ matched: 1, around: 1 });
  });

  it('does not believe a user agent: nothing is explained by it but a call of which no answer came', () => {
    const forged = event({ requestId: 'request-2' });
    expect(compare([call()], [event(), { ...forged, id: 'event-2' }])).toEqual({ matched: 1, around: 1 });
    expect(reconcile([call()], [forged], { now, since: began, until: now, trail }).around).toMatchObject([
      { claims: run },
    ]);
    const open = [call({ outcome: lost })];
    expect(compare(open, [forged])).toEqual({ matched: 1, settled: 1 });
    // Once only; and only the same operation, resource and time.
    expect(compare(open, [forged, { ...forged, id: 'event-3', requestId: 'request-3' }])).toEqual({
      matched: 1,
      settled: 1,
      around: 1,
    });
    for (const other of [
      { name: 'ModifyDBInstance' },
      { source: 'ec2.amazonaws.com' },
      { resources: ['blog-prod'] },
      { at: new Date(began - 600_000).toISOString() },
      { at: new Date(began + 900_000).toISOString() },
      { userAgent: agent.replace('a1b2', 'ffff') },
      { service: 'rds.amazonaws.com', userAgent: 'rds.amazonaws.com' },
    ]) {
      expect(compare(open, [{ ...forged, ...other }])).not.toHaveProperty('matched');
    }
  });

  it('settles a call whose answer was lost, also one that was killed before any outcome', () => {
    expect(compare([call({ outcome: null })], [event({ requestId: 'request-7' })])).toEqual({ matched: 1, settled: 1 });
    expect(compare([call({ outcome: null })], [event({ requestId: 'request-7', errorCode: 'AccessDenied' })])).toEqual({
      matched: 1,
    });
    expect(compare([call({ outcome: null })], [])).toEqual({});
    // AWS names what a create makes; the log could not know.
    expect(
      compare(
        [call({ outcome: null, operations: ['ec2:CreateVpc'], identity: 'aiplan-op-1' })],
        [event({ source: 'ec2.amazonaws.com', name: 'CreateVpc', requestId: 'r', resources: ['vpc-0aaa'] })],
      ),
    ).toEqual({ matched: 1, settled: 1 });
  });

  it('tells calls that CloudTrail may not have yet, never has, or should have', () => {
    expect(compare([call()], [], began + 10 * 60_000)).toEqual({ notYet: 1 });
    expect(compare([call()], [], now)).toEqual({ missing: 1 });
    expect(compare([call({ operations: ['s3:DeleteObjects'], count: 40, identity: null })], [], now)).toEqual({
      dataEvents: 1,
    });
    // Refused calls and those before the stretch need not be there.
    expect(
      compare(
        [
          call({ outcome: { ...lost, requestId: 'r', executed: 'no' } }),
          call({ at: new Date(began - 3_600_000).toISOString() }),
        ],
        [],
        now,
      ),
    ).toEqual({});
  });

  it('puts attempts that AWS refused, and what AWS services did, apart', () => {
    expect(
      compare(
        [],
        [
          event({ requestId: 'a', id: '1', errorCode: 'AccessDenied' }),
          event({ requestId: 'b', id: '2', service: 'autoscaling.amazonaws.com' }),
        ],
      ),
    ).toEqual({ attempts: 1, services: 1 });
  });

  it('knows the names under which S3 logs its operations', () => {
    for (const [operation, name] of [
      ['PutBucketLifecycleConfiguration', 'PutBucketLifecycle'],
      ['PutPublicAccessBlock', 'PutBucketPublicAccessBlock'],
      ['PutBucketNotificationConfiguration', 'PutBucketNotification'],
      ['PutObjectLockConfiguration', 'PutBucketObjectLockConfiguration'],
      ['CreateBucket', 'CreateBucket'],
      ['PutBucketAccelerateConfiguration', 'PutAccelerateConfiguration'],
    ]) {
      expect([name, isLoggedAs(`s3:${operation ?? ''}`, 's3.amazonaws.com', name ?? '')]).toEqual([name, true]);
    }
    expect(isLoggedAs('s3:PutBucketPolicy', 's3.amazonaws.com', 'DeleteBucketPolicy')).toBe(false);
    expect(isLoggedAs('ec2:CreateVpc', 'ec2.amazonaws.com', 'CreateVpcs')).toBe(false);
    expect(
      ['s3:PutObject', 's3:DeleteObjects', 's3:AbortMultipartUpload', 's3:UploadPartCopy', 's3:CopyObject'].filter(
        (name) => !isDataEvent(name),
      ),
    ).toEqual([]);
    expect(
      ['s3:PutObjectLockConfiguration', 's3:DeleteBucket', 'ec2:RunInstances'].filter((name) => isDataEvent(name)),
    ).toEqual([]);
  });

  it('reads the run from a user agent as CloudTrail has it', () => {
    expect(runOf({ userAgent: agent })).toBe(run);
    expect(runOf({ userAgent: `[${agent}]` })).toBe(run);
    expect(runOf({ userAgent: `aiplan/0.1.0 run/${run}` })).toBe(run);
    expect(runOf({ userAgent: 'aws-cli/2.0 run/fast' })).toBeNull();
    expect(runOf({ userAgent: null })).toBeNull();
  });
});

describe('what CloudTrail is asked', () => {
  it('is about every name that a run knew its resources by', () => {
    const { journals } = sampleLogs([sampleRun(digestedPlan(), 1)]);
    const more = [
      { kind: 'remapped', step: 'Web', map: { 'i-0aaaaaaaaaaaaaaaa': 'i-0bbbbbbbbbbbbbbbb' } },
      {
        kind: 'captured',
        step: 'Web',
        verified: true,
        problems: [],
        capture: {
          how: 'native',
          refs: {
            image: 'ami-0aaaaaaaaaaaaaaaa',
            snapshots: ['snap-0aaaaaaaaaaaaaaaa'],
            manifest: 's3://x/y',
            bytes: 3,
          },
        },
      },
      { kind: 'step', step: 'Rule', state: 'done', identity: 'sg-1|tcp', after: null, message: null },
      { kind: 'intent', step: 'Web', declared: { operation: 'RunInstances', identity: 'aiplan-op-value' } },
    ] as unknown as JournalRecord[];
    expect(resourceNames([...journals[0]!.records, ...more])).toEqual([
      'ami-0aaaaaaaaaaaaaaaa',
      'courses-prod',
      'i-0aaaaaaaaaaaaaaaa',
      'i-0bbbbbbbbbbbbbbbb',
      'sg-0a1b2c3d',
      'sg-1',
      'snap-0aaaaaaaaaaaaaaaa',
      'tcp',
    ]);
  });

  it.each([
    ['arn:aws:iam::123456789012:user/team/alexey', 'Username', 'alexey'],
    ['arn:aws:sts::123456789012:assumed-role/Deploy/session-1', 'Username', 'session-1'],
    ['arn:aws:iam::123456789012:root', 'Username', 'root'],
    ['arn:aws-us-gov:sts::123456789012:federated-user/x', 'Username', 'x'],
    ['AKIAIOSFODNN7EXAMPLE', 'AccessKeyId', 'AKIAIOSFODNN7EXAMPLE'],
    ['alexey', 'Username', 'alexey'],
  ])('knows how CloudTrail calls %s', (principal, key, value) =>
    expect(principalLookup(principal)).toEqual({ key, value }),
  );
});

describe('the report', () => {
  it('says first what was done around aiplan, by whom and from where, safe on a screen', () => {
    const found = reconcile(
      [call(), call({ call: 2, requestId: 'request-5' })],
      [
        event(),
        event({ id: 'event-2', requestId: 'r', userAgent: `evil\u001b]0;x ${agent}`, resources: ['courses-prod'] }),
      ],
      { now, since: began, until: now, trail },
    );
    const text = reconcileRows(
      found,
      {
        resources: 1,
        principals: ['alexey'],
        since: '2026-02-26T23:15:00.000Z',
        until: '2026-02-27T00:15:00.000Z',
        runs: 1,
        requests: 2,
        elsewhere: 1,
      },
      {
        problems: [{ code: 'run-unlogged', where: 's3://captures/x', message: 'run "x\u001b" is not known' }],
        asked: 3,
        problem: null,
      },
    )
      .map(plainText)
      .join('\n');
    expect(text).toContain(
      'CloudTrail and the log do NOT agree: 1 of our calls found, 1 done around aiplan, 1 of our calls not in CloudTrail, 1 difference about runs',
    );
    expect(text).toContain(
      'Runs that the capture bucket knows otherwise\n  run-unlogged run "x\\u{1b}" is not known\n      s3://captures/x',
    );
    expect(text).toMatch(
      /Done around aiplan\n {2}2026-02-26 23:15:01 {2}rds:DeleteDBInstance courses-prod\n {6}by arn:aws:iam::123456789012:user\/alexey from 192\.0\.2\.7\n {6}with evil\\u\{1b\}/u,
    );
    expect(text).toContain(`its user agent names run ${run}, of which this log has no such call`);
    expect(text).toContain('management events of the last 90 days');
    expect(text).not.toContain('\u001b');
  });
});

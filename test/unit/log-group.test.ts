import { describe, expect, it } from '@jest/globals';
import { isEmptyGroup, logGroup } from '../../providers/logs/log-group.ts';
import type { Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { namesExactly } from '../../src/domain/identity.ts';
import { outsideBands } from '../../src/domain/bands.ts';
import { ruleHits } from '../../src/plan/classify/rule-hits.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import { changesTo, contextFor } from '../helpers/ec2-context.ts';
import { denied, reader } from '../helpers/ec2-samples.ts';

const arn = (name: string): string => `arn:aws:logs:eu-west-1:123456789012:log-group:${name}`;
const key = (id: string): string => `arn:aws:kms:eu-west-1:123456789012:key/${id}`;
const group = (name: string, more: JsonObject = {}): JsonObject => ({
  logGroupName: name,
  arn: `${arn(name)}:*`,
  creationTime: Date.parse('2026-01-01T00:00:00Z'),
  storedBytes: 2048,
  retentionInDays: 30,
  kmsKeyId: key('1'),
  ...more,
});
const filter = {
  filterName: 'errors',
  filterPattern: 'ERROR',
  logGroupName: '/shop',
  creationTime: 1,
  metricTransformations: [{ metricName: 'errors', metricNamespace: 'shop', metricValue: '1' }],
};
const answers = {
  // A prefix answers every group that begins so.
  DescribeLogGroups: { logGroups: [group('/shop'), group('/shop/web')] },
  ListTagsForResource: { tags: { team: 'platform', 'aiplan:plan': 'shop' } },
  DescribeLogStreams: {
    logStreams: [{ logStreamName: 'a', lastEventTimestamp: Date.parse('2026-11-01T00:00:00Z') }],
  },
  DescribeSubscriptionFilters: { subscriptionFilters: [{ filterName: 'out', destinationArn: 'arn:x' }] },
  DescribeMetricFilters: { metricFilters: [filter] },
  DescribeFlowLogs: { FlowLogs: [] },
};
const asked = { identities: ['/shop'], all: false, detailed: new Set(['/shop']) };
const read = async (more: Parameters<typeof reader>[0] = {}) => logGroup.read(reader({ ...answers, ...more }), asked);
const live = async (more: Parameters<typeof reader>[0] = {}): Promise<LiveResource> =>
  (await read(more)).resources[0] as LiveResource;
const empty = {
  DescribeLogGroups: { logGroups: [group('/shop', { storedBytes: 0 })] },
  DescribeLogStreams: { logStreams: [] },
};
const listed = (program: Program<unknown>): readonly (readonly [string, JsonObject])[] =>
  preview(program).calls.map(({ operation, input }) => [operation, input]);
const updating = async (properties: JsonObject) => {
  const from = await live();
  const desired = { ...from.properties, ...properties };
  return contextFor({ live: from, desired, changes: changesTo(from, desired), action: 'update' });
};
const limits = { maxObjects: 1, maxBytes: 1 };

describe('reading log groups', () => {
  it('tells exactly the one that was asked for: its size, its newest event, who hangs on it', async () => {
    const { resources, absent } = await read();
    expect([resources.map(({ identity }) => identity), absent]).toEqual([['/shop'], []]);
    expect(resources[0]).toMatchObject({
      incarnation: '2026-01-01T00:00:00.000Z',
      properties: {
        RetentionInDays: 30,
        KmsKeyId: key('1'),
        LogGroupClass: 'STANDARD',
        DeletionProtectionEnabled: false,
        Tags: { team: 'platform' },
      },
      systemTags: { 'aiplan:plan': 'shop' },
      observed: { bytes: 2048, streams: 'some', lastWrite: '2026-11-01T00:00:00.000Z' },
      binding: { subscriptionFilters: ['out'], metricFilters: ['errors'], dependents: [] },
    });
  });

  it('asks no operation that answers log events', async () => {
    const aws = reader(answers);
    await logGroup.read(aws, asked);
    expect(aws.calls.map(({ operation }) => operation).filter((name) => /Event|Query|Tail|Record/u.test(name))).toEqual(
      [],
    );
  });

  it('follows the pages of the list and of its metric filters', async () => {
    const aws = reader(answers);
    const pages: Record<string, JsonObject[]> = {
      DescribeLogGroups: [{ logGroups: [group('/a')], nextToken: 't' }, { logGroups: [group('/shop')] }],
      DescribeMetricFilters: [{ metricFilters: [filter], nextToken: 't' }, { metricFilters: [{ filterName: 'two' }] }],
    };
    const paged = {
      ...aws,
      read: async (call: Parameters<typeof aws.read>[0]) => pages[call.operation]?.shift() ?? aws.read(call),
    };
    const { resources } = await logGroup.read(paged, asked);
    expect(resources.map(({ identity, binding }) => [identity, binding['metricFilters']])).toEqual([
      ['/shop', ['errors', 'two']],
    ]);
  });

  it('takes a read that is denied for a failure, and flow logs that write to it for its users', async () => {
    const { failures, resources } = await read({ DescribeLogStreams: denied('logs:DescribeLogStreams') });
    expect(failures.map(({ operation }) => operation)).toEqual(['logs:DescribeLogStreams']);
    // Law 9: streams that were not read are not none.
    expect(isEmptyGroup(resources[0] as LiveResource)).toBe(false);
    const used = await live({ DescribeFlowLogs: { FlowLogs: [{ FlowLogId: 'fl-1', LogGroupName: '/shop' }] } });
    expect(used.binding['dependents']).toEqual([{ type: 'AWS::EC2::FlowLog', identity: 'fl-1' }]);
  });
});

describe('the calls', () => {
  it('of a create: everything that the create takes, then the retention', () => {
    const context = contextFor({
      desired: { LogGroupName: '/shop', RetentionInDays: 30, LogGroupClass: 'STANDARD', Tags: { team: 'x' } },
      ownership: { 'aiplan:op': 'op-1' },
    });
    expect(listed(logGroup.create!(context))).toEqual([
      [
        'CreateLogGroup',
        { logGroupName: '/shop', logGroupClass: 'STANDARD', tags: { team: 'x', 'aiplan:op': 'op-1' } },
      ],
      ['PutRetentionPolicy', { logGroupName: '/shop', retentionInDays: 30 }],
    ]);
  });

  it('of each update, and what takes a value away', async () => {
    const sent = async (properties: JsonObject) => listed(logGroup.update!(await updating(properties)));
    expect(await sent({ RetentionInDays: 7 })).toEqual([
      ['PutRetentionPolicy', { logGroupName: '/shop', retentionInDays: 7 }],
    ]);
    expect(await sent({ RetentionInDays: null })).toEqual([['DeleteRetentionPolicy', { logGroupName: '/shop' }]]);
    expect(await sent({ KmsKeyId: key('2') })).toEqual([
      ['AssociateKmsKey', { logGroupName: '/shop', kmsKeyId: key('2') }],
    ]);
    expect(await sent({ KmsKeyId: null })).toEqual([['DisassociateKmsKey', { logGroupName: '/shop' }]]);
    expect(await sent({ DeletionProtectionEnabled: true })).toEqual([
      ['PutLogGroupDeletionProtection', { logGroupIdentifier: '/shop', deletionProtectionEnabled: true }],
    ]);
    expect(await sent({ Tags: { owner: 'me' } })).toEqual([
      ['TagResource', { resourceArn: arn('/shop'), tags: { owner: 'me' } }],
      ['UntagResource', { resourceArn: arn('/shop'), tagKeys: ['team'] }],
    ]);
  });

  it('name the group, also where an ARN stands for it, so that the gate lets them through', async () => {
    const calls = preview(logGroup.update!(await updating({ Tags: { owner: 'me' }, RetentionInDays: 7 }))).calls;
    expect(calls.map(({ identity, input }) => [identity, namesExactly(input, identity)])).toEqual(
      calls.map(() => ['/shop', true]),
    );
  });

  it('of a restore: the group, its retention, its metric filters; no subscription filter', async () => {
    const context = contextFor({ live: await live(empty), action: 'delete' });
    expect(listed(logGroup.capture!.restore(context, {} as never))).toEqual([
      [
        'CreateLogGroup',
        expect.objectContaining({ logGroupName: '/shop', kmsKeyId: key('1'), deletionProtectionEnabled: false }),
      ],
      ['PutRetentionPolicy', { logGroupName: '/shop', retentionInDays: 30 }],
      [
        'PutMetricFilter',
        {
          logGroupName: '/shop',
          filterName: 'errors',
          filterPattern: 'ERROR',
          metricTransformations: filter.metricTransformations,
        },
      ],
    ]);
  });
});

describe('the loss', () => {
  it('of a delete with log events is for good, and says how much; an empty group comes back', async () => {
    const full = logGroup.capture!.plan(await live(), 'delete', [], limits);
    expect(full.how).toBe('config');
    expect(full.impossible).toMatch(/2048 bytes, the newest of 2026-11-01T00:00:00.000Z.*no snapshot/u);
    expect(full.loses.join('\n')).toMatch(/subscription filters out/u);
    expect(logGroup.capture!.plan(await live(empty), 'delete', [], limits).impossible).toBeUndefined();
    // Bytes lag behind what was written: a stream alone says that something may be there.
    const fresh = await live({ DescribeLogGroups: empty.DescribeLogGroups });
    expect(logGroup.capture!.plan(fresh, 'delete', [], limits).impossible).toBeDefined();
  });

  it('moves no further than was confirmed: events that come where there were none make the step stale', async () => {
    const { bands } = logGroup.rules;
    const moved = (before: JsonObject, after: JsonObject) => outsideBands(before, after, bands).map(({ path }) => path);
    expect(moved({ streams: 'none', bytes: 0 }, { streams: 'some', bytes: 0 })).toEqual(['streams']);
    expect(moved({ streams: 'some', bytes: 2048 }, { streams: 'some', bytes: 3000 })).toEqual([]);
    expect(moved({ bytes: 2048 }, { bytes: 5000 })).toEqual(['bytes']);
  });

  it.each<[JsonObject, readonly string[], readonly string[]]>([
    [{ RetentionInDays: 7 }, [], ['RetentionInDays']],
    [{ RetentionInDays: 365 }, [], []],
    [{ RetentionInDays: null }, [], []],
    [{ KmsKeyId: key('2') }, ['KmsKeyId'], []],
    [{ KmsKeyId: null }, ['KmsKeyId'], []],
    [{ DeletionProtectionEnabled: true }, [], []],
  ])('of an update to %j: grants %j, destructions %j', async (properties, grants, destructive) => {
    const from = await live();
    const after = { ...from.properties, ...properties };
    const scene = { account: '123456789012', after, find: () => undefined };
    const comparer = comparerFor(logGroup.rules, logGroup.type, '/shop');
    const found = (rules: typeof logGroup.rules.grants) =>
      ruleHits(rules, from.properties, after, from, comparer, scene);
    expect(found(logGroup.rules.grants).map(({ segments }) => segments.join('.'))).toEqual(grants);
    const hits = found(logGroup.rules.destructive);
    expect(hits.map(({ segments }) => segments.join('.'))).toEqual(destructive);
    expect(hits.every(({ irreversible }) => irreversible)).toBe(true);
  });

  it('of a shorter retention is none where nothing was written, and of one where there was none it is all that is older', async () => {
    const hits = (from: LiveResource) => {
      const after = { ...from.properties, RetentionInDays: 7 };
      const scene = { account: '123456789012', after, find: () => undefined };
      return ruleHits(
        logGroup.rules.destructive,
        from.properties,
        after,
        from,
        comparerFor(logGroup.rules, logGroup.type, '/shop'),
        scene,
      ).map(({ says }) => says);
    };
    expect(hits(await live(empty))).toEqual([]);
    const { retentionInDays: _gone, ...ever } = group('/shop');
    expect(hits(await live({ DescribeLogGroups: { logGroups: [ever] } }))).toEqual([
      expect.stringContaining('kept until now: for ever; 2048 bytes'),
    ]);
  });
});

describe('what AWS refuses', () => {
  it('is known before: names, days, keys that are no ARN', () => {
    const at = (properties: JsonObject): readonly string[] =>
      logGroup.rules.refuses!(properties, true).map((problem) => problem.at);
    expect(at({ LogGroupName: '/a_b-c.d#1', RetentionInDays: 3653, KmsKeyId: key('1') })).toEqual([]);
    expect(at({ LogGroupName: 'aws/x', RetentionInDays: 31, KmsKeyId: 'alias/x' })).toEqual([
      'LogGroupName',
      'RetentionInDays',
      'KmsKeyId',
    ]);
    expect(at({ LogGroupName: 'a b' })).toEqual(['LogGroupName']);
  });

  it('is the delete of a protected group, until its protection goes with it', async () => {
    const from = await live({
      DescribeLogGroups: { logGroups: [group('/shop', { deletionProtectionEnabled: true })] },
    });
    const problems = (desired: JsonObject): unknown =>
      logGroup.preflight!(contextFor({ live: from, desired, action: 'delete' }), 'delete').next().value;
    expect(problems(from.properties)).toEqual([expect.stringContaining('DeletionProtectionEnabled: false')]);
    expect(problems({ ...from.properties, DeletionProtectionEnabled: false })).toEqual([]);
  });

  it('asks for the permissions that its calls need, and for none to read events', () => {
    const { iam } = logGroup;
    expect(iam.write).toEqual(expect.arrayContaining(['logs:PutRetentionPolicy', 'logs:DeleteLogGroup']));
    expect(iam.restore).toEqual(expect.arrayContaining(['logs:PutMetricFilter']));
    expect(iam.read).toEqual(
      expect.arrayContaining(['logs:DescribeLogGroups', 'kms:DescribeKey', 'ec2:DescribeFlowLogs']),
    );
    expect([...iam.read, ...iam.write].filter((action) => /Events|Query/u.test(action))).toEqual([]);
  });
});

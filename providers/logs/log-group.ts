import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { harmless, judged } from '../../src/domain/verdict.ts';
import { keysRestorable } from '../aws/values/keys.ts';
import { compact, listOf, pick, textOf } from '../aws/values/fields.ts';
import { configurationType } from '../kinds/configuration-type.ts';
import type { Found } from '../kinds/description.ts';
import { logGroupProblems } from './log-group-values.ts';

const dateOf = (milliseconds: Json | undefined): string | undefined =>
  typeof milliseconds === 'number' ? new Date(milliseconds).toISOString() : undefined;
const nameOf = (identity: string): JsonObject => ({ logGroupName: identity });
const namesIn = (filters: Json | undefined): readonly string[] =>
  listOf(filters).flatMap(({ filterName }) => textOf(filterName) ?? []);

function foundIn(raw: JsonObject): readonly Found[] {
  const LogGroupName = textOf(raw['logGroupName']);
  if (LogGroupName === undefined) return [];
  return [
    {
      identity: LogGroupName,
      incarnation: dateOf(raw['creationTime']) ?? 'unknown',
      properties: {
        LogGroupName,
        RetentionInDays: raw['retentionInDays'],
        KmsKeyId: textOf(raw['kmsKeyId']),
        LogGroupClass: textOf(raw['logGroupClass']) ?? 'STANDARD',
        DeletionProtectionEnabled: raw['deletionProtectionEnabled'] === true,
      },
      // Tags are kept under the ARN without its last part (TagResource).
      attributes: { Arn: textOf(raw['arn']), LogGroupArn: (textOf(raw['arn']) ?? '').replace(/:\*$/u, '') },
      observed: { created: dateOf(raw['creationTime']), bytes: raw['storedBytes'] },
    },
  ];
}

/** Nothing was ever written to it, or all of it is gone: no stream, no bytes. What was not read is not nothing. */
export const isEmptyGroup = ({ observed }: Pick<LiveResource, 'observed'>): boolean =>
  observed['bytes'] === 0 && observed['streams'] === 'none';

/** Days of retention as a number; none: for ever. */
const daysOf = (value: Json | undefined): number => (typeof value === 'number' ? value : Number.POSITIVE_INFINITY);

const contentsOf = ({ observed }: LiveResource): string =>
  `${typeof observed['bytes'] === 'number' ? `${observed['bytes']} bytes` : 'an unknown number of bytes'}, the newest of ${textOf(observed['lastWrite']) ?? 'an unknown time'}`;

const arnOf = ({ attributes }: Pick<LiveResource, 'attributes'>): string => textOf(attributes['LogGroupArn']) ?? '';

/** AWS::Logs::LogGroup. It holds data of which AWS takes no snapshot; the group itself is configuration. */
export const logGroup = configurationType({
  type: 'AWS::Logs::LogGroup',
  service: 'logs',
  // A prefix is the only filter that answers every member of a group (DescribeLogGroups); the whole name sorts first.
  list: {
    operation: 'DescribeLogGroups',
    items: 'logGroups',
    narrow: ([identity = '']) => ({ logGroupNamePrefix: identity }),
    few: 5,
    page: { limit: 50 },
    token: { asked: 'nextToken', answered: 'nextToken' },
  },
  find: foundIn,
  details: [
    {
      operation: 'ListTagsForResource',
      tells: 'Tags',
      input: (found) => ({ resourceArn: arnOf({ attributes: found.attributes ?? {} }) }),
      into: (found, answer) => ({ ...found, tags: answer['tags'] ?? {} }),
    },
    {
      operation: 'DescribeLogStreams',
      input: ({ identity }) => ({ ...nameOf(identity), orderBy: 'LastEventTime', descending: true, limit: 1 }),
      into: (found, answer) => {
        const [newest] = listOf(answer['logStreams']);
        const streams = newest === undefined ? 'none' : 'some';
        return {
          ...found,
          observed: { ...found.observed, streams, lastWrite: dateOf(newest?.['lastEventTimestamp']) },
        };
      },
    },
    {
      operation: 'DescribeSubscriptionFilters',
      input: ({ identity }) => nameOf(identity),
      into: (found, answer) => ({
        ...found,
        binding: { ...found.binding, subscriptionFilters: namesIn(answer['subscriptionFilters']) },
        attributes: { ...found.attributes, SubscriptionFilters: answer['subscriptionFilters'] ?? [] },
      }),
    },
    {
      operation: 'DescribeMetricFilters',
      items: 'metricFilters',
      token: { asked: 'nextToken', answered: 'nextToken' },
      input: ({ identity }) => nameOf(identity),
      into: (found, answer) => ({
        ...found,
        binding: { ...found.binding, metricFilters: namesIn(answer['metricFilters']) },
        attributes: { ...found.attributes, MetricFilters: answer['metricFilters'] ?? [] },
      }),
    },
  ],
  properties: {
    LogGroupName: { verdict: harmless('its identity: it is never changed') },
    LogGroupClass: { verdict: harmless('AWS never changes it after the create') },
    RetentionInDays: {
      update: 'in-place',
      reset: null,
      verdict: judged('events older than the retention are deleted (PutRetentionPolicy)', 'destruction'),
    },
    KmsKeyId: {
      update: 'in-place',
      reset: null,
      verdict: judged('encryption of new events (AssociateKmsKey, DisassociateKmsKey)', 'grant'),
    },
    DeletionProtectionEnabled: {
      update: 'in-place',
      reset: false,
      verdict: judged('deletion protection', 'destruction'),
    },
  },
  tags: {
    set: {
      operation: 'TagResource',
      purpose: 'tag the log group',
      input: (_identity, tags, live) => ({ resourceArn: arnOf(live), tags }),
    },
    remove: {
      operation: 'UntagResource',
      purpose: 'remove tags from the log group',
      input: (_identity, keys, live) => ({ resourceArn: arnOf(live), tagKeys: [...keys] }),
    },
  },
  identityOf: (desired) => textOf(desired['LogGroupName']),
  create: {
    operation: 'CreateLogGroup',
    purpose: 'create the log group',
    input: ({ LogGroupName, KmsKeyId, LogGroupClass, DeletionProtectionEnabled }, { tags }) => ({
      logGroupName: LogGroupName,
      kmsKeyId: KmsKeyId,
      logGroupClass: LogGroupClass,
      deletionProtectionEnabled: DeletionProtectionEnabled,
      tags,
    }),
  },
  set: {
    RetentionInDays: {
      operation: 'PutRetentionPolicy',
      purpose: 'set how long log events are kept',
      input: (identity, { RetentionInDays }) => ({ ...nameOf(identity), retentionInDays: RetentionInDays }),
      afterCreate: true,
      clear: {
        operation: 'DeleteRetentionPolicy',
        purpose: 'keep log events for ever',
        input: nameOf,
      },
    },
    KmsKeyId: {
      operation: 'AssociateKmsKey',
      purpose: 'encrypt new log events with the key',
      input: (identity, { KmsKeyId }) => ({ ...nameOf(identity), kmsKeyId: KmsKeyId }),
      clear: {
        operation: 'DisassociateKmsKey',
        purpose: 'encrypt new log events without the key',
        input: nameOf,
      },
    },
    DeletionProtectionEnabled: {
      operation: 'PutLogGroupDeletionProtection',
      purpose: 'set the deletion protection of the log group',
      input: (identity, { DeletionProtectionEnabled }) => ({
        logGroupIdentifier: identity,
        deletionProtectionEnabled: DeletionProtectionEnabled === true,
      }),
    },
  },
  remove: {
    operation: 'DeleteLogGroup',
    purpose: 'delete the log group and all its log events',
    input: ({ identity }) => nameOf(identity),
  },
  // Metric filters publish into the same account. A subscription filter hands events to others: nothing restores it.
  parts: {
    operations: ['PutMetricFilter'],
    calls: ({ identity, attributes }) =>
      listOf(attributes['MetricFilters']).map((filter) => ({
        operation: 'PutMetricFilter',
        purpose: 'put its metric filter back',
        input: compact({
          ...nameOf(identity),
          ...pick(filter, [
            'filterName',
            'filterPattern',
            'metricTransformations',
            'applyOnTransformedLogs',
            'fieldSelectionCriteria',
            'emitSystemFieldDimensions',
          ]),
        }),
      })),
  },
  users: [
    {
      service: 'ec2',
      operation: 'DescribeFlowLogs',
      items: 'FlowLogs',
      ask: (used) => ({ Filter: [{ Name: 'log-group-name', Values: used.map(({ identity }) => identity) }] }),
      find: ({ FlowLogId, LogGroupName }, { identity }) =>
        LogGroupName === identity && typeof FlowLogId === 'string'
          ? [{ type: 'AWS::EC2::FlowLog', identity: FlowLogId }]
          : [],
    },
  ],
  grants: [
    {
      path: 'KmsKeyId',
      when: (before, after) => before !== after,
      says: (before, after) =>
        `${after === undefined || after === null ? 'new log events are encrypted without a key of yours' : `who may read new log events is up to the policy of ${textOf(after) ?? 'a key that is not known yet'}`}${textOf(before) === undefined ? '' : `; older ones still need ${String(before)}`}`,
    },
  ],
  destructive: [
    {
      path: 'RetentionInDays',
      given: (_before, live) => live !== null && !isEmptyGroup(live),
      when: (before, after) => daysOf(after) < daysOf(before),
      says: (before, after, live) =>
        `log events older than ${textOf(after) ?? String(after)} days are deleted for good (kept until now: ${typeof before === 'number' ? `${before} days` : 'for ever'}; ${live === null ? 'unknown' : contentsOf(live)})`,
      irreversible: true,
    },
    {
      path: 'DeletionProtectionEnabled',
      given: (before) => before === true,
      when: (_before, after) => after !== true,
      says: () => 'the log group can be deleted with all its log events',
    },
  ],
  holdsData: {
    loses: (live) =>
      isEmptyGroup(live)
        ? null
        : `its log events (${contentsOf(live)}): AWS takes no snapshot of log events; CreateExportTask copies them to S3 before`,
  },
  loses: ({ binding }) => [
    ...(Array.isArray(binding['subscriptionFilters']) && binding['subscriptionFilters'].length > 0
      ? [
          `its subscription filters ${binding['subscriptionFilters'].join(', ')}: the capture holds them, nothing restores them`,
        ]
      : []),
    'its data protection, field index and resource policies and its transformer: aiplan neither reads nor restores those',
    'whoever writes to it is not known: functions and services may create it again, without its retention',
  ],
  problems: logGroupProblems,
  *check({ desired, live }, action) {
    const key = textOf((action === 'restore' ? live?.properties : desired)?.['KmsKeyId']);
    if (key === undefined || action === 'delete' || (action !== 'restore' && key === live?.properties['KmsKeyId']))
      return [];
    return (yield* keysRestorable([{ key, of: 'the log group' }], false)).problems;
  },
  checks: ['kms:DescribeKey'],
  rules: {
    nameProperty: 'LogGroupName',
    optionalName: 'LogGroupName',
    replaceBlocked:
      'a log group holds data: write a create with another name, move what writes to it, and delete the old one in a later plan',
    deleteNeeds: { DeletionProtectionEnabled: false },
    unset: { RetentionInDays: null, KmsKeyId: null },
    bands: { streams: 'keeps', bytes: 'grows', lastWrite: 'idle' },
  },
});

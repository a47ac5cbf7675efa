import type { ServiceRecord } from './service.ts';

declare module '../../../src/domain/call.ts' {
  interface Services {
    readonly logs: true;
  }
}

/** Amazon CloudWatch Logs: log groups. No log event is ever read. */
export const logs: ServiceRecord = {
  name: 'logs',
  sdkId: 'CloudWatch Logs',
  protocol: 'json',
  async load() {
    const {
      AssociateKmsKeyCommand,
      CloudWatchLogsClient,
      CreateLogGroupCommand,
      DeleteLogGroupCommand,
      DeleteRetentionPolicyCommand,
      DescribeLogGroupsCommand,
      DescribeLogStreamsCommand,
      DescribeMetricFiltersCommand,
      DescribeSubscriptionFiltersCommand,
      DisassociateKmsKeyCommand,
      ListTagsForResourceCommand,
      PutMetricFilterCommand,
      PutLogGroupDeletionProtectionCommand,
      PutRetentionPolicyCommand,
      TagResourceCommand,
      UntagResourceCommand,
    } = await import('@aws-sdk/client-cloudwatch-logs');
    return {
      Client: CloudWatchLogsClient,
      commands: {
        AssociateKmsKeyCommand,
        CreateLogGroupCommand,
        DeleteLogGroupCommand,
        DeleteRetentionPolicyCommand,
        DescribeLogGroupsCommand,
        DescribeLogStreamsCommand,
        DescribeMetricFiltersCommand,
        DescribeSubscriptionFiltersCommand,
        DisassociateKmsKeyCommand,
        ListTagsForResourceCommand,
        PutMetricFilterCommand,
        PutLogGroupDeletionProtectionCommand,
        PutRetentionPolicyCommand,
        TagResourceCommand,
        UntagResourceCommand,
      },
    };
  },
  always: {
    DescribeLogGroups: ['logGroups'],
    DescribeLogStreams: ['logStreams'],
    DescribeMetricFilters: ['metricFilters'],
    DescribeSubscriptionFilters: ['subscriptionFilters'],
    ListTagsForResource: ['tags'],
  },
  reads: `
    DescribeLogGroups DescribeLogStreams DescribeMetricFilters DescribeSubscriptionFilters ListTagsForResource`,
  extent: 'used',
  discloses: {
    FilterLogEvents: 'log events',
    GetLogEvents: 'log events',
    GetLogObject: 'log events',
    GetLogRecord: 'log events',
    GetQueryResults: 'log events',
    StartLiveTail: 'log events',
    StartQuery: 'log events',
  },
  // PutQueryDefinition is not sent; its token is known here so that the gate refuses it whoever declares it.
  tokens: { parameter: 'clientToken', operations: ['PutQueryDefinition'] },
};

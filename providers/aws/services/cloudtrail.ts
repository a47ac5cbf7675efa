import type { ServiceRecord } from './service.ts';

declare module '../../../src/domain/call.ts' {
  interface Services {
    readonly cloudtrail: true;
  }
}

/** AWS CloudTrail: what was done in the account, for `audit reconcile`. */
export const cloudtrail: ServiceRecord = {
  name: 'cloudtrail',
  sdkId: 'CloudTrail',
  protocol: 'json',
  async load() {
    const { CloudTrailClient, LookupEventsCommand } = await import('@aws-sdk/client-cloudtrail');
    return { Client: CloudTrailClient, commands: { LookupEventsCommand } };
  },
  always: { LookupEvents: ['Events'] },
  reads: `
    DescribeQuery DescribeTrails GetChannel GetDashboard GetEventConfiguration GetEventDataStore GetEventSelectors
    GetImport
    GetInsightSelectors GetQueryResults GetResourcePolicy GetTrail GetTrailStatus ListChannels ListDashboards
    ListEventDataStores
    ListImportFailures ListImports ListInsightsData ListInsightsMetricData ListPublicKeys ListQueries ListTags
    ListTrails LookupEvents
    SearchSampleQueries`,
  extent: 'all',
};

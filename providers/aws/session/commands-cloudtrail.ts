/** The CloudTrail client: what was done in the account, for `audit reconcile`; loaded lazily, as one chunk. */
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';

export const Client = CloudTrailClient;
export const commands = {
  LookupEvents: LookupEventsCommand,
};

import { contextFor } from '../../src/plan/steps/preview-context.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { entryOf } from './apply-world.ts';

/** What the programs of a deletion of the bucket "notes" are given. */
export function bucketContext(live: Partial<LiveResource> = {}): StepContext {
  const resource: LiveResource = {
    type: 'AWS::S3::Bucket',
    identity: 'notes',
    incarnation: 'notes 2026-01-01',
    properties: { BucketName: 'notes' },
    attributes: { Region: 'eu-west-1' },
    systemTags: {},
    state: 'present',
    pending: {},
    binding: {},
    observed: {},
    detailed: true,
    ...live,
  };
  return contextFor({
    run: 'run-0',
    planName: 'test',
    target: { account: '123456789012', region: 'eu-west-1', endpoint: null },
    configuration: {
      capture: { bucket: null, maxObjects: 1000, maxBytes: 1e9, expiryDays: 14, expiryDaysDestruction: 90 },
    },
    now: '2026-11-30T00:00:00.000Z',
    entry: entryOf('Notes', 'AWS::S3::Bucket', { action: 'delete', id: 'notes' }),
    live: resource,
    desired: resource.properties,
    changes: [],
    action: 'delete',
    destruction: true,
  });
}

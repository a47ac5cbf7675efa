import type { Json } from '../../base/json.ts';
import { findingAt } from '../../domain/finding.ts';
import { sanitise } from '../../base/sanitise.ts';
import { perStep } from './guardrail.ts';

/** True where a value holds the bucket's name or its ARN: as the target of replication, logging, an inventory. */
const names = (value: Json | undefined, bucket: string): boolean =>
  typeof value === 'string'
    ? value === bucket || value.endsWith(`:::${bucket}`) || value.includes(`:::${bucket}/`)
    : typeof value === 'object' &&
      value !== null &&
      Object.values(value).some((item: Json | undefined) => names(item, bucket));

/** Store and capture bucket are never a plan's target (law 6). */
export const ownStorage = perStep(
  'own-storage',
  "aiplan's own store and captures are never a plan's target",
  ({ step, entry }, { configuration, target }) => {
    const own = [
      configuration.capture.bucket ?? `aiplan-captures-${target.account}-${target.region}`,
      /^s3:\/\/([^/]+)/u.exec(configuration.store ?? '')?.[1],
    ];
    const name = step.identity ?? entry.properties?.['BucketName'];
    const named = own.find((bucket) => bucket !== undefined && name !== bucket && names(entry.properties, bucket));
    if (named !== undefined)
      return findingAt(
        entry,
        'properties',
        'error',
        'own-storage',
        `the properties name "${sanitise(named)}", which holds what aiplan keeps for undoing`,
        'leave it out of the plan: nothing else is written there',
      );
    if (step.type !== 'AWS::S3::Bucket' || typeof name !== 'string' || !own.includes(name)) return null;
    return findingAt(
      entry,
      entry.id === undefined ? 'properties.BucketName' : 'id',
      'error',
      'own-storage',
      `"${sanitise(name)}" holds what aiplan keeps for undoing`,
      'leave it out of the plan; `aiplan captures expire` removes what is no longer needed',
    );
  },
);

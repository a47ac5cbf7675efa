import { findingAt } from '../model/place.ts';
import { sanitise } from '../model/sanitise.ts';
import { perStep } from './guardrail.ts';

/** Store and capture bucket are never a plan's target (law 6). */
export const ownStorage = perStep('own-storage', "aiplan's own store and captures are never a plan's target", ({ step, entry }, { configuration, target }) => {
  const own = [configuration.capture.bucket ?? `aiplan-captures-${target.account}-${target.region}`, /^s3:\/\/([^/]+)/u.exec(configuration.store ?? '')?.[1]];
  const name = step.identity ?? entry.properties?.['BucketName'];
  if (step.type !== 'AWS::S3::Bucket' || typeof name !== 'string' || !own.includes(name)) return null;
  return findingAt(entry, entry.id === undefined ? 'properties.BucketName' : 'id', 'error', 'own-storage', `"${sanitise(name)}" holds what aiplan keeps for undoing`, 'leave it out of the plan; `aiplan captures expire` removes what is no longer needed');
});

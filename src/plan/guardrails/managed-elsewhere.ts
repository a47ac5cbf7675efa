import type { Json } from '../../base/json.ts';
import { findingAt } from '../../domain/finding.ts';
import { sanitise } from '../../base/sanitise.ts';
import { perStep } from './guardrail.ts';

const isSomebody = (owner: Json | undefined): boolean =>
  typeof owner === 'string'
    ? owner !== '' && owner !== 'none' && owner !== 'unknown'
    : Array.isArray(owner)
      ? owner.length > 0
      : typeof owner === 'object' && owner !== null && Object.keys(owner).length > 0;

/**
 * A resource that Auto Scaling, CloudFormation or an AWS service manages comes back, or its deletion breaks the
 * manager.
 */
export const managedElsewhere = perStep(
  'managed-elsewhere',
  'a resource that something else manages is not destroyed behind its back',
  ({ step, entry, live }) => {
    const owner = live?.binding['owner'];
    if (!isSomebody(owner)) return null;
    const destroys = step.action === 'delete' || step.action === 'replace';
    return findingAt(
      entry,
      entry.id === undefined ? '' : 'id',
      destroys ? 'error' : 'warning',
      'managed-elsewhere',
      `the resource is managed by ${sanitise(typeof owner === 'string' ? owner : JSON.stringify(owner))}`,
      'change it where it is managed',
    );
  },
);

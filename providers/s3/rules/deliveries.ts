import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import { listOf } from '../configuration/values.ts';

/**
 * Whether a policy may let this service of AWS write: a statement allows it, or somebody of whom that cannot be told
 * (everyone, all but some, a canonical user, as which log delivery wrote before). The actions and conditions of a
 * statement are not looked at; a policy that cannot be read may allow anything.
 */
export function mayLetIn(policy: string | null, service: string): boolean {
  if (policy === null) return false;
  let document: unknown;
  try {
    document = JSON.parse(policy);
  } catch {
    // S3 keeps no such policy; what it would allow is not known.
    return true;
  }
  if (!isObject(document)) return true;
  const statements = Array.isArray(document['Statement'])
    ? listOf(document['Statement'])
    : [document['Statement'] ?? null];
  return statements.some(
    (statement) => isObject(statement) && statement['Effect'] !== 'Deny' && isAmong(statement, service),
  );
}

function isAmong({ Principal, NotPrincipal }: JsonObject, service: string): boolean {
  if (NotPrincipal !== undefined || !isObject(Principal)) return true;
  return Object.entries(Principal).some(([kind, value]) => {
    const names = (Array.isArray(value) ? listOf(value) : [value ?? null]) as readonly Json[];
    return kind === 'CanonicalUser' || names.some((name) => name === '*' || name === service);
  });
}

/** The services that write into a bucket for another one (S3 User Guide). */
export const LOGGING_SERVICE = 'logging.s3.amazonaws.com';
export const EXPORT_SERVICE = 's3.amazonaws.com';

const isRead = (fact: Json | undefined): boolean => fact !== undefined && fact !== 'unknown';

/**
 * Whether the configuration of a bucket leaves it possible that another one writes into it by this property of its own.
 * Access logs are delivered only where the policy allows logging.s3.amazonaws.com or the list grants the log delivery
 * group ("Permissions for log delivery"). Inventories and analyses are delivered only where the policy allows
 * s3.amazonaws.com ("Granting permissions for S3 Inventory and S3 analytics"), also within one account. Replicas need
 * versions ("Requirements and considerations for replication"); suspended ones were kept before.
 */
export function takesFromOthers({ binding }: LiveResource, property: string): boolean {
  const { policy, acl, versioning } = binding;
  if (property === 'ReplicationConfiguration') return !isRead(versioning) || versioning !== 'never';
  if (!isRead(policy)) return true;
  if (property === 'LoggingConfiguration')
    return !isRead(acl) || acl !== 'private' || binding['logDelivery'] !== undefined;
  return binding['exportDelivery'] !== undefined;
}

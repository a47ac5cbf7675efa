import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { listOf, partitionOf } from '../configuration/values.ts';

/** Marks the one statement that closes a bucket to writes, so that it can be taken out again without any record. */
const SID = 'AiplanClosedToWrites';
const ID = 'aiplan-closed';

/**
 * Everything that adds, replaces or annotates an object, or changes what becomes of versions. Deleting stays possible.
 */
const CLOSED_ACTIONS = [
  's3:PutObject*',
  's3:ReplicateObject',
  's3:ReplicateDelete',
  's3:ReplicateTags',
  's3:RestoreObject',
  's3:PutBucketVersioning',
  's3:PutLifecycleConfiguration',
  's3:PutReplicationConfiguration',
];

const parse = (policy: string): JsonObject => {
  const value: unknown = JSON.parse(policy);
  return isObject(value) ? value : {};
};
const statementsOf = (policy: JsonObject): readonly Json[] => {
  const statement = policy['Statement'];
  return isObject(statement) ? [statement] : listOf(statement);
};
const isOurs = (statement: Json): boolean => isObject(statement) && statement['Sid'] === SID;

/** The policy with one more statement: nobody writes. The original statements stay as they are. */
export function closedPolicy(original: string | null, bucket: string, region: string): string {
  const arn = `arn:${partitionOf(region)}:s3:::${bucket}`;
  const closing = { Sid: SID, Effect: 'Deny', Principal: '*', Action: CLOSED_ACTIONS, Resource: [arn, `${arn}/*`] };
  const policy = original === null ? { Version: '2012-10-17', Id: ID } : parse(original);
  return JSON.stringify({
    ...policy,
    Statement: [...statementsOf(policy).filter((statement) => !isOurs(statement)), closing],
  });
}

/** The policy as it was before it was closed, letter for letter where it is not closed; null where there was none. */
export function openedPolicy(current: string | null): string | null {
  if (current === null || !isClosed(current)) return current;
  const policy = parse(current);
  const rest = statementsOf(policy).filter((statement) => !isOurs(statement));
  return rest.length === 0 && policy['Id'] === ID ? null : JSON.stringify({ ...policy, Statement: rest });
}

export const isClosed = (policy: string | null): boolean =>
  policy !== null && policy.includes(SID) && statementsOf(parse(policy)).some(isOurs);

/**
 * Whether a policy lets anyone in: an Allow for every principal without a condition. Conservative in what it calls
 * public; "Meaning of public" in the S3 User Guide knows conditions that would make it public too, so a condition on a
 * wildcard principal reads as `conditional`.
 */
export function opennessOf(policy: string): 'public' | 'conditional' | 'named' {
  const open = statementsOf(parse(policy)).filter(
    (statement): statement is JsonObject =>
      isObject(statement) && statement['Effect'] === 'Allow' && everyone(statement['Principal']),
  );
  if (open.length === 0) return 'named';
  return open.some((statement) => statement['Condition'] === undefined) ? 'public' : 'conditional';
}

const everyone = (principal: Json | undefined): boolean =>
  principal === '*' ||
  (isObject(principal) && Object.values(principal).some((value) => value === '*' || listOf(value).includes('*')));

import type { Json } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { ChangeRule } from '../../../src/domain/resource-type.ts';
import { givenBy } from '../configuration/acl.ts';
import { objectOf, objectsOf, textOf } from '../configuration/values.ts';

const named = (live: LiveResource | null): string => (live === null ? 'the bucket' : `"${live.identity}"`);
const isBucket = (_before: Json | undefined, live: LiveResource | null): boolean => live !== null;

/** What a list gave others and the next one does not; null where nobody knows what it gave. */
function takenFrom(before: Json | undefined, after: Json | undefined): readonly string[] | null {
  const [old, fresh] = [givenBy(before), givenBy(after) ?? []];
  return old === undefined ? null : old.filter((grant) => !fresh.includes(grant));
}
const givenText = (given: readonly string[] | null): string =>
  given === null ? 'which could not be read' : given.length === 0 ? 'nothing of the bucket itself' : given.join(', ');

const enforced = (value: Json | undefined): boolean =>
  textOf(objectsOf(objectOf(value)['Rules'])[0]?.['ObjectOwnership']) === 'BucketOwnerEnforced';

const byKms = (value: Json | undefined): boolean =>
  textOf(
    objectOf(objectsOf(objectOf(value)['ServerSideEncryptionConfiguration'])[0]?.['ServerSideEncryptionByDefault'])[
      'SSEAlgorithm'
    ],
  )?.startsWith('aws:kms') === true;

/**
 * Who would be kept out by a key: S3 does not deliver access logs into a bucket that KMS encrypts (S3 User Guide,
 * "Enabling Amazon S3 server access logging"), and whoever else may read or write needs the key too. A fact that was not
 * read counts as somebody (law 9).
 */
function keptOut(live: LiveResource | null): readonly string[] {
  const { logDelivery, acl, policy } = live?.binding ?? {};
  return [
    ...(logDelivery === undefined && acl !== undefined && policy !== undefined
      ? []
      : [
          `access logs of other buckets${logDelivery === 'allowed' ? '' : ', if any come here,'} are no longer delivered`,
        ]),
    ...(acl === 'private' && (policy === 'none' || objectOf(policy)['access'] === 'named')
      ? []
      : ['whoever may use it by its policy or access control list needs the key too']),
  ];
}

/** Changes by which others lose the access that they have (law 3). */
export const lostAccess: readonly ChangeRule[] = [
  {
    path: 'AccessControl',
    given: isBucket,
    when: (before, after) => takenFrom(before, after)?.length !== 0,
    says: (before, after, live) =>
      `Others lose what the access control list of ${named(live)} gave them: ${givenText(takenFrom(before, after))}.`,
  },
  {
    path: 'OwnershipControls',
    given: (before, live) => live !== null && !enforced(before),
    when: (_before, after) => enforced(after),
    says: (_before, _after, live) =>
      `Access control lists of ${named(live)} and of its objects no longer count. Others lose what they gave: ${givenText(givenBy(live?.properties['AccessControl']) ?? null)}, and whatever single objects give.`,
  },
  {
    path: 'BucketEncryption',
    given: (before, live) => live !== null && !byKms(before),
    when: (_before, after, live) => byKms(after) && keptOut(live).length > 0,
    says: (_before, _after, live) =>
      `New objects of ${named(live)} are encrypted with a key of KMS: ${keptOut(live).join('; ')}.`,
  },
];

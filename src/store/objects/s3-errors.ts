import { AwsError, UserError } from '../../base/error.ts';

/** The IAM actions that a store in S3 needs on its bucket and prefix (Service Authorization Reference, Amazon S3). */
export const storePermissions: readonly string[] = [
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketVersioning',
  's3:GetObject',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:PutObject',
];

const helps: Readonly<Partial<Record<AwsError['kind'], string>>> = {
  absent:
    'check `store` in your configuration; docs/shared-store.md says how the bucket is made by one command, and `aiplan setup` proves it',
  denied: `the store needs ${storePermissions.join(', ')} on its bucket; \`aiplan setup\` says which one is missing, and \`store_profile\` chooses other credentials`,
  expired: 'log in again; `store_profile` chooses other credentials',
  network: 'check the network, and `store_region`',
  unknown: 'check the network; if it stays so, check the bucket',
};

/** S3's answer as an error of the store. Anything else goes through as it is. */
export function s3StoreError(error: unknown, place: string, doing: 'read' | 'write'): unknown {
  if (!(error instanceof AwsError)) return error;
  const region = /Redirect|AuthorizationHeaderMalformed/u.test(error.code)
    ? 'the bucket is in another region: set `store_region`'
    : undefined;
  return new UserError(
    doing === 'read' ? 'store-unreadable' : 'store-unwritable',
    `cannot ${doing} "${place}": ${error.code}: ${error.message}`,
    {
      cause: error,
      help: region ?? helps[error.kind] ?? 'try again; if it stays so, check the bucket',
    },
  );
}

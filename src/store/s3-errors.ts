import { AwsError, UserError } from '../model/error.ts';

const helps: Readonly<Partial<Record<AwsError['kind'], string>>> = {
  absent: 'check `store` in your configuration; `aiplan setup` checks the bucket',
  denied: 'the store needs s3:GetObject, s3:PutObject, s3:ListBucket and s3:GetBucketVersioning on its bucket; `store_profile` chooses other credentials',
  expired: 'log in again; `store_profile` chooses other credentials',
  network: 'check the network, and `store_region`',
  unknown: 'check the network; if it stays so, check the bucket',
};

/** What S3 said, as an error of the store. Anything else goes through as it is. */
export function s3StoreError(error: unknown, place: string, doing: 'read' | 'write'): unknown {
  if (!(error instanceof AwsError)) return error;
  const region = /Redirect|AuthorizationHeaderMalformed/u.test(error.code) ? 'the bucket is in another region: set `store_region`' : undefined;
  return new UserError(doing === 'read' ? 'store-unreadable' : 'store-unwritable', `cannot ${doing} "${place}": ${error.code}: ${error.message}`, {
    cause: error, help: region ?? helps[error.kind] ?? 'try again; if it stays so, check the bucket',
  });
}

import type { S3Context, S3Correction } from '../protocol/correction.ts';
import { requireObjectKey } from '../protocol/kms-keys.ts';
import { parseXml, textAt } from '../protocol/xml.ts';
import { copySource, pathOf } from './paths.ts';

/** The KMS key that a bucket encrypts with unless a request says more; empty where S3 has the key. */
async function defaultKey(context: S3Context, bucket: string): Promise<string> {
  const answer = await context.send('GET', pathOf(bucket, '', { encryption: '' }));
  return answer.status === 200
    ? textAt(parseXml(answer.body.toString('utf8')), 'Rule', 'ApplyServerSideEncryptionByDefault', 'KMSMasterKeyID')
    : '';
}

/** Objects are taken to have the key that their bucket has now: the emulator does not keep another. */
export const objectKeys: readonly S3Correction[] = [
  {
    operations: ['PutObject', 'CopyObject', 'CreateMultipartUpload', 'GetObject'],
    answers: 'a key that is disabled or pending deletion neither encrypts nor decrypts',
    async before(context) {
      const { keys, request } = context;
      if (keys.size === 0) return undefined;
      const source = request.headers.get('x-amz-copy-source');
      if (source !== undefined) requireObjectKey(keys, await defaultKey(context, copySource(source).bucket));
      requireObjectKey(
        keys,
        request.headers.get('x-amz-server-side-encryption-aws-kms-key-id') ??
          (await defaultKey(context, request.bucket)),
      );
      return undefined;
    },
  },
];

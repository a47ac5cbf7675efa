import { Refusal, type S3Correction } from '../protocol/correction.ts';

/** A copy that names the content of its source. Source: S3 API reference, CopyObject, "x-amz-copy-source-if-match". */
export const copyConditions: readonly S3Correction[] = [
  {
    operations: ['CopyObject'],
    answers: 'CopySourceIfMatch refuses with 412 where the source has another ETag; the emulator does not look at it',
    async before({ request: { headers }, send }) {
      const wanted = headers.get('x-amz-copy-source-if-match');
      if (wanted === undefined) return undefined;
      const source = (headers.get('x-amz-copy-source') ?? '').replace(/^\//u, '');
      const { status, headers: found } = await send('HEAD', `/${source}`);
      if (status === 200 && found.get('etag')?.replaceAll('"', '') !== wanted.replaceAll('"', '')) {
        throw new Refusal('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
      }
      return undefined;
    },
  },
];

import { Refusal, type S3Correction } from '../protocol/correction.ts';
import { parseXml, textAt } from '../protocol/xml.ts';
import { pathOf } from './paths.ts';

/** Characters that XML 1.0 cannot hold, also as a reference. */
const UNHOLDABLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2\d|3[01]));/iu;

export const bucketRefusals: readonly S3Correction[] = [
  {
    operations: ['DeleteObjects'],
    answers: 'a key that XML cannot hold makes the whole list malformed',
    async before({ request }) {
      if (UNHOLDABLE.test((await request.body()).toString('utf8')))
        throw new Refusal(
          'MalformedXML',
          'The XML you provided was not well-formed or did not validate against our published schema',
        );
      return undefined;
    },
  },
  {
    operations: ['PutBucketAcl'],
    answers: 'access control lists are refused where the bucket owner owns every object',
    async before({ request, send }) {
      const controls = await send('GET', pathOf(request.bucket, '', { ownershipControls: '' }));
      if (controls.status !== 200) return undefined;
      const root = parseXml(controls.body.toString('utf8'));
      if (textAt(root, 'Rule', 'ObjectOwnership') === 'BucketOwnerEnforced')
        throw new Refusal('AccessControlListNotSupported', 'The bucket does not allow ACLs');
      return undefined;
    },
  },
  {
    operations: ['HeadObject', 'GetObject'],
    answers: 'the version null of a bucket that never had versions is its only one; the emulator answers 400',
    async before({ request, send }) {
      if (request.query.get('versionId') !== 'null') return undefined;
      const versioning = await send('GET', pathOf(request.bucket, '', { versioning: '' }));
      if (versioning.status === 200 && textAt(parseXml(versioning.body.toString('utf8')), 'Status') === '')
        request.query.delete('versionId');
      return undefined;
    },
  },
];

import type { S3Correction } from '../protocol/correction.ts';
import { child, element, parseXml, writeXml } from '../protocol/xml.ts';
import { pathOf } from './paths.ts';

/** The tags in a CreateBucketConfiguration as a Tagging document; null where it holds none. */
function taggingOf(body: string): string | null {
  const tags = body === '' ? [] : (child(parseXml(body), 'Tags')?.children ?? []);
  return tags.length === 0 ? null : writeXml(element('Tagging', [element('TagSet', tags)]));
}

/** API CreateBucket: `Tags` of CreateBucketConfiguration. */
export const bucketTags: readonly S3Correction[] = [
  {
    operations: ['CreateBucket'],
    answers: 'a bucket has the tags that it was created with',
    async before({ request, notes }) {
      const tagging = taggingOf((await request.body()).toString('utf8'));
      if (tagging !== null) notes.set('tagging', tagging);
      return undefined;
    },
    async after({ request, notes, send }, answer) {
      const tagging = notes.get('tagging');
      if (tagging !== undefined && answer.status < 300 && !notes.has('existed'))
        await send('PUT', pathOf(request.bucket, '', { tagging: '' }), { body: tagging });
    },
  },
];

import { Refusal, type S3Correction } from '../protocol/correction.ts';
import { counted, mostTags } from '../protocol/tag-limit.ts';
import { child, element, parseXml, textAt, writeXml, type Element } from '../protocol/xml.ts';
import { pathOf } from './paths.ts';

/** The tags in a CreateBucketConfiguration as a Tagging document; null where it holds none. */
function taggingOf(body: string): string | null {
  const tags = body === '' ? [] : (child(parseXml(body), 'Tags')?.children ?? []);
  return tags.length === 0 ? null : writeXml(element('Tagging', [element('TagSet', tags)]));
}

/** Keys of all tags in a document. */
const keysIn = (item: Element): readonly string[] =>
  item.name === 'Tag' ? [textAt(item, 'Key')] : item.children.flatMap(keysIn);

function refuseMore(body: string): void {
  if (body !== '' && counted(keysIn(parseXml(body))) > mostTags)
    throw new Refusal('BadRequest', `Bucket tag count cannot be greater than ${mostTags}`);
}

/** API CreateBucket: `Tags` of CreateBucketConfiguration. */
export const bucketTags: readonly S3Correction[] = [
  {
    operations: ['PutBucketTagging'],
    answers: 'a bucket has at most 50 tags',
    async before({ request }) {
      refuseMore((await request.body()).toString('utf8'));
      return undefined;
    },
  },
  {
    operations: ['CreateBucket'],
    answers: 'a bucket has the tags that it was created with',
    async before({ request, notes }) {
      const body = (await request.body()).toString('utf8');
      refuseMore(body);
      const tagging = taggingOf(body);
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

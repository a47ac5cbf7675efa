import type { Json } from '../../../src/base/json.ts';
import { objectsOf, textOf } from './values.ts';

/*
 * A put replaces the whole document. What S3 holds and no property says would vanish with the first change of something
 * else, so it is carried over from the document that is there.
 */

/** Keeps the tags of AWS and aiplan: PutBucketTagging replaces the whole set, and AWS refuses one without its own. */
export function carryTags(next: Json, previous: Json | null): Json {
  const system = objectsOf(previous ?? undefined).filter((tag) => /^(aws|aiplan):/u.test(textOf(tag['Key']) ?? ''));
  const own = new Set(objectsOf(next).map((tag) => tag['Key']));
  return [...objectsOf(next), ...system.filter((tag) => !own.has(tag['Key']))];
}

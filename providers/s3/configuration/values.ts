import { canonical } from '../../../src/base/digest.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';

/** Careful access to values whose shape is not proven: the wrong kind reads as nothing. */
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
export const objectsOf = (value: Json | undefined): readonly JsonObject[] => listOf(value).filter(isObject);
export const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
export const numberOf = (value: Json | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined;
export const same = (one: Json | undefined, other: Json | undefined): boolean =>
  canonical(one ?? null) === canonical(other ?? null);

/** The value at a dotted path, or undefined. */
export const at = (value: Json | undefined, path: string): Json | undefined =>
  path.split('.').reduce<Json | undefined>((part, name) => objectOf(part)[name], value);

/** The object without undefined members. */
export const compact = (value: Readonly<Record<string, Json | undefined>>): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));

/** ARN partition of a region (AWS General Reference, "Amazon Resource Names"). */
export const partitionOf = (region: string): string =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';

/** A storage class in the spelling that S3 answers with; CloudFormation takes `Glacier` for `GLACIER` too. */
export const storageClassOf = (value: Json | undefined): string => (textOf(value) ?? '').toUpperCase();

/** The bucket name in an ARN or a plain name. */
export const bucketNameOf = (text: string): string => text.replace(/^arn:[^:]*:s3:::/u, '').replace(/\/.*$/u, '');

/** A count with thousands separators, and bytes in the largest fitting binary unit, for sentences. */
export const counted = (count: number): string => String(count).replace(/\B(?=(\d{3})+(?!\d))/gu, ',');
export function sized(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/**
 * Stands for an answer while a plan lists the calls, where a program must then yield what it could yield either way. No
 * S3 answer has such a member.
 */
export const previewed: JsonObject = { $preview: true };
export const isPreviewed = (answer: JsonObject | null): boolean => answer?.['$preview'] === true;

/**
 * Name and creation date of an element of ListBuckets: S3 has no id for a bucket. Only the list of us-east-1 has the
 * date of creation; that of another region moves with each change of the bucket's configuration (S3 API reference,
 * Bucket; see `homeOf` in providers/aws/session/session.ts).
 */
export const incarnationOf = (bucket: JsonObject): string =>
  `${textOf(bucket['Name']) ?? ''} ${textOf(bucket['CreationDate']) ?? 'unknown'}`;

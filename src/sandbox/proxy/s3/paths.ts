import { Refusal, type S3Context } from '../protocol/correction.ts';

/** Path and query of a request to the emulator. */
export function pathOf(bucket: string, key = '', query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `/${encodeURIComponent(bucket)}${key === '' ? '' : `/${key.split('/').map(encodeURIComponent).join('/')}`}${search === '' ? '' : `?${search}`}`;
}

/** Asks the emulator only until the bucket is found: whoever deletes it comes by here. */
export async function bucketExists(context: S3Context): Promise<boolean> {
  const { bucket, request } = context;
  if (!bucket.exists && (await context.send('HEAD', pathOf(request.bucket))).status < 400) bucket.exists = true;
  return bucket.exists;
}

/** Throws Refusal NoSuchBucket. */
export async function requireBucket(context: S3Context): Promise<void> {
  if (!(await bucketExists(context))) throw new Refusal('NoSuchBucket', 'The specified bucket does not exist', 404);
}

/** The parts of an `x-amz-copy-source` header. */
export function copySource(header: string): {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
} {
  const [path = '', search = ''] = header.replace(/^\//u, '').split('?versionId=');
  const slash = path.indexOf('/');
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  return {
    bucket: decode(slash < 0 ? path : path.slice(0, slash)),
    key: decode(slash < 0 ? '' : path.slice(slash + 1)),
    versionId: search === '' ? undefined : decode(search),
  };
}

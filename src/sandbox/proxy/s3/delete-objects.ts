import type { S3Context, S3Correction, S3Reply } from '../protocol/correction.ts';
import { element, parseXml, put, textAt, writeXml, type Element } from '../protocol/xml.ts';
import { pathOf } from './paths.ts';
import { actionOf, isDenied } from './policy.ts';
import { becomeNull, insideVersion, shownVersion } from './suspended.ts';

const failed = (item: Element, code: string, message: string): Element =>
  element('Error', [
    element('Key', textAt(item, 'Key')),
    ...(textAt(item, 'VersionId') === '' ? [] : [element('VersionId', textAt(item, 'VersionId'))]),
    element('Code', code),
    element('Message', message),
  ]);

/** Deletes one object by its own request, which keeps the version `null` right. */
async function deleteOne(context: S3Context, item: Element): Promise<Element> {
  const { bucket, request } = context;
  const [key, version] = [textAt(item, 'Key'), textAt(item, 'VersionId')];
  const bypass = request.headers.get('x-amz-bypass-governance-retention');
  const inside = version === '' ? '' : insideVersion(bucket, key, version);
  const answer = await context.send(
    'DELETE',
    pathOf(request.bucket, key, inside === '' ? {} : { versionId: inside }),
    bypass === undefined ? {} : { headers: { 'x-amz-bypass-governance-retention': bypass } },
  );
  if (answer.status >= 300)
    return failed(item, 'AccessDenied', 'Access Denied because object protected by object lock.');
  if (inside !== '') {
    if (bucket.nullVersions.get(key) === inside) bucket.nullVersions.delete(key);
    return element('Deleted', [element('Key', key), element('VersionId', version)]);
  }
  const marker = answer.headers.get('x-amz-version-id');
  if (marker === undefined) return element('Deleted', [element('Key', key)]);
  if (bucket.suspended) await becomeNull(context, key, marker);
  return element('Deleted', [
    element('Key', key),
    element('DeleteMarker', 'true'),
    element('DeleteMarkerVersionId', shownVersion(bucket, key, marker)),
  ]);
}

async function judge(context: S3Context): Promise<S3Reply | undefined> {
  const { bucket, request } = context;
  const root = parseXml((await request.body()).toString('utf8'));
  const items = root.children.filter(({ name }) => name === 'Object');
  const refused: Element[] = [];
  const allowed: Element[] = [];
  for (const item of items) {
    const action = actionOf('DeleteObject', textAt(item, 'VersionId') !== '');
    if (await isDenied(context, bucket.policy, action, request.bucket, textAt(item, 'Key')))
      refused.push(failed(item, 'AccessDenied', 'Access Denied'));
    else allowed.push(item);
  }
  const oneByOne = bucket.suspended || bucket.nullVersions.size > 0;
  if (refused.length === 0 && !oneByOne) return undefined;
  const done: Element[] = [];
  for (const item of allowed) done.push(await deleteOne(context, item));
  const quiet = textAt(root, 'Quiet') === 'true';
  return {
    status: 200,
    body: writeXml(
      element(
        'DeleteResult',
        [...done.filter(({ name }) => !quiet || name === 'Error'), ...refused],
        ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"',
      ),
    ),
  };
}

/** Which of the objects asked for an error is about: the emulator names the key and not the version. */
async function nameVersions(context: S3Context, body: Buffer): Promise<string> {
  const asked = parseXml((await context.request.body()).toString('utf8')).children.filter(
    ({ name }) => name === 'Object',
  );
  const root = parseXml(body.toString('utf8'));
  const gone = new Set(
    root.children
      .filter(({ name }) => name === 'Deleted')
      .map((item) => `${textAt(item, 'Key')}\n${textAt(item, 'VersionId')}`),
  );
  const left = asked.filter((item) => !gone.has(`${textAt(item, 'Key')}\n${textAt(item, 'VersionId')}`));
  for (const error of root.children.filter(({ name }) => name === 'Error')) {
    const index = left.findIndex((item) => textAt(item, 'Key') === textAt(error, 'Key'));
    const [found] = index < 0 ? [] : left.splice(index, 1);
    if (found !== undefined && textAt(found, 'VersionId') !== '') put(error, 'VersionId', textAt(found, 'VersionId'));
  }
  if (textAt(parseXml((await context.request.body()).toString('utf8')), 'Quiet') === 'true')
    root.children = root.children.filter(({ name }) => name !== 'Deleted');
  return writeXml(root);
}

export const deleteObjects: S3Correction = {
  operations: ['DeleteObjects'],
  answers:
    'the bucket policy is asked for every key and version; errors name the version; Quiet is honoured; suspended versioning keeps the other versions',
  before: judge,
  async after(context, answer) {
    if (answer.status === 200) answer.replaceBody(await nameVersions(context, await answer.body()));
  },
};

import { Refusal, type S3Context, type S3Correction } from '../protocol/correction.ts';
import { newBucket } from '../protocol/emulator-state.ts';
import { child, parseXml, put, textAt, writeXml, type Element } from '../protocol/xml.ts';
import { bucketExists, pathOf, requireBucket } from './paths.ts';

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const BLOCK_ALL = `<PublicAccessBlockConfiguration ${NAMESPACE}>${['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'].map((name) => `<${name}>true</${name}>`).join('')}</PublicAccessBlockConfiguration>`;
const ENFORCED = `<OwnershipControls ${NAMESPACE}><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>`;
const AES256 = `<ServerSideEncryptionConfiguration ${NAMESPACE}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`;

function forgetAges(ages: Map<string, string>, bucket: string): void {
  ages.delete(`bucket/${bucket}`);
  for (const id of ages.keys()) if (id.startsWith(`object/${bucket}/`)) ages.delete(id);
}

async function regionOf(context: S3Context, name: string): Promise<string> {
  const memory = context.buckets.get(name);
  if (memory !== undefined && memory.region !== '') return memory.region;
  const answer = await context.send('GET', pathOf(name, '', { location: '' }));
  const region = parseXml(answer.body.toString('utf8')).text || 'us-east-1';
  if (memory !== undefined) memory.region = region;
  return region;
}

async function page(context: S3Context, root: Element): Promise<void> {
  const list = child(root, 'Buckets');
  if (list === undefined) return;
  const { notes, ages } = context;
  list.children.sort((a, b) => (textAt(a, 'Name') < textAt(b, 'Name') ? -1 : 1));
  for (const bucket of list.children) {
    const name = textAt(bucket, 'Name');
    put(bucket, 'BucketRegion', await regionOf(context, name));
    const age = ages.get(`bucket/${name}`);
    if (age !== undefined) put(bucket, 'CreationDate', age);
  }
  const [prefix, region, after] = [
    notes.get('prefix') ?? '',
    notes.get('bucket-region'),
    Buffer.from(notes.get('continuation-token') ?? '', 'base64').toString('utf8'),
  ];
  const matching = list.children.filter(
    (bucket) =>
      textAt(bucket, 'Name').startsWith(prefix) &&
      (region === undefined || textAt(bucket, 'BucketRegion') === region) &&
      textAt(bucket, 'Name') > after,
  );
  const size = Number(notes.get('max-buckets') ?? 10_000);
  list.children = matching.slice(0, size);
  const last = list.children.at(-1);
  if (matching.length > size && last !== undefined)
    put(root, 'ContinuationToken', Buffer.from(textAt(last, 'Name')).toString('base64'));
}

/** Documentation: defaults of new buckets since April 2023; API ListBuckets. */
export const bucketCorrections: readonly S3Correction[] = [
  {
    operations: ['*'],
    answers: 'ExpectedBucketOwner is compared',
    before({ request, account }) {
      const owner = request.headers.get('x-amz-expected-bucket-owner');
      if (owner !== undefined && owner !== account) throw new Refusal('AccessDenied', 'Access Denied', 403);
      return undefined;
    },
  },
  {
    operations: ['CreateBucket'],
    answers: 'a new bucket blocks public access and owns its objects',
    async before(context) {
      if (await bucketExists(context)) context.notes.set('existed', 'true');
      return undefined;
    },
    async after(context, answer) {
      const { request, notes, region } = context;
      if (answer.status >= 300 || notes.has('existed')) return;
      context.buckets.set(request.bucket, newBucket(region));
      forgetAges(context.ages, request.bucket);
      await context.send('PUT', pathOf(request.bucket, '', { publicAccessBlock: '' }), { body: BLOCK_ALL });
      if (!request.headers.has('x-amz-object-ownership'))
        await context.send('PUT', pathOf(request.bucket, '', { ownershipControls: '' }), { body: ENFORCED });
    },
  },
  {
    operations: ['DeleteBucket'],
    answers: 'what was remembered of a deleted bucket is forgotten',
    after(context, answer) {
      if (answer.status >= 300) return;
      context.buckets.delete(context.request.bucket);
      forgetAges(context.ages, context.request.bucket);
    },
  },
  {
    operations: ['GetBucketEncryption'],
    answers: 'every bucket encrypts with SSE-S3 unless it says more',
    async after(_context, answer) {
      if (answer.status !== 404 || !(await answer.body()).includes('ServerSideEncryptionConfigurationNotFoundError'))
        return;
      answer.status = 200;
      answer.replaceBody(AES256);
    },
  },
  {
    operations: ['GetObject', 'HeadObject', 'PutObject', 'CopyObject'],
    answers: 'every object says how it is encrypted: SSE-S3 unless it is more',
    after(_context, answer) {
      if (answer.status < 300 && !answer.headers.has('x-amz-server-side-encryption'))
        answer.headers.set('x-amz-server-side-encryption', 'AES256');
    },
  },
  {
    operations: ['ListBuckets'],
    answers: 'pages, prefix and region; the region of each bucket; creation dates of a fixture',
    before({ request, notes }) {
      for (const name of ['prefix', 'max-buckets', 'continuation-token', 'bucket-region']) {
        const value = request.query.get(name);
        if (value !== undefined) notes.set(name, value);
        request.query.delete(name);
      }
      return undefined;
    },
    async after(context, answer) {
      if (answer.status !== 200) return;
      const root = parseXml((await answer.body()).toString('utf8'));
      await page(context, root);
      answer.replaceBody(writeXml(root));
    },
  },
];

/** API PutBucketLogging. The emulator looks for the target's permission in a policy that lives here. */
export const logging: readonly S3Correction[] = [
  {
    operations: ['PutBucketLogging'],
    answers: 'a target that does not exist is refused; the document is kept',
    async before(context) {
      const root = parseXml((await context.request.body()).toString('utf8'));
      const target = textAt(child(root, 'LoggingEnabled'), 'TargetBucket');
      await requireBucket(context);
      if (target !== '' && (await context.send('HEAD', pathOf(target))).status >= 400) {
        throw new Refusal('InvalidTargetBucketForLogging', 'The target bucket for logging does not exist');
      }
      context.bucket.documents.set('logging', writeXml(root));
      return { status: 200 };
    },
  },
  {
    operations: ['GetBucketLogging'],
    answers: 'the document as it was put',
    async before(context) {
      await requireBucket(context);
      return { status: 200, body: context.bucket.documents.get('logging') ?? `<BucketLoggingStatus ${NAMESPACE}/>` };
    },
  },
];

/** Times of a fixture's objects. A write makes an object young again. */
export const objectAges: readonly S3Correction[] = [
  {
    operations: ['PutObject', 'CopyObject', 'CompleteMultipartUpload'],
    answers: 'a written object has its own time',
    after({ ages, request }, answer) {
      if (answer.status < 300) ages.delete(`object/${request.bucket}/${request.key}`);
    },
  },
  {
    operations: ['HeadObject', 'GetObject'],
    answers: 'times of a fixture',
    after({ ages, request }, answer) {
      const id = `object/${request.bucket}/${request.key}`;
      const age = ages.get(`${id}?${answer.headers.get('x-amz-version-id') ?? 'null'}`) ?? ages.get(id);
      if (age !== undefined && answer.headers.has('last-modified'))
        answer.headers.set('last-modified', new Date(age).toUTCString());
    },
  },
  {
    operations: ['ListObjects', 'ListObjectsV2', 'ListObjectVersions'],
    answers: 'times of a fixture',
    async after({ ages, request }, answer) {
      const start = `object/${request.bucket}/`;
      if (answer.status !== 200 || ![...ages.keys()].some((id) => id.startsWith(start))) return;
      const root = parseXml((await answer.body()).toString('utf8'));
      const encoded = textAt(root, 'EncodingType') === 'url';
      for (const item of root.children) {
        if (child(item, 'LastModified') === undefined) continue;
        const key = encoded ? decodeURIComponent(textAt(item, 'Key').replaceAll('+', ' ')) : textAt(item, 'Key');
        const version = textAt(item, 'VersionId');
        const age =
          ages.get(`${start}${key}?${version}`) ??
          (version === '' || version === 'null' || textAt(item, 'IsLatest') === 'true'
            ? ages.get(`${start}${key}`)
            : undefined);
        if (age !== undefined) put(item, 'LastModified', age);
      }
      answer.replaceBody(writeXml(root));
    },
  },
];

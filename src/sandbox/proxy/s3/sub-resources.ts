import { Refusal, type S3Context, type S3Correction, type S3Reply } from '../protocol/correction.ts';
import { parseXml, put, textAt, writeElement, writeXml } from '../protocol/xml.ts';
import { requireBucket } from './paths.ts';

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const document = (body: string): S3Reply => ({ status: 200, body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` });

/**
 * Sub-resources with an id. The emulator answers GET with a listing of objects, PUT with a new bucket and DELETE with a
 * deleted one.
 */
const WITH_ID: Readonly<Record<string, string>> = {
  'intelligent-tiering': 'IntelligentTieringConfiguration',
  analytics: 'AnalyticsConfiguration',
  metrics: 'MetricsConfiguration',
  inventory: 'InventoryConfiguration',
};

async function withId(context: S3Context, word: string, name: string): Promise<S3Reply> {
  await requireBucket(context);
  const { request, bucket } = context;
  const id = request.query.get('id');
  const stored = bucket.configurations;
  if (id === undefined) {
    const items = [...stored]
      .filter(([key]) => key.startsWith(`${word}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, body]) => body);
    return document(
      `<ListBucket${name}sResult ${NAMESPACE}><IsTruncated>false</IsTruncated>${items.join('')}</ListBucket${name}sResult>`,
    );
  }
  const key = `${word}/${id}`;
  switch (request.method) {
    case 'PUT': {
      const root = parseXml((await request.body()).toString('utf8'));
      if (root.name !== name || textAt(root, 'Id') !== id)
        throw new Refusal(
          'MalformedXML',
          'The XML you provided was not well-formed or did not validate against our published schema',
        );
      stored.set(key, writeElement({ ...root, attributes: '' }));
      return { status: 200 };
    }
    case 'DELETE':
      if (!stored.delete(key))
        throw new Refusal('NoSuchConfiguration', 'The specified configuration does not exist.', 404);
      return { status: 204 };
    default: {
      const body = stored.get(key);
      if (body === undefined)
        throw new Refusal('NoSuchConfiguration', 'The specified configuration does not exist.', 404);
      return document(body);
    }
  }
}

async function requestPayment(context: S3Context): Promise<S3Reply> {
  await requireBucket(context);
  if (context.request.method === 'PUT') {
    context.bucket.documents.set(
      'requestPayment',
      textAt(parseXml((await context.request.body()).toString('utf8')), 'Payer'),
    );
    return { status: 200 };
  }
  return document(
    `<RequestPaymentConfiguration ${NAMESPACE}><Payer>${context.bucket.documents.get('requestPayment') ?? 'BucketOwner'}</Payer></RequestPaymentConfiguration>`,
  );
}

const verbs = (name: string): readonly string[] => [
  `GetBucket${name}`,
  `PutBucket${name}`,
  `DeleteBucket${name}`,
  `ListBucket${name}s`,
];

/** Words of a bucket's query that either the emulator or this proxy understands. */
const KNOWN = new Set([
  'acl',
  'cors',
  'encryption',
  'lifecycle',
  'logging',
  'notification',
  'ownershipControls',
  'policy',
  'policyStatus',
  'replication',
  'requestPayment',
  'tagging',
  'versioning',
  'website',
  'accelerate',
  'location',
  'publicAccessBlock',
  'object-lock',
  'versions',
  'uploads',
  'delete',
  'list-type',
  'prefix',
  'delimiter',
  'max-keys',
  'marker',
  'encoding-type',
  'continuation-token',
  'start-after',
  'fetch-owner',
  'key-marker',
  'version-id-marker',
  'upload-id-marker',
  'max-uploads',
  'x-id',
  'id',
  ...Object.keys(WITH_ID),
]);

export const subResources: readonly S3Correction[] = [
  {
    operations: ['*'],
    answers:
      'a sub-resource that the emulator does not know is refused; the emulator takes it for the bucket itself, and deletes that',
    before({ request }) {
      const unknown =
        request.bucket === '' || request.key !== ''
          ? undefined
          : [...request.query.keys()].find((word) => !KNOWN.has(word));
      if (unknown === undefined) return undefined;
      if (unknown.startsWith('metadata') && request.method === 'GET')
        throw new Refusal('MetadataConfigurationNotFound', 'The metadata configuration does not exist.', 404);
      throw new Refusal('NotImplemented', `The sandbox does not know the sub-resource "${unknown}"`, 501);
    },
  },
  ...Object.entries(WITH_ID).map(([word, name]): S3Correction => ({
    operations: verbs(name),
    answers: `${word} configurations are kept`,
    before: (context) => withId(context, word, name),
  })),
  {
    operations: ['GetBucketRequestPayment', 'PutBucketRequestPayment'],
    answers: 'who pays for requests is kept',
    before: requestPayment,
  },
];

/** Documents that the emulator keeps in part: the whole one is answered. Rules without an id get one, as on AWS. */
export const wholeDocuments: readonly S3Correction[] = (
  [
    ['lifecycle', 'LifecycleConfiguration', 'DeleteBucketLifecycle'],
    ['notification', 'NotificationConfiguration', ''],
  ] as const
).flatMap(([word, name, remove]): readonly S3Correction[] => [
  {
    operations: [`PutBucket${name}`],
    answers: `${word}: every field is kept, such as NewerNoncurrentVersions, ObjectSizeGreaterThan, EventBridgeConfiguration`,
    async after({ bucket, request }, answer) {
      if (answer.status >= 300) return;
      const root = parseXml((await request.body()).toString('utf8'));
      root.children.forEach((rule, index) => {
        const idField = word === 'lifecycle' ? 'ID' : 'Id';
        if (rule.name !== 'EventBridgeConfiguration' && textAt(rule, idField) === '')
          put(rule, idField, `sandbox-${index + 1}`);
      });
      bucket.documents.set(word, writeXml(root));
    },
    async before({ request }) {
      // The body is needed afterwards, so it is held before the emulator gets it.
      await request.body();
      return undefined;
    },
  },
  {
    operations: [`GetBucket${name}`],
    answers: `${word}: the whole document`,
    after({ bucket }, answer) {
      const whole = bucket.documents.get(word);
      if (whole !== undefined && answer.status === 200) answer.replaceBody(whole);
    },
  },
  ...(remove === ''
    ? []
    : [
        {
          operations: [remove],
          answers: `${word}: forgotten when deleted`,
          after: ({ bucket }: S3Context) => {
            bucket.documents.delete(word);
          },
        },
      ]),
]);

/** The documents that the emulator calls otherwise where they are empty, and their names (S3 API reference). */
export const rootNames: readonly S3Correction[] = (
  [
    ['GetBucketVersioning', 'VersioningConfiguration'],
    ['GetBucketNotificationConfiguration', 'NotificationConfiguration'],
    ['GetBucketAccelerateConfiguration', 'AccelerateConfiguration'],
  ] as const
).map(([operation, name]): S3Correction => ({
  operations: [operation],
  answers: `the document is a ${name}, also where nothing is configured`,
  async after(_context, answer) {
    if (answer.status !== 200) return;
    const root = parseXml((await answer.body()).toString('utf8'));
    if (root.name !== name) answer.replaceBody(writeXml({ ...root, name }));
  },
}));

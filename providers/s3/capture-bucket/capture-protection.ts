import type { Json, JsonObject } from '../../../src/base/json.ts';
import { bucketPolicyOf, type CaptureBucket } from '../objects/capture-place.ts';
import { foreignWriters, mergedPolicy, uncovered } from './capture-policy.ts';
import { listOf, numberOf, objectOf, objectsOf, textOf } from '../configuration/values.ts';

/** How one part of the capture bucket is, held against the least that it has to be. */
interface Judgement {
  /** Why it is too weak, one clause each. Empty: it is at least as strong as it has to be. */
  readonly wrong: readonly string[];
  /** The document that makes it strong enough and keeps everything else of the one that was found. */
  readonly next: Json;
  /** The parts of the found document that it would remove or replace. Then a person has to confirm it. */
  readonly replaces: readonly string[];
  /** How it is, in a few words, for the card. */
  readonly fact: string;
}

/** One part of the bucket's configuration, by the name of its sub-resource. */
export interface ProtectedPart {
  readonly name: 'ownership' | 'publicAccessBlock' | 'versioning' | 'encryption' | 'lifecycle' | 'policy';
  /** Judges what S3 has; null where it is not configured. Total: odd documents count as too weak. */
  readonly judge: (of: CaptureBucket, found: Json | null) => Judgement;
}

const judged = (
  wrong: readonly (string | false)[],
  next: Json,
  fact: string,
  replaces: readonly string[] = [],
): Judgement => ({ wrong: wrong.filter((text) => text !== false), next, fact, replaces });

/** Days for which something deleted from the bucket can still be brought back. */
const secondChanceDays = 30;

/**
 * The lifecycle of a new bucket: nothing current ever expires by itself. An object that is deleted (by `aiplan captures
 * expire`, with DeleteObject and no version id) stays behind a delete marker for 30 days more.
 */
export const newLifecycle: JsonObject = {
  Rules: [
    {
      ID: 'aiplan-second-chance',
      Status: 'Enabled',
      Filter: { Prefix: '' },
      Expiration: { ExpiredObjectDeleteMarker: true },
      NoncurrentVersionExpiration: { NoncurrentDays: secondChanceDays },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
    },
  ],
};

/**
 * From the archive classes nothing can be read before it was brought back (S3 User Guide, "Working with archived
 * objects").
 */
const archives: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);
const archived = (item: JsonObject): boolean => archives.has(textOf(item['StorageClass']) ?? '');

function lifecycle(found: Json | null): Judgement {
  const rules = objectsOf(objectOf(found ?? undefined)['Rules']);
  const active = rules.filter((rule) => rule['Status'] !== 'Disabled');
  const wrong = active.flatMap(earlyOf);
  const kept = rules
    .map((rule) => (rule['Status'] === 'Disabled' || earlyOf(rule).length === 0 ? rule : mended(rule)))
    .filter(acts);
  const days = active.flatMap(
    (rule) => numberOf(objectOf(rule['NoncurrentVersionExpiration'])['NoncurrentDays']) ?? [],
  );
  // No rule at all keeps everything: a rule of ours could only shorten that.
  return judged(
    wrong,
    rules.length === 0 || kept.length === 0 ? newLifecycle : { ...objectOf(found ?? undefined), Rules: kept },
    days.length === 0 ? 'nothing in it expires' : `what is deleted from it is kept for ${Math.min(...days)} days more`,
    wrong,
  );
}

/** Objects that a lifecycle rule expires too early, or moves where a restore cannot read it. */
function earlyOf(rule: JsonObject): readonly string[] {
  const name = `lifecycle rule "${textOf(rule['ID']) ?? 'without a name'}"`;
  const expiration = objectOf(rule['Expiration']);
  const old = objectOf(rule['NoncurrentVersionExpiration'])['NoncurrentDays'];
  return [
    ...(expiration['Days'] !== undefined || expiration['Date'] !== undefined
      ? [
          `${name} expires captures that are still needed (${expiration['Days'] === undefined ? `on ${String(expiration['Date'])}` : `after ${String(expiration['Days'])} days`})`,
        ]
      : []),
    ...(old !== undefined && !(typeof old === 'number' && old >= secondChanceDays)
      ? [`${name} removes deleted versions after ${String(old)} days, not ${secondChanceDays}`]
      : []),
    ...([...objectsOf(rule['Transitions']), ...objectsOf(rule['NoncurrentVersionTransitions'])].some(archived)
      ? [`${name} moves captures into an archive class, from which nothing can be restored at once`]
      : []),
  ];
}

function mended(rule: JsonObject): JsonObject {
  const {
    Expiration: expiration,
    NoncurrentVersionExpiration: old,
    Transitions: moves,
    NoncurrentVersionTransitions: oldMoves,
    ...rest
  } = rule;
  const list = (name: string, value: Json | undefined): JsonObject => {
    const left = objectsOf(value).filter((item) => !archived(item));
    return left.length === 0 ? {} : { [name]: left };
  };
  return {
    ...rest,
    ...list('Transitions', moves),
    ...list('NoncurrentVersionTransitions', oldMoves),
    ...(objectOf(expiration)['ExpiredObjectDeleteMarker'] === true
      ? { Expiration: { ExpiredObjectDeleteMarker: true } }
      : {}),
    ...(old === undefined
      ? {}
      : {
          NoncurrentVersionExpiration: {
            ...objectOf(old),
            NoncurrentDays: Math.max(secondChanceDays, numberOf(objectOf(old)['NoncurrentDays']) ?? 0),
          },
        }),
  };
}

/** S3 takes no rule without an action (PutBucketLifecycleConfiguration, `MalformedXML`). */
const acts = (rule: JsonObject): boolean =>
  [
    'Expiration',
    'Transitions',
    'NoncurrentVersionExpiration',
    'NoncurrentVersionTransitions',
    'AbortIncompleteMultipartUpload',
  ].some((name) => rule[name] !== undefined);

/** S3's own keys, a KMS key, and both (ServerSideEncryptionByDefault, API reference), by strength. */
const strengths: readonly string[] = ['AES256', 'aws:kms', 'aws:kms:dsse'];

function encryption(of: CaptureBucket, found: Json | null): Judgement {
  const rule = objectsOf(objectOf(found ?? undefined)['Rules'])[0] ?? {};
  const now = objectOf(rule['ApplyServerSideEncryptionByDefault']);
  const [algorithm, key] = [textOf(now['SSEAlgorithm']) ?? '', textOf(now['KMSMasterKeyID'])];
  const wanted =
    of.kmsKeyId === undefined ? { SSEAlgorithm: 'AES256' } : { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: of.kmsKeyId };
  const foreign = key !== undefined && /^arn:[^:]*:kms:[^:]*:(\d{12}):/u.exec(key)?.[1];
  const isWeak = strengths.indexOf(algorithm) < strengths.indexOf(wanted.SSEAlgorithm);
  const isOther = of.kmsKeyId !== undefined && key !== undefined && key !== of.kmsKeyId;
  const isForeign = typeof foreign === 'string' && foreign !== of.account && key !== of.kmsKeyId;
  const wrong = [
    isWeak &&
      `default encryption is ${algorithm === '' ? 'not set' : algorithm}, not ${of.kmsKeyId === undefined ? 'AES256' : `the key ${of.kmsKeyId}`}`,
    isOther && `default encryption uses the key "${key}", not ${of.kmsKeyId}`,
    isForeign && `its captures are encrypted with "${key}", a key of another account, which can take it away`,
  ];
  return judged(
    wrong,
    { Rules: [{ ApplyServerSideEncryptionByDefault: wanted, BucketKeyEnabled: of.kmsKeyId !== undefined }] },
    `encrypted (${algorithm}${key === undefined ? '' : `, ${key}`})`,
    isOther || isForeign ? [`the key "${key ?? ''}"`] : [],
  );
}

const blocks = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
} as const;

function policy(of: CaptureBucket, found: Json | null): Judgement {
  const open = foreignWriters(of, found);
  const missing = uncovered(of, found);
  return judged(
    [
      missing === null && 'its policy cannot be read as one',
      missing !== null &&
        missing.length > 0 &&
        `its policy does not protect the captures: ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''} ${missing.length === 1 ? 'is' : 'are'} not denied`,
      ...open,
    ],
    mergedPolicy(of, found),
    'its policy keeps versions from everybody but the root user',
    missing === null ? ['a policy that cannot be read'] : open,
  );
}

/**
 * Every part that protects captures, in the order in which setup writes them: the policy, which locks the others, comes
 * last.
 */
export const protectedParts: readonly ProtectedPart[] = [
  {
    name: 'ownership',
    judge: (_of, found) =>
      judged(
        [
          objectsOf(objectOf(found ?? undefined)['Rules'])[0]?.['ObjectOwnership'] !== 'BucketOwnerEnforced' &&
            'access control lists are not switched off',
        ],
        { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        'without access control lists',
      ),
  },
  {
    name: 'publicAccessBlock',
    judge: (_of, found) =>
      judged(
        [
          Object.keys(blocks).some((flag) => objectOf(found ?? undefined)[flag] !== true) &&
            'public access is not blocked',
        ],
        blocks,
        'closed to the public',
      ),
  },
  {
    name: 'versioning',
    judge: (_of, found) =>
      judged(
        [objectOf(found ?? undefined)['Status'] !== 'Enabled' && 'versioning is not enabled'],
        { Status: 'Enabled' },
        'versioned',
      ),
  },
  { name: 'encryption', judge: encryption },
  { name: 'lifecycle', judge: (_of, found) => lifecycle(found) },
  { name: 'policy', judge: policy },
];

/** The text of the policy of a new bucket. */
export const capturePolicy = (of: CaptureBucket): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: listOf(bucketPolicyOf(of)['Statement']) });

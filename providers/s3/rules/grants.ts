import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { ChangeRule, RuleScene } from '../../../src/domain/resource-type.ts';
import { accountOf, foreignAccount } from '../../aws/values/accounts.ts';
import { blockFlags } from '../configuration/configure.ts';
import { givenBy } from '../configuration/acl.ts';
import { corsOfMany } from '../configuration/cors.ts';
import { bucketNameOf, listOf, objectOf, objectsOf, textOf } from '../configuration/values.ts';
import {
  eventText,
  everything,
  listedExtras,
  moreText,
  notified,
  replicationExtras,
  replicationScope,
  spreadScope,
  untold,
  type Flow,
} from './reach.ts';

const named = (live: LiveResource | null): string => (live === null ? 'the bucket' : `"${live.identity}"`);

/** Flags that are off after and were on before; a new bucket has all four on (S3 User Guide, since April 2023). */
const openedFlags = (before: Json | undefined, after: Json | undefined, live: LiveResource | null): readonly string[] =>
  blockFlags.filter((flag) => {
    const was = live === null ? true : objectOf(before)[flag] === true;
    return was && objectOf(after)[flag] !== true;
  });

const ownershipOf = (value: Json | undefined): string | undefined =>
  textOf(objectsOf(objectOf(value)['Rules'])[0]?.['ObjectOwnership']);

interface Encryption {
  readonly strength: number;
  readonly key: string | undefined;
  readonly blocked: readonly Json[];
  readonly name: string;
}
/** Default encryption, ranked: none, SSE-S3, SSE-KMS, double SSE-KMS. */
function encryptionOf(value: Json | undefined): Encryption {
  const rule = objectsOf(objectOf(value)['ServerSideEncryptionConfiguration'])[0] ?? {};
  const settings = objectOf(rule['ServerSideEncryptionByDefault']);
  const name = textOf(settings['SSEAlgorithm']) ?? 'none';
  // The key of S3 itself is what a bucket has without another (S3 User Guide, "Using SSE-KMS").
  const key = textOf(settings['KMSMasterKeyID']);
  return {
    strength: ['none', 'AES256', 'aws:kms', 'aws:kms:dsse'].indexOf(name),
    name,
    key: key === 'alias/aws/s3' ? undefined : key,
    blocked: listOf(objectOf(rule['BlockedEncryptionTypes'])['EncryptionType']),
  };
}
const isOwnArn = (key: string, scene: RuleScene | undefined): boolean =>
  accountOf(key) !== undefined && foreignAccount(key, scene) === undefined;
/** The same key; an id without an account is the own one, in the spelling that S3 answers with. */
const sameKey = (one: string | undefined, other: string, scene: RuleScene | undefined): boolean => {
  if (one === undefined || one === other) return one === other;
  const [arn, name] = one.startsWith('arn:') ? [one, other] : [other, one];
  return isOwnArn(arn, scene) && !name.startsWith('arn:') && arn.endsWith(`:key/${name}`);
};
const encryptionText = ({ name, key }: Encryption): string => (key === undefined ? name : `${name} with ${key}`);

/** To whom objects are copied, who owns and can read the copies, and the role that does it; of that, which objects. */
function replicated(value: Json | undefined): readonly Flow[] {
  const role = textOf(objectOf(value)['Role']) ?? 'an unknown role';
  return objectsOf(objectOf(value)['Rules'])
    .filter((rule) => rule['Status'] === 'Enabled')
    .map((rule) => {
      const destination = objectOf(rule['Destination']);
      const account = textOf(destination['Account']);
      const owner = textOf(objectOf(destination['AccessControlTranslation'])['Owner']);
      const key = textOf(objectOf(destination['EncryptionConfiguration'])['ReplicaKmsKeyID']);
      const to = [
        `${bucketNameOf(textOf(destination['Bucket']) ?? 'unknown')}${account === undefined ? '' : ` of account ${account}`}`,
        ...(owner === undefined ? [] : [`where they belong to ${owner}`]),
        ...(key === undefined ? [] : [`encrypted with ${key}`]),
        `through ${role}`,
      ].join(' ');
      return { to, scope: replicationScope(rule), extras: replicationExtras(rule) };
    });
}

/** Hosts to which a website sends its visitors, and where it sends them without encryption; of that, which visitors. */
function redirects(value: Json | undefined): readonly Flow[] {
  const configuration = objectOf(value);
  const rules = objectsOf(configuration['RoutingRules']).map((rule) => {
    const condition = objectOf(rule['RoutingRuleCondition']);
    const error = condition['HttpErrorCodeReturnedEquals'];
    const prefix = textOf(condition['KeyPrefixEquals']) ?? '';
    return {
      target: objectOf(rule['RedirectRule']),
      // Who gets an error is one more criterion, as a tag would be.
      scope: { ...everything, prefix, tags: error === undefined ? [] : [{ Key: 'error', Value: error }] },
    };
  });
  return [{ target: objectOf(configuration['RedirectAllRequestsTo']), scope: everything }, ...rules].flatMap(
    ({ target, scope }) => {
      const plain = textOf(target['Protocol'])?.toLowerCase() === 'http' ? ['addresses without encryption'] : [];
      const host = textOf(target['HostName']);
      return [...plain, ...(host === undefined ? [] : [host])].map((to) => ({ to, scope, extras: [] }));
    },
  );
}

/** How a report is encrypted, where S3 was told it. */
const encryptedWith = (target: JsonObject): string => {
  const key = textOf(objectOf(objectOf(target['Encryption'])['SSEKMS'])['KeyId']);
  return key === undefined ? '' : ` encrypted with ${key}`;
};
const reported = (
  value: Json | undefined,
  destination: (item: JsonObject) => JsonObject,
  extras: (item: JsonObject) => readonly string[],
): readonly Flow[] =>
  objectsOf(value).flatMap((item) => {
    const target = destination(item);
    const bucket = textOf(target['BucketArn']);
    const account = textOf(target['BucketAccountId']);
    return bucket === undefined
      ? []
      : [
          {
            to: `${bucketNameOf(bucket)}${account === undefined ? '' : ` of account ${account}`}${encryptedWith(target)}`,
            scope: spreadScope(item),
            extras: extras(item),
          },
        ];
  });
const inventoried = (value: Json | undefined): readonly Flow[] =>
  reported(
    objectsOf(value).filter((item) => item['Enabled'] !== false),
    (item) => objectOf(item['Destination']),
    listedExtras,
  );
const analysed = (value: Json | undefined): readonly Flow[] =>
  reported(
    value,
    (item) => objectOf(objectOf(objectOf(item['StorageClassAnalysis'])['DataExport'])['Destination']),
    () => [],
  );

const added = (before: readonly string[], after: readonly string[]): readonly string[] =>
  [...new Set(after)].filter((item) => !before.includes(item));

/** A rule about targets that were not there before. */
const newTargets = (
  path: string,
  targets: (value: Json | undefined) => readonly string[],
  sentence: (names: string, live: LiveResource | null) => string,
): ChangeRule => newTargetsBy(path, (before, after) => added(targets(before), targets(after)), sentence);
const newTargetsBy = (
  path: string,
  more: (before: Json | undefined, after: Json | undefined) => readonly string[],
  sentence: (names: string, live: LiveResource | null) => string,
): ChangeRule => ({
  path,
  when: (before, after) => more(before, after).length > 0,
  says: (before, after, live) => sentence(more(before, after).join(', '), live),
});

/** A rule about what is handed out that was not before. */
const newFlows = (
  path: string,
  flows: (value: Json | undefined) => readonly Flow[],
  sentence: (names: string, live: LiveResource | null) => string,
): ChangeRule => newTargetsBy(path, (before, after) => moreText(flows(after), flows(before)), sentence);

/** Receivers of events that nobody told them before. */
function newlyTold(before: Json | undefined, after: Json | undefined): readonly string[] {
  const [old, fresh] = [notified(before), notified(after)];
  return [
    ...new Set(
      untold(fresh, old).map((one) =>
        old.some(({ to }) => to === one.to) ? `${one.to} (more than before: ${eventText(one)})` : one.to,
      ),
    ),
  ];
}

const PUBLIC_ACL: Readonly<Record<string, string>> = {
  PublicRead: 'everyone may list',
  PublicReadWrite: 'everyone may list and write',
  AuthenticatedRead: 'every AWS account may list',
  AwsExecRead: 'Amazon EC2 may read',
  LogDeliveryWrite: 'the log delivery group may write',
};
/** Whether a list gives somebody else what the one before did not; one that nobody knows gives everything. */
const givesMore = (before: Json | undefined, after: Json | undefined): boolean => {
  if (after === undefined || after === null || after === before) return false;
  const given = givenBy(after);
  return given === undefined || given.some((grant) => givenBy(before)?.includes(grant) !== true);
};

/** Changes that hand out power or open access (law 3). */
export const grants: readonly ChangeRule[] = [
  {
    path: 'PublicAccessBlockConfiguration',
    when: (before, after, live) => openedFlags(before, after, live).length > 0,
    says: (before, after, live) =>
      `The public access block of ${named(live)} loses ${openedFlags(before, after, live).join(', ')}: policies or access control lists may make it public.`,
  },
  {
    path: 'AccessControl',
    when: givesMore,
    says: (_before, after, live) =>
      `Access control list ${String(after)}: ${PUBLIC_ACL[String(after)] ?? 'others may use'} ${named(live)}.`,
  },
  {
    path: 'OwnershipControls',
    when: (before, after, live) => {
      const next = ownershipOf(after);
      return (
        (live === null || ownershipOf(before) === 'BucketOwnerEnforced') &&
        next !== 'BucketOwnerEnforced' &&
        !(live === null && after === undefined)
      );
    },
    says: (_before, after, live) =>
      `Access control lists take effect again in ${named(live)} (${ownershipOf(after) ?? 'no ownership rule'}): other accounts may own or open objects.`,
  },
  {
    path: 'BucketEncryption',
    when: (before, after, live, scene) => {
      const old = encryptionOf(before);
      const next = encryptionOf(after);
      // A name without an account is looked for in the account of whoever writes (PutBucketEncryption, KMSMasterKeyID):
      // only an ARN shows whose the key is.
      const isOwn = next.key !== undefined && isOwnArn(next.key, scene);
      const newKey = next.key !== undefined && !sameKey(old.key, next.key, scene) && (live !== null || !isOwn);
      return (
        next.strength < old.strength ||
        newKey ||
        (old.key !== undefined && next.key === undefined) ||
        old.blocked.some((type) => type !== 'NONE' && !next.blocked.includes(type))
      );
    },
    says: (before, after, live) =>
      `Encryption of new objects in ${named(live)} changes from ${encryptionText(encryptionOf(before))} to ${encryptionText(encryptionOf(after))}: who may use the key may read them, and who holds the key can make them unreadable.`,
  },
  newTargets(
    'CorsConfiguration',
    corsOfMany,
    (names, live) => `Pages of other websites may use ${named(live)} from the browsers of their visitors: ${names}.`,
  ),
  newFlows(
    'ReplicationConfiguration',
    replicated,
    (names, live) => `Objects of ${named(live)} are copied to ${names}.`,
  ),
  newTargets(
    'LoggingConfiguration',
    (value) => {
      const target = textOf(objectOf(value)['DestinationBucketName']);
      const grants = textOf(objectOf(value)['TargetGrants'])?.split(', ') ?? [];
      return target === undefined ? [] : [target, ...grants.map((grant) => `${target} (${grant})`)];
    },
    (names, live) => `Everyone who may read ${names} sees who accesses ${named(live)}.`,
  ),
  newTargetsBy('NotificationConfiguration', newlyTold, (names, live) => `Events of ${named(live)} go to ${names}.`),
  newFlows(
    'WebsiteConfiguration',
    redirects,
    (names, live) => `Visitors of the website of ${named(live)} are sent to ${names}.`,
  ),
  newFlows(
    'InventoryConfigurations',
    inventoried,
    (names, live) => `Lists of the objects of ${named(live)} are written to ${names}.`,
  ),
  newFlows('AnalyticsConfigurations', analysed, (names, live) => `Analyses of ${named(live)} are written to ${names}.`),
];

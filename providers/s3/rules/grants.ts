import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { ChangeRule } from '../../../src/domain/resource-type.ts';
import { foreignAccount } from '../../aws/values/accounts.ts';
import { blockFlags } from '../configuration/configure.ts';
import { corsOfMany } from '../configuration/cors.ts';
import { bucketNameOf, listOf, objectOf, objectsOf, textOf } from '../configuration/values.ts';

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
  return {
    strength: ['none', 'AES256', 'aws:kms', 'aws:kms:dsse'].indexOf(name),
    name,
    key: textOf(settings['KMSMasterKeyID']),
    blocked: listOf(objectOf(rule['BlockedEncryptionTypes'])['EncryptionType']),
  };
}
const encryptionText = ({ name, key }: Encryption): string => (key === undefined ? name : `${name} with ${key}`);

/**
 * Where a replication rule copies to and what of it, who owns and can read the copies, and the role that does it; any
 * part that changes is another grant.
 */
function replicationTargets(value: Json | undefined): readonly string[] {
  const role = textOf(objectOf(value)['Role']) ?? 'an unknown role';
  return objectsOf(objectOf(value)['Rules'])
    .filter((rule) => rule['Status'] === 'Enabled')
    .map((rule) => {
      const destination = objectOf(rule['Destination']);
      const account = textOf(destination['Account']);
      const owner = textOf(objectOf(destination['AccessControlTranslation'])['Owner']);
      const key = textOf(objectOf(destination['EncryptionConfiguration'])['ReplicaKmsKeyID']);
      const criteria = objectOf(rule['SourceSelectionCriteria']);
      const more = [
        ...(objectOf(criteria['SseKmsEncryptedObjects'])['Status'] === 'Enabled'
          ? ['with objects that are encrypted by KMS']
          : []),
        ...(objectOf(criteria['ReplicaModifications'])['Status'] === 'Enabled' ? ['with changes made on copies'] : []),
        ...(owner === undefined ? [] : [`where they belong to ${owner}`]),
        ...(key === undefined ? [] : [`encrypted with ${key}`]),
      ];
      return [
        `${bucketNameOf(textOf(destination['Bucket']) ?? 'unknown')}${account === undefined ? '' : ` of account ${account}`}`,
        ...more,
        `through ${role}`,
      ].join(' ');
    });
}

function notified(value: Json | undefined): readonly string[] {
  const configuration = objectOf(value);
  const targets = (['LambdaConfigurations', 'QueueConfigurations', 'TopicConfigurations'] as const).flatMap((name) =>
    objectsOf(configuration[name]).flatMap((item) => textOf(item['Function'] ?? item['Queue'] ?? item['Topic']) ?? []),
  );
  return [
    ...targets,
    ...(objectOf(configuration['EventBridgeConfiguration'])['EventBridgeEnabled'] === true ? ['EventBridge'] : []),
  ];
}

/** Hosts to which a website sends its visitors, and where it sends them without encryption. */
function redirects(value: Json | undefined): readonly string[] {
  const configuration = objectOf(value);
  const rules = objectsOf(configuration['RoutingRules']).map((rule) => objectOf(rule['RedirectRule']));
  return [objectOf(configuration['RedirectAllRequestsTo']), ...rules].flatMap((target) => {
    const plain = textOf(target['Protocol'])?.toLowerCase() === 'http' ? ['addresses without encryption'] : [];
    return [...plain, ...(textOf(target['HostName']) === undefined ? [] : [String(target['HostName'])])];
  });
}

const reported = (value: Json | undefined, destination: (item: JsonObject) => JsonObject): readonly string[] =>
  objectsOf(value).flatMap((item) => {
    const target = destination(item);
    const bucket = textOf(target['BucketArn']);
    const account = textOf(target['BucketAccountId']);
    return bucket === undefined
      ? []
      : [`${bucketNameOf(bucket)}${account === undefined ? '' : ` of account ${account}`}`];
  });
const inventoried = (value: Json | undefined): readonly string[] =>
  reported(value, (item) => objectOf(item['Destination']));
const analysed = (value: Json | undefined): readonly string[] =>
  reported(value, (item) => objectOf(objectOf(objectOf(item['StorageClassAnalysis'])['DataExport'])['Destination']));

const added = (before: readonly string[], after: readonly string[]): readonly string[] =>
  [...new Set(after)].filter((item) => !before.includes(item));

/** A rule about targets that were not there before. */
const newTargets = (
  path: string,
  targets: (value: Json | undefined) => readonly string[],
  sentence: (names: string, live: LiveResource | null) => string,
): ChangeRule => ({
  path,
  when: (before, after) => added(targets(before), targets(after)).length > 0,
  says: (before, after, live) => sentence(added(targets(before), targets(after)).join(', '), live),
});

const PUBLIC_ACL: Readonly<Record<string, string>> = {
  PublicRead: 'everyone may list',
  PublicReadWrite: 'everyone may list and write',
  AuthenticatedRead: 'every AWS account may list',
  AwsExecRead: 'Amazon EC2 may read',
  LogDeliveryWrite: 'the log delivery group may write',
};
/** Canned lists that give nothing to anybody but the owner of bucket and object (S3 User Guide, "Canned ACL"). */
const CLOSED_ACL: readonly string[] = ['Private', 'BucketOwnerRead', 'BucketOwnerFullControl'];

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
    when: (before, after) =>
      after !== undefined && after !== null && after !== before && !CLOSED_ACL.includes(String(after)),
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
      // A key that another account holds (only an ARN names one) can be taken away, and with it everything written from
      // then on.
      const newKey =
        next.key?.startsWith('arn:') === true &&
        next.key !== old.key &&
        (live !== null || foreignAccount(next.key, scene) !== undefined);
      return (
        next.strength < old.strength ||
        newKey ||
        (old.key !== undefined && next.key !== old.key) ||
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
  newTargets(
    'ReplicationConfiguration',
    replicationTargets,
    (names, live) => `Objects of ${named(live)} are copied to ${names}.`,
  ),
  newTargets(
    'LoggingConfiguration',
    (value) => {
      const target = textOf(objectOf(value)['DestinationBucketName']);
      return target === undefined ? [] : [target];
    },
    (names, live) => `Who accesses ${named(live)} is told to whoever may read ${names}.`,
  ),
  newTargets('NotificationConfiguration', notified, (names, live) => `Events of ${named(live)} go to ${names}.`),
  newTargets(
    'WebsiteConfiguration',
    redirects,
    (names, live) => `Visitors of the website of ${named(live)} are sent to ${names}.`,
  ),
  newTargets(
    'InventoryConfigurations',
    inventoried,
    (names, live) => `Lists of the objects of ${named(live)} are written to ${names}.`,
  ),
  newTargets(
    'AnalyticsConfigurations',
    analysed,
    (names, live) => `Analyses of ${named(live)} are written to ${names}.`,
  ),
];

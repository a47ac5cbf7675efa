import type { Json, JsonObject } from '../../../src/base/json.ts';
import { momentOf } from '../../../src/base/time.ts';
import type { ValueProblem } from '../../../src/domain/resource-type.ts';
import {
  isThere,
  knownNumber,
  knownText,
  refusing,
  shown,
  TAG_CHARACTERS,
  tagChecks,
  type ValueCheck,
} from '../../aws/values/value-checks.ts';
import { objectOf, objectsOf, textOf } from '../configuration/values.ts';

/** S3 User Guide, "General purpose bucket naming rules". */
const NAME =
  /^(?!\d+\.\d+\.\d+\.\d+$)(?!xn--|sthree-|amzn-s3-demo-)(?!.*(\.\.|\.-|-\.))(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/u;

/** Whether a new bucket may have the name. Old ones in us-east-1 may have capitals and underscores. */
export const isBucketName = (name: string): boolean => NAME.test(name);
export const bucketNameProblem = (name: string): string =>
  `${shown(name)} is not a valid bucket name: 3 to 63 lower-case letters, digits, dots and hyphens.`;

const name: ValueCheck = (properties, whole) => {
  const text = knownText(properties['BucketName']);
  return !whole || text === undefined || isBucketName(text)
    ? []
    : [{ at: 'BucketName', message: bucketNameProblem(text), help: 'choose another name' }];
};

/**
 * Bucket policies and access control lists stand apart since April 2023: a new bucket takes no list unless it says who
 * owns its objects (CreateBucket, ObjectOwnership).
 */
const lists: ValueCheck = (properties, whole) => {
  const list = knownText(properties['AccessControl']);
  // Every bucket is private to begin with; nothing is sent for it.
  if (list === undefined || list === 'Private') return [];
  const rules = properties['OwnershipControls'];
  if (isThere(rules) || whole) {
    const ownership = isThere(rules)
      ? objectsOf(objectOf(rules)['Rules'])[0]?.['ObjectOwnership']
      : 'BucketOwnerEnforced';
    if (ownership === 'BucketOwnerEnforced') {
      return [
        {
          at: 'AccessControl',
          message: `AccessControl ${shown(list)} needs access control lists, which are off where OwnershipControls does not switch them on`,
          help: 'delete the line and write a bucket policy, or write OwnershipControls: { Rules: [{ ObjectOwnership: BucketOwnerPreferred }] }',
        },
      ];
    }
  }
  const block = properties['PublicAccessBlockConfiguration'];
  const blocks = isThere(block) ? objectOf(block)['BlockPublicAcls'] === true : whole;
  return blocks && ['PublicRead', 'PublicReadWrite', 'AuthenticatedRead'].includes(list)
    ? [
        {
          at: 'AccessControl',
          message: `AccessControl ${shown(list)} opens the bucket to the public, which its public access block refuses`,
          help: 'delete the line, or write PublicAccessBlockConfiguration: { BlockPublicAcls: false, … }',
        },
      ]
    : [];
};

/** PutBucketVersioning and PutObjectLockConfiguration: a bucket with Object Lock has versioning, and keeps it. */
const lock: ValueCheck = (properties, whole) => {
  const problems: ValueProblem[] = [];
  const locked = properties['ObjectLockEnabled'] === true;
  const status = objectOf(properties['VersioningConfiguration'])['Status'];
  if (locked && status === 'Suspended')
    problems.push({
      at: 'VersioningConfiguration.Status',
      message: 'versioning of a bucket with Object Lock cannot be suspended',
      help: 'write Status: Enabled',
    });
  const configuration = properties['ObjectLockConfiguration'];
  if (whole && isThere(configuration) && !isThere(properties['ObjectLockEnabled']))
    problems.push({
      at: 'ObjectLockConfiguration',
      missing: 'ObjectLockEnabled',
      message: 'ObjectLockConfiguration needs ObjectLockEnabled: true',
      help: 'ObjectLockEnabled: true',
    });
  const retention = objectOf(objectOf(objectOf(configuration)['Rule'])['DefaultRetention']);
  const [days, years] = [retention['Days'], retention['Years']];
  const at = 'ObjectLockConfiguration.Rule.DefaultRetention';
  if (Object.keys(retention).length > 0 && isThere(days) === isThere(years))
    problems.push({
      at,
      message: `a default retention takes ${isThere(days) ? 'Days or Years, not both' : 'Days or Years'}`,
      help: 'Days: 30',
    });
  if (
    (knownNumber(days) ?? 1) < 1 ||
    (knownNumber(days) ?? 1) > 36_500 ||
    (knownNumber(years) ?? 1) < 1 ||
    (knownNumber(years) ?? 1) > 100
  )
    problems.push({
      at,
      message: `a default retention lasts 1 to 36,500 days or 1 to 100 years, not ${shown(days ?? years)}`,
      help: 'Days: 30',
    });
  return problems;
};

/** PutBucketReplication and PutBucketAccelerateConfiguration. */
const prerequisites: ValueCheck = (properties, whole) => {
  const problems: ValueProblem[] = [];
  const versioning = properties['VersioningConfiguration'];
  const status = objectOf(versioning)['Status'];
  if (
    isThere(properties['ReplicationConfiguration']) &&
    properties['ObjectLockEnabled'] !== true &&
    (whole ? !isThere(versioning) || status === 'Suspended' : status === 'Suspended')
  ) {
    problems.push({
      at: 'ReplicationConfiguration',
      message: 'AWS replicates only a bucket whose versioning is enabled',
      help: 'VersioningConfiguration: { Status: Enabled }',
    });
  }
  const bucket = knownText(properties['BucketName']);
  if (
    objectOf(properties['AccelerateConfiguration'])['AccelerationStatus'] === 'Enabled' &&
    bucket?.includes('.') === true
  ) {
    problems.push({
      at: 'AccelerateConfiguration',
      message: `transfer acceleration takes no bucket with dots in its name, such as ${shown(bucket)}`,
      help: 'delete the line, or choose a name without dots',
    });
  }
  return problems;
};

/** PutBucketWebsite: a redirection of all requests stands alone. */
const website: ValueCheck = (properties) => {
  const site = objectOf(properties['WebsiteConfiguration']);
  const others = ['IndexDocument', 'ErrorDocument', 'RoutingRules'].filter((member) => isThere(site[member]));
  if (isThere(site['RedirectAllRequestsTo']) && others.length > 0)
    return [
      {
        at: 'WebsiteConfiguration.RedirectAllRequestsTo',
        message: `RedirectAllRequestsTo stands alone, and there is ${others.join(', ')} too`,
        help: 'delete the others',
      },
    ];
  return isThere(site['RedirectAllRequestsTo']) || others.length === 0 || isThere(site['IndexDocument'])
    ? []
    : [
        {
          at: 'WebsiteConfiguration',
          missing: 'IndexDocument',
          message: 'a website needs IndexDocument',
          help: 'IndexDocument: index.html',
        },
      ];
};

/** S3 User Guide, "Lifecycle configuration elements": at most 1,000 rules, an id once, and an action in each. */
const lifecycle: ValueCheck = (properties) => {
  const rules = objectsOf(objectOf(properties['LifecycleConfiguration'])['Rules']);
  const problems: ValueProblem[] = [];
  if (rules.length > 1000)
    problems.push({
      at: 'LifecycleConfiguration.Rules',
      message: `a bucket takes 1,000 lifecycle rules, and there are ${rules.length}`,
      help: 'merge rules',
    });
  const ids = new Set<string>();
  rules.forEach((rule, index) => {
    const at = `LifecycleConfiguration.Rules.${index}`;
    const id = textOf(rule['Id']);
    if (id !== undefined && ids.has(id))
      problems.push({
        at: `${at}.Id`,
        message: `two lifecycle rules have the Id ${shown(id)}`,
        help: 'give each its own',
      });
    if (id !== undefined) ids.add(id);
    problems.push(...dates(rule, at), ...transitions(rule, at));
  });
  return problems;
};

/**
 * S3 API reference, LifecycleExpiration and Transition: a date is ISO 8601 at midnight UTC, and stands in the place of
 * days.
 */
function dates(rule: JsonObject, at: string): readonly ValueProblem[] {
  const transitions = ['Transitions', 'Transition'].flatMap((name) => {
    const value = rule[name];
    return Array.isArray(value)
      ? value.map((item: Json, index) => [`${at}.${name}.${index}`, objectOf(item)] as const)
      : [[`${at}.${name}`, objectOf(value)] as const];
  });
  return [
    ...datesIn(rule, at, 'ExpirationDate', 'ExpirationInDays'),
    ...transitions.flatMap(([place, item]) => datesIn(item, place, 'TransitionDate', 'TransitionInDays')),
  ];
}

function datesIn(holder: JsonObject, at: string, date: string, days: string): readonly ValueProblem[] {
  const text = knownText(holder[date]);
  const problems: ValueProblem[] = [];
  if (text !== undefined && (momentOf(text) === undefined || (momentOf(text) ?? 0) % day !== 0))
    problems.push({
      at: `${at}.${date}`,
      message: `${date} is ${shown(text)}; S3 takes a day at midnight UTC, as ISO 8601 writes it`,
      help: `${date}: "2030-01-31T00:00:00Z"`,
    });
  if (isThere(holder[date]) && isThere(holder[days]))
    problems.push({
      at: `${at}.${date}`,
      message: `S3 takes ${date} or ${days}, not both`,
      help: 'delete one of them',
    });
  return problems;
}

const day = 24 * 60 * 60 * 1000;

/**
 * S3 User Guide, "Transitioning objects": not to STANDARD_IA or ONEZONE_IA before 30 days, and no expiry before a
 * transition.
 */
function transitions(rule: JsonObject, at: string): readonly ValueProblem[] {
  const problems: ValueProblem[] = [];
  const expiry = knownNumber(rule['ExpirationInDays']);
  if (expiry !== undefined && expiry < 1)
    problems.push({
      at: `${at}.ExpirationInDays`,
      message: `ExpirationInDays takes 1 day or more, not "${expiry}"`,
      help: 'write a positive number',
    });
  const list = [...objectsOf(rule['Transitions']), objectOf(rule['Transition'])];
  for (const transition of list) {
    const days = knownNumber(transition['TransitionInDays']);
    const storage = textOf(transition['StorageClass']);
    if (days === undefined) continue;
    if (days < 30 && (storage === 'STANDARD_IA' || storage === 'ONEZONE_IA'))
      problems.push({
        at,
        message: `a transition to ${storage} takes 30 days or more, not "${days}"`,
        help: 'TransitionInDays: 30',
      });
    if (expiry !== undefined && expiry <= days)
      problems.push({
        at,
        message: `objects would expire after ${expiry} days, before or when they move to ${storage ?? 'another class'} after ${days}`,
        help: 'let them expire later than they move',
      });
  }
  return problems;
}

/** AWS::S3::Bucket, without a look at what is live. */
export const refusedBucket = refusing(name, lists, lock, prerequisites, website, lifecycle, tagChecks(TAG_CHARACTERS));

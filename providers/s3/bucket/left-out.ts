import type { JsonObject } from '../../../src/base/json.ts';
import { foreignGrants } from '../configuration/acl.ts';
import { subResources } from '../configuration/sub-resources.ts';
import { objectOf, objectsOf, same } from '../configuration/values.ts';

/** What a bucket that is brought out under another name has as its original: how its objects are stored. */
export const ALONG: ReadonlySet<string> = new Set(['ownership', 'versioning', 'tagging', 'encryption']);

const writesElsewhere = 'they name others, which know the former bucket only; set it by a plan of its own';
const opens = 'what is brought out stays closed to everybody else; open it by a plan of its own';
const acts = 'it would delete or move what is brought out; set it by a plan of its own';

/** Why a part of the configuration stays with the original, by the name of the sub-resource. */
const WHY: Readonly<Record<string, string>> = {
  accelerate: 'clients know the former endpoint only',
  acl: opens,
  analytics: writesElsewhere,
  cors: opens,
  intelligentTiering: acts,
  inventory: writesElsewhere,
  lifecycle: acts,
  logging: writesElsewhere,
  metrics: 'alarms rest on the metrics of the former bucket',
  notification: writesElsewhere,
  objectLock: 'what is brought out could not be removed again; set the default retention by a plan of its own',
  policy: opens,
  publicAccessBlock: opens,
  replication: writesElsewhere,
  requestPayment: 'whoever reads what is brought out is its owner',
  website: opens,
};

/** Whether the captured document says more than a new closed bucket has. */
function says(name: string, captured: JsonObject): boolean {
  const document = captured[name];
  if (document === undefined || document === null) return false;
  switch (name) {
    case 'acl':
      return foreignGrants(document).length > 0;
    case 'objectLock':
      return objectOf(document)['Rule'] !== undefined;
    case 'publicAccessBlock':
      return Object.values(objectOf(document)).some((flag) => flag === false);
    case 'requestPayment':
      return !same(document, { Payer: 'BucketOwner' });
    default:
      return (
        typeof document === 'string' || objectsOf(document).length > 0 || Object.keys(objectOf(document)).length > 0
      );
  }
}

/** What of a captured configuration a bucket under another name does not get, and why; one text for each part. */
export const leftOut = (captured: JsonObject): readonly string[] =>
  subResources.flatMap(({ name, label }) =>
    !ALONG.has(name) && says(name, captured)
      ? [`its ${label}: ${WHY[name] ?? 'a bucket under another name does not get it'}`]
      : [],
  );

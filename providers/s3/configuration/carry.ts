import type { Json, JsonObject } from '../../../src/base/json.ts';
import { compact, listOf, objectOf, objectsOf, same, textOf } from './values.ts';

/*
 * A put replaces the whole document. What S3 holds and CloudFormation has no word for would vanish with the first
 * change of something else, so it is carried over from the document that is there.
 */

/** Keeps the grants on log objects, while the target stays. */
export function carryLogging(next: Json, previous: Json | null): Json {
  const grants = objectOf(previous ?? undefined)['TargetGrants'];
  const sameTarget = objectOf(next)['TargetBucket'] === objectOf(previous ?? undefined)['TargetBucket'];
  return grants === undefined || !sameTarget ? next : { ...objectOf(next), TargetGrants: grants };
}

/** Keeps ExistingObjectReplication of rules that stay. */
export function carryReplication(next: Json, previous: Json | null): Json {
  const before = byId(objectsOf(objectOf(previous ?? undefined)['Rules']), 'ID');
  const rules = objectsOf(objectOf(next)['Rules']).map((rule) => {
    const existing = before.get(textOf(rule['ID']) ?? '')?.['ExistingObjectReplication'];
    return existing === undefined ? rule : { ...rule, ExistingObjectReplication: existing };
  });
  return { ...objectOf(next), Rules: rules };
}

/** Keeps the encryption of inventory reports of configurations that stay. */
export function carryInventory(next: Json, previous: Json | null): Json {
  const before = byId(objectsOf(previous ?? undefined), 'Id');
  return objectsOf(next).map((item) => {
    const encryption = objectOf(objectOf(before.get(textOf(item['Id']) ?? '')?.['Destination'])['S3BucketDestination'])[
      'Encryption'
    ];
    if (encryption === undefined) return item;
    return {
      ...item,
      Destination: {
        S3BucketDestination: {
          ...objectOf(objectOf(item['Destination'])['S3BucketDestination']),
          Encryption: encryption,
        },
      },
    };
  });
}

/** Keeps elements whole (with their `Id` and several events) as long as all their events stay. */
export function carryNotification(next: Json, previous: Json | null): Json {
  const result: Record<string, Json | undefined> = { ...objectOf(next) };
  for (const member of ['LambdaFunctionConfigurations', 'QueueConfigurations', 'TopicConfigurations']) {
    let singles = objectsOf(result[member]);
    const kept: JsonObject[] = [];
    for (const before of objectsOf(objectOf(previous ?? undefined)[member])) {
      const { Id: _id, Events: events, ...rest } = before;
      const parts = listOf(events).map((event) => ({ ...rest, Events: [event] }));
      if (!parts.every((part) => singles.some((single) => same(single, part)))) continue;
      kept.push(before);
      singles = singles.filter((single) => !parts.some((part) => same(single, part)));
    }
    const all = [...kept, ...singles];
    result[member] = all.length === 0 ? undefined : all;
  }
  return compact(result);
}

/** Keeps the tags of AWS and aiplan: PutBucketTagging replaces the whole set, and AWS refuses one without its own. */
export function carryTags(next: Json, previous: Json | null): Json {
  const system = objectsOf(previous ?? undefined).filter((tag) => /^(aws|aiplan):/u.test(textOf(tag['Key']) ?? ''));
  const own = new Set(objectsOf(next).map((tag) => tag['Key']));
  return [...objectsOf(next), ...system.filter((tag) => !own.has(tag['Key']))];
}

const byId = (items: readonly JsonObject[], key: string): ReadonlyMap<string, JsonObject> =>
  new Map(items.map((item) => [textOf(item[key]) ?? '', item]));

import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { ChangeRule } from '../../../src/domain/resource-type.ts';
import { describeRule, newlyArchiving, newlyDestroying, newlyInOneZone, tieringAfter } from './lifecycle.ts';
import { services } from './losing-services.ts';
import { lostAccess } from './lost-access.ts';
import { covers, replicationExtras, replicationScope, uncovered, type Flow } from './reach.ts';
import { locksMore, lockText, protectsLess, retentionText } from './retention.ts';
import { bucketNameOf, objectOf, objectsOf, same, textOf } from '../configuration/values.ts';

const statusOf = (value: Json | undefined): string | undefined => textOf(objectOf(value)['Status']);
const named = (live: LiveResource | null): string => (live === null ? 'the bucket' : `"${live.identity}"`);
const isVersioned = (live: LiveResource | null): boolean =>
  statusOf(live?.properties['VersioningConfiguration']) === 'Enabled';

const sentences = (rules: readonly JsonObject[], live: LiveResource | null): string =>
  rules.map((rule) => describeRule(rule, isVersioned(live), live?.observed['listing'])).join('; ');

const enabledRules = (value: Json | undefined): readonly JsonObject[] =>
  objectsOf(objectOf(value)['Rules']).filter((rule) => rule['Status'] === 'Enabled');
const destinationOf = (rule: JsonObject): string =>
  bucketNameOf(textOf(objectOf(rule['Destination'])['Bucket']) ?? 'unknown');
const keyOf = (rule: JsonObject): string => textOf(rule['Id']) ?? destinationOf(rule);
const copied = (value: Json | undefined): readonly Flow[] =>
  enabledRules(value).map((rule) => ({
    to: destinationOf(rule),
    scope: replicationScope(rule),
    extras: replicationExtras(rule),
  }));

/** Copies that were made before and are not any more, or not to the same place; one text for each receiver. */
function stoppedReplication(before: Json | undefined, after: Json | undefined): readonly string[] {
  const now = copied(after);
  return uncovered(copied(before), now).map((flow) => {
    const still = now.filter(({ to, scope }) => to === flow.to && covers(scope, flow.scope));
    const lost = flow.extras.filter((extra) => still.length > 0 && !still.some(({ extras }) => extras.includes(extra)));
    return [flow.to, ...lost.map((extra) => `(${extra.replace(/^with /u, '')})`)].join(' ');
  });
}
const copiesDeletes = (value: Json | undefined): readonly string[] =>
  enabledRules(value)
    .filter((rule) => objectOf(rule['DeleteMarkerReplication'])['Status'] === 'Enabled')
    .map(keyOf);

/** Enabled configurations with a tier, which are not as before; both tiers are archives (S3 API reference, Tiering). */
const newlyTiering = (before: Json | undefined, after: Json | undefined): readonly JsonObject[] =>
  objectsOf(after).filter(
    (item) =>
      item['Status'] === 'Enabled' &&
      objectsOf(item['Tierings']).length > 0 &&
      !objectsOf(before).some((other) => same(other, item)),
  );

/** Changes that lose data or a protection (law 3), and those that destroy later (law 4). */
export const destructive: readonly ChangeRule[] = [
  {
    path: 'VersioningConfiguration',
    when: (before, after) => statusOf(before) === 'Enabled' && statusOf(after) !== 'Enabled',
    says: (_before, _after, live) =>
      `Versioning of ${named(live)} stops: from then on an overwritten or deleted object is gone.`,
  },
  {
    path: 'LifecycleConfiguration',
    irreversible: true,
    when: (before, after, live) => live !== null && newlyDestroying(before, after).length > 0,
    says: (before, after, live) =>
      `Objects of ${named(live)} are destroyed later, without further question: ${sentences(newlyDestroying(before, after), live)}.`,
  },
  {
    path: 'LifecycleConfiguration',
    when: (before, after, live, scene) =>
      live !== null && newlyArchiving(before, after, tieringAfter(live, scene?.after)).length > 0,
    says: (before, after, live, scene) =>
      `Objects of ${named(live)} become unreadable until they are restored from the archive, and do not come back by themselves: ${newlyArchiving(
        before,
        after,
        tieringAfter(live, scene?.after),
      )
        .map((rule) => `rule "${textOf(rule['Id']) ?? '(without Id)'}"`)
        .join(', ')}.`,
  },
  {
    path: 'LifecycleConfiguration',
    when: (before, after, live) => live !== null && newlyInOneZone(before, after).length > 0,
    says: (before, after, live) =>
      `Objects of ${named(live)} will lie in one Availability Zone only and be lost with it: ${newlyInOneZone(
        before,
        after,
      )
        .map((rule) => `rule "${textOf(rule['Id']) ?? '(without Id)'}"`)
        .join(', ')}.`,
  },
  {
    path: 'IntelligentTieringConfigurations',
    when: (before, after, live) => live !== null && newlyTiering(before, after).length > 0,
    says: (before, after, live) =>
      `Objects of ${named(live)} in the class INTELLIGENT_TIERING that nobody reads become unreadable until they are restored from the archive: configuration ${newlyTiering(
        before,
        after,
      )
        .map((item) => `"${textOf(item['Id']) ?? '(without Id)'}"`)
        .join(', ')}.`,
  },
  {
    path: 'ObjectLockConfiguration',
    when: protectsLess,
    says: (before, after, live) =>
      `New objects of ${named(live)} are protected less: default retention ${retentionText(before)} becomes ${retentionText(after)}.`,
  },
  {
    path: 'ObjectLockConfiguration',
    irreversible: true,
    given: (_before, live) => live !== null,
    when: locksMore,
    says: (_before, after, live) => lockText(after, live),
  },
  {
    path: 'ReplicationConfiguration',
    when: (before, after) => stoppedReplication(before, after).length > 0,
    says: (before, after, live) =>
      `New objects of ${named(live)} are no longer copied to ${[...new Set(stoppedReplication(before, after))].join(', ')}.`,
  },
  {
    path: 'ReplicationConfiguration',
    when: (before, after) =>
      before !== undefined &&
      before !== null &&
      copiesDeletes(after).some((key) => !copiesDeletes(before).includes(key)),
    says: (before, after, live) =>
      `Deletions in ${named(live)} reach the copies too: ${copiesDeletes(after)
        .filter((key) => !copiesDeletes(before).includes(key))
        .join(', ')}.`,
  },
  ...services,
  ...lostAccess,
];

import type { Json, JsonObject } from '../../src/model/json.ts';
import type { LiveResource } from '../../src/model/live.ts';
import type { ChangeRule } from '../../src/model/resource-type.ts';
import { describeRule, newlyArchiving, newlyDestroying } from './lifecycle.ts';
import { bucketNameOf, numberOf, objectOf, objectsOf, same, textOf } from './values.ts';

const statusOf = (value: Json | undefined): string | undefined => textOf(objectOf(value)['Status']);
const named = (live: LiveResource | null): string => (live === null ? 'the bucket' : `"${live.identity}"`);
const isVersioned = (live: LiveResource | null): boolean => statusOf(live?.properties['VersioningConfiguration']) === 'Enabled';

const sentences = (rules: readonly JsonObject[], live: LiveResource | null): string =>
  rules.map((rule) => describeRule(rule, isVersioned(live), live?.observed['listing'])).join('; ');

/** Default retention in days; a year counts 365 (S3 API reference, DefaultRetention). */
function retention(value: Json | undefined): { readonly days: number; readonly mode: string } | null {
  const rule = objectOf(objectOf(objectOf(value)['Rule'])['DefaultRetention']);
  const days = numberOf(rule['Days']) ?? (numberOf(rule['Years']) ?? 0) * 365;
  return days === 0 ? null : { days, mode: textOf(rule['Mode']) ?? '' };
}
const retentionText = (value: Json | undefined): string => {
  const found = retention(value);
  return found === null ? 'none' : `${found.mode} ${found.days} days`;
};

const enabledRules = (value: Json | undefined): readonly JsonObject[] => objectsOf(objectOf(value)['Rules']).filter((rule) => rule['Status'] === 'Enabled');
const destinationOf = (rule: JsonObject): string => bucketNameOf(textOf(objectOf(rule['Destination'])['Bucket']) ?? 'unknown');
const keyOf = (rule: JsonObject): string => textOf(rule['Id']) ?? destinationOf(rule);

/** Replication rules that copied before and do not any more, or not the same things to the same place. */
const stoppedReplication = (before: Json | undefined, after: Json | undefined): readonly JsonObject[] => enabledRules(before).filter((rule) =>
  !enabledRules(after).some((other) => keyOf(other) === keyOf(rule) && destinationOf(other) === destinationOf(rule) && same(other['Filter'], rule['Filter']) && same(other['Prefix'], rule['Prefix'])));
const copiesDeletes = (value: Json | undefined): readonly string[] =>
  enabledRules(value).filter((rule) => objectOf(rule['DeleteMarkerReplication'])['Status'] === 'Enabled').map(keyOf);

/** Keys of tags on which backup and clean-up tools act (AWS Backup selections, retention jobs). */
const BACKUP_TAG = /backup|retention|retain|lifecycle|dlm|snapshot|expir|ttl|clean-?up|nuke|keep|protect|delete|destroy|terminat|purge|reap|janitor|custodian|c7n|maid/iu;
const changedTags = (before: Json | undefined, after: Json | undefined): readonly string[] =>
  [...new Set([...Object.keys(objectOf(before)), ...Object.keys(objectOf(after))])]
    .filter((key) => BACKUP_TAG.test(key) && (objectOf(before)[key] ?? null) !== (objectOf(after)[key] ?? null));

/** Enabled configurations with a tier, which are not as before; both tiers are archives (S3 API reference, Tiering). */
const newlyTiering = (before: Json | undefined, after: Json | undefined): readonly JsonObject[] => objectsOf(after).filter((item) =>
  item['Status'] === 'Enabled' && objectsOf(item['Tierings']).length > 0 && !objectsOf(before).some((other) => same(other, item)));

/** Changes that lose data or a protection (law 3), and those that destroy later (law 4). */
export const destructive: readonly ChangeRule[] = [
  {
    path: 'VersioningConfiguration',
    when: (before, after) => statusOf(before) === 'Enabled' && statusOf(after) !== 'Enabled',
    says: (_before, _after, live) => `Versioning of ${named(live)} stops: from then on an overwritten or deleted object is gone.`,
  },
  {
    path: 'LifecycleConfiguration', irreversible: true,
    when: (before, after, live) => live !== null && newlyDestroying(before, after).length > 0,
    says: (before, after, live) => `Objects of ${named(live)} are destroyed later, without further question: ${sentences(newlyDestroying(before, after), live)}.`,
  },
  {
    path: 'LifecycleConfiguration',
    when: (before, after, live) => live !== null && newlyArchiving(before, after).length > 0,
    says: (before, after, live) => `Objects of ${named(live)} become unreadable until they are restored from the archive, and do not come back by themselves: ${newlyArchiving(before, after).map((rule) => `rule "${textOf(rule['Id']) ?? '(without Id)'}"`).join(', ')}.`,
  },
  {
    path: 'IntelligentTieringConfigurations',
    when: (before, after, live) => live !== null && newlyTiering(before, after).length > 0,
    says: (before, after, live) => `Objects of ${named(live)} in the class INTELLIGENT_TIERING that nobody reads become unreadable until they are restored from the archive: configuration ${newlyTiering(before, after).map((item) => `"${textOf(item['Id']) ?? '(without Id)'}"`).join(', ')}.`,
  },
  {
    path: 'ObjectLockConfiguration',
    when: (before, after) => {
      const old = retention(before);
      const next = retention(after);
      return old !== null && (next === null || next.days < old.days || (old.mode === 'COMPLIANCE' && next.mode !== 'COMPLIANCE'));
    },
    says: (before, after, live) => `New objects of ${named(live)} are protected less: default retention ${retentionText(before)} becomes ${retentionText(after)}.`,
  },
  {
    path: 'ReplicationConfiguration',
    when: (before, after) => stoppedReplication(before, after).length > 0,
    says: (before, after, live) => `New objects of ${named(live)} are no longer copied to ${[...new Set(stoppedReplication(before, after).map(destinationOf))].join(', ')}.`,
  },
  {
    path: 'ReplicationConfiguration',
    when: (before, after) => before !== undefined && before !== null && copiesDeletes(after).some((key) => !copiesDeletes(before).includes(key)),
    says: (before, after, live) => `Deletions in ${named(live)} reach the copies too: ${copiesDeletes(after).filter((key) => !copiesDeletes(before).includes(key)).join(', ')}.`,
  },
  {
    path: 'LoggingConfiguration',
    when: (before, after) => textOf(objectOf(before)['DestinationBucketName']) !== undefined && (after === undefined || after === null),
    says: (before, _after, live) => `Access to ${named(live)} is no longer recorded in ${textOf(objectOf(before)['DestinationBucketName']) ?? ''}.`,
  },
  {
    path: 'Tags',
    when: (before, after, live) => live !== null && changedTags(before, after).length > 0,
    says: (before, after, live) => `Backup and clean-up tools may act otherwise on ${named(live)}: ${changedTags(before, after).map((key) => `tag "${key}" from ${quoted(objectOf(before)[key])} to ${quoted(objectOf(after)[key])}`).join(', ')}.`,
  },
];

const quoted = (value: Json | undefined): string => (value === undefined || value === null ? 'none' : `"${String(value)}"`);

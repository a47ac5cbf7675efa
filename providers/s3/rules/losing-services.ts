import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { ChangeRule } from '../../../src/domain/resource-type.ts';
import { corsLost } from '../configuration/cors.ts';
import { eventText, listedExtras, notified, spreadScope, uncovered, untold, type Flow } from './reach.ts';
import { objectOf, objectsOf, same, storageClassOf, textOf } from '../configuration/values.ts';

const named = (live: LiveResource | null): string => (live === null ? 'the bucket' : `"${live.identity}"`);
const set = (value: Json | undefined): boolean => value !== undefined && value !== null;
const ids = (list: readonly JsonObject[]): string =>
  list.map((item) => `"${textOf(item['Id']) ?? '(without Id)'}"`).join(', ');

/** The elements of a list that are no longer there as they were. */
const gone = (before: readonly JsonObject[], after: readonly JsonObject[]): readonly JsonObject[] =>
  before.filter((item) => !after.some((other) => same(item, other)));

/** Enabled inventories by name and destination, where their lists are looked for, with what the lists hold. */
const inventories = (value: Json | undefined): readonly Flow[] =>
  objectsOf(value)
    .filter((item) => item['Enabled'] !== false)
    .map((item) => ({
      to: `"${textOf(item['Id']) ?? '(without Id)'}" to ${textOf(objectOf(item['Destination'])['BucketArn']) ?? 'unknown'}`,
      scope: spreadScope(item),
      extras: listedExtras(item),
    }));
const nameOfFlow = ({ to }: Flow): string => to.slice(0, to.lastIndexOf(' to '));

/** The settings of a website that decide which pages visitors see; the page that tells of an error is only words. */
const pages = (value: Json | undefined): JsonObject => {
  const { ErrorDocument: _words, ...rest } = objectOf(value);
  return rest;
};

const inRules = 'ReplicationConfiguration.Rules.*.Destination';
/**
 * Classes whose objects must be restored first, or lie in one Availability Zone (S3 User Guide, "Understanding S3
 * storage classes").
 */
const weak: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE', 'ONEZONE_IA'];

/** The settings that watch over a replication and its copies. */
const replication: readonly ChangeRule[] = [
  ...(
    [
      ['Metrics', 'metrics, and alarms on them,'],
      ['ReplicationTime', 'the promised time'],
    ] as const
  ).map(([part, what]): ChangeRule => ({
    path: `${inRules}.${part}.Status`,
    given: (before) => before === 'Enabled',
    when: (_before, after) => after !== 'Enabled',
    says: (_before, _after, live) => `A replication of ${named(live)} loses ${what} by which a lag is noticed.`,
  })),
  {
    path: `${inRules}.StorageClass`,
    given: (_before, live) => live !== null,
    when: (before, after) => weak.includes(storageClassOf(after)) && !weak.includes(storageClassOf(before)),
    says: (_before, after, live) =>
      `Copies of new objects of ${named(live)} are written to ${String(after)}: they must be restored first, or lie in one Availability Zone only.`,
  },
];

/** Updates by which somebody is no longer told, shown or served something (law 3). */
export const services: readonly ChangeRule[] = [
  {
    path: 'LoggingConfiguration',
    when: (before, after) => textOf(objectOf(before)['DestinationBucketName']) !== undefined && !same(before, after),
    says: (before, after, live) => {
      const where = `${textOf(objectOf(before)['DestinationBucketName']) ?? ''}/${textOf(objectOf(before)['LogFilePrefix']) ?? ''}`;
      return `Access to ${named(live)} is no longer recorded ${set(after) ? `as before: whoever reads the logs in ${where} may find none` : `in ${where}`}.`;
    },
  },
  {
    path: 'NotificationConfiguration',
    when: (before, after) => untold(notified(before), notified(after)).length > 0,
    says: (before, after, live) =>
      `Events of ${named(live)} are no longer told: ${untold(notified(before), notified(after))
        .map((one) => `${eventText(one)} to ${one.to}`)
        .join(', ')}.`,
  },
  {
    path: 'InventoryConfigurations',
    when: (before, after) => uncovered(inventories(before), inventories(after)).length > 0,
    says: (before, after, live) =>
      `Lists of the objects of ${named(live)} are no longer written as before: ${uncovered(inventories(before), inventories(after)).map(nameOfFlow).join(', ')}.`,
  },
  {
    path: 'MetricsConfigurations',
    when: (before, after) => gone(objectsOf(before), objectsOf(after)).length > 0,
    says: (before, after, live) =>
      `Request metrics of ${named(live)} end or count otherwise, and alarms on them too: ${ids(gone(objectsOf(before), objectsOf(after)))}.`,
  },
  ...replication,
  {
    path: 'WebsiteConfiguration',
    when: (before, after) => set(before) && !same(pages(before), pages(after)),
    says: (_before, after, live) =>
      `Visitors of the website of ${named(live)} ${set(after) ? 'get other pages than before' : 'get no page any more'}.`,
  },
  {
    path: 'CorsConfiguration',
    when: (before, after) => corsLost(before, after).length > 0,
    says: (before, after, live) =>
      `Pages of websites that use ${named(live)} from the browsers of their visitors no longer may: ${corsLost(before, after).join(', ')}.`,
  },
  {
    path: 'AccelerateConfiguration',
    when: (before, after) =>
      objectOf(before)['AccelerationStatus'] === 'Enabled' && objectOf(after)['AccelerationStatus'] !== 'Enabled',
    says: (_before, _after, live) => `Clients that use the accelerate endpoint of ${named(live)} no longer reach it.`,
  },
];

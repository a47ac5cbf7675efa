import type { Json, JsonObject } from '../../../src/base/json.ts';
import { same, listOf, objectOf, objectsOf, textOf } from '../configuration/values.ts';

/*
 * A replication, notification, inventory or analysis hands something of a bucket to somebody. A new document hands out
 * more where one of its parts is covered by no part of the old one, and less where it is the other way round: so a rule
 * that is widened, renamed, divided or added is judged by what it does and not by its name.
 */

/** Objects by key and tags; every criterion must hold. */
export interface Scope {
  readonly prefix: string;
  readonly suffix: string;
  readonly tags: readonly Json[];
}

/** One thing that goes somewhere. */
export interface Flow {
  /** To whom, and how; another text is another receiver. */
  readonly to: string;
  readonly scope: Scope;
  /** The additions beyond the plain thing: each is one more. */
  readonly extras: readonly string[];
}

/** Everything, where no criterion is written. */
export const everything: Scope = { prefix: '', suffix: '', tags: [] };

/** Whether whatever meets the narrow scope meets the wide one too. */
export const covers = (wide: Scope, narrow: Scope): boolean =>
  narrow.prefix.startsWith(wide.prefix) &&
  narrow.suffix.endsWith(wide.suffix) &&
  wide.tags.every((tag) => narrow.tags.some((other) => same(tag, other)));

/** Whether one flow hands over all that the other does. */
const handsOver = (one: Flow, other: Flow): boolean =>
  one.to === other.to && covers(one.scope, other.scope) && other.extras.every((extra) => one.extras.includes(extra));

/** The flows that no flow of the others hands over as well. */
export const uncovered = (flows: readonly Flow[], others: readonly Flow[]): readonly Flow[] =>
  flows.filter((flow) => !others.some((other) => handsOver(other, flow)));

/** A scope in words; empty for everything. */
const scopeText = ({ prefix, suffix, tags }: Scope): string =>
  [
    ...(prefix === '' ? [] : [`under "${prefix}"`]),
    ...(suffix === '' ? [] : [`ending in "${suffix}"`]),
    ...(tags.length === 0
      ? []
      : [
          `tagged ${tags.map((tag) => `${textOf(objectOf(tag)['Key']) ?? ''}=${textOf(objectOf(tag)['Value']) ?? ''}`).join(', ')}`,
        ]),
  ].join(' ');

/** Receivers with more than they had, each said once; one that had some of it already is told what it gets. */
export const moreText = (after: readonly Flow[], before: readonly Flow[]): readonly string[] => [
  ...new Set(
    uncovered(after, before).map((flow) => {
      const had = before.some(({ to }) => to === flow.to);
      const more = [...flow.extras, scopeText(flow.scope)].filter((part) => part !== '').join(' ');
      return had ? `${flow.to} (more than before: ${more === '' ? 'everything' : more})` : flow.to;
    }),
  ),
];

/** The filter of a replication rule, in the form of either version of it (S3 API reference, ReplicationRuleFilter). */
export function replicationScope(rule: JsonObject): Scope {
  const filter = objectOf(rule['Filter']);
  const and = objectOf(filter['And']);
  return {
    ...everything,
    prefix: textOf(filter['Prefix'] ?? and['Prefix'] ?? rule['Prefix']) ?? '',
    tags: [...objectsOf([filter['TagFilter'] ?? null]), ...objectsOf(and['TagFilters'])],
  };
}

/** The objects that a rule copies beyond plain ones (S3 API reference, SourceSelectionCriteria). */
export function replicationExtras(rule: JsonObject): readonly string[] {
  const criteria = objectOf(rule['SourceSelectionCriteria']);
  const isOn = (name: string): boolean => objectOf(criteria[name])['Status'] === 'Enabled';
  return [
    ...(isOn('SseKmsEncryptedObjects') ? ['with objects that are encrypted by KMS'] : []),
    ...(isOn('ReplicaModifications') ? ['with changes made on copies'] : []),
    ...(objectOf(rule['ExistingObjectReplication'])['Status'] === 'Enabled'
      ? ['with objects that were there before']
      : []),
  ];
}

/** The filter of an analysis, metric or inventory, which CloudFormation spreads over the element. */
export const spreadScope = (item: JsonObject): Scope => ({
  ...everything,
  prefix: textOf(item['Prefix']) ?? '',
  tags: objectsOf(item['TagFilters']),
});

/** The filter of a notification; names of its rules are written in any case (S3 API reference, FilterRule). */
function notificationScope(item: JsonObject): Scope {
  const rules = objectsOf(objectOf(objectOf(item['Filter'])['S3Key'])['Rules']);
  const of = (name: string): string =>
    textOf(rules.find((rule) => textOf(rule['Name'])?.toLowerCase() === name)?.['Value']) ?? '';
  return { ...everything, prefix: of('prefix'), suffix: of('suffix') };
}

/** Receivers of events, one for each event: an event that ends in `*` stands for all that begin so. */
export interface Told extends Flow {
  readonly event: string;
}
const tells = (one: Told, other: Told): boolean =>
  one.to === other.to &&
  covers(one.scope, other.scope) &&
  (one.event === other.event || (one.event.endsWith('*') && other.event.startsWith(one.event.slice(0, -1))));
/** Events that nobody of the others tells the same receiver as well. */
export const untold = (told: readonly Told[], others: readonly Told[]): readonly Told[] =>
  told.filter((one) => !others.some((other) => tells(other, one)));

/** Who is told of which events. */
export function notified(value: Json | undefined): readonly Told[] {
  const configuration = objectOf(value);
  const lists = ['LambdaConfigurations', 'QueueConfigurations', 'TopicConfigurations'].flatMap((name) =>
    objectsOf(configuration[name]),
  );
  return [
    ...lists.map((item) => ({
      to: textOf(item['Function'] ?? item['Queue'] ?? item['Topic']) ?? 'an unknown receiver',
      event: textOf(item['Event']) ?? 'unknown events',
      scope: notificationScope(item),
      extras: [],
    })),
    ...(objectOf(configuration['EventBridgeConfiguration'])['EventBridgeEnabled'] === true
      ? [{ to: 'EventBridge', event: '*', scope: everything, extras: [] }]
      : []),
  ];
}
/** An event in words, with the objects that it is about. */
export const eventText = ({ event, scope }: Told): string =>
  [event === '*' ? 'all events' : event, scopeText(scope)].filter((part) => part !== '').join(' ');

/** The scope of what a list of an inventory holds: versions and fields are more than the names of the objects. */
export const listedExtras = (item: JsonObject): readonly string[] => [
  ...(item['IncludedObjectVersions'] === 'All' ? ['with all versions'] : []),
  ...listOf(item['OptionalFields']).map((field) => `with ${String(field)}`),
];

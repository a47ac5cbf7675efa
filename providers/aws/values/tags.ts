import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { listOf, objectOf, textOf } from './fields.ts';

type Tags = Readonly<Record<string, string>>;

const isSystem = (key: string): boolean => key.startsWith('aws:') || key.startsWith('aiplan:');

/** EC2's tag list as two maps: the author's, and the `aws:` and `aiplan:` ones. */
export function splitTags(list: Json | undefined): { readonly tags: Tags; readonly systemTags: Tags } {
  const tags: Record<string, string> = {};
  const systemTags: Record<string, string> = {};
  for (const tag of listOf(list)) {
    const key = textOf(tag['Key']);
    if (key !== undefined) (isSystem(key) ? systemTags : tags)[key] = textOf(tag['Value']) ?? '';
  }
  return { tags, systemTags };
}

/** A tag map in the same two parts. */
export function mapOfTags(map: Json | undefined): { readonly tags: Tags; readonly systemTags: Tags } {
  return splitTags(tagList(map));
}

/** A tag map as EC2's list; members that are not text are left out. */
export const tagList = (tags: Json | undefined): readonly JsonObject[] =>
  Object.entries(objectOf(tags))
    .filter(([, value]) => typeof value === 'string')
    .map(([Key, Value]) => ({ Key, Value: Value as string }));

/** The tags that every snapshot and image taken by aiplan carries. */
export const captureTags = (context: StepContext): Tags => ({
  'aiplan:op': context.op,
  'aiplan:run': context.run,
  'aiplan:source': context.live?.identity ?? '',
  'aiplan:expires': context.captureExpires,
});

/** Tags of one resource; AWS's own do not count (Tagging AWS Resources, "Tag naming limits and requirements"). */
export const mostTags = 50;

/** How many of these tags count. */
export const countedTags = (tags: JsonObject): number =>
  Object.keys(tags).filter((key) => !key.startsWith('aws:')).length;

/**
 * A resource's own tags, and of aiplan's as many as there is room for: those in `first`, then the others in their
 * order. What was there before always comes back whole.
 */
export function withRoomFor(tags: JsonObject, marks: JsonObject, first: readonly string[] = []): JsonObject {
  const own = Object.fromEntries(Object.entries(tags).filter(([key]) => !Object.hasOwn(marks, key)));
  const room = Math.max(0, mostTags - countedTags(own));
  const kept = new Set(
    [...new Set([...first, ...Object.keys(marks)])].filter((key) => Object.hasOwn(marks, key)).slice(0, room),
  );
  return { ...own, ...Object.fromEntries(Object.entries(marks).filter(([key]) => kept.has(key))) };
}

/**
 * The tags of a restored resource: its own, this step's mark, the ownership it had, and where it comes from; of
 * aiplan's as many as fit. `more`: further marks.
 */
export function restoreTags(
  context: StepContext,
  tags: JsonObject,
  systemTags: JsonObject,
  former: string,
  more: JsonObject = {},
): JsonObject {
  const ownership = Object.entries(systemTags).filter(([key]) => key.startsWith('aiplan:') && key !== 'aiplan:op');
  // What is brought out beside its original must not pass for what came back of a run.
  const origin = context.apart === undefined ? 'aiplan:restored-from' : 'aiplan:brought-out-of';
  return withRoomFor(tags, { ...Object.fromEntries(ownership), [origin]: former, 'aiplan:op': context.op, ...more }, [
    'aiplan:op',
    ...ownership.map(([key]) => key).filter((key) => key !== origin),
    ...Object.keys(more),
  ]);
}

/** Who runs the resource, where that is not its user: from tags and EC2's `Operator` field. Undefined: nobody. */
export function ownerOf(systemTags: Tags, operator: Json | undefined): string | undefined {
  const managed = objectOf(operator);
  if (managed['Managed'] === true) return `AWS service ${textOf(managed['Principal']) ?? 'unknown'}`;
  const group = systemTags['aws:autoscaling:groupName'];
  if (group !== undefined) return `Auto Scaling group ${group}`;
  const stack = systemTags['aws:cloudformation:stack-name'];
  return stack === undefined ? undefined : `CloudFormation stack ${stack}`;
}

/** The creator, where a tag tells; undefined otherwise. */
export function creatorOf(tags: Tags, systemTags: Tags): string | undefined {
  const key = Object.keys(tags).find((name) => /^(created-?by|creator)$/iu.test(name));
  return systemTags['aws:createdBy'] ?? (key === undefined ? undefined : tags[key]);
}

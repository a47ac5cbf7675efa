import { send, type Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { objectOf } from '../aws/values/fields.ts';
import { tagList } from '../aws/values/tags.ts';

/** One element of TagSpecifications; null where there is nothing to tag. */
export const tagSpecification = (resourceType: string, tags: JsonObject): JsonObject => ({
  ResourceType: resourceType,
  Tags: tagList(tags),
});

/**
 * Sets and removes the tags in which `desired` differs from live: first what is added, then what goes. CreateTags,
 * DeleteTags.
 */
export function* changeTags(context: StepContext, live: LiveResource): Program {
  const before = objectOf(live.properties['Tags']);
  const after = objectOf(context.desired['Tags']);
  const added = Object.entries(after)
    .filter(([key, value]) => typeof value === 'string' && before[key] !== value)
    .map(([key, value]) => [key, value as string] as const);
  const removed = Object.keys(before).filter((key) => after[key] === undefined || after[key] === null);
  if (added.length > 0) {
    yield* send({
      service: 'ec2',
      operation: 'CreateTags',
      identity: live.identity,
      retry: 'absolute',
      purpose: 'set tags',
      input: { Resources: [live.identity], Tags: added.map(([Key, Value]) => ({ Key, Value })) },
    });
  }
  if (removed.length > 0) {
    yield* send({
      service: 'ec2',
      operation: 'DeleteTags',
      identity: live.identity,
      retry: 'absolute',
      purpose: 'remove tags',
      input: { Resources: [live.identity], Tags: removed.map((Key) => ({ Key })) },
    });
  }
}

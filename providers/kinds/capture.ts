import type { Json, JsonObject } from '../../src/base/json.ts';
import { isObject } from '../../src/base/json.ts';
import { remapIdentity } from '../../src/domain/identity.ts';
import type { CaptureOperations } from '../../src/domain/resource-type.ts';
import { canonical } from '../../src/base/digest.ts';
import { objectOf, pick } from '../aws/values/fields.ts';
import { restoreTags } from '../aws/values/tags.ts';
import type { Description } from './description.ts';
import { createDescribed, liveIn, missingFor, propertiesNow, sendMade, setOne } from './programs.ts';

/** What was read is the capture: it lies in the journal, and beside it in the capture bucket. A restore is a create. */
export function captureOfDescribed(about: Description): CaptureOperations {
  const settable = (properties: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(properties).filter(([name]) => name === 'Tags' || about.properties[name]?.create !== false),
    );
  return {
    plan(live, action) {
      const what = `configuration of ${live.identity}, in the journal`;
      if (action === 'update') return { how: 'config', what, late: false, loses: [] };
      const loses = [
        ...(about.made === undefined ? [] : [`the id ${live.identity}: what is restored gets a new one`]),
        ...(about.loses?.(live) ?? []),
      ];
      const lost = about.holdsData === false ? null : about.holdsData.loses(live);
      return {
        how: 'config',
        what,
        late: about.remove.emptied !== undefined,
        loses,
        ...(about.made === undefined ? {} : { newIdentity: true }),
        ...(lost === null ? {} : { impossible: lost }),
      };
    },
    ...quiescing(about),
    *take() {
      return { how: 'config', refs: {}, pointInTime: null, bytes: null, encrypted: null, extras: {} };
    },
    // The engine reads the resource once more right before it destroys it, and what is in the journal must be that.
    *verify() {
      return [];
    },
    *restorable(context) {
      const more = about.check === undefined ? [] : yield* about.check(context, 'restore');
      return { problems: [...(yield* missingFor(about, context)), ...more], losses: [] };
    },
    ...(about.made === undefined
      ? {}
      : {
          apart: (live, as) => (as === null ? live : { blocked: 'AWS gives it its id: leave --as out' }),
        }),
    *restore(context) {
      const live = liveIn(context);
      const desired = objectOf(mapped(settable(live.properties), (text) => remapIdentity(text, context.remap)));
      const tags = restoreTags(context, objectOf(live.properties['Tags']), live.systemTags, live.identity);
      const { identity } = yield* createDescribed(about, { ...context, desired }, about.tags === undefined ? {} : tags);
      if (about.parts !== undefined) yield* sendMade(about, identity, about.parts.calls(live), desired);
      return { identity, map: identity === live.identity ? {} : { [live.identity]: identity } };
    },
  };
}

/** The property that is emptied before a delete, and put back where the delete is not carried out. */
function quiescing(about: Description): Pick<CaptureOperations, 'quiesce' | 'quieted' | 'unquiesce'> {
  const { emptied } = about.remove;
  if (emptied === undefined) return {};
  const { property, empty } = emptied;
  const without = (properties: JsonObject): JsonObject => ({ ...properties, [property]: empty });
  return {
    *quiesce(context) {
      const { identity, properties } = liveIn(context);
      const now = yield* propertiesNow(about, identity, properties);
      yield* setOne(about, identity, property, now, without(now));
    },
    quieted: (before, now) =>
      canonical(now.properties[property] ?? empty) === canonical(empty)
        ? { ...now, properties: { ...now.properties, ...pick(before.properties, [property]) } }
        : now,
    *unquiesce(context) {
      const { identity, properties } = liveIn(context);
      const now = yield* propertiesNow(about, identity, without(properties));
      yield* setOne(about, identity, property, now, { ...now, ...pick(properties, [property]) });
    },
  };
}

function mapped(value: Json | undefined, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item: Json) => mapped(item, change));
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapped(item, change)]))
    : (value ?? null);
}

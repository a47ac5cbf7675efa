import { isObject, type Json, type JsonObject } from '../../src/base/json.ts';
import { awsError, keyOf, nextTime, type Item, type State } from './memory-state.ts';
import { isSystemTag, record, text, texts } from './memory-values.ts';

/** Makes an item. */
export const make = (
  state: State,
  type: string,
  identity: string,
  properties: Record<string, Json>,
  tags: Record<string, string>,
  now: string,
): Item => {
  const system = Object.fromEntries(Object.entries(tags).filter(([key]) => isSystemTag(key)));
  const own = Object.fromEntries(Object.entries(tags).filter(([key]) => !isSystemTag(key)));
  const { Password, ...visible } = properties;
  const item: Item = {
    type,
    identity,
    incarnation: `${identity}#${(state.counter += 1)}`,
    properties: { ...visible, Tags: own },
    systemTags: system,
    state: now,
    pending: {},
    rows: [],
    created: nextTime(state),
    polls: 0,
    next: null,
    secret: typeof Password === 'string' ? Password : null,
    hidden: 0,
    former: null,
  };
  state.items.set(keyOf(type, identity), item);
  return item;
};

/**
 * The item that an operation acts upon. Throws AwsError: `absent` where it is not, or not there yet; `conflict` in the
 * wrong state.
 */
export const need = (
  state: State,
  type: string,
  identity: string,
  operation: string,
  states: readonly string[] = [],
): Item => {
  const item = state.items.get(keyOf(type, identity));
  if (item === undefined) throw awsError(operation, 'ResourceNotFound', 'absent', `no ${type} ${identity}`);
  if (item.hidden > 0) {
    item.hidden -= 1;
    throw awsError(operation, 'ResourceNotFound', 'absent', `no ${type} ${identity} yet`);
  }
  if (states.length > 0 && !states.includes(item.state))
    throw awsError(operation, 'InvalidState', 'conflict', `${identity} is ${item.state}`);
  return item;
};

export const setTags = (item: Item, input: JsonObject): void => {
  const given = Object.entries(record(input['Tags']));
  const gone = new Set(texts(input['Remove']));
  const stay = (tags: readonly (readonly [string, string])[]): Record<string, string> =>
    Object.fromEntries(tags.filter(([key]) => !gone.has(key)));
  item.systemTags = stay([...Object.entries(item.systemTags), ...given.filter(([key]) => isSystemTag(key))]);
  item.properties = {
    ...item.properties,
    Tags: stay([...Object.entries(record(item.properties['Tags'])), ...given.filter(([key]) => !isSystemTag(key))]),
  };
};

export const assign = (item: Item, set: Json | undefined): void => {
  const properties: Record<string, Json> = { ...item.properties };
  for (const [key, value] of Object.entries(isObject(set) ? set : {})) {
    if (key === 'Password') item.secret = text(value);
    else if (value === null || value === undefined) delete properties[key];
    else properties[key] = value;
  }
  item.properties = properties;
};

/** Throws AwsError `quota` when there are as many already as the account may have. */
export function withinQuota(state: State, type: string, operation: string, code: string): void {
  const quota = state.quotas.get(type);
  const count =
    type === 'snapshots' ? state.snapshots.size : [...state.items.values()].filter((item) => item.type === type).length;
  if (quota !== undefined && count >= quota)
    throw awsError(operation, code, 'quota', `there are ${count} already, of ${quota}`);
}

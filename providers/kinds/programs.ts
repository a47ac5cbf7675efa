import { look, send, until, type Call, type Makes, type Program } from '../../src/domain/call.ts';
import { UserError } from '../../src/base/error.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { formatIdentity, identityParts, namesExactly } from '../../src/domain/identity.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { compact, listOf, objectOf, pick, propertyOf, textOf } from '../aws/values/fields.ts';
import type { Description, Found, MadeCall } from './description.ts';

/** The live resource of a step. Throws UserError `no-live-resource` where the engine gave none. */
export function liveIn({ live, step }: StepContext): LiveResource {
  if (live === null)
    throw new UserError('no-live-resource', `step "${step}" needs its live resource, and there is none`);
  return live;
}

const settingsAfter = ({ set = {} }: Description): readonly string[] =>
  Object.keys(set).filter((name) => set[name]?.afterCreate === true);

/** Makes the resource, then sets what its create does not take. Takes up what an earlier try left. */
export function* createDescribed(
  about: Description,
  context: StepContext,
  tags: JsonObject = { ...objectOf(context.desired['Tags']), ...context.ownership },
): Program<{ readonly identity: string }> {
  const { desired, remains, op } = context;
  const identity = remains?.identity ?? (yield* make(about, desired, { token: op, tags }));
  const settings = settingsAfter(about).filter((name) => desired[name] !== undefined);
  if (settings.length > 0) yield* untilThere(about, identity);
  for (const name of settings) yield* setOne(about, identity, name, {}, desired);
  return { identity };
}

function* make(
  about: Description,
  desired: JsonObject,
  given: { readonly token: string; readonly tags: JsonObject },
): Program<string> {
  const { service, create, made } = about;
  const input = compact(create.input(desired, given));
  const named = about.identityOf?.(desired);
  const answer = yield* send({
    service,
    operation: create.operation,
    input,
    identity: standingIn(input, named ?? given.token, about, desired),
    retry: create.byToken === true ? 'token' : 'named',
    purpose: create.purpose,
    ...(about.tags === undefined ? { makes: makesOf(about, desired, named) } : {}),
    ...(made === undefined ? {} : { preview: nested(made, `${made.split('.').at(-1) ?? ''}-preview`) }),
  });
  const identity = made === undefined ? named : textOf(valueAt(answer, made));
  if (identity === undefined) throw new UserError('unexpected-answer', `${create.operation} does not say what it made`);
  return identity;
}

/** What a create makes, so that a lost answer is resolved by reading it. */
const makesOf = (about: Description, desired: JsonObject, named: string | undefined): Makes => ({
  type: about.type,
  identity: named ?? null,
  properties: compact(
    pick(
      desired,
      Object.keys(about.properties).filter((name) => !settingsAfter(about).includes(name)),
    ),
  ),
});

/**
 * By what the input names the resource, for the gate: the parts of its identity that stand in it, else what stands in
 * it of its properties.
 */
function standingIn(input: JsonObject, identity: string, { properties }: Description, desired: JsonObject): string {
  const parts = identityParts(identity).filter((part) => namesExactly(input, part));
  if (parts.length > 0) return formatIdentity(parts);
  const texts = Object.keys(properties)
    .map((name) => textOf(desired[name]))
    .filter((text) => text !== undefined && namesExactly(input, text));
  return texts.length === 0 ? identity : formatIdentity(texts as readonly string[]);
}

const absolute = (
  { service }: Description,
  operation: string,
  input: JsonObject,
  identity: string,
  purpose: string,
): Call => ({ service, operation, input: compact(input), identity, retry: 'absolute', purpose });

/** Calls that set a state, one after the other. */
export function* sendMade(
  about: Description,
  identity: string,
  calls: readonly MadeCall[],
  properties: JsonObject,
): Program {
  for (const { operation, input, purpose } of calls) {
    const given = compact(input);
    yield* send(absolute(about, operation, given, standingIn(given, identity, about, properties), purpose));
  }
}

/** Sets one property as `desired` has it, by what differs from `before`. */
export function* setOne(
  about: Description,
  identity: string,
  name: string,
  before: JsonObject,
  desired: JsonObject,
): Program {
  const setting = about.set?.[name];
  if (setting === undefined) throw new UserError('no-such-call', `${about.type} has no call that sets ${name}`);
  if ('calls' in setting) {
    yield* sendMade(about, identity, setting.calls(identity, before, desired), desired);
    return;
  }
  const isCleared = desired[name] === undefined || desired[name] === null;
  const call = isCleared ? setting.clear : setting;
  if (call === undefined) throw new UserError('no-such-call', `${about.type} has no call that takes ${name} away`);
  const input = compact(call.input(identity, desired));
  yield* send(absolute(about, call.operation, input, standingIn(input, identity, about, desired), call.purpose));
}

/** Sets every changed property by its own call, then tags: first what is added, then what goes. */
export function* updateDescribed(about: Description, context: StepContext): Program {
  const live = liveIn(context);
  const changed = new Set(context.changes.map(({ path }) => propertyOf(path)));
  // Several properties may be set by one call, which is sent once.
  const sent = new Set<unknown>();
  for (const name of Object.keys(about.set ?? {})) {
    const setting = about.set?.[name];
    if (setting === undefined || !changed.has(name)) continue;
    const way = 'calls' in setting ? setting.calls : setting.input;
    if (sent.has(way)) continue;
    sent.add(way);
    yield* setOne(about, live.identity, name, live.properties, context.desired);
  }
  if (changed.has('Tags')) yield* changeTags(about, live, objectOf(context.desired['Tags']));
}

function* changeTags(about: Description, live: LiveResource, after: JsonObject): Program {
  const { tags: tagging } = about;
  if (tagging === undefined) return;
  const before = objectOf(live.properties['Tags']);
  const added = Object.fromEntries(
    Object.entries(after).filter((pair): pair is [string, string] => {
      const [key, value] = pair;
      return typeof value === 'string' && before[key] !== value;
    }),
  );
  const removed = Object.keys(before).filter((key) => after[key] === undefined || after[key] === null);
  const { set, remove } = tagging;
  const calls: readonly MadeCall[] = [
    ...(Object.keys(added).length > 0 ? [{ ...set, input: set.input(live.identity, added, live) }] : []),
    ...(removed.length > 0 ? [{ ...remove, input: remove.input(live.identity, removed, live) }] : []),
  ];
  for (const { operation, input, purpose } of calls)
    yield* send(absolute(about, operation, input, live.identity, purpose));
}

/** Deletes it. */
export function* removeDescribed(about: Description, context: StepContext): Program {
  const live = liveIn(context);
  const { operation, input, purpose } = about.remove;
  const given = compact(input(live));
  yield* send(absolute(about, operation, given, standingIn(given, live.identity, about, live.properties), purpose));
}

const readOf = ({ service, list }: Description, identity: string) => ({
  service,
  operation: list.operation,
  input: { ...list.narrow([identity]), ...list.page },
  ...(list.absent === undefined ? {} : { absent: list.absent }),
});

function foundIn({ list, find }: Description, answer: JsonObject | null, identity: string): Found | undefined {
  const element = answer?.[list.items];
  const items = Array.isArray(element) ? listOf(element) : listOf([element ?? null]);
  return items.flatMap(find).find((one) => one.identity === identity);
}

/**
 * The properties as they are now, read: a call that is sent again must not be refused for what an earlier one did. A
 * plan that only lists the calls takes them to be `assumed`.
 */
export function* propertiesNow(about: Description, identity: string, assumed: JsonObject): Program<JsonObject> {
  const preview = { [about.list.items]: 'preview' };
  const answer = yield* look(readOf(about, identity), preview);
  if (answer?.[about.list.items] === 'preview') return assumed;
  return foundIn(about, answer, identity)?.properties ?? assumed;
}

/** Waits until it is there and stable. */
export function* untilThere(about: Description, identity: string): Program {
  yield* until({
    what: `${identity} there`,
    read: readOf(about, identity),
    judge: (answer) => {
      const found = foundIn(about, answer, identity);
      if (found === undefined) return { state: 'pending', detail: 'not visible yet' };
      const stable = about.stable?.(found) ?? true;
      if (typeof stable === 'string') return { state: 'failed', reason: stable };
      return stable ? { state: 'done' } : { state: 'pending', detail: found.state ?? 'not stable yet' };
    },
  });
}

/** Waits until two reads in a row do not show it, or another one under its identity. */
export function* untilGone(about: Description, identity: string, incarnation?: string): Program {
  const gone = new Set(about.rules?.goneStates);
  yield* until({
    what: `${identity} deleted`,
    read: readOf(about, identity),
    judge: (answer) => {
      const found = foundIn(about, answer, identity);
      const isOther = incarnation !== undefined && (found?.incarnation ?? identity) !== incarnation;
      return found === undefined || isOther || gone.has(found.state ?? '')
        ? { state: 'done' }
        : { state: 'pending', detail: found.state ?? 'still there' };
    },
    agree: 2,
    preview: {},
  });
}

/** Why AWS would refuse a step, before anything is sent; one sentence each. Only `check` reads anything. */
export function* preflightDescribed(
  about: Description,
  context: StepContext,
  action: 'create' | 'update' | 'replace' | 'delete',
): Program<readonly string[]> {
  const { live } = context;
  const more = about.check === undefined ? [] : yield* about.check(context, action);
  if (action === 'create' || live === null) return more;
  const owner = textOf(live.binding['owner']);
  const protections = live.binding['protections'];
  return [
    ...(owner === undefined || action === 'update'
      ? []
      : [`${live.identity} belongs to ${owner}; delete or replace it there`]),
    ...(action === 'update' || !Array.isArray(protections)
      ? []
      : (protections as readonly Json[]).map((why) => `${live.identity} cannot be deleted: ${String(why)}`)),
    ...(action === 'update'
      ? []
      : Object.entries(about.rules?.deleteNeeds ?? {}).flatMap(([name, value]) =>
          live.properties[name] === undefined || live.properties[name] === value || context.desired[name] === value
            ? []
            : [
                `${live.identity} is protected: write properties: { ${name}: ${String(value)} } in its delete if it shall go`,
              ],
        )),
    ...more,
  ];
}

/** What a restore would not find: everything that its properties name and that does not come back itself. */
export function* missingFor(about: Description, context: StepContext): Program<readonly string[]> {
  const { properties } = liveIn(context);
  const missing: string[] = [];
  for (const [name, { operation, items, input }] of Object.entries(about.needs ?? {})) {
    const former = textOf(properties[name]);
    if (former === undefined || (context.returning ?? []).includes(former)) continue;
    const identity = context.remap(former);
    const answer = yield* look(
      { service: about.service, operation, input: input(identity) },
      { [items]: [{ [name]: identity }] },
    );
    if (listOf(answer?.[items]).length === 0) missing.push(`${identity}, its ${name}, does not exist`);
  }
  return missing;
}

const valueAt = (answer: JsonObject, path: string): Json | undefined =>
  path.split('.').reduce<Json | undefined>((value, name) => objectOf(value)[name], answer);

const nested = (path: string, value: Json): JsonObject =>
  objectOf(path.split('.').reduceRight<Json>((inside, name) => ({ [name]: inside }), value));

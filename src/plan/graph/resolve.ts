import type { ResourceEntry } from '../../domain/change-plan.ts';
import { isMasked, isObject, isSecretRef, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { TypeSchema } from '../../domain/schema.ts';
import { block, warn, type Draft, type Planning } from '../refresh/draft.ts';
import { isKnownBefore, literalStates } from './edges.ts';
import { fitProperties } from '../diff/fitting.ts';
import { resolveReferences, unknownOf, valueAt, type Reference } from '../diff/references.ts';
import { few, quote } from '../../domain/wording.ts';

/** Code of the finding about a step that needs what the reviewer rejected. */
const rejectedCode = 'depends-on-rejected';

/**
 * The author's properties with every reference replaced by the value that is known at plan time, else `{ $unknown }`.
 * A reference that can never have a value becomes a finding; so does a literal id that is dead, and a value that the
 * property would not take as a literal.
 */
export function resolveProperties(planning: Planning, entry: ResourceEntry): JsonObject {
  if (entry.properties === undefined) return {};
  checkLiterals(planning, entry, entry.properties);
  const origins = new Map<string, string>();
  const refuse = (at: string, problem: string): Json => {
    block(planning, entry, `properties.${at}`, 'function-argument', problem, 'correct the arguments of the function');
    return null;
  };
  const resolved = resolveReferences(
    entry.properties,
    (reference) => {
      origins.set(reference.at, wordsOf(reference));
      return resolveOne(planning, entry, reference);
    },
    refuse,
  ) as JsonObject;
  return resolved === entry.properties ? resolved : fitted(planning, entry, resolved, origins);
}

const wordsOf = ({ address, path }: Reference): string =>
  path === null ? `!Ref ${address}` : `!GetAtt ${address}.${path}`;

/**
 * Every resolved value passes what a literal passes. `origins`: what stands for it in the change plan, by its place.
 */
function fitted(
  planning: Planning,
  entry: ResourceEntry,
  resolved: JsonObject,
  origins: ReadonlyMap<string, string>,
): JsonObject {
  const rules = planning.types.get(entry.type)?.rules;
  if (rules === undefined) return resolved;
  const { properties, misfits } = fitProperties(resolved, planning.schemas(entry.type), rules);
  for (const { at, code, message, help } of misfits) {
    const origin = [...origins].find(
      ([place]) => at === place || at.startsWith(`${place}.`) || place.startsWith(`${at}.Fn::`),
    )?.[1];
    block(
      planning,
      entry,
      `properties.${at}`,
      code,
      origin === undefined ? message : `${message} (it comes from ${origin})`,
      help,
    );
  }
  return properties;
}

function resolveOne(planning: Planning, entry: ResourceEntry, reference: Reference): Json {
  const at = `properties.${reference.at}`;
  const target = planning.entries.get(reference.address);
  const refuse = (code: string, message: string, help: string): Json => {
    block(planning, entry, at, code, message, help);
    return unknownOf(reference);
  };
  if (target === undefined && planning.changePlan.rejected?.includes(reference.address) === true) {
    return refuse(
      rejectedCode,
      `${quote(reference.address)} was rejected, and this step needs it`,
      'reject this step too, or leave the review and plan again',
    );
  }
  if (target === undefined)
    return refuse(
      'unknown-reference',
      `there is no resource ${quote(reference.address)} in the change plan`,
      `known: ${few([...planning.entries.keys()], 10)}`,
    );
  if (target.action === 'delete')
    return refuse(
      'reference-to-deleted',
      `${quote(reference.address)} is deleted by this plan`,
      'refer to something that stays',
    );
  const schema = planning.schemas(target.type);
  const live = planning.located.get(target.address);
  if (target.action === 'read') {
    if (live === undefined) return unknownOf(reference);
    if (reference.path === null) return live.identity;
    return (
      published(ofLive(live, reference.path)) ??
      refuse(
        'unknown-attribute',
        `${quote(reference.address)} has no ${quote(reference.path)}`,
        `it has: ${few([...Object.keys(live.attributes), ...Object.keys(live.properties)].sort(), 30)}`,
      )
    );
  }
  const draft = planning.drafts.get(target.address);
  if (isKnownBefore(planning, reference)) return live?.identity ?? unknownOf(reference);
  if (reference.path === null) return identityAfter(draft) ?? unknownOf(reference);
  if (
    schema !== undefined &&
    !isDescribed(schema, reference.path) &&
    (live === undefined || ofLive(live, reference.path) === undefined)
  ) {
    return refuse(
      'unknown-attribute',
      `${target.type} has no ${quote(reference.path)}`,
      `it has: ${few([...Object.keys(schema.attributes), ...Object.keys(schema.properties)].sort(), 30)}`,
    );
  }
  const value = draft === undefined ? undefined : valueAfter(draft, reference.path);
  if (holdsSecret(value))
    return refuse(
      'secret-reference',
      `${quote(`${reference.address}.${reference.path}`)} is secret`,
      'a secret cannot be referred to',
    );
  return value ?? unknownOf(reference);
}

/** The identity that a step's resource will have, where that is known before the step runs. */
function identityAfter(draft: Draft | undefined): string | undefined {
  if (draft === undefined) return undefined;
  if (draft.action === 'keep' || draft.action === 'update') return draft.identity ?? undefined;
  const { nameProperty = '', identityOf } = draft.type?.rules ?? {};
  const name = draft.desired[nameProperty];
  return typeof name === 'string' ? name : identityOf?.(draft.desired);
}

/**
 * A property or attribute after the step: properties as wanted; attributes only of what the step does not interrupt.
 */
function valueAfter(draft: Draft, path: string): Json | undefined {
  const property = valueAt(draft.desired, path);
  if (property !== undefined) return property;
  if (draft.live === null || (draft.action !== 'keep' && (draft.action !== 'update' || draft.interrupts)))
    return undefined;
  return valueAt(draft.live.attributes, path) ?? flat(draft.live.attributes, path);
}

const ofLive = (live: LiveResource, path: string): Json | undefined =>
  valueAt(live.properties, path) ?? valueAt(live.attributes, path) ?? flat(live.attributes, path);

/** Attributes whose dotted name is one key. */
const flat = (object: JsonObject, path: string): Json | undefined =>
  Object.hasOwn(object, path) ? object[path] : undefined;

const published = (value: Json | undefined): Json | undefined => (holdsSecret(value) ? undefined : value);

/** Whether a value is masked or secret, or has such a part: it must not be copied elsewhere (law 11). */
export const holdsSecret = (value: Json | undefined): boolean =>
  isMasked(value) ||
  isSecretRef(value) ||
  (Array.isArray(value)
    ? value.some((item: Json) => holdsSecret(item))
    : isObject(value) && Object.values(value).some((item) => holdsSecret(item)));

const isDescribed = (schema: TypeSchema, path: string): boolean => {
  const top = path.split('.')[0] ?? path;
  return (
    schema.attributes[path] !== undefined ||
    schema.attributes[top] !== undefined ||
    schema.properties[top] !== undefined ||
    Object.keys(schema.attributes).some((name) => name.startsWith(`${top}.`))
  );
};

function checkLiterals(planning: Planning, entry: ResourceEntry, properties: JsonObject): void {
  for (const { naming, state, address } of literalStates(planning, entry, properties)) {
    const at = `properties.${naming.at}`;
    if (state === 'victim')
      block(
        planning,
        entry,
        at,
        'uses-deleted',
        `${quote(naming.value)} is ${quote(address)}, which this plan deletes or replaces`,
        `leave it out, or refer to the new one with !Ref ${address ?? ''}`,
      );
    else if (state === 'dead')
      block(
        planning,
        entry,
        at,
        'dead-id',
        `${quote(naming.value)} does not exist`,
        'check the id; `aiplan inventory` lists what is there',
      );
    else if (state === 'unchecked')
      warn(planning, entry, at, 'unchecked-id', `whether ${quote(naming.value)} exists could not be read`);
  }
}

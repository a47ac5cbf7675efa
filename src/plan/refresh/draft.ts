import type { ChangePlan, ResourceEntry } from '../../domain/change-plan.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Finding } from '../../domain/finding.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource, ReadFailure, Target } from '../../domain/live.ts';
import { findingAt } from '../../domain/finding.ts';
import type { Action, Recoverability } from '../../domain/plan.ts';
import type { ResourceType, ResourceTypes, RuleScene } from '../../domain/resource-type.ts';
import type { Schemas, TypeSchema } from '../../domain/schema.ts';
import type { LiveIndex } from './live-index.ts';
import type { Referrers } from './evidence.ts';
import { readAgain, refusalText } from './unread.ts';
import { quote, shortType } from '../../domain/wording.ts';
import type { AttributeChange } from '../../domain/attribute-change.ts';
import type { CapturePlan } from '../../domain/capture-plan.ts';

/** The state of planning while it goes through the entries. */
export interface Planning {
  readonly changePlan: ChangePlan;
  readonly index: LiveIndex;
  readonly types: ResourceTypes;
  readonly schemas: Schemas;
  readonly configuration: Configuration;
  readonly target: Target;
  readonly now: string;
  readonly run: string;
  /** Identities that earlier runs of this plan deleted, as `type\nidentity`. */
  readonly ownDeletions: ReadonlySet<string>;
  readonly ownMade: readonly OwnMade[];
  readonly entries: ReadonlyMap<string, ResourceEntry>;
  /** The live resource of every entry that names one and has it. */
  readonly located: ReadonlyMap<string, LiveResource>;
  /** Addresses of the steps by `type\nidentity` of what they act upon. */
  readonly byIdentity: ReadonlyMap<string, string>;
  /** Creates whose name the author chose, by `type\nname`. */
  readonly names: ReadonlyMap<string, string>;
  readonly drafts: Map<string, Draft>;
  readonly findings: Finding[];
  readonly referrers: Referrers;
}

/** Something that an earlier run of the plan made for an address. */
export interface OwnMade {
  readonly address: string;
  readonly type: string;
  readonly identity: string;
  /** Null where the run did not come to read it. */
  readonly incarnation: string | null;
}

/** A step being made. Everything serialisable in it is masked; `desired` is not, and never serialised. */
export interface Draft {
  readonly entry: ResourceEntry;
  readonly type: ResourceType | undefined;
  readonly action: Action;
  readonly live: LiveResource | null;
  readonly identity: string | null;
  /** All properties after the step; what is not known yet as `{ $unknown }`. */
  readonly desired: JsonObject;
  readonly changes: readonly AttributeChange[];
  readonly capturePlan: CapturePlan | null;
  readonly loses: readonly string[];
  readonly opens: readonly string[];
  readonly isDestruction: boolean;
  readonly recoverability: Recoverability;
  readonly evidence: { readonly binding: JsonObject; readonly observed: JsonObject };
  readonly interrupts: boolean;
  readonly oneWay: readonly string[];
  readonly leftovers: readonly string[];
}

/** The facts that the rules of a type may ask for beside the values of a change. */
export const sceneOf = (
  { target, index }: Planning,
  { pinned }: Pick<ResourceEntry, 'pinned'>,
): Omit<RuleScene, 'after'> => ({
  account: target.account,
  ...(pinned === true ? { undoes: true } : {}),
  find(type, identity) {
    const known = index.find(type, identity);
    return known.state === 'live' || known.state === 'gone'
      ? known.resource
      : known.state === 'absent'
        ? null
        : undefined;
  },
});

/** The parts of a draft that most steps leave empty. */
export const emptyDraft = {
  identity: null,
  desired: {},
  changes: [],
  capturePlan: null,
  loses: [],
  opens: [],
  isDestruction: false,
  live: null,
  recoverability: { level: 'reversible', loses: [] },
  evidence: { binding: {}, observed: {} },
  interrupts: false,
  oneWay: [],
  leftovers: [],
} as const satisfies Omit<Draft, 'entry' | 'type' | 'action'>;

/**
 * The observations, with the name that people gave to a resource that AWS only numbers. Whatever a tag says is called
 * so: anybody who may tag has written it, a former plan perhaps. `aws:createdBy` is AWS's own (AWS Billing,
 * "AWS-generated tags").
 */
export function observedOf({ identity, properties, observed, systemTags }: LiveResource): JsonObject {
  const tags = properties['Tags'];
  const isNew = (name: Json | undefined): boolean =>
    typeof name === 'string' && name !== '' && name !== identity && observed['name'] === undefined;
  const [taggedName, name] = [isObject(tags) ? tags['Name'] : undefined, properties['GroupName']];
  const { creator, ...facts } = observed;
  return {
    ...(isNew(name) ? { name } : {}),
    ...(isNew(taggedName) && taggedName !== name ? { taggedName } : {}),
    ...facts,
    ...(creator === undefined
      ? {}
      : { [creator === systemTags['aws:createdBy'] ? 'creator' : 'taggedCreator']: creator }),
  };
}

/** A step that does nothing: what it names is as it shall be. */
export const keepDraft = (entry: ResourceEntry, type: ResourceType | undefined, live: LiveResource | null): Draft => ({
  ...emptyDraft,
  entry,
  type,
  action: 'keep',
  live,
  identity: live?.identity ?? entry.id ?? null,
  desired: live?.properties ?? {},
  evidence: live === null ? emptyDraft.evidence : { binding: live.binding, observed: observedOf(live) },
});

/** A step of which nothing could be worked out; its findings say why. */
export const bareDraft = (
  entry: ResourceEntry,
  type: ResourceType | undefined,
  live: LiveResource | null = null,
): Draft => ({
  ...emptyDraft,
  entry,
  type,
  action: entry.action === 'read' ? 'keep' : entry.action,
  live,
  identity: live?.identity ?? entry.id ?? null,
  desired: live?.properties ?? {},
  isDestruction: live !== null && (entry.action === 'delete' || entry.action === 'replace'),
  ...(live === null ? {} : { evidence: { binding: live.binding, observed: observedOf(live) } }),
});

export const keyOf = (type: string, identity: string): string => `${type}\n${identity}`;

/** Records an error about an entry: its step is blocked. */
export function block(
  planning: Pick<Planning, 'findings'>,
  entry: ResourceEntry,
  at: string,
  code: string,
  message: string,
  help?: string,
): void {
  planning.findings.push(findingAt(entry, at, 'error', code, message, help));
}

export function warn(
  planning: Pick<Planning, 'findings'>,
  entry: ResourceEntry,
  at: string,
  code: string,
  message: string,
  help?: string,
): void {
  planning.findings.push(findingAt(entry, at, 'warning', code, message, help));
}

export function inform(
  planning: Pick<Planning, 'findings'>,
  entry: ResourceEntry,
  at: string,
  code: string,
  message: string,
  help?: string,
): void {
  planning.findings.push(findingAt(entry, at, 'info', code, message, help));
}

/** A read that failed blocks: it says nothing about what exists (law 9). */
export function blockUnread(
  planning: Pick<Planning, 'findings' | 'types'>,
  entry: ResourceEntry,
  failure: ReadFailure,
): void {
  block(
    planning,
    entry,
    entry.id === undefined ? '' : 'id',
    'read-failed',
    `${shortType(failure.type)}${failure.identity === null ? '' : ` ${quote(failure.identity)}`} could not be read: ${refusalText(failure)}`,
    readAgain([failure]),
  );
}

/** The type's rules and schema, or undefined with a finding. */
export function managedType(
  planning: Planning,
  entry: ResourceEntry,
): { readonly type: ResourceType; readonly schema: TypeSchema | undefined } | undefined {
  const type = planning.types.get(entry.type);
  if (type === undefined)
    block(
      planning,
      entry,
      'type',
      'unknown-type',
      `aiplan does not know the type ${quote(entry.type)}`,
      `known: ${planning.types.all.map((known) => known.type).join(', ')}`,
    );
  else if (!type.managed && entry.action !== 'read')
    block(planning, entry, 'action', 'read-only-type', `${entry.type} can only be read`, 'write `action: read`');
  else return { type, schema: planning.schemas(entry.type) };
  return undefined;
}

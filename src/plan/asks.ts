import type { ChangePlan, ResourceEntry } from '../domain/change-plan.ts';
import type { Configuration } from '../domain/configuration.ts';
import type { Finding } from '../domain/finding.ts';
import { isObject, isUnknown, type Json, type JsonObject } from '../base/json.ts';
import type { LiveResource } from '../domain/live.ts';
import type { ResourceTypes } from '../domain/resource-type.ts';
import type { Schemas } from '../domain/schema.ts';
import { plan } from './planner.ts';
import { referencesIn } from './diff/references.ts';

export interface AskPorts {
  readonly types: ResourceTypes;
  readonly schemas: Schemas;
  readonly configuration: Configuration;
}

/** Questions of the planner to the author, by the code of the finding. */
const ASKED: ReadonlySet<string> = new Set(['reason-needed', 'when-needed']);
const UNREAD = 'unread';

/**
 * Questions of the planner to the author that show without AWS: `reason` and `when`. The creates are planned as if
 * nothing were live, which is exact: an error. The updates are planned against resources of which nothing is set, so
 * that everything in them counts as a change; live may already be so: a warning. So is what a create asks for a value
 * that only AWS tells.
 */
export function staticAsks(changePlan: ChangePlan, { types, schemas, configuration }: AskPorts): readonly Finding[] {
  const entries = changePlan.resources
    .filter(({ type, action }) => (action === 'create' || action === 'update') && types.get(type)?.managed === true)
    .map(alone);
  if (entries.length === 0) return [];
  const live = entries.flatMap((entry) => (entry.action === 'update' ? [blank(entry, types)] : []));
  const target = { ...changePlan.target, caller: '', endpoint: null };
  const now = new Date(0).toISOString();
  // Whose something is only AWS tells: it is asked of nobody before that is known.
  const looked = entries.flatMap((entry) =>
    (types.get(entry.type)?.rules.looksUp?.(entry.properties ?? {}) ?? []).map(({ type }) => type),
  );
  const { plan: planned } = plan({
    changePlan: { ...changePlan, resources: entries },
    text: '',
    types,
    schemas,
    configuration,
    now,
    live: {
      format: 'aiplan/live@1',
      target,
      readAt: now,
      recorded: true,
      resources: live,
      absent: [],
      complete: [...types.all.map(({ type }) => type), ...looked],
      failures: [],
      calls: {},
      account: {},
    },
  });
  const certain = new Set(
    entries.filter((entry) => entry.action === 'create' && !waits(entry, entries)).map(({ address }) => address),
  );
  return planned.findings
    .filter(({ code }) => ASKED.has(code))
    .map((finding) =>
      finding.step !== null && certain.has(finding.step) ? finding : { ...finding, severity: 'warning' },
    );
}

/** An entry without what only live tells, and without the values that the parser could not read. */
const alone = ({ find: _find, expect: _expect, ...entry }: ResourceEntry): ResourceEntry => ({
  ...entry,
  ...(entry.action === 'update' ? { id: entry.id ?? entry.address } : {}),
  dependsOn: [],
  properties: readableProperties(entry.properties ?? {}),
});

/** A live resource of which nothing is set, in a state in which it can be changed. */
function blank({ type, id = '' }: ResourceEntry, types: ResourceTypes): LiveResource {
  return {
    type,
    identity: id,
    incarnation: id,
    properties: {},
    attributes: {},
    systemTags: {},
    state: types.get(type)?.rules.changeableStates[0] ?? 'present',
    pending: {},
    binding: {},
    observed: {},
    detailed: true,
  };
}

/** Whether the entry refers to something that is live, which nobody has read here. */
const waits = ({ properties }: ResourceEntry, entries: readonly ResourceEntry[]): boolean =>
  referencesIn(properties).some(
    ({ address }) => entries.find((entry) => entry.address === address)?.action !== 'create',
  );

/**
 * A value without what could not be read: list elements alone, maps as a whole, because what is missing in them would
 * be judged as such.
 */
function readable(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.flatMap((item: Json) => readable(item) ?? []);
  if (!isObject(value)) return value;
  if (isUnknown(value) && value.$unknown === UNREAD) return undefined;
  const entries = Object.entries(value).map(
    ([key, item]) => [key, item === undefined ? undefined : readable(item)] as const,
  );
  return entries.some(([, item]) => item === undefined) ? undefined : Object.fromEntries(entries);
}

const readableProperties = (properties: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(properties)
      .map(([name, value]) => [name, value === undefined ? undefined : readable(value)] as const)
      .filter(([, value]) => value !== undefined),
  );

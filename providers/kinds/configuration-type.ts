import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ResourceType, TypeRules } from '../../src/domain/resource-type.ts';
import { judged, type Verdict } from '../../src/domain/verdict.ts';
import { captureOfDescribed } from './capture.ts';
import type { Description } from './description.ts';
import {
  createDescribed,
  preflightDescribed,
  removeDescribed,
  untilGone,
  untilThere,
  updateDescribed,
} from './programs.ts';
import { readDescribed } from './read.ts';

/** The resource type that a description says: everything that follows from it, once for all types. */
export function configurationType(about: Description): ResourceType {
  return {
    type: about.type,
    service: about.service,
    managed: true,
    users: typeof about.users === 'string' ? about.users : 'listed',
    rules: rulesOf(about),
    read: (aws, query) => readDescribed(about, aws, query),
    create: (context) => createDescribed(about, context),
    update: (context) => updateDescribed(about, context),
    remove: (context) => removeDescribed(about, context),
    waitUntilStable: (identity) => untilThere(about, identity),
    gone: (identity, incarnation) => untilGone(about, identity, incarnation),
    preflight: (context, action) => preflightDescribed(about, context, action),
    capture: captureOfDescribed(about),
    ...(about.neighbours === undefined ? {} : { neighbours: about.neighbours }),
    iam: iamOf(about),
  };
}

function rulesOf(about: Description): TypeRules {
  const { properties, tags, identityOf, problems } = about;
  const keyOf = (desired: JsonObject): string | undefined => (identityOf ?? about.alike)?.(desired);
  const keyOfLive = ({ identity, properties: live }: Pick<LiveResource, 'identity' | 'properties'>) =>
    identityOf === undefined ? about.alike?.(live) : identity;
  return {
    compare: {},
    keys: {},
    secretInput: [],
    sensitive: [],
    volatile: [],
    changeableStates: [],
    goneStates: [],
    leftovers: () => [],
    ...about.rules,
    properties: {
      ...Object.fromEntries(
        Object.entries(properties).map(([name, { verdict: _verdict, inside: _inside, ...rule }]) => [name, rule]),
      ),
      ...(tags === undefined ? {} : { Tags: { update: 'in-place' } }),
    },
    verdicts: {
      ...Object.fromEntries(
        Object.entries(properties).flatMap(([name, { verdict, inside }]): readonly (readonly [string, Verdict])[] =>
          inside === undefined
            ? [[name, verdict]]
            : Object.entries(inside).map(([path, leaf]) => [`${name}.${path}`, leaf] as const),
        ),
      ),
      ...(tags === undefined ? {} : { Tags: judged('tools act by tags', 'destruction') }),
    },
    grants: about.grants,
    destructive: about.destructive ?? [],
    ...(identityOf === undefined ? {} : { identityOf }),
    duplicate: (desired, other) => {
      const key = keyOf(desired);
      return key !== undefined && key === keyOfLive(other) ? 'same' : null;
    },
    duplicateKeys: (wanted, identity) =>
      [identity === null ? keyOf(wanted) : keyOfLive({ identity, properties: wanted })].filter(
        (key) => key !== undefined,
      ),
    ...(problems === undefined ? {} : { refuses: problems }),
  };
}

/** IAM names its actions of a service after the operations; of CloudWatch Logs and all other services so far too. */
function iamOf({ service, list, users, details = [], create, set = {}, remove, tags, needs = {} }: Description) {
  const actions = (operations: readonly string[]): readonly string[] =>
    [...new Set(operations)].map((operation) => `${service}:${operation}`);
  const settings = Object.values(set).flatMap((one) => [
    one.operation,
    ...(one.clear === undefined ? [] : [one.clear.operation]),
  ]);
  const tagging = tags === undefined ? [] : [tags.set.operation, tags.remove.operation];
  return {
    read: actions([
      list.operation,
      ...details.map(({ operation }) => operation),
      ...(typeof users === 'string' ? [] : users.map(({ operation }) => operation)),
      ...Object.values(needs).map(({ operation }) => operation),
    ]),
    write: actions([create.operation, ...settings, remove.operation, ...tagging]),
    capture: [],
    restore: actions([create.operation, ...settings, ...(tags === undefined ? [] : [tags.set.operation])]),
  };
}

import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ResourceType, TypeRules } from '../../src/domain/resource-type.ts';
import { judged, type Verdict } from '../../src/domain/verdict.ts';
import { actionsOf } from '../aws/services/index.ts';
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

/** The IAM actions of everything that a description may send, by what it is for. */
function iamOf(about: Description): ResourceType['iam'] {
  const { service, list, users, details = [], create, set = {}, remove, tags, needs = {}, parts, checks = [] } = about;
  const actions = (operations: readonly string[], of: string = service): readonly string[] => [
    ...new Set(operations.flatMap((operation) => actionsOf(`${of}:${operation}`))),
  ];
  const settings = Object.values(set).flatMap((one) =>
    'calls' in one ? one.operations : [one.operation, ...(one.clear === undefined ? [] : [one.clear.operation])],
  );
  const read = [list, ...(list.all === undefined ? [] : [list.all]), ...details, ...Object.values(needs)];
  return {
    read: [
      ...actions(read.map(({ operation }) => operation)),
      ...(typeof users === 'string' ? [] : users.flatMap((one) => actions([one.operation], one.service ?? service))),
      ...checks.flatMap(actionsOf),
    ],
    write: actions([
      create.operation,
      ...settings,
      remove.operation,
      ...(tags === undefined ? [] : [tags.set.operation, tags.remove.operation]),
    ]),
    capture: [],
    restore: actions([
      create.operation,
      ...settings,
      ...(parts?.operations ?? []),
      ...(tags === undefined ? [] : [tags.set.operation]),
    ]),
  };
}

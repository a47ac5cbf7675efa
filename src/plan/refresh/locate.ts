import type { ResourceEntry } from '../../domain/change-plan.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import { comparerFor, type Comparer } from '../diff/compare.ts';
import { block, blockUnread, inform, keyOf, type Planning } from './draft.ts';
import { canonicalised } from '../diff/desired.ts';
import { fits, mismatches } from '../diff/expectation.ts';
import { below } from '../diff/rule-tree.ts';
import { few, quote, shortType } from '../../domain/wording.ts';

/** The part of planning that finding things needs. */
export type Locating = Pick<Planning, 'index' | 'types' | 'schemas' | 'findings'>;

/** The live resources that entries name by `find`. An ambiguous `find` becomes a finding. */
export function locate(planning: Locating, entry: ResourceEntry): LiveResource | null {
  if (entry.find !== undefined) return findOne(planning, entry, entry.find);
  if (entry.id === undefined || planning.types.get(entry.type) === undefined) return null;
  const known = planning.index.find(entry.type, entry.id);
  return known.state === 'live' ? known.resource : null;
}

function findOne(planning: Locating, entry: ResourceEntry, find: JsonObject): LiveResource | null {
  const type = planning.types.get(entry.type);
  if (type === undefined) return null;
  if (!planning.index.isComplete(entry.type)) {
    const failure = planning.index.listFailure(entry.type);
    if (failure === undefined)
      block(
        planning,
        entry,
        'find',
        'not-read',
        `the resources of ${entry.type} were not read`,
        'refresh again, without --live',
      );
    else blockUnread(planning, entry, failure);
    return null;
  }
  const tagProperty = planning.schemas(entry.type)?.tagProperty ?? null;
  const found = planning.index
    .ofType(entry.type)
    .filter((resource) =>
      isFound(resource, canonicalised(type, find), comparerFor(type.rules, entry.type, resource.identity), tagProperty),
    );
  const [first] = found;
  if (found.length === 1 && first !== undefined) return first;
  if (found.length === 0)
    block(
      planning,
      entry,
      'find',
      'find-none',
      `no ${shortType(entry.type)} has ${quote(find)}`,
      'check the tags or properties; `aiplan inventory` lists what is there',
    );
  else
    block(
      planning,
      entry,
      'find',
      'find-many',
      `${found.length} ${shortType(entry.type)} resources have ${quote(find)}: ${few(found.map(({ identity }) => identity))}`,
      'name one by `id`, or add tags that only one has',
    );
  return null;
}

const isFound = (resource: LiveResource, find: JsonObject, comparer: Comparer, tagProperty: string | null): boolean =>
  Object.entries(find).every(([name, expected]) => {
    if (expected === undefined) return true;
    const value: Json | undefined =
      name === tagProperty
        ? { ...(resource.properties[name] as JsonObject | undefined), ...resource.systemTags }
        : (resource.properties[name] ?? resource.attributes[name]);
    return fits(value, expected, below(comparer.root, name), comparer);
  });

/**
 * Says why an entry that names a live resource has none, or that it is not what `expect` says. True when there is
 * nothing to plan with.
 */
export function blockUnlocated(planning: Planning, entry: ResourceEntry): boolean {
  if (planning.located.has(entry.address)) return false;
  if (entry.id === undefined) return true;
  const known = planning.index.find(entry.type, entry.id);
  if (known.state === 'failed') blockUnread(planning, entry, known.failure);
  else if (known.state === 'unread')
    block(planning, entry, 'id', 'not-read', `${quote(entry.id)} was not read`, 'refresh again, without --live');
  else {
    if (entry.lookup === true) {
      block(
        planning,
        entry,
        '',
        'lookup-missing',
        `there is no parameter ${quote(entry.id)} in ${planning.target.region} of account ${planning.target.account}`,
        'check the name and the version; SSM keeps parameters by region',
      );
      return true;
    }
    const gone =
      known.state === 'gone'
        ? `${quote(entry.id)} is ${quote(known.resource.state)}`
        : `there is no ${shortType(entry.type)} ${quote(entry.id)} in ${planning.target.region} of account ${planning.target.account}`;
    block(
      planning,
      entry,
      'id',
      'not-found',
      gone,
      `check the id; \`aiplan inventory\` lists what is there${entry.action === 'update' ? '; to make a new one, declare `action: create`' : ''}`,
    );
  }
  return true;
}

/**
 * Holds `expect` against live; each mismatch is an error (law 2), in a rollback a conflict. `reached` holds the
 * properties that are already as the author wants them in a step that changes nothing: there `expect` told what they
 * were before.
 */
export function checkExpectations(
  planning: Planning,
  entry: ResourceEntry,
  live: LiveResource,
  reached: ReadonlySet<string> = new Set(),
): void {
  const type = planning.types.get(entry.type);
  if (entry.expect === undefined || type === undefined) return;
  const comparer = comparerFor(type.rules, entry.type, live.identity);
  const tagProperty = planning.schemas(entry.type)?.tagProperty ?? null;
  for (const { at, expected, live: value } of mismatches(
    canonicalised(type, entry.expect),
    live,
    comparer,
    tagProperty,
  )) {
    const conflict = planning.changePlan.rollbackOf !== undefined;
    if (!conflict && reached.has(at.split('.')[0] ?? at)) {
      inform(
        planning,
        entry,
        `expect.${at}`,
        'expect-passed',
        `${at} is no longer ${quote(expected)}, and everything is as this entry wants it already`,
      );
      continue;
    }
    block(
      planning,
      entry,
      `expect.${at}`,
      conflict ? 'conflict' : 'expect-mismatch',
      `${conflict ? 'changed since the run: ' : ''}expected ${at} to be ${quote(expected)}, live is ${quote(value)}`,
      conflict
        ? 'somebody changed it after the run; decide by hand'
        : 'look at the live resource again: the plan rests on a premise that is not so',
    );
  }
}

/** Entries that name the same live resource: only one address may. Returns the address by identity. */
export function addressesByIdentity(
  planning: Pick<Planning, 'findings' | 'changePlan'>,
  located: ReadonlyMap<string, LiveResource>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of planning.changePlan.resources) {
    const identity = located.get(entry.address)?.identity ?? entry.id;
    if (identity === undefined) continue;
    const other = found.get(keyOf(entry.type, identity));
    if (other === undefined) found.set(keyOf(entry.type, identity), entry.address);
    else
      block(
        planning,
        entry,
        entry.id === undefined ? 'find' : 'id',
        'duplicate-identity',
        `${quote(identity)} is already ${quote(other)}: one live resource has one address`,
        'merge the two entries',
      );
  }
  return found;
}

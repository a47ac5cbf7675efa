import type { ResourceEntry } from '../../domain/change-plan.ts';
import type { JsonObject } from '../../base/json.ts';
import type { LiveResource, ReadFailure } from '../../domain/live.ts';
import type { ResourceType } from '../../domain/resource-type.ts';
import type { TypeSchema } from '../../domain/schema.ts';
import { classify, type Classified } from '../classify/classify.ts';
import { comparerFor, type Comparer } from '../diff/compare.ts';
import { isUnfinished } from './preview-context.ts';
import { canonicalised, desiredProperties, hasSecrets } from '../diff/desired.ts';
import {
  bareDraft,
  block,
  inform,
  keepDraft,
  managedType,
  type Draft,
  type Planning,
  observedOf,
  sceneOf,
  warn,
} from '../refresh/draft.ts';
import { unknownFacts } from '../refresh/evidence.ts';
import { unstatedPending } from '../diff/expectation.ts';
import { blockUnlocated, checkExpectations } from '../refresh/locate.ts';
import { blockRefused, blockTags } from '../classify/refused-values.ts';
import { resolveProperties } from '../graph/resolve.ts';
import { below } from '../diff/rule-tree.ts';
import { blockRemovals } from './unnamed-removals.ts';
import { readAgain, refusalTexts } from '../refresh/unread.ts';
import { recoverabilityOfUpdate } from '../classify/recoverability.ts';
import { few, quote } from '../../domain/wording.ts';

/** Plans an update: what differs, with what effect, and whether it may be done at all (DESIGN sections 2 and 4). */
export function planUpdate(planning: Planning, entry: ResourceEntry): Draft {
  const known = managedType(planning, entry);
  if (known === undefined || blockUnlocated(planning, entry)) return bareDraft(entry, known?.type);
  const live = planning.located.get(entry.address) as LiveResource;
  const { type, schema } = known;
  const comparer = comparerFor(type.rules, entry.type, live.identity);
  checkPartlyRead(planning, entry, live);
  const { desired, rotated } = overlay(planning, entry, { type, schema, comparer, live, action: 'update' });
  const settled = withoutPendingOnes(entry, desired, live, comparer);
  const classified = classify({
    type,
    schema,
    comparer,
    before: live.properties,
    after: settled.desired,
    live,
    action: 'update',
    scene: sceneOf(planning, entry),
  });
  checkExpectations(
    planning,
    entry,
    live,
    new Set(classified.changes.length === 0 ? Object.keys(entry.properties ?? {}) : []),
  );
  if (settled.waiting.length > 0)
    inform(planning, entry, '', 'already-pending', `AWS has accepted and will make later: ${few(settled.waiting)}`);
  // An entry that only continues an earlier run needs no capture: it changes no value.
  if (classified.changes.length === 0) sayWhatIsLate(planning, entry, live, desired, comparer);
  if (classified.changes.length === 0)
    return { ...keepDraft(entry, type, live), ...(isUnfinished(entry) ? { action: 'update' } : {}) };
  for (const obstacle of classified.obstacles)
    block(planning, entry, `properties.${obstacle.property}`, obstacle.code, obstacle.message, obstacle.help);
  blockRefused(planning, entry, type, settled.desired, {
    action: 'update',
    changed: new Set(classified.changes.map(({ path }) => path.split(/[.[]/u, 1)[0] ?? path)),
  });
  if (rotated.length > 0 || classified.changes.some(({ path }) => path.startsWith('Tags')))
    blockTags(planning, entry, schema?.tagProperty ?? null, settled.desired, live);
  checkState(planning, entry, type, live);
  checkPending(planning, entry, live, settled.desired, comparer);
  checkWhen(planning, entry, classified);
  const way = recoverabilityOfUpdate(planning, live, classified, rotated);
  const loses = way.irreversible ? [...new Set([...classified.loses, ...way.recoverability.loses])] : classified.loses;
  const isDestruction = loses.length > 0;
  if (isDestruction) checkKnown(planning, entry, live.binding);
  return {
    entry,
    type,
    action: 'update',
    live,
    identity: live.identity,
    desired: settled.desired,
    changes: classified.changes,
    capturePlan: way.capturePlan,
    loses,
    opens: classified.opens,
    isDestruction,
    recoverability: way.recoverability,
    evidence: { binding: live.binding, observed: observedOf(live) },
    interrupts: classified.interrupts,
    oneWay: classified.oneWay,
    leftovers: [],
  };
}

export interface OverlayInput {
  readonly type: ResourceType;
  readonly schema: TypeSchema | undefined;
  readonly comparer: Comparer;
  readonly live: LiveResource;
  readonly action: 'update' | 'replace';
  readonly before?: JsonObject;
}

/**
 * Live overlaid by the author's properties; everything that may not be is a finding. `rotated`: write-only properties
 * that are set again.
 */
export function overlay(
  planning: Planning,
  entry: ResourceEntry,
  { type, schema, comparer, live, action, before }: OverlayInput,
): { readonly desired: JsonObject; readonly rotated: readonly string[] } {
  const author = canonicalised(type, resolveProperties(planning, entry));
  const secrets = Object.keys(author).filter((name) => hasSecrets(author[name], below(comparer.root, name)));
  const rotates =
    action === 'replace' || (entry.rotate !== undefined && entry.rotate !== live.systemTags['aiplan:rotate']);
  const { desired, problems, removals } = desiredProperties({
    type,
    schema,
    comparer,
    before: before ?? live.properties,
    author,
    expect: entry.expect === undefined ? undefined : canonicalised(type, entry.expect),
    action,
    rotates,
  });
  for (const { at, code, message, help } of problems) block(planning, entry, `properties.${at}`, code, message, help);
  blockRemovals(planning, entry, live, removals);
  if (action === 'update' && secrets.length > 0 && !rotates) {
    inform(
      planning,
      entry,
      `properties.${secrets[0] ?? ''}`,
      'secret-not-set',
      `${few(secrets)} cannot be read and is left as it is`,
      entry.rotate === undefined
        ? 'to set it anew, write `rotate: <word>`'
        : `it was set with \`rotate: ${entry.rotate}\` already; write another word to set it again`,
    );
  }
  return { desired, rotated: action === 'update' && rotates ? secrets : [] };
}

/**
 * A change that AWS has accepted for the maintenance window already is not made again, unless the author now wants it
 * `now`. Answers the properties without it.
 */
function withoutPendingOnes(
  entry: ResourceEntry,
  desired: JsonObject,
  live: LiveResource,
  comparer: Comparer,
): { readonly desired: JsonObject; readonly waiting: readonly string[] } {
  if (entry.when === 'now') return { desired, waiting: [] };
  const waiting = Object.keys(live.pending)
    .filter((name) => {
      const nodes = below(comparer.root, name);
      const differs = desired[name] !== undefined && !comparer.equal(live.properties[name], desired[name], nodes);
      return differs && comparer.equal(live.pending[name], desired[name], nodes);
    })
    .sort();
  if (waiting.length === 0) return { desired, waiting };
  const rest: Record<string, JsonObject[string]> = { ...desired };
  for (const name of waiting) rest[name] = live.properties[name];
  return { desired: rest, waiting };
}

/** Changes that somebody else left pending would be flushed along (RDS, ModifyDBInstance: ApplyImmediately). */
export function checkPending(
  planning: Planning,
  entry: ResourceEntry,
  live: LiveResource,
  desired: JsonObject,
  comparer: Comparer,
): void {
  const unstated = unstatedPending(entry.expect, live, comparer).filter(
    (name) =>
      desired[name] === undefined || !comparer.equal(live.pending[name], desired[name], below(comparer.root, name)),
  );
  for (const name of unstated) {
    block(
      planning,
      entry,
      'expect',
      'pending-change',
      `a change is pending that this plan does not know of: ${name} becomes ${quote(live.pending[name])}`,
      `if it may happen together with this step, write it into \`expect\`: { ${name}: ${quote(live.pending[name])} }`,
    );
  }
}

/**
 * A step that changes nothing can still declare what will not stay so: a named property for which another value is
 * pending blocks, unless `expect` states it (law 2). Pending changes of other properties, and values that are not in
 * effect, are said.
 */
function sayWhatIsLate(
  planning: Planning,
  entry: ResourceEntry,
  live: LiveResource,
  desired: JsonObject,
  comparer: Comparer,
): void {
  for (const name of unstatedPending(entry.expect, live, comparer)) {
    const [now, later] = [quote(live.properties[name]), quote(live.pending[name])];
    if (entry.properties?.[name] === undefined)
      warn(
        planning,
        entry,
        '',
        'pending-change',
        `AWS will change ${name} of ${quote(live.identity)} later: it is ${now} and becomes ${later}`,
      );
    else if (!comparer.equal(desired[name], live.pending[name], below(comparer.root, name))) {
      block(
        planning,
        entry,
        `properties.${name}`,
        'pending-change',
        `${name} is ${now} only for now: a change to ${later} is pending`,
        `to keep the pending change, write it into \`expect\`: { ${name}: ${later} }; to replace it, write \`when: now\` with another value`,
      );
    }
  }
  for (const [name, word] of Object.entries(live.inactive ?? {})) {
    if (entry.properties?.[name] !== undefined)
      warn(
        planning,
        entry,
        `properties.${name}`,
        'not-in-effect',
        `${name} is set to ${quote(live.properties[name])} and not in effect: AWS says ${quote(word)}`,
        'reboot the database, or wait for its maintenance window',
      );
  }
}

/** The resource must be in a state in which AWS accepts changes. */
export function checkState(planning: Planning, entry: ResourceEntry, type: ResourceType, live: LiveResource): void {
  const { changeableStates } = type.rules;
  if (changeableStates.length === 0 || changeableStates.includes(live.state)) return;
  // A resource that this plan itself brings out of that state can be changed afterwards.
  if (isUnfinished(entry)) return;
  block(
    planning,
    entry,
    entry.id === undefined ? '' : 'id',
    'wrong-state',
    `${quote(live.identity)} is ${quote(live.state)}; it can be changed when it is ${few(changeableStates)}`,
    type.rules.restingStates?.includes(live.state) === true
      ? `it does not leave this state by itself: start or fix it, wait until it is ${few(changeableStates)}, and plan again`
      : 'wait until AWS has finished what it does to it, and plan again',
  );
}

/** A part of the resource that could not be read makes every difference doubtful (law 9). */
export function checkPartlyRead(planning: Planning, entry: ResourceEntry, live: LiveResource): void {
  const failures = planning.index.failuresOf(live.type, live.identity);
  if (failures.length > 0)
    block(
      planning,
      entry,
      entry.id === undefined ? '' : 'id',
      'read-failed',
      `a part of ${quote(live.identity)} could not be read: ${refusalTexts(failures, 'AWS did not say why')}`,
      readAgain(failures),
    );
}

/** Unknown dependents, protections or encryption block a destruction (law 9). */
export function checkKnown(
  planning: Planning,
  entry: ResourceEntry,
  binding: JsonObject,
  unread: readonly ReadFailure[] = [],
): void {
  for (const name of unknownFacts(binding)) {
    const others = name === 'dependents' ? unread : [];
    const refusals = others.length > 0 ? others : planning.index.refusalsOf(entry.type);
    const who = [...new Set(others.flatMap(({ identity }) => (identity === null ? [] : [quote(identity)])))];
    block(
      planning,
      entry,
      '',
      'unknown-evidence',
      `${name} of the resource could not be read${who.length === 0 ? '' : ` because ${few(who)} may use it`}, and unknown is not safe: ${refusalTexts(refusals, 'AWS did not say why')}`,
      readAgain(refusals),
    );
  }
}

/** What of a change interrupts and what can wait, each property by its name. */
function whatMatters(interrupting: readonly string[], deferrable: readonly string[]): string {
  const calm = deferrable.filter((name) => !interrupting.includes(name)).sort();
  return [
    ...(interrupting.length === 0 ? [] : [`changing ${few([...interrupting].sort())} interrupts the service`]),
    ...(calm.length === 0 ? [] : [`changing ${few(calm)} can wait for the maintenance window`]),
  ].join('; ');
}

/** `when` is the author's decision where a change interrupts, or where AWS can defer it. */
function checkWhen(planning: Planning, entry: ResourceEntry, { interrupting, deferrable }: Classified): void {
  const matters = [...new Set([...interrupting, ...deferrable])].sort();
  const undeferrable = interrupting.filter((name) => !deferrable.includes(name));
  if (matters.length > 0 && entry.when === undefined && planning.changePlan.rollbackOf === undefined) {
    const lines =
      undeferrable.length > 0
        ? `add to ${quote(entry.address)}:\n    when: now`
        : `add to ${quote(entry.address)} one of:\n    when: now\n    when: window`;
    block(
      planning,
      entry,
      `properties.${matters[0] ?? ''}`,
      'when-needed',
      `${whatMatters(interrupting, deferrable)}: say when`,
      lines,
    );
  } else if (entry.when === 'window' && undeferrable.length > 0) {
    block(
      planning,
      entry,
      'when',
      'no-window',
      `AWS cannot leave ${few(undeferrable)} to a maintenance window`,
      'write `when: now`',
    );
  } else if (entry.when !== undefined && matters.length === 0 && planning.changePlan.rollbackOf === undefined) {
    inform(planning, entry, 'when', 'when-ignored', 'nothing in this step can wait or interrupts: `when` is ignored');
  }
}

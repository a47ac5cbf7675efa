import { isMasked, type Json } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { Step } from '../../domain/plan.ts';
import type { ResourceType } from '../../domain/resource-type.ts';
import { comparerFor } from '../../plan/diff/compare.ts';
import { diffProperties, type Difference } from '../../plan/diff/diff.ts';
import { asSent, hasAll, overlap, resolvedPath, resolveUnknown, topOf } from '../../plan/diff/inverse.ts';
import { below } from '../../plan/diff/rule-tree.ts';
import type { Owned } from './own-drift.ts';
import { staleness } from './staleness.ts';
import type { Drift } from './drift.ts';
import type { AttributeChange } from '../../domain/attribute-change.ts';

/** How far a step has come with what it changes. */
export interface ChangeProgress {
  /** Changes that are live, or accepted by AWS for later. */
  readonly made: readonly AttributeChange[];
  /** Changes of which the value before is live, or of which no read can tell. */
  readonly left: readonly AttributeChange[];
  /** Differences that neither the value before nor the step explains: somebody else made them. */
  readonly others: readonly Drift[];
}

export interface Reaching {
  readonly step: Step;
  /** The newest state that the journal knows from before the step; null for a create. */
  readonly before: LiveResource | null;
  readonly live: LiveResource;
  readonly type: ResourceType;
  /** The value of a reference to another step now. */
  readonly resolve: (name: string) => Json | undefined;
  /** The run's effects on other resources. */
  readonly owned: Owned;
  /** The step has sent calls that change or quiesce the resource. */
  readonly acted: boolean;
}

/**
 * Three ways per change: live as the step makes it → made, as before → left, anything else → somebody else's. A new
 * resource has nothing before, and what AWS adds to it by itself is nobody's. Pure.
 */
export function reachOf(input: Reaching): ChangeProgress {
  const { step, before, live, type } = input;
  const comparer = comparerFor(type.rules, live.type, live.identity);
  const since = diffProperties(before?.properties ?? {}, live.properties, comparer, { ignoreVolatile: true });
  const made: AttributeChange[] = [];
  const left: AttributeChange[] = [];
  const others: Drift[] = [];
  const changes = step.changes.map((change) => ({ change, path: resolvedPath(change, input.resolve, comparer) }));
  for (const { change, path } of changes) {
    const touching = since.filter((difference) => overlap(path, difference.path));
    if (isUntold(change)) {
      // A secret of a new resource is part of the call that makes it.
      (before === null ? made : left).push(change);
    } else if (touching.length === 0) (isPending(change, input) ? made : left).push(change);
    else if (touching.every((difference) => isReached(difference, change, path, input))) made.push(change);
    else if (before === null) left.push(change);
    else
      others.push(
        ...touching.map(({ path: at, before: was, after }) => ({
          path: at,
          before: was,
          after,
          inList: at.includes('['),
        })),
      );
  }
  const paths = changes.map(({ path }) => path);
  return {
    made,
    left,
    others: [
      ...others,
      ...(before === null ? [] : driftOf(before, input).filter(({ path }) => !paths.some((own) => overlap(own, path)))),
    ],
  };
}

/** Values that no read shows: a secret that is written and never shown. */
const isUntold = ({ after }: AttributeChange): boolean => isMasked(after) && after.digest === undefined;

function isReached(
  { path, after, nodes }: Difference,
  change: AttributeChange,
  own: string,
  { live, type, resolve }: Reaching,
): boolean {
  if (path !== own) return false;
  const given = resolveUnknown(change.after, resolve);
  if (given === undefined) return false;
  const wanted = asSent(given, after);
  const comparer = comparerFor(type.rules, live.type, live.identity);
  return wanted === null
    ? after === undefined || after === null
    : comparer.equal(after, wanted, nodes) || hasAll(after, wanted);
}

function isPending({ path, after }: AttributeChange, { live, type, resolve }: Reaching): boolean {
  const later = live.pending[path];
  const wanted = resolveUnknown(after, resolve);
  const comparer = comparerFor(type.rules, live.type, live.identity);
  return (
    later !== undefined &&
    wanted !== undefined &&
    path === topOf(path) &&
    comparer.equal(later, asSent(wanted, later), below(comparer.root, path))
  );
}

/**
 * Differences from before, without the step's own changes. Of a step that has acted, effects that its calls bring along
 * are left out too.
 */
function driftOf(before: LiveResource, { step, live, type, owned, acted }: Reaching): readonly Drift[] {
  if (!acted) return staleness(before, live, type.rules, owned);
  const quieted = type.capture?.quieted?.(before, live) ?? live;
  const changed = new Set(step.changes.map(({ path }) => topOf(path)));
  return staleness(before, quieted, type.rules, owned).filter(({ path, before: was, after, inList }) => {
    // Values that AWS moves along with a change that the step has begun, as the throughput of a volume that becomes
    // gp3.
    if (type.rules.properties[topOf(path)]?.follows?.some((name) => changed.has(name)) === true) return false;
    if (!(path in before.binding) && !(path in quieted.binding)) return true;
    // Binding facts follow from what an update has set; of what is to be destroyed nothing may have come that nobody
    // confirmed.
    if (step.action === 'update') return false;
    return inList ? was === undefined && after !== undefined : step.changes.length === 0;
  });
}

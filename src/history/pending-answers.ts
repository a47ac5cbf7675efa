import { canonical } from '../base/digest.ts';
import type { LiveResource } from '../domain/live.ts';
import type { TypeRules } from '../domain/resource-type.ts';
import { defaultPace } from '../domain/records/poll-intervals.ts';
import type { History } from './step-history.ts';
import type { RollbackReaders } from './rollback-reading.ts';
import { quote } from '../domain/wording.ts';

/** Lost answers (ISO times) so young that AWS may not show yet what became of their calls (law 9). Pure. */
export const isYoung = (
  times: readonly (string | null)[],
  { now, consistency = defaultPace.consistency }: Pick<RollbackReaders, 'now' | 'consistency'>,
): boolean => times.some((at) => at !== null && Date.parse(now) - Date.parse(at) < consistency);

/** Names of what AWS will still change in a resource to something else than it was before. Pure. */
export const willBecome = ({ pending }: LiveResource, before: LiveResource | null): readonly string[] =>
  Object.keys(pending).filter(
    (name) =>
      before?.properties[name] === undefined || canonical(pending[name] ?? null) !== canonical(before.properties[name]),
  );

/**
 * Names what AWS is still doing for a step, or null. Until AWS has finished, the resource can be neither changed nor
 * deleted. A change that waits for its window does not count. Pure.
 */
export function underWay(
  { step, acted, before }: History,
  live: LiveResource,
  rules: TypeRules | undefined,
): string | null {
  const states = rules?.changeableStates ?? [];
  if (acted && states.length > 0 && !states.includes(live.state)) return `${live.identity} is ${quote(live.state)}`;
  const changed = new Set(step.changes.map(({ path }) => /^[^.[]+/u.exec(path)?.[0] ?? path));
  const coming = step.when === 'now' ? willBecome(live, before).filter((name) => changed.has(name)) : [];
  return coming.length === 0 ? null : `AWS is about to change ${coming.join(', ')} of ${live.identity}`;
}

import type { LiveResource, LiveState, ReadFailure, ReadRefusal } from '../../domain/live.ts';
import type { ResourceTypes } from '../../domain/resource-type.ts';

/** The knowledge about one identity (law 9: unknown is neither absent nor safe). */
export type Known =
  | { readonly state: 'live'; readonly resource: LiveResource }
  /** Still shown by AWS, in a state that is as good as gone. */
  | { readonly state: 'gone'; readonly resource: LiveResource }
  | { readonly state: 'absent' }
  | { readonly state: 'failed'; readonly failure: ReadFailure }
  | { readonly state: 'unread' };

/** Live state by type and identity. */
export interface LiveIndex {
  find(type: string, identity: string): Known;
  /** Everything of a type that is not as good as gone. */
  ofType(type: string): readonly LiveResource[];
  /** Every page of the type was read. */
  isComplete(type: string): boolean;
  /** Why a type could not be listed. */
  listFailure(type: string): ReadFailure | undefined;
  /** Why a part of the resource could not be read, although it exists. */
  failureOf(type: string, identity: string): ReadFailure | undefined;
  /** Every read of a part of the resource that failed. */
  failuresOf(type: string, identity: string): readonly ReadFailure[];
  /** What failed of any resource of the type. */
  failuresOfType(type: string): readonly ReadFailure[];
  /**
   * Reads of the type that AWS refused; where there is none, reads of any type, because facts come from other types
   * too.
   */
  refusalsOf(type: string): readonly ReadRefusal[];
  /** Types of which anything is live. */
  readonly types: readonly string[];
}

const key = (type: string, identity: string): string => `${type}\n${identity}`;

/** Indexes a live state. */
export function indexLive(live: LiveState, types: ResourceTypes): LiveIndex {
  const byIdentity = new Map<string, LiveResource>();
  const byType = new Map<string, LiveResource[]>();
  const isGone = ({ type, state }: LiveResource): boolean => types.get(type)?.rules.goneStates.includes(state) === true;
  for (const resource of live.resources) {
    byIdentity.set(key(resource.type, resource.identity), resource);
    if (isGone(resource)) continue;
    const list = byType.get(resource.type);
    if (list === undefined) byType.set(resource.type, [resource]);
    else list.push(resource);
  }
  const absent = new Set(live.absent.map(({ type, identity }) => key(type, identity)));
  const failures = new Map(live.failures.map((failure) => [key(failure.type, failure.identity ?? ''), failure]));
  const complete = new Set(live.complete);
  return {
    find(type, identity) {
      const resource = byIdentity.get(key(type, identity));
      if (resource !== undefined) return { state: isGone(resource) ? 'gone' : 'live', resource };
      const failure = failures.get(key(type, identity)) ?? failures.get(key(type, ''));
      if (failure !== undefined) return { state: 'failed', failure };
      return absent.has(key(type, identity)) || complete.has(type) ? { state: 'absent' } : { state: 'unread' };
    },
    ofType: (type) => byType.get(type) ?? [],
    isComplete: (type) => complete.has(type),
    listFailure: (type) => failures.get(key(type, '')),
    failureOf: (type, identity) => failures.get(key(type, identity)),
    failuresOf: (type, identity) =>
      live.failures.filter((failure) => failure.type === type && failure.identity === identity),
    failuresOfType: (type) => live.failures.filter((failure) => failure.type === type),
    refusalsOf(type) {
      const all = live.refusals ?? [];
      const own = all.filter((refusal) => refusal.type === type);
      return own.length === 0 ? all : own;
    },
    types: [...byType.keys()],
  };
}

import type { ResourceEntry, RestoreOrder } from '../../domain/change-plan.ts';

/**
 * Claims of a rollback's entry that rest on a journal alone: one sentence each, for the person who confirms it. Pure.
 */
export function unpinnedClaims({
  restore,
  repoint,
  reopen,
}: Pick<ResourceEntry, 'restore' | 'repoint' | 'reopen'>): readonly string[] {
  return [
    ...(reopen === undefined || reopen.pinned === true
      ? []
      : [`only the journal of run ${reopen.run} says how it was before the run put it out of service`]),
    ...(restore === undefined || restore.proven === true
      ? []
      : [
          `only a journal of run ${restore.run} says how it was: nothing that the run wrote into the capture bucket pins that journal`,
        ]),
    ...(restore?.claimant === undefined
      ? []
      : [`${restore.claimant} says by its tag that it came back from this already; another one is made`]),
    ...(restore === undefined || restore.pinned === true || !restsOnEarlier(restore)
      ? []
      : ['only the journal of an earlier rollback says what of it is back already']),
    ...(repoint === undefined || repoint.pinned === true
      ? []
      : [`only the journal of an earlier rollback says that this is what came back of ${repoint.formerIdentity}`]),
  ];
}

/** Whether a restore rests on the journals of earlier rollbacks, beyond what the manifest of the capture proves. */
export const restsOnEarlier = ({ remains, tries, known, formerIncarnation }: RestoreOrder): boolean =>
  (remains !== undefined && remains.incarnation !== formerIncarnation) ||
  (tries ?? []).length > 0 ||
  Object.keys(known ?? {}).length > 0;

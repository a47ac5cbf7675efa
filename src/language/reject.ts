import type { ChangePlan, ResourceEntry } from '../domain/change-plan.ts';
import { exitCodes, UserError } from '../base/error.ts';
import type { Finding } from '../domain/finding.ts';
import { findingAt } from '../domain/finding.ts';
import { quote } from './reader/problems.ts';
import { referencesOf } from './functions/references.ts';

/**
 * The change plan without the entries that the reviewer rejected. A resource to which other entries refer stays as a
 * look-up (`action: read`) where it is live already, so that their references keep their values; a rejected create that
 * others refer to is gone, and planning blocks them (`depends-on-rejected`). `depends_on` no longer names what is gone.
 * Nothing else is touched, so that no other step can appear. The order and repetition of `addresses` do not matter.
 * Pure. Throws UserError `not-rejectable` (exit 3) for an address that no step can have.
 */
export function withoutRejected(changePlan: ChangePlan, addresses: readonly string[]): ChangePlan {
  const rejected = sortedOnce(addresses);
  if (rejected.length === 0) return changePlan;
  refuseUnknown(changePlan, rejected);
  const out = new Set(rejected);
  const referred = referredByOthers(changePlan, out);
  const resources = changePlan.resources.flatMap((entry): readonly ResourceEntry[] => {
    if (!out.has(entry.address)) return [withoutDependencies(entry, out)];
    return referred.has(entry.address) && entry.action !== 'create' ? [asRead(entry)] : [];
  });
  return { ...changePlan, resources, rejected };
}

/**
 * Findings for the reviewer about the entries that are left: those that were to run after a rejected one no longer wait
 * for anything.
 */
export function rejectionFindings(changePlan: ChangePlan, addresses: readonly string[]): readonly Finding[] {
  const out = new Set(addresses);
  return changePlan.resources
    .filter(({ address }) => !out.has(address))
    .flatMap((entry) =>
      entry.dependsOn
        .filter((other) => out.has(other))
        .map((other) =>
          findingAt(
            entry,
            'depends_on',
            'warning',
            'runs-without',
            `was to run after ${quote(other)}, which was rejected, and now runs without it`,
            'reject this step too if it makes no sense alone',
          ),
        ),
    );
}

export const sortedOnce = (addresses: readonly string[]): readonly string[] => [...new Set(addresses)].sort();

function refuseUnknown({ resources }: ChangePlan, rejected: readonly string[]): void {
  const steps = new Set(resources.filter(({ action }) => action !== 'read').map(({ address }) => address));
  const unknown = rejected.find((address) => !steps.has(address));
  if (unknown !== undefined)
    throw new UserError('not-rejectable', `there is no step "${unknown}" to reject`, {
      exitCode: exitCodes.blocked,
      help: 'name the address of a step of this plan',
    });
}

/** Addresses that an entry which stays refers to. */
const referredByOthers = ({ resources }: ChangePlan, out: ReadonlySet<string>): ReadonlySet<string> =>
  new Set(
    resources
      .filter(({ address }) => !out.has(address))
      .flatMap((entry) => referencesOf(entry).map(({ address }) => address)),
  );

/**
 * The resource as it is now, for the references of others; what its author believed and wanted of it goes with the
 * step.
 */
const asRead = ({ address, type, id, find, source, positions }: ResourceEntry): ResourceEntry => ({
  address,
  type,
  action: 'read',
  ...(id === undefined ? {} : { id }),
  ...(find === undefined ? {} : { find }),
  dependsOn: [],
  source,
  positions,
});

/** Nothing waits for what does not happen. */
const withoutDependencies = (entry: ResourceEntry, out: ReadonlySet<string>): ResourceEntry =>
  entry.dependsOn.some((address) => out.has(address))
    ? { ...entry, dependsOn: entry.dependsOn.filter((address) => !out.has(address)) }
    : entry;

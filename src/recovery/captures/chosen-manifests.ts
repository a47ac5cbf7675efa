import { canonical } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
import type { Lying, LyingManifests, RunManifest, CaptureManifest } from '../../domain/records/run-manifest.ts';

/** Knowledge about a run besides its manifests. */
export interface Witnesses {
  /**
   * SHA-256 of every record of the run's journal, where the store has it: a manifest of the run names the record that
   * its journal ended with.
   */
  readonly heads?: ReadonlySet<string>;
  /** Keys of manifests whose backups AWS does not show as taken by that run and step. */
  readonly unproven?: ReadonlySet<string>;
}

/** The manifests of one run that a rollback goes by. */
export interface ChosenManifests {
  readonly whole: RunManifest | null;
  /** ISO time by S3's clock of the first of them; null where there is none. */
  readonly at: string | null;
  /** By step. */
  readonly captures: ReadonlyMap<string, CaptureManifest>;
  /** The others, one sentence each. */
  readonly rivals: readonly { readonly key: string; readonly why: string }[];
}

/**
 * Of several manifests that claim the same, the one to go by. Where the journal is known, those that it knows; else by
 * S3's own times, never by what a manifest says of itself: the plan of a run is written before its first change, so
 * that the first one is its own, and tells of all steps. A resumed run may take a further capture. The newest then
 * counts only where AWS itself shows its backups as taken by that run; of copies in the capture bucket, which anybody
 * may have put there who can write manifests, the first one does. Pure.
 */
export function chosenManifests(
  run: string,
  lying: LyingManifests,
  { heads, unproven = new Set() }: Witnesses = {},
): ChosenManifests {
  const rivals: { key: string; why: string }[] = [];
  const own = <Manifest extends { readonly run: string; readonly journalHead: string }>(
    all: readonly Lying<Manifest>[],
  ): readonly Lying<Manifest>[] =>
    all
      .filter(({ manifest }) => manifest.run === run)
      .filter(
        ({ key, manifest }) =>
          heads === undefined ||
          heads.has(manifest.journalHead) ||
          !rivals.push({ key, why: 'the journal of the run never ended with the record that it names' }),
      )
      .toSorted((a, b) => (a.written < b.written ? -1 : a.written > b.written ? 1 : a.key < b.key ? -1 : 1));
  const sessions = own(lying.runs);
  const [whole, ...later] = sessions;
  const digests = new Set(sessions.map(({ manifest: { plan } }) => plan.digest));
  // The journal bears out what a resumed run wrote down once more; the first one tells of all its steps.
  for (const { key, written, manifest } of heads === undefined ? later : []) {
    const session = manifest.plan.resumes === run ? '; it says that it is of a later session of the run' : '';
    rivals.push({
      key,
      why: `it was written at ${written}, after ${whole?.key ?? ''}, which is of ${whole?.written ?? ''}${session}`,
    });
  }
  const captures = new Map<string, CaptureManifest>();
  let at = whole?.written ?? null;
  for (const [step, all] of groupedByStep(own(lying.captures))) {
    const fitting = all.filter(({ key, manifest }) => {
      const why =
        misfit(manifest, whole?.manifest ?? null, digests) ??
        (unproven.has(key) ? 'AWS shows no backup that this run and step have taken' : null);
      if (why !== null) rivals.push({ key, why });
      return why === null;
    });
    const found =
      heads !== undefined
        ? fitting.at(-1)
        : fitting[0]?.manifest.capture?.how === 'native'
          ? fitting.findLast(({ manifest }) => manifest.capture?.how === 'native')
          : fitting[0];
    if (found === undefined) continue;
    captures.set(step, found.manifest);
    if (at === null || found.written < at) at = found.written;
    for (const { key, written, manifest } of fitting)
      if (!sameClaim(manifest, found.manifest))
        rivals.push({
          key,
          why: `it was written at ${written} and tells of "${step}" otherwise than ${found.key}, which is of ${found.written}`,
        });
  }
  return { whole: whole?.manifest ?? null, at, captures, rivals };
}

function groupedByStep(all: readonly Lying<CaptureManifest>[]): ReadonlyMap<string, readonly Lying<CaptureManifest>[]> {
  const groups = new Map<string, Lying<CaptureManifest>[]>();
  for (const one of all) groups.set(one.manifest.step, [...(groups.get(one.manifest.step) ?? []), one]);
  return groups;
}

const sameClaim = (one: CaptureManifest, other: CaptureManifest): boolean =>
  canonical([one.capture, one.before ?? one.live] as unknown as Json) ===
  canonical([other.capture, other.before ?? other.live] as unknown as Json);

/** Why a capture does not belong to the plan that its run wrote down first, or null. */
function misfit(
  { step, planDigest, live, before, target }: CaptureManifest,
  whole: RunManifest | null,
  digests: ReadonlySet<string>,
): string | null {
  if (whole === null) return null;
  const planned = whole.plan.steps.find(({ id }) => id === step);
  if (planned === undefined) return `the plan of its run has no step "${step}"`;
  // A resumed run wrote down once more what was left of its plan.
  if (!digests.has(planDigest)) return 'it names another plan than its run';
  if (target.account !== whole.target.account || target.region !== whole.target.region)
    return 'it names another account or region than its run';
  const known = whole.befores.find((one) => one.step === step)?.live;
  for (const claimed of [live, before ?? live]) {
    if (
      claimed.type !== planned.type ||
      (known !== undefined &&
        known !== null &&
        (claimed.identity !== known.identity || claimed.incarnation !== known.incarnation))
    )
      return `it is of ${claimed.type} "${claimed.identity}", and the run was about to change ${planned.type} "${known?.identity ?? planned.identity ?? ''}"`;
  }
  return null;
}

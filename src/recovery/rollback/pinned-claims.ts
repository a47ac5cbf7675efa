import type { ChangePlan, ReopenOrder, ResourceEntry, RestoreOrder } from '../../domain/change-plan.ts';
import { canonical, sha256 } from '../../base/digest.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { Json } from '../../base/json.ts';
import type { RunEnd } from '../../domain/records/run-end.ts';
import type { CaptureManifest, Lying, RunManifest } from '../../domain/records/run-manifest.ts';
import { pinningEnds } from '../../run/apply/run-end.ts';
import { restsOnEarlier } from '../../plan/steps/unpinned-claims.ts';

/** A journal, and what the capture bucket keeps of the ends of its run. */
interface PinnedJournal {
  readonly records: readonly JournalRecord[];
  readonly ends: readonly RunEnd[];
}

/** The evidence of the capture bucket for a rollback. */
export interface Pins {
  readonly own: PinnedJournal;
  /** The journals of the earlier rollbacks of the run. */
  readonly earlier: readonly PinnedJournal[];
  /** The records that the run wrote there before its first change. */
  readonly runs: readonly Lying<RunManifest>[];
  /** What it wrote there before each destruction. */
  readonly captures: readonly Lying<CaptureManifest>[];
}

/** Whether any entry does something by the word of a journal that the capture bucket has to bear out. Pure. */
export const needsPins = ({
  resources,
}: ChangePlan): { readonly own: boolean; readonly earlier: boolean; readonly runs: boolean } => ({
  own: resources.some(
    ({ action, reopen, properties }) => action === 'delete' || reopen !== undefined || properties !== undefined,
  ),
  earlier: resources.some(
    ({ restore, repoint }) => repoint !== undefined || (restore !== undefined && restsOnEarlier(restore)),
  ),
  runs: resources.some(({ reopen, restore }) => reopen !== undefined || restore !== undefined),
});

/**
 * The change plan of a rollback, each entry with what the capture bucket bears out of it. Only a journal that the run's
 * end there pins lets the run's approval cover a deletion or the removal of a tag; only what is listed there was made
 * by the run. Pure.
 */
export function withPins(changePlan: ChangePlan, { own, earlier, runs, captures }: Pins): ChangePlan {
  const pinning = pinningEnds(own.records, own.ends);
  const isOwn = pinning.length > 0;
  const isEarlier = isOwn && earlier.every(({ records, ends }) => pinningEnds(records, ends).length > 0);
  const made = new Map(pinning.flatMap((end) => end.made).map((item) => [`${item.type} ${item.identity}`, item]));
  const first = runs.toSorted((a, b) => (a.written < b.written ? -1 : 1))[0]?.manifest;
  const heads = new Set(captures.length === 0 ? [] : own.records.map((record) => sha256(canonical(record))));
  // A manifest names the record that the journal ended with right before the destruction.
  const isProven = (order: RestoreOrder): boolean =>
    isOwn ||
    captures.some(
      ({ manifest }) =>
        manifest.run === order.run &&
        manifest.step === order.step &&
        heads.has(manifest.journalHead) &&
        canonical(manifest.capture ?? null) === canonical(order.capture),
    );
  const pinnedOrder = (order: RestoreOrder): RestoreOrder => ({
    ...order,
    ...(isEarlier ? { pinned: true } : {}),
    ...(isProven(order) ? { proven: true } : {}),
  });
  return {
    ...changePlan,
    resources: changePlan.resources.map((entry): ResourceEntry => {
      const found =
        isOwn && entry.action === 'delete' && entry.id !== undefined
          ? made.get(`${entry.type} ${entry.id}`)
          : undefined;
      return {
        ...entry,
        ...(isOwn ? { pinned: true } : {}),
        ...(found === undefined ? {} : { made: { incarnation: found.incarnation } }),
        ...(entry.restore === undefined ? {} : { restore: pinnedOrder(entry.restore) }),
        ...(entry.repoint === undefined ? {} : { repoint: pinnedOrder(entry.repoint) }),
        ...(entry.reopen !== undefined && (isOwn || bearsOut(first, entry.reopen))
          ? { reopen: { ...entry.reopen, pinned: true } }
          : {}),
      };
    }),
  };
}

/**
 * Whether the record that the run wrote into the capture bucket before its first change says the same of the resource
 * and of its capture.
 */
function bearsOut(manifest: RunManifest | undefined, { run, step, live, capture }: ReopenOrder): boolean {
  const before = manifest?.run === run ? manifest.befores.find((one) => one.step === step) : undefined;
  const kept = manifest?.captures[step];
  return (
    before !== undefined &&
    canonical(before.live) === canonical(live) &&
    (capture === null || (kept !== undefined && canonical(kept) === canonical(capture as Json)))
  );
}

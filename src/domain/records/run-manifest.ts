import type { JournalRecord } from './journal.ts';
import type { Target, LiveResource } from '../live.ts';
import type { Plan } from '../plan.ts';
import type { ResourceEntry } from '../change-plan.ts';
import type { Capture } from '../capture-plan.ts';

type Before = Extract<JournalRecord, { kind: 'before' }>;

/**
 * The record of a run in the capture bucket, written before its first change: its plan, and the state before of
 * everything that it will change. With the manifests beside the captures a run can be rolled back even where the store
 * with its journal is lost.
 */
export interface RunManifest {
  readonly format: 'aiplan/run@1';
  readonly run: string;
  readonly at: string;
  readonly target: Target;
  /** As in the journal: changes without the author's text of a sensitive property. */
  readonly plan: Plan;
  /** SHA-256 of the newest line of the run's journal: ties the manifest to the chain. */
  readonly journalHead: string;
  /** By step, in plan order. */
  readonly befores: readonly Pick<Before, 'step' | 'live' | 'entry' | 'changes'>[];
  /**
   * The captures that were taken and verified by then, by step; what is taken right before a destruction has a manifest
   * of its own.
   */
  readonly captures: Readonly<Record<string, Capture>>;
}

/** A manifest as it lies in the capture bucket. `written`: ISO time by S3's clock of the version that was read. */
export interface Lying<Manifest> {
  readonly key: string;
  readonly written: string;
  readonly manifest: Manifest;
}

/** The manifests of runs in the capture bucket, as far as they can be understood. */
export interface LyingManifests {
  readonly runs: readonly Lying<RunManifest>[];
  readonly captures: readonly Lying<CaptureManifest>[];
  /** Objects below `manifests/` that are no manifest of this version, and why: they stop and hide nothing else. */
  readonly leftOut: readonly { readonly key: string; readonly why: string }[];
  /**
   * Manifests that somebody wrote over or deleted; what was read is the version that was written first. `at`: ISO time
   * by S3's clock.
   */
  readonly touched: readonly { readonly key: string; readonly how: 'overwritten' | 'deleted'; readonly at: string }[];
}

/**
 * The manifest that lies beside the data in AWS before a destruction: a restore works from this alone (DESIGN section
 * 8).
 */
export interface CaptureManifest {
  readonly format: 'aiplan/capture@1';
  readonly run: string;
  readonly step: string;
  readonly at: string;
  readonly target: Target;
  readonly planName: string;
  readonly planDigest: string;
  /** SHA-256 of the newest line of the run's journal: ties the manifest to the chain. */
  readonly journalHead: string;
  readonly live: LiveResource;
  /**
   * The resource as the journal has it, before anything of the step; a rollback's journal must agree with it (law 13).
   */
  readonly before?: LiveResource;
  readonly entry: ResourceEntry;
  /** Null where nothing but the configuration can be captured. */
  readonly capture: Capture | null;
  readonly expires: string;
}

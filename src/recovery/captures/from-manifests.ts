import type { Approval } from '../../domain/approval.ts';
import type { JournalEntry, JournalRecord } from '../../domain/records/journal.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import type { LyingManifests, CaptureManifest } from '../../domain/records/run-manifest.ts';
import { chosenManifests, type ChosenManifests } from './chosen-manifests.ts';
import { opOf } from '../../plan/steps/preview-context.ts';
import { removing } from '../../history/journal-reading.ts';

/** A run that the capture bucket knows of. */
export interface KeptRun {
  readonly run: string;
  /** ISO time, by S3's clock, at which it was about to change the first thing. */
  readonly at: string;
  readonly planName: string;
  readonly rollbackOf: string | null;
  readonly steps: number;
  /** Its plan is there. Without it only what it destroyed is known, and what its tags tell. */
  readonly whole: boolean;
}

/** The runs of which the capture bucket holds manifests, newest first by S3's clock. Pure. */
export function keptRuns({ runs, captures }: LyingManifests): readonly KeptRun[] {
  const found = new Map<string, KeptRun>();
  // The version that was written first is the run's own: nobody can write before it.
  for (const {
    written: at,
    manifest: { run, plan },
  } of byTime(runs)) {
    if (!found.has(run))
      found.set(run, {
        run,
        at,
        planName: plan.name,
        rollbackOf: plan.rollbackOf ?? null,
        steps: plan.steps.length,
        whole: true,
      });
  }
  for (const {
    written: at,
    manifest: { run, planName },
  } of byTime(captures)) {
    const known = found.get(run);
    if (known === undefined) found.set(run, { run, at, planName, rollbackOf: null, steps: 1, whole: false });
    else if (!known.whole) found.set(run, { ...known, steps: known.steps + 1 });
  }
  return [...found.values()].sort((a, b) => (a.at < b.at ? 1 : -1));
}

const byTime = <Item extends { readonly written: string }>(items: readonly Item[]): readonly Item[] =>
  items.toSorted((a, b) => (a.written < b.written ? -1 : a.written > b.written ? 1 : 0));

/**
 * The live resources that carry the ownership tags of a run: its `aiplan:op` fits its `aiplan:resource`. A hint, held
 * against AWS as a journal's claim is. Pure.
 */
export const madeByTag = (run: string, live: readonly LiveResource[]): readonly LiveResource[] =>
  live.filter(
    ({ systemTags }) =>
      systemTags['aiplan:resource'] !== undefined &&
      systemTags['aiplan:op'] === opOf(run, systemTags['aiplan:resource']),
  );

/**
 * A run's journal as far as the capture bucket tells it: every step may have been begun, and none is known to have
 * ended. A rollback that holds it against AWS shows what really happened (law 13). `made`: what `madeByTag` found, for
 * a run whose plan was not kept. Empty where the bucket knows nothing of the run. Pure.
 */
export function recordsFrom(
  run: string,
  lying: LyingManifests,
  made: readonly LiveResource[] = [],
  chosen: ChosenManifests = chosenManifests(run, lying),
): readonly JournalRecord[] {
  const captures = [...chosen.captures.values()];
  const { whole } = chosen;
  const first = whole ?? captures[0];
  if (first === undefined) return [];
  const plan = whole?.plan ?? planFrom(captures, made);
  const entries: JournalEntry[] = [
    {
      kind: 'begin',
      format: 'aiplan/journal@1',
      run,
      command: plan.rollbackOf === null ? 'apply' : 'rollback',
      target: first.target,
      plan,
      approval: unknownApproval(plan),
    },
  ];
  let call = 0;
  for (const step of plan.steps) {
    if (step.action === 'keep') continue;
    const kept = chosen.captures.get(step.id);
    const known = whole?.befores.find((before) => before.step === step.id);
    const before = kept?.before ?? kept?.live ?? known?.live ?? null;
    const entry = known?.entry ?? kept?.entry;
    if (entry !== undefined)
      entries.push({ kind: 'before', step: step.id, live: before, entry, changes: known?.changes ?? step.changes });
    entries.push({
      kind: 'step',
      step: step.id,
      state: 'started',
      identity: step.action === 'create' ? null : step.identity,
      after: null,
      message: null,
    });
    const sent = (purpose: 'quiesce' | 'change'): void => {
      entries.push({
        kind: 'intent-batch',
        step: step.id,
        call: (call += 1),
        purpose,
        text: 'may have been sent',
        count: 0,
        digest: '',
        operations: [],
      });
    };
    const destroys = step.action === 'delete' || step.action === 'replace';
    if (destroys) sent('quiesce');
    const early = whole?.captures[step.id];
    if (early !== undefined)
      entries.push({ kind: 'captured', step: step.id, capture: early, verified: true, problems: [] });
    if (kept !== undefined && kept.capture !== null)
      entries.push({ kind: 'captured', step: step.id, capture: kept.capture, verified: true, problems: [] });
    // The manifest is the last thing before a removal begins.
    if (destroys && kept !== undefined)
      entries.push({
        kind: 'step',
        step: step.id,
        state: 'started',
        identity: step.identity,
        after: null,
        message: removing,
      });
    if (!destroys || kept !== undefined) sent('change');
  }
  return entries.map((entry, index): JournalRecord => ({
    seq: index + 1,
    prev: '',
    at: chosen.at ?? first.at,
    ...entry,
  }));
}

/** Nobody's word is known any more. */
const unknownApproval = ({ digest, name, target, createdAt }: Plan): Approval => ({
  format: 'aiplan/approval@1',
  planDigest: digest,
  planName: name,
  target,
  nonce: '',
  createdAt,
  expiresAt: createdAt,
  tier: 'none',
  by: 'unknown',
  confirmations: [],
  typedName: null,
});

/** A plan of what is known of a run without one: what was about to be destroyed, and what carries its tags. */
function planFrom(captures: readonly CaptureManifest[], made: readonly LiveResource[]): Plan {
  const first = captures[0] as CaptureManifest;
  const steps = [
    ...made.map((live) => bareStep(live.systemTags['aiplan:resource'] ?? '', live.type, 'create', null)),
    ...captures.map(({ step, live, entry }) =>
      bareStep(step, live.type, entry.action === 'read' ? 'update' : entry.action, live),
    ),
  ];
  const byId = new Map(steps.map((step) => [step.id, step]));
  return {
    format: 'aiplan/plan@1',
    digest: first.planDigest,
    name: first.planName,
    intent: '',
    target: first.target,
    createdAt: first.at,
    expiresAt: first.at,
    changePlan: '',
    configuration: {},
    recorded: false,
    rollbackOf: null,
    assume: [],
    author: {},
    steps: [...byId.values()],
    findings: [],
    summary: { create: 0, update: 0, replace: 0, delete: 0, keep: 0, blocked: 0, destructions: 0, grants: 0 },
  };
}

const bareStep = (
  id: string,
  type: string,
  action: 'create' | 'update' | 'replace' | 'delete',
  live: LiveResource | null,
): Step => ({
  id,
  type,
  identity: live?.identity ?? null,
  digest: '',
  action,
  declared: action,
  blocked: false,
  changes: [],
  confirm: null,
  destruction: null,
  grant: null,
  evidence: { binding: {}, observed: {} },
  capture: { how: 'none', what: '' },
  recoverability: { level: 'reversible', loses: [] },
  calls: [],
  dependsOn: [],
  source: { line: 1, column: 1 },
  reason: null,
  acceptLoss: null,
  incarnation: live?.incarnation ?? null,
  interrupts: false,
  oneWay: [],
  when: null,
  leftovers: [],
});

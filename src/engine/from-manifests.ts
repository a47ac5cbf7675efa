import type { Approval } from '../model/approval.ts';
import type { JournalEntry, JournalRecord } from '../model/journal.ts';
import { isObject, type Json, type JsonObject } from '../model/json.ts';
import type { LiveResource } from '../model/live.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { CaptureManifest } from '../model/ports.ts';
import type { RunManifest } from '../model/run-manifest.ts';
import { opOf } from './context.ts';
import { removing } from './report.ts';

/** A run that the capture bucket knows of. */
export interface KeptRun {
  readonly run: string;
  /** ISO time at which it was about to change the first thing. */
  readonly at: string;
  readonly planName: string;
  readonly rollbackOf: string | null;
  readonly steps: number;
  /** Its plan is there. Without it only what it destroyed is known, and what its tags tell. */
  readonly whole: boolean;
}

const isRunManifest = (value: Json): value is RunManifest & JsonObject => isObject(value) && value['format'] === 'aiplan/run@1' && typeof value['run'] === 'string' && isObject(value['plan']) && Array.isArray(value['befores']) && isObject(value['captures']);
const isCaptureManifest = (value: Json): value is CaptureManifest & JsonObject => isObject(value) && value['format'] === 'aiplan/capture@1' && typeof value['run'] === 'string' && typeof value['step'] === 'string' && isObject(value['live']) && isObject(value['entry']);

/** The runs of which the capture bucket holds manifests, newest first. Pure. */
export function keptRuns(manifests: readonly Json[]): readonly KeptRun[] {
  const found = new Map<string, KeptRun>();
  for (const manifest of manifests.filter(isRunManifest)) {
    const { run, at, plan } = manifest;
    found.set(run, { run, at, planName: plan.name, rollbackOf: plan.rollbackOf ?? null, steps: plan.steps.length, whole: true });
  }
  for (const { run, at, planName } of manifests.filter(isCaptureManifest)) if (!found.has(run)) found.set(run, { run, at, planName, rollbackOf: null, steps: manifests.filter(isCaptureManifest).filter((other) => other.run === run).length, whole: false });
  return [...found.values()].sort((a, b) => (a.at < b.at ? 1 : -1));
}

/** What is live that carries the ownership tags of a run: its `aiplan:op` fits its `aiplan:resource`. A hint, held against AWS as a journal's claim is. Pure. */
export const madeByTag = (run: string, live: readonly LiveResource[]): readonly LiveResource[] =>
  live.filter(({ systemTags }) => systemTags['aiplan:resource'] !== undefined && systemTags['aiplan:op'] === opOf(run, systemTags['aiplan:resource']));

/**
 * A run's journal as far as the capture bucket tells it: every step may have been begun, and none is known to have ended. What really
 * happened shows when a rollback holds it against AWS (law 13). `made`: what `madeByTag` found, for a run whose plan was not
 * kept. Empty where the bucket knows nothing of the run. Pure.
 */
export function recordsFrom(run: string, manifests: readonly Json[], made: readonly LiveResource[] = []): readonly JournalRecord[] {
  const captures = manifests.filter(isCaptureManifest).filter((manifest) => manifest.run === run).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const whole = manifests.filter(isRunManifest).filter((manifest) => manifest.run === run).toSorted((a, b) => (a.at < b.at ? -1 : 1)).at(-1);
  const first = whole ?? captures[0];
  if (first === undefined) return [];
  const plan = whole?.plan ?? planFrom(captures, made);
  const entries: JournalEntry[] = [{ kind: 'begin', format: 'aiplan/journal@1', run, command: plan.rollbackOf === null ? 'apply' : 'rollback', target: first.target, plan, approval: unknownApproval(plan) }];
  let call = 0;
  for (const step of plan.steps) {
    if (step.action === 'keep') continue;
    const own = captures.filter((manifest) => manifest.step === step.id);
    const kept = own.at(-1);
    const known = whole?.befores.find((before) => before.step === step.id);
    const before = kept?.before ?? kept?.live ?? known?.live ?? null;
    const entry = known?.entry ?? kept?.entry;
    if (entry !== undefined) entries.push({ kind: 'before', step: step.id, live: before, entry, changes: known?.changes ?? step.changes });
    entries.push({ kind: 'step', step: step.id, state: 'started', identity: step.action === 'create' ? null : step.identity, after: null, message: null });
    const sent = (purpose: 'quiesce' | 'change'): void => { entries.push({ kind: 'intent-batch', step: step.id, call: call += 1, purpose, text: 'may have been sent', count: 0, digest: '', operations: [] }); };
    const destroys = step.action === 'delete' || step.action === 'replace';
    if (destroys) sent('quiesce');
    const early = whole?.captures[step.id];
    if (early !== undefined) entries.push({ kind: 'captured', step: step.id, capture: early, verified: true, problems: [] });
    for (const { capture } of own) if (capture !== null) entries.push({ kind: 'captured', step: step.id, capture, verified: true, problems: [] });
    // The manifest is the last thing before a removal begins.
    if (destroys && kept !== undefined) entries.push({ kind: 'step', step: step.id, state: 'started', identity: step.identity, after: null, message: removing });
    if (!destroys || kept !== undefined) sent('change');
  }
  return entries.map((entry, index): JournalRecord => ({ seq: index + 1, prev: '', at: first.at, ...entry }));
}

/** Nobody's word is known any more. */
const unknownApproval = ({ digest, name, target, createdAt }: Plan): Approval =>
  ({ format: 'aiplan/approval@1', planDigest: digest, planName: name, target, nonce: '', createdAt, expiresAt: createdAt, tier: 'none', by: 'unknown', confirmations: [], typedName: null });

/** A plan of what is known of a run without one: what was about to be destroyed, and what carries its tags. */
function planFrom(captures: readonly CaptureManifest[], made: readonly LiveResource[]): Plan {
  const first = captures[0] as CaptureManifest;
  const steps = [...made.map((live) => bareStep(live.systemTags['aiplan:resource'] ?? '', live.type, 'create', null)), ...captures.map(({ step, live, entry }) => bareStep(step, live.type, entry.action === 'read' ? 'update' : entry.action, live))];
  const byId = new Map(steps.map((step) => [step.id, step]));
  return {
    format: 'aiplan/plan@1', digest: first.planDigest, name: first.planName, intent: '', target: first.target, createdAt: first.at, expiresAt: first.at, changePlan: '', configuration: {},
    recorded: false, rollbackOf: null, assume: [], author: {}, steps: [...byId.values()], findings: [],
    summary: { create: 0, update: 0, replace: 0, delete: 0, keep: 0, blocked: 0, destructions: 0, grants: 0 },
  };
}

const bareStep = (id: string, type: string, action: 'create' | 'update' | 'replace' | 'delete', live: LiveResource | null): Step => ({
  id, type, identity: live?.identity ?? null, digest: '', action, declared: action, blocked: false, changes: [], confirm: null, destruction: null, grant: null, evidence: { binding: {}, observed: {} },
  capture: { how: 'none', what: '' }, recoverability: { level: 'reversible', loses: [] }, calls: [], dependsOn: [], source: { line: 1, column: 1 }, reason: null, acceptLoss: null,
  incarnation: live?.incarnation ?? null, interrupts: false, oneWay: [], when: null, leftovers: [],
});

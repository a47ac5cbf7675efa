import type { Approval } from '../../domain/approval.ts';
import type { Call, Program } from '../../domain/call.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { UserError } from '../../base/error.ts';
import type { Stage } from '../../domain/records/event.ts';
import type { CallPurpose, Phase } from '../../domain/records/journal.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { Planned, Step, StepWork } from '../../domain/plan.ts';
import type { ApplyPorts } from '../../domain/records/ports.ts';
import type { ResourceType, StepContext, RuleScene } from '../../domain/resource-type.ts';
import { contextFor } from '../../plan/steps/preview-context.ts';
import { namesIn } from '../../plan/refresh/evidence.ts';
import { permitFor } from './permit.ts';
import { runProgram, type Execution } from '../executor/execute.ts';
import type { Owned } from '../drift/own-drift.ts';
import { ownEffects, type OwnEffects } from '../drift/own-effects.ts';
import { StepFailed } from '../executor/interruptions.ts';
import { judgeValues } from '../../plan/guardrails/index.ts';
import { rejudge } from '../../plan/classify/rejudge.ts';
import { paceOf } from '../../domain/records/poll-intervals.ts';
import { preview } from '../../plan/steps/preview.ts';
import { redacted, sensitiveNames } from '../../domain/redact.ts';
import type { History } from '../../history/step-history.ts';
import { resolveReferences, unknownOf, valueAt, type Reference } from '../../plan/diff/references.ts';
import { holdsSecret } from '../../plan/graph/resolve.ts';
import { oneAtATime } from '../executor/schedule.ts';
import type { CallState } from '../executor/send.ts';
import { sharedReads, type SharedReads } from '../executor/shared-reads.ts';
import type { AttributeChange } from '../../domain/attribute-change.ts';
import type { Capture } from '../../domain/capture-plan.ts';

/** One execution of an approved plan: what its phases share. */
export interface Run {
  readonly ports: ApplyPorts;
  /** As planned again in this run. */
  readonly planned: Planned;
  readonly approval: Approval;
  readonly steps: ReadonlyMap<string, Step>;
  readonly startedAt: string;
  /** 1, and one more each time that a person resumes the run. */
  readonly session: number;
  readonly calls: CallState;
  /** Whole resources, read together for steps that overlap. */
  readonly reads: SharedReads;
  /** The resources to which references resolve: address → resource as it is now in this run. */
  readonly outputs: Map<string, LiveResource>;
  /** Old → new identities of this run's restores. */
  readonly map: Map<string, string>;
  /** The effects of this run so far: the checks of its other steps know them. */
  readonly effects: OwnEffects;
  /** Verified captures of this run, by step. */
  readonly captures: Map<string, Capture>;
  /** The histories of earlier sessions of the run; empty in its first. */
  readonly histories: readonly History[];
  /** The full resource of each step as last written to the journal. */
  readonly befores: Map<string, LiveResource | null>;
  /** Steps that restored something which names what a later step restores: compared again when all of it is back. */
  readonly awaiting: Map<string, string>;
}

/** A step with everything that belongs to it. */
export interface Task {
  readonly step: Step;
  readonly work: StepWork;
  readonly type: ResourceType;
}

/** How a step ended: `pending` when AWS accepted a change and makes it later. */
export interface StepEnd {
  readonly state: 'done' | 'pending';
  readonly identity: string | null;
  readonly after: LiveResource | null;
  readonly message: string | null;
}

export function beginRun(planned: Planned, approval: Approval, ports: ApplyPorts): Run {
  const outputs = new Map<string, LiveResource>(planned.reads);
  const map = new Map<string, string>();
  const turn = oneAtATime();
  for (const [address, { live, entry }] of planned.work) {
    for (const [from, to] of Object.entries({ ...entry.restore?.known, ...entry.repoint?.known })) map.set(from, to);
    if (live === null) continue;
    outputs.set(address, live);
    if (entry.repoint !== undefined) map.set(entry.repoint.formerIdentity, live.identity);
  }
  return {
    ports,
    planned,
    approval,
    outputs,
    steps: new Map(planned.plan.steps.map((step) => [step.id, step])),
    startedAt: new Date(ports.clock.now()).toISOString(),
    session: 1,
    calls: { calls: 0, fresh: new Map(), turn, failing: false },
    reads: sharedReads(ports, turn),
    map,
    effects: ownEffects(),
    awaiting: new Map(),
    captures: new Map(),
    befores: new Map(),
    histories: [],
  };
}

/** The steps that change something, in plan order. Throws StepFailed for a type or work that is missing. */
export function tasksOf({ planned, ports }: Pick<Run, 'planned' | 'ports'>): readonly Task[] {
  const acts = (step: Step): boolean => {
    const entry = planned.work.get(step.id)?.entry;
    return step.action !== 'keep' || entry?.reopen !== undefined || entry?.repoint !== undefined;
  };
  return planned.plan.steps.filter(acts).map((step) => {
    const work = planned.work.get(step.id);
    const type = ports.types.get(step.type);
    if (work === undefined || type === undefined)
      throw new StepFailed(`step "${step.id}" of type "${step.type}" cannot be carried out by this version`);
    return { step, work, type };
  });
}

/** The run's effects and types, for the checks of a step. */
export const ownedBy = ({ effects, ports: { types, schemas } }: Pick<Run, 'effects' | 'ports'>): Owned => ({
  effects: effects.all,
  types,
  schemas,
});

/** Declares a phase: in the journal, then to whoever watches. */
export async function enter({ ports }: Pick<Run, 'ports'>, phase: Phase): Promise<void> {
  await ports.journal.append({ kind: 'phase', phase });
  ports.emit({ kind: 'phase', phase });
}

/** From here on the journal knows what was made, whatever happens next. */
export async function noteNew({ ports, calls, effects, steps }: Run, step: string, identity: string): Promise<void> {
  await ports.journal.append({ kind: 'step', step, state: 'started', identity, after: null, message: null });
  calls.fresh.set(identity, ports.clock.now() + paceOf(ports.pace).consistency);
  const { type, restores } = steps.get(step) ?? {};
  if (type !== undefined)
    effects.note({
      type,
      identity,
      what: 'made',
      before: null,
      after: null,
      wanted: null,
      ...(restores === undefined ? {} : { restored: true }),
    });
}

/** A finding: in the journal, then to whoever watches. */
export async function recordFinding(
  { ports }: Pick<Run, 'ports'>,
  step: string | null,
  code: string,
  message: string,
): Promise<void> {
  await ports.journal.append({ kind: 'finding', step, code, message });
  ports.emit({ kind: 'finding', step, code, text: message });
}

/**
 * The context that the programs of a step get now. References that cannot be resolved yet become `$unknown` where
 * `lenient` (checks before the first step), else StepFailed is thrown. Identities of restored things are replaced by
 * the new ones.
 */
export function contextOf(
  run: Run,
  task: Task,
  live: LiveResource | null,
  options: { readonly lenient?: boolean; readonly action?: 'create' | 'update' | 'replace' | 'delete' } = {},
): StepContext {
  const { planned, ports, map } = run;
  const { step, work } = task;
  const remap = (identity: string): string => map.get(identity) ?? identity;
  const found = resolveReferences(
    work.desired,
    (reference) => resolved(run, reference, options.lenient === true),
    refuseFunction(step),
  ) as JsonObject;
  const desired = remapped(
    options.lenient === true || found === work.desired ? found : judgedAgain(run, task, live, found),
    map,
  ) as JsonObject;
  const capture = run.captures.get(step.id);
  const context = contextFor({
    run: ports.journal.run,
    planName: planned.plan.name,
    target: planned.plan.target,
    configuration: planned.plan.configuration as unknown as Pick<Configuration, 'capture'>,
    now: run.startedAt,
    entry: work.entry,
    live,
    desired,
    changes: step.changes,
    action: options.action ?? actionOf(step),
    destruction: step.destruction !== null,
    remap,
    session: run.session,
    ...earlierOf(run, task),
    ...returningIn(run, task),
  });
  return {
    ...context,
    ...(capture === undefined ? {} : { capture }),
    ...(acceptsLoss(run, step) ? { acceptLoss: step.acceptLoss ?? '' } : {}),
  };
}

/** What a rule may know beside the resource that it judges, in this run. */
export const sceneOf = ({ planned, outputs }: Run, { work }: Task): Omit<RuleScene, 'after'> => ({
  account: planned.plan.target.account,
  ...(work.entry.pinned === true ? { undoes: true } : {}),
  find: (name, identity) => [...outputs.values()].find((known) => known.type === name && known.identity === identity),
});

/** Judges values that were not known when the person confirmed, by the same rules, before the step sends anything. */
function judgedAgain(run: Run, task: Task, live: LiveResource | null, found: JsonObject): JsonObject {
  const { ports, planned } = run;
  const { step, work, type } = task;
  const { desired, problems: unseen } = rejudge({
    type,
    schema: ports.schemas(type.type),
    action: step.action === 'create' || step.action === 'replace' ? step.action : 'update',
    planned: work.desired,
    unknown: resolveReferences(work.desired, unknownOf, () => null) as JsonObject,
    resolved: found,
    plannedLive: work.live,
    live: live ?? work.live,
    expect: work.entry.expect,
    scene: sceneOf(run, task),
  });
  const { configuration, plan } = planned;
  const judged = { step, entry: work.entry, desired, nameProperty: type.rules.nameProperty ?? null };
  const problems = [
    ...unseen,
    ...judgeValues(judged, { configuration, target: plan.target, steps: [] }).map(({ message }) => message),
  ];
  if (problems.length === 0) return desired;
  throw new StepFailed(
    `values of "${step.id}" that are known only now come to what nobody confirmed, so nothing of it was sent: ${problems.join('; ')}`,
  );
}

/** The author accepted the loss and the person typed it; or the approval of the first run covers it. */
const acceptsLoss = ({ approval }: Run, step: Step): boolean =>
  step.acceptLoss !== null &&
  step.recoverability.level === 'irreversible' &&
  (step.coveredBy !== undefined ||
    approval.confirmations.some((confirmation) => confirmation.step === step.id && confirmation.typedLoss !== null));

export const actionOf = (step: Step): 'create' | 'update' | 'replace' | 'delete' =>
  step.action === 'keep' ? 'update' : step.action;

/** A function that does not take what another step of the run gave: nothing is sent. */
const refuseFunction =
  (step: Step) =>
  (at: string, problem: string): never => {
    throw new UserError('function-argument', `step "${step.id}": ${at}: ${problem}`, {
      help: 'correct the change plan; `aiplan rollback` undoes what was done',
    });
  };

function resolved({ outputs }: Run, reference: Reference, lenient: boolean): Json {
  const { address, path } = reference;
  const output = outputs.get(address);
  const value =
    output === undefined
      ? undefined
      : path === null
        ? output.identity
        : (valueAt(output.attributes, path) ?? valueAt(output.properties, path));
  if (holdsSecret(value)) throw new StepFailed(`"${address}.${path ?? ''}" is secret and cannot be referred to`);
  if (value !== undefined) return value;
  if (lenient) return unknownOf(reference);
  throw new StepFailed(`the reference to "${address}${path === null ? '' : `.${path}`}" has no value`);
}

/** The value with every text that is a former identity replaced by the new one. */
export function remapped(value: Json, map: ReadonlyMap<string, string>): Json {
  if (map.size === 0) return value;
  if (typeof value === 'string') return map.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item: Json) => remapped(item, map));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, remapped(item ?? null, map)]));
}

/** Resources that other steps of the run restore, by their former identities. */
function returningIn({ planned }: Run, { step }: Task): Pick<StepContext, 'returning'> {
  const returning = [...planned.work].flatMap(([address, { entry }]) =>
    address === step.id || entry.restore === undefined ? [] : [entry.restore.formerIdentity],
  );
  return returning.length === 0 ? {} : { returning };
}

/**
 * As the planner told the previews: what the steps that this one waits for delete, what stops naming its resource, and
 * which later victims name it still.
 */
function earlierOf(
  { planned, ports, steps }: Run,
  { step, work }: Task,
): {
  readonly deletedBefore: readonly string[];
  readonly releasedBefore: readonly string[];
  readonly deletedAfter: readonly string[];
} {
  const deleted: string[] = [];
  const released: string[] = [];
  // A rollback runs exactly in its order.
  const ids = planned.plan.steps.map(({ id }) => id);
  const earlier = work.entry.restore === undefined ? step.dependsOn : ids.slice(0, ids.indexOf(step.id));
  for (const address of earlier) {
    const [other, before] = [steps.get(address), planned.work.get(address)];
    if (other === undefined || before === undefined || before.live === null) continue;
    if (other.action === 'delete') deleted.push(before.live.identity);
    else if (
      other.action === 'update' &&
      work.live !== null &&
      namesIn(other.type, before.live.properties, work.live, ports.schemas) &&
      !namesIn(other.type, before.desired, work.live, ports.schemas)
    )
      released.push(before.live.identity);
  }
  const { before = [], after = [] } = work.mutual ?? {};
  return { deletedBefore: [...new Set([...deleted, ...before])], releasedBefore: released, deletedAfter: after };
}

export interface Performing {
  readonly purpose: CallPurpose;
  readonly ignoreStop?: boolean;
  readonly settling?: boolean;
  readonly declared?: readonly Call[];
  readonly stage?: Stage;
}

/**
 * Runs one program of a step. The gate lets through the operations that the confirmed step declared; `declared`
 * replaces them for the undo of a quiescing and for re-pointing, which are declared by the same type for the same step.
 */
export function runStepProgram<Result>(
  run: Run,
  task: Task,
  program: Program<Result>,
  { purpose, ignoreStop, settling, declared, stage }: Performing,
): Promise<Result> {
  const { ports, calls } = run;
  ports.emit({ kind: 'stage', step: task.step.id, stage: stage ?? purpose });
  const execution: Execution = {
    ports,
    state: calls,
    step: task.step.id,
    purpose,
    sensitive: sensitiveNames(task.type.rules),
    permit: permitFor(ports.journal.run, run.approval, task.step, declared ?? task.work.preview),
    ...(ignoreStop === true ? { ignoreStop } : {}),
    ...(settling === true ? { freshUntil: Math.max(...calls.fresh.values(), 0) } : {}),
  };
  return runProgram(program, execution);
}

/** Runs a program that may only read. */
export const runReadOnly = <Result>(run: Run, task: Task, program: Program<Result>): Promise<Result> =>
  runProgram(program, {
    ports: run.ports,
    state: run.calls,
    step: task.step.id,
    purpose: 'change',
    sensitive: new Set(),
    readOnly: true,
    permit: { run: run.ports.journal.run, step: task.step.id, operations: [] },
  });

/** The calls of a program, without sending any. */
export const callsOf = (program: Program<unknown>): readonly Call[] => preview(program).calls;

/**
 * Changes as they may be journaled: without the author's text of a sensitive property, of which the mask tells enough.
 */
export const unauthored = (changes: readonly AttributeChange[]): readonly AttributeChange[] =>
  changes.map(({ authored: _authored, ...change }) => change);

/** Journals the whole resource as it is before the step (law 4), with sensitive texts of the entry masked (law 11). */
export async function journalBefore(run: Run, { step, work, type }: Task, live: LiveResource | null): Promise<void> {
  const sensitive = sensitiveNames(type.rules);
  const { properties, ...entry } = work.entry;
  await run.ports.journal.append({
    kind: 'before',
    step: step.id,
    live,
    changes: unauthored(step.changes),
    entry: properties === undefined ? entry : { ...entry, properties: redacted(properties, sensitive) },
  });
  run.befores.set(step.id, live);
}

import type { ChangePlan, ResourceEntry } from '../domain/change-plan.ts';
import { refuseForeignSources } from './steps/capture-source.ts';
import { digestible, type Configuration } from '../domain/configuration.ts';
import type { Finding } from '../domain/finding.ts';
import type { OpenRun } from '../domain/records/open-run.ts';
import type { LiveResource, LiveState } from '../domain/live.ts';
import type { Plan, Planned, Step, StepWork } from '../domain/plan.ts';
import type { ResourceTypes } from '../domain/resource-type.ts';
import type { Schemas } from '../domain/schema.ts';
import type { Call } from '../domain/call.ts';
import type { Judged } from './guardrails/guardrail.ts';
import { judge } from './guardrails/index.ts';
import { planningRun } from './steps/preview-context.ts';
import { dependencyDigests, digestOver, stepDigest } from './steps/digests.ts';
import { block, keyOf, type Draft, type OwnMade, type Planning } from './refresh/draft.ts';
import { createdNames, edgesOf, type Edges } from './graph/edges.ts';
import { namesIn, referrersOf } from './refresh/evidence.ts';
import { indexLive } from './refresh/live-index.ts';
import { weakBucket } from './steps/needs-capture-bucket.ts';
import { addressesByIdentity, blockUnlocated, checkExpectations, locate } from './refresh/locate.ts';
import { orderNodes, type Ordered } from './graph/order.ts';
import { plannedCalls, type Earlier } from './steps/planned-calls.ts';
import { planCreate } from './steps/create.ts';
import { planDelete } from './steps/delete.ts';
import { planReplace } from './steps/replace.ts';
import { planUpdate } from './steps/update.ts';
import { withReferences } from './diff/references.ts';
import { stepOf, summaryOf } from './steps/steps.ts';

export interface PlanInput {
  readonly changePlan: ChangePlan;
  /** The change plan exactly as parsed. */
  readonly text: string;
  readonly live: LiveState;
  readonly types: ResourceTypes;
  readonly schemas: Schemas;
  readonly configuration: Configuration;
  /** ISO time of making; the plan expires `configuration.planExpiryMinutes` later. */
  readonly now: string;
  /** Resources that earlier runs of this plan deleted: their delete or replace is done, not missing. */
  readonly ownDeletions?: readonly { readonly type: string; readonly identity: string }[];
  /**
   * What earlier runs of this plan made of types without tags, as their journals say: in the place of ownership tags,
   * and like them a hint by which a create is found done, never proof for a change.
   */
  readonly ownMade?: readonly OwnMade[];
  /** Runs at this target that stopped somewhere: what they hold blocks. */
  readonly openRuns?: readonly OpenRun[];
  /** Findings of the change plan itself (warnings of the parser), to stand in the plan too. */
  readonly findings?: readonly Finding[];
}

/**
 * Computes a plan: pure, and total: whatever is wrong becomes a finding, and the step that it is about is blocked. The
 * caller checks the target before (`checkTarget`).
 */
export function plan(input: PlanInput): Planned {
  const planning = prepare(input);
  const edges = edgesOf(planning);
  const ordered = orderSteps(planning, edges);
  for (const entry of planning.changePlan.resources)
    if (entry.action === 'read' && !blockUnlocated(planning, entry))
      checkExpectations(planning, entry, planning.located.get(entry.address) as LiveResource);
  for (const address of ordered.order)
    planning.drafts.set(address, draftOf(planning, planning.entries.get(address) as ResourceEntry));
  const previews = previewAll(planning, ordered.order, edges);
  const judged = judgedSteps(planning, ordered.order, edges, previews);
  const findings = [
    ...(input.findings ?? []),
    ...planning.findings,
    ...judge({
      changePlan: input.changePlan,
      configuration: input.configuration,
      target: input.live.target,
      steps: judged,
      openRuns: input.openRuns ?? [],
    }),
  ];
  const steps = finish(
    planning,
    judged.map(({ step }) => step),
    findings,
  );
  return {
    plan: assemble(input, steps, findings),
    work: workOf(planning, ordered.order, previews),
    configuration: input.configuration,
    reads: readsOf(planning),
  };
}

/**
 * The addresses of updates that would change something, or of which that cannot be told, by live state that need hold
 * no more of them than what the change plan names. The same drafting as `plan`, of which only the action is asked.
 */
export function changingUpdates(input: PlanInput): ReadonlySet<string> {
  const planning = prepare(input);
  const { order } = orderSteps(planning, edgesOf(planning));
  for (const address of order)
    planning.drafts.set(address, draftOf(planning, planning.entries.get(address) as ResourceEntry));
  return new Set(
    planning.changePlan.resources
      .filter(({ address, action }) => action === 'update' && planning.drafts.get(address)?.action !== 'keep')
      .map(({ address }) => address),
  );
}

function prepare(input: PlanInput): Planning {
  const { changePlan, live, types, schemas, configuration, now } = input;
  const index = indexLive(live, types);
  const base = {
    changePlan,
    index,
    types,
    schemas,
    configuration,
    target: live.target,
    now,
    run: planningRun,
    ownDeletions: new Set((input.ownDeletions ?? []).map(({ type, identity }) => keyOf(type, identity))),
    ownMade: input.ownMade ?? [],
    entries: new Map(changePlan.resources.map((entry) => [entry.address, entry])),
    names: createdNames(changePlan.resources, types),
    findings: [] as Finding[],
  };
  const located = new Map<string, LiveResource>();
  for (const entry of changePlan.resources) {
    const found = entry.action === 'create' ? null : locate(base, entry);
    if (found !== null) located.set(entry.address, found);
  }
  return {
    ...base,
    located,
    byIdentity: addressesByIdentity(base, located),
    drafts: new Map(),
    referrers: referrersOf(index, types, schemas),
  };
}

const rank = { read: 0, create: 0, replace: 1, update: 2, delete: 3 } as const;

function orderSteps(planning: Planning, edges: Edges): Ordered {
  const nodes = planning.changePlan.resources.flatMap((entry, index) =>
    entry.action === 'read' ? [] : [{ address: entry.address, rank: rank[entry.action], index }],
  );
  const ordered = orderNodes(nodes, edges);
  for (const cycle of ordered.cycles) {
    const text = [...cycle, cycle[0]].join(' → ');
    for (const address of cycle)
      block(
        planning,
        planning.entries.get(address) as ResourceEntry,
        '',
        'cycle',
        `each of these would have to run after the next: ${text}`,
        'take one reference or `depends_on` of the circle away',
      );
  }
  const inCycle = new Set(ordered.cycles.flat());
  for (const address of ordered.stuck) {
    if (!inCycle.has(address))
      block(
        planning,
        planning.entries.get(address) as ResourceEntry,
        '',
        'behind-cycle',
        'the step would have to run after a circle of steps',
        'break the circle first',
      );
  }
  return ordered;
}

function draftOf(planning: Planning, entry: ResourceEntry): Draft {
  refuseForeignSources(planning, entry);
  switch (entry.action) {
    case 'create':
      return planCreate(planning, entry);
    case 'replace':
      return planReplace(planning, entry);
    case 'delete':
      return planDelete(planning, entry);
    default:
      return planUpdate(planning, entry);
  }
}

/** The calls of a step, and the victims beside it that name it. */
interface Previewed {
  readonly calls: readonly Call[];
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/**
 * The calls of every step, in order; a step is told what the ones before it delete or release, and what names it until
 * it is deleted later.
 */
function previewAll(planning: Planning, order: readonly string[], edges: Edges): ReadonlyMap<string, Previewed> {
  const previews = new Map<string, Previewed>();
  const place = new Map(order.map((address, index) => [address, index]));
  for (const [index, address] of order.entries()) {
    const draft = planning.drafts.get(address) as Draft;
    const { before, after } = neighboursOf(planning, draft, place, index);
    const { deleted, released } = earlierOf(planning, draft, edges);
    previews.set(address, {
      before,
      after,
      calls: plannedCalls(planning, draft, { deleted: [...new Set([...deleted, ...before])], released, later: after }),
    });
  }
  return previews;
}

function earlierOf(planning: Planning, draft: Draft, edges: Edges): Earlier {
  const deleted: string[] = [];
  const released: string[] = [];
  for (const address of edges.get(draft.entry.address) ?? []) {
    const before = planning.drafts.get(address);
    if (before === undefined || before.identity === null || before.live === null) continue;
    if (before.action === 'delete') deleted.push(before.identity);
    else if (
      before.action === 'update' &&
      draft.live !== null &&
      namesIn(before.entry.type, before.live.properties, draft.live, planning.schemas) &&
      !namesIn(before.entry.type, before.desired, draft.live, planning.schemas)
    )
      released.push(before.identity);
  }
  return { deleted, released };
}

/**
 * Of victims that name each other none waits for the other: those before this one are gone by then, those after it name
 * it still.
 */
function neighboursOf(
  planning: Planning,
  { action, live }: Draft,
  place: ReadonlyMap<string, number>,
  index: number,
): { readonly before: readonly string[]; readonly after: readonly string[] } {
  const before: string[] = [];
  const after: string[] = [];
  for (const { type, identity } of action === 'delete' && live !== null ? planning.referrers.of(live) : []) {
    const address = planning.byIdentity.get(keyOf(type, identity)) ?? '';
    const other = place.get(address);
    if (other === undefined || planning.drafts.get(address)?.action !== 'delete') continue;
    (other < index ? before : after).push(identity);
  }
  return { before: before.sort(), after: after.sort() };
}

function judgedSteps(
  planning: Planning,
  order: readonly string[],
  edges: Edges,
  previews: ReadonlyMap<string, Previewed>,
): readonly Judged[] {
  return order.map((address) => {
    const draft = planning.drafts.get(address) as Draft;
    const dependsOn = [...(edges.get(address) ?? [])].filter((other) => planning.drafts.has(other)).sort();
    return {
      step: stepOf(planning, draft, previews.get(address)?.calls ?? [], dependsOn),
      entry: draft.entry,
      live: draft.live,
      desired: draft.desired,
      nameProperty: draft.type?.rules.nameProperty ?? null,
    };
  });
}

/** Blocks and digests. An error that is about no step blocks every step that would do something. */
function finish(planning: Planning, steps: readonly Judged['step'][], findings: readonly Finding[]): readonly Step[] {
  const ids = new Set(steps.map(({ id }) => id));
  const errors = findings.filter(({ severity }) => severity === 'error');
  const blocked = new Set(errors.map(({ step }) => step));
  const all = errors.some(({ step }) => step === null || !ids.has(step));
  const unkept = errors.filter(({ code }) => code === weakBucket).map(({ message }) => message);
  const digests = new Map<string, string>();
  return steps.map((step) => {
    const judged = {
      ...step,
      ...(unkept.length === 0 ? {} : { recoverability: notKept(step, unkept) }),
      blocked: blocked.has(step.id) || (all && step.action !== 'keep'),
    };
    const digest = stepDigest(judged, planning.target, dependencyDigests(step, digests));
    digests.set(step.id, digest);
    return { ...judged, digest };
  });
}

/** A step that is restorable only from a capture is irreversible where captures would not be kept. */
const notKept = ({ recoverability }: Pick<Step, 'recoverability'>, why: readonly string[]): Step['recoverability'] =>
  recoverability.level === 'restorable'
    ? { level: 'irreversible', loses: [...recoverability.loses, ...why] }
    : recoverability;

function assemble(
  { changePlan, text, live, configuration, now }: PlanInput,
  steps: readonly Step[],
  findings: readonly Finding[],
): Plan {
  const plan: Omit<Plan, 'digest'> = {
    format: 'aiplan/plan@1',
    name: changePlan.name,
    intent: changePlan.intent,
    target: live.target,
    createdAt: now,
    expiresAt: new Date(Date.parse(now) + configuration.planExpiryMinutes * 60_000).toISOString(),
    changePlan: text,
    configuration: digestible(configuration),
    recorded: live.recorded,
    rollbackOf: changePlan.rollbackOf ?? null,
    ...(changePlan.rejected === undefined || changePlan.rejected.length === 0 ? {} : { rejected: changePlan.rejected }),
    assume: changePlan.assume,
    author: changePlan.author ?? {},
    steps,
    findings,
    summary: summaryOf(steps),
  };
  const { format, ...rest } = plan;
  return { format, digest: digestOver(plan, new Map(steps.map(({ id, digest }) => [id, digest]))), ...rest };
}

function workOf(
  planning: Planning,
  order: readonly string[],
  previews: ReadonlyMap<string, Previewed>,
): ReadonlyMap<string, StepWork> {
  return new Map(
    order.map((address) => {
      const { entry, live, desired, capturePlan } = planning.drafts.get(address) as Draft;
      const { calls = [], before = [], after = [] } = previews.get(address) ?? {};
      return [
        address,
        {
          entry,
          live,
          desired: withReferences(desired) as StepWork['desired'],
          capturePlan,
          preview: calls,
          ...(before.length + after.length === 0 ? {} : { mutual: { before, after } }),
        },
      ];
    }),
  );
}

const readsOf = (planning: Planning): ReadonlyMap<string, LiveResource> =>
  new Map(
    planning.changePlan.resources.flatMap(({ address, action }) => {
      const live = action === 'read' ? planning.located.get(address) : undefined;
      return live === undefined ? [] : [[address, live] as const];
    }),
  );

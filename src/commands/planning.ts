import type { ChangePlan } from '../model/change-plan.ts';
import { canonical } from '../model/digest.ts';
import { exitCodes, UserError } from '../model/error.ts';
import type { Finding } from '../model/finding.ts';
import type { JournalRecord } from '../model/journal.ts';
import type { LiveState, Target } from '../model/live.ts';
import type { Plan, Planned } from '../model/plan.ts';
import { parseChangePlan } from '../change/parse.ts';
import { checkTarget } from '../engine/target.ts';
import { plan } from '../engine/planner.ts';
import { refresh } from '../engine/refresh.ts';
import { isPlanText, parsePlanText } from '../store/plan-file.ts';
import { listRuns, readRun } from '../store/runs.ts';
import { refuseAppliedPlan } from '../store/spent.ts';
import { unprovenRestores } from './proven-restores.ts';
import { readInput, textReader, type World } from './world.ts';

/** What a plan is made from. `file` is the name for places in messages. */
export interface Source {
  readonly changePlan: ChangePlan;
  readonly text: string;
  readonly file: string;
  /** What parsing, or reading the journal for a rollback, had to say. */
  readonly findings: readonly Finding[];
}

/** A change plan with errors: carries every finding. */
export class ChangePlanError extends UserError {
  readonly findings: readonly Finding[];
  readonly file: string;
  constructor(file: string, findings: readonly Finding[]) {
    const count = findings.filter((finding) => finding.severity === 'error').length;
    super('change-plan-invalid', `"${file}" has ${count} error${count === 1 ? '' : 's'}`, { help: 'repair them all; `aiplan validate` checks without AWS' });
    this.findings = findings;
    this.file = file;
  }
}

/** Parses and validates a change plan. Throws ChangePlanError with every error of the file. */
export function parseSource(world: World, text: string, file: string): Source {
  const { changePlan, findings } = parseChangePlan(text, { file, schemas: world.schemas, types: world.types, readText: textReader(world.io, file), secrets: { prefixes: world.configuration.secretPrefixes, files: world.configuration.secretFiles } });
  if (changePlan === null || findings.some((finding) => finding.severity === 'error')) throw new ChangePlanError(file, findings);
  return { changePlan, text, file, findings };
}

/** The source that a plan file holds: its change plan, or for a rollback the journal of the run that it names (law 13). */
export async function sourceOfPlan(world: World, saved: Plan, file: string): Promise<Source> {
  if (saved.rollbackOf !== null) return rollbackSource(world, saved.rollbackOf);
  return parseSource(world, saved.changePlan, file);
}

/**
 * The generated change plan that rolls a run back. Throws UserError `no-such-run`, `journal-damaged`, `wrong-account`,
 * `wrong-region`, `wrong-endpoint`.
 */
export async function rollbackSource(world: World, run: string): Promise<Source> {
  const { rollbackChangePlan } = await import('../engine/rollback.ts');
  const { records } = readRun(world.store, run);
  const target = await world.target();
  refuseElsewhere(run, records, target);
  const { changePlan, findings } = await rollbackChangePlan(records, {
    session: await world.reader(), types: world.types, schemas: world.schemas, now: new Date(world.io.clock.now()).toISOString(), earlier: rollbacksOf(world, run),
    // What an emulator did is seen at once.
    ...(target.endpoint === null ? {} : { consistency: 0 }),
  });
  return { changePlan, text: canonical(changePlan), file: `rollback of ${run}`, findings: [...findings, ...(await unprovenRestores(world, changePlan))] };
}

/** A run is taken back where it was made: the same account and region, and AWS itself or the same emulator. */
function refuseElsewhere(run: string, records: readonly JournalRecord[], target: Target): void {
  const made = records.find((record) => record.kind === 'begin')?.target;
  if (made === undefined) return;
  const where = ({ account, region, endpoint }: Target): string => `account "${account}" in "${region}"${endpoint === null ? '' : ` at ${endpoint}`}`;
  if (made.account === target.account && made.region === target.region && made.endpoint === target.endpoint) return;
  throw new UserError(made.account !== target.account ? 'wrong-account' : made.region !== target.region ? 'wrong-region' : 'wrong-endpoint', `run "${run}" was made in ${where(made)}, this is ${where(target)}`, {
    help: 'choose the profile, region and endpoint of the run; nothing was read',
  });
}

/** The journals of the rollbacks of a run that this store has, oldest first. One that cannot be read proves nothing and is left out. */
const rollbacksOf = (world: World, run: string): readonly (readonly JournalRecord[])[] =>
  listRuns(world.store).filter(({ rollbackOf }) => rollbackOf === run).toSorted((a, b) => ((a.startedAt ?? '') < (b.startedAt ?? '') ? -1 : 1)).map((rollback) => readRun(world.store, rollback.run).records);

/** Reads AWS (or takes the recorded state) for a change plan. Throws UserError `wrong-account`, `wrong-region` first. */
export async function readLiveFor(world: World, source: Source): Promise<LiveState> {
  const recorded = world.recorded();
  if (recorded !== null) {
    checkTarget(source.changePlan, recorded.target);
    return recorded;
  }
  const target = await world.target();
  checkTarget(source.changePlan, target);
  return refresh(source.changePlan, {
    aws: await world.reader(), types: world.types, schemas: world.schemas, target,
    now: new Date(world.io.clock.now()).toISOString(), concurrency: 16,
  });
}

/** Plans a source against live state. */
export async function makePlan(world: World, source: Source, live?: LiveState): Promise<Planned> {
  const state = live ?? (await readLiveFor(world, source));
  return plan({
    changePlan: source.changePlan, text: source.text, live: state, types: world.types, schemas: world.schemas,
    configuration: world.configuration, now: new Date(world.io.clock.now()).toISOString(),
    ownDeletions: ownDeletions(world, source), findings: source.findings,
  });
}

/** What earlier runs of the same plan at the same target deleted: their deletes are done, not missing. */
function ownDeletions(world: World, source: Source): readonly { readonly type: string; readonly identity: string }[] {
  if (!source.changePlan.resources.some((entry) => entry.action === 'delete')) return [];
  const { name, target } = source.changePlan;
  return listRuns(world.store)
    .filter((run) => run.planName === name && run.account === target.account && run.region === target.region && run.outcome !== 'damaged')
    .flatMap((run) => {
      const { records } = readRun(world.store, run.run);
      const begin = records.find((record) => record.kind === 'begin');
      return (begin?.plan.steps ?? [])
        .filter((step) => step.action === 'delete' && step.identity !== null && records.some((record) => record.kind === 'step' && record.step === step.id && record.state === 'done'))
        .map((step) => ({ type: step.type, identity: step.identity ?? '' }));
    });
}

/** A plan to review or apply: from a change plan, or from a plan file, which is believed only as far as AWS agrees. */
export interface Loaded { readonly source: Source; readonly planned: Planned; readonly saved: Plan | null }

/**
 * Loads FILE for review or apply. A plan file is planned again from the change plan inside it; a different digest means
 * that something changed. Throws UserError `plan-expired`, `plan-already-applied` (exit 3), `plan-stale` (exit 4), ChangePlanError.
 */
export async function loadForApply(world: World, file: string): Promise<Loaded> {
  const text = readInput(world.io, file);
  if (!isPlanText(text)) {
    const source = parseSource(world, text, file);
    return { source, planned: await makePlan(world, source), saved: null };
  }
  const saved = parsePlanText(text, file);
  refuseAppliedPlan(world.store, saved);
  if (saved.recorded) throw recorded();
  if (!(Date.parse(saved.expiresAt) > world.io.clock.now())) throw new UserError('plan-expired', `the plan expired at ${saved.expiresAt}`, { exitCode: exitCodes.blocked, help: 'plan again' });
  const source = await sourceOfPlan(world, saved, file);
  const planned = await makePlan(world, source);
  if (planned.plan.recorded) throw recorded();
  if (planned.plan.digest !== saved.digest) throw stale(saved, planned.plan);
  return { source, planned: { ...planned, plan: { ...planned.plan, createdAt: saved.createdAt, expiresAt: saved.expiresAt } }, saved };
}

const recorded = (): UserError =>
  new UserError('plan-recorded', 'the plan was made from recorded state: it can be shown, never confirmed', { exitCode: exitCodes.blocked, help: 'plan again without --live' });

function stale(saved: Plan, fresh: Plan): UserError {
  const moved = fresh.steps.filter((step) => saved.steps.find((old) => old.id === step.id)?.digest !== step.digest).map((step) => step.id);
  const what = moved.length === 0 ? 'the configuration, the target or the order changed' : `changed since the plan: ${moved.slice(0, 10).join(', ')}`;
  return new UserError('plan-stale', `the plan does not fit any more: ${what}`, { exitCode: exitCodes.stale, help: 'plan again and look at the difference' });
}

import { settingsMoved } from '../model/configuration.ts';
import { canonical } from '../model/digest.ts';
import { exitCodes, UserError } from '../model/error.ts';
import type { Finding } from '../model/finding.ts';
import type { JournalRecord } from '../model/journal.ts';
import type { LiveState, Target } from '../model/live.ts';
import type { Plan, Planned } from '../model/plan.ts';
import { loadTypeNames } from '../../providers/aws/schema.ts';
import { parseChangePlan } from '../change/parse.ts';
import { staticAsks } from '../engine/asks.ts';
import { withMade } from '../engine/run-end.ts';
import { staleSteps } from '../engine/moved-steps.ts';
import { checkTarget } from '../engine/target.ts';
import { bucketFindings, captures, capturesAnything } from '../engine/kept-captures.ts';
import { changingUpdates, plan, type PlanInput } from '../engine/planner.ts';
import { refresh } from '../engine/refresh.ts';
import { isPlanText, parsePlanText } from '../store/plan-file.ts';
import { bucketState } from './capture-bucket.ts';
import { foreseen } from './foreseeing.ts';
import { bringsOutOf, isWithoutJournal } from './generated.ts';
import { otherRunsFor, runsThat } from './open-runs.ts';
import { unprovenRestores } from './proven-restores.ts';
import { endOfPlan } from './plan-age.ts';
import { endsOf } from './run-marks.ts';
import { asFarAsPossible } from './setting-aside.ts';
import { rejecting, type Source } from './source.ts';
import { textsAsPlanned, textsBeside, type TextSource } from './texts.ts';
import { readInput, type World } from './world.ts';

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

/**
 * Parses and validates a change plan. Throws ChangePlanError with every error of the file. `asks`: what the planner will ask for and is known
 * without AWS is said too; beside errors it always is, so that one repair answers everything.
 */
export function parseSource(world: World, text: string, file: string, texts: TextSource = textsBeside(world.io, file), options: { readonly asks?: boolean } = {}): Source {
  const { changePlan, draft, findings: found } = parseChangePlan(text, { file, schemas: world.schemas, types: world.types, typeNames: loadTypeNames, readText: (path) => texts.read(path), secrets: { prefixes: world.configuration.secretPrefixes, files: world.configuration.secretFiles } });
  const failed = changePlan === null || found.some((finding) => finding.severity === 'error');
  const asks = draft !== null && (failed || options.asks === true) ? staticAsks(draft, world) : [];
  const findings = asks.length === 0 ? found : [...found, ...asks].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (changePlan === null || findings.some((finding) => finding.severity === 'error')) throw new ChangePlanError(file, findings);
  return { changePlan, text, file, findings, incomplete: [], ...(texts.seen.size === 0 ? {} : { texts: [...texts.seen.values()] }) };
}

/**
 * The source that a plan file holds: its change plan with the texts that it was made with, or for a rollback the journal of the run that it
 * names (law 13); without what was rejected. `next`: what can be done where a text is another one now. Throws UserError `text-changed`.
 */
export async function sourceOfPlan(world: World, saved: Plan, file: string, next = 'or plan again'): Promise<Source> {
  const brings = saved.rollbackOf === null ? bringsOutOf(saved) : null;
  const whole = brings !== null ? await (await import('./captures-restore.ts')).bringingOut(world, brings) : saved.rollbackOf === null ? parseSource(world, saved.changePlan, file, textsAsPlanned(world.io, saved, file, next))
    : isWithoutJournal(saved) ? await (await import('./from-aws.ts')).fromAwsSource(world, saved.rollbackOf) : await rollbackSource(world, saved.rollbackOf);
  return rejecting(whole, saved.rejected ?? []);
}

/**
 * The generated change plan that rolls a run back. Throws UserError `no-such-run`, `journal-damaged`, `wrong-account`,
 * `wrong-region`, `wrong-endpoint`.
 */
export async function rollbackSource(world: World, run: string): Promise<Source> {
  const { rollbackChangePlan } = await import('../engine/rollback.ts');
  const { records } = await world.store.readRun(run);
  const target = await world.target();
  refuseElsewhere(run, records, target);
  const { changePlan: generated, findings, incomplete } = await rollbackChangePlan(records, {
    session: await world.reader(), types: world.types, schemas: world.schemas, now: new Date(world.io.clock.now()).toISOString(), earlier: await rollbacksOf(world, run),
    // What an emulator did is seen at once.
    ...(target.endpoint === null ? {} : { consistency: 0 }),
  });
  const changePlan = generated.resources.some(({ action }) => action === 'delete') ? withMade(generated, await endsOf(world, run)) : generated;
  return { changePlan, text: canonical(changePlan), file: `rollback of ${run}`, findings: [...findings, ...(await unprovenRestores(world, changePlan))], incomplete: incomplete ? incompleteOf(findings) : [] };
}

const incompleteOf = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ severity }) => severity !== 'info').map(({ step, message }) => (step === null ? message : `${step}: ${message}`));

/** A run is taken back where it was made: the same account and region, and AWS itself or the same emulator. */
export function refuseElsewhere(run: string, records: readonly JournalRecord[], target: Target): void {
  const made = records.find((record) => record.kind === 'begin')?.target;
  if (made === undefined) return;
  const where = ({ account, region, endpoint }: Target): string => `account "${account}" in "${region}"${endpoint === null ? '' : ` at ${endpoint}`}`;
  if (made.account === target.account && made.region === target.region && made.endpoint === target.endpoint) return;
  throw new UserError(made.account !== target.account ? 'wrong-account' : made.region !== target.region ? 'wrong-region' : 'wrong-endpoint', `run "${run}" was made in ${where(made)}, this is ${where(target)}`, {
    help: 'choose the profile, region and endpoint of the run; nothing was read',
  });
}

/** The journals of the rollbacks of a run that this store has, oldest first. One that cannot be read proves nothing and is left out. */
async function rollbacksOf(world: World, run: string): Promise<readonly (readonly JournalRecord[])[]> {
  const journals = await Promise.all((await runsThat(world, { rollbackOf: run })).map((rollback) => recordsIfWhole(world, rollback)));
  return journals.filter((records) => records.length > 0).toSorted((a, b) => ((a[0]?.at ?? '') < (b[0]?.at ?? '') ? -1 : 1));
}

/** The records of a run; none where its journal is damaged. */
async function recordsIfWhole({ store }: World, run: string): Promise<readonly JournalRecord[]> {
  try {
    return (await store.readRun(run)).records;
  } catch (error) {
    if (error instanceof UserError && error.code === 'journal-damaged') return [];
    throw error;
  }
}

/** Reads AWS (or takes the recorded state) for a change plan. Throws UserError `wrong-account`, `wrong-region` first. */
export async function readLiveFor(world: World, source: Source): Promise<LiveState> {
  const recorded = world.recorded();
  if (recorded !== null) {
    checkTarget(source.changePlan, recorded.target);
    return recorded;
  }
  const target = await world.target();
  checkTarget(source.changePlan, target);
  const now = new Date(world.io.clock.now()).toISOString();
  const { types, schemas, configuration } = world;
  return refresh(source.changePlan, {
    aws: await world.reader(), types, schemas, target, now, concurrency: 16,
    changing: (live) => changingUpdates({ changePlan: source.changePlan, text: source.text, live, types, schemas, configuration, now }),
  });
}

/** Plans a source against live state. What AWS would say to it is not asked: a run asks by itself. */
export async function makePlan(world: World, source: Source, live?: LiveState): Promise<Planned> {
  const state = live ?? (await readLiveFor(world, source));
  return withTexts(source, await withBucket(world, await inputOf(world, source, state), state));
}

/**
 * Plans a source and asks what apply would refuse: whatever it says blocks here already. `clean`: the digest of the plan without that, which is
 * the one that a run confirms, because it asks again.
 */
export async function makeCheckedPlan(world: World, source: Source, live?: LiveState): Promise<{ readonly planned: Planned; readonly clean: string }> {
  const state = live ?? (await readLiveFor(world, source));
  const input = await inputOf(world, source, state);
  const bare = await withBucket(world, input, state);
  const found = await foreseen(world, bare);
  if (found.length === 0) return { planned: withTexts(source, bare), clean: bare.plan.digest };
  const planned = found.some(({ severity }) => severity === 'error') ? plan({ ...input, findings: [...(input.findings ?? []), ...found] }) : withFindings(bare, found);
  return { planned: withTexts(source, planned), clean: bare.plan.digest };
}

const withTexts = ({ texts }: Source, planned: Planned): Planned => (texts === undefined ? planned : { ...planned, plan: { ...planned.plan, texts } });

/** Findings are in no digest; only what is blocked by them is. */
const withFindings = (planned: Planned, more: readonly Finding[]): Planned => ({ ...planned, plan: { ...planned.plan, findings: [...planned.plan.findings, ...more] } });

async function inputOf(world: World, source: Source, state: LiveState): Promise<PlanInput> {
  const others = state.recorded ? { open: [], findings: [] } : await otherRunsFor(world, state.target, source.changePlan.rollbackOf ?? source.resumes ?? null);
  return {
    changePlan: source.changePlan, text: source.text, live: state, types: world.types, schemas: world.schemas,
    configuration: world.configuration, now: new Date(world.io.clock.now()).toISOString(),
    ownDeletions: await ownDeletions(world, source), findings: [...source.findings, ...others.findings, ...clockFindings(state.recorded ? null : world.clockSkew?.() ?? null)], openRuns: others.open,
  };
}

/** The plan, with what was read of the place where its captures are kept; a plan that captures nothing does not ask. */
async function withBucket(world: World, input: PlanInput, { recorded: isRecorded, target }: LiveState): Promise<Planned> {
  const planned = plan(input);
  if (isRecorded || !capturesAnything(planned.plan)) return planned;
  const { bucket, exists, facts, problems } = await bucketState(world, await world.reader(), target);
  // Where there is none, apply asks for it as soon as the plan destroys something.
  if (!exists) return planned;
  if (problems.length > 0) return plan({ ...input, findings: [...(input.findings ?? []), ...bucketFindings(problems)] });
  const keptIn = `s3://${bucket}: ${facts.join(', ')}`;
  return { ...planned, plan: { ...planned.plan, steps: planned.plan.steps.map((step) => (captures(step) && step.capture.how !== 'none' ? { ...step, capture: { ...step.capture, keptIn } } : step)) } };
}

/** Milliseconds by which the clock of this machine may be off: answers take time, and AWS tells whole seconds. */
const toleratedSkew = 60_000;

/** That the clock of this machine is off, by AWS's own. Pure. */
export function clockFindings(skew: number | null): readonly Finding[] {
  if (skew === null || Math.abs(skew) <= toleratedSkew) return [];
  const seconds = Math.round(Math.abs(skew) / 1000);
  const amount = seconds < 7_200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
  return [{
    code: 'clock-off', severity: 'warning', step: null, line: null, column: null,
    message: `the clock of this machine is ${amount} ${skew > 0 ? 'behind' : 'ahead of'} AWS's: times in journals and approvals are off, and plans and approvals expire at another moment than they say`,
    help: 'set the clock (for example: timedatectl set-ntp true), then plan again',
  }];
}

/** What earlier runs of the same plan at the same target deleted: their deletes are done, not missing. */
async function ownDeletions(world: World, source: Source): Promise<readonly { readonly type: string; readonly identity: string }[]> {
  if (!source.changePlan.resources.some((entry) => entry.action === 'delete')) return [];
  const { name, target } = source.changePlan;
  const runs = await runsThat(world, { planName: name, account: target.account, region: target.region });
  return (await Promise.all(runs.map((run) => recordsIfWhole(world, run))))
    .flatMap((records) => {
      const begin = records.find((record) => record.kind === 'begin');
      return (begin?.plan.steps ?? [])
        .filter((step) => step.action === 'delete' && step.identity !== null && records.some((record) => record.kind === 'step' && record.step === step.id && record.state === 'done'))
        .map((step) => ({ type: step.type, identity: step.identity ?? '' }));
    });
}

/** A plan to review or apply: from a change plan, or from a plan file, which is believed only as far as AWS agrees. */
export interface Loaded { readonly source: Source; readonly planned: Planned; readonly saved: Plan | null; /** What the plan was made from; a rejection plans from it again. */ readonly live: LiveState }

/**
 * Loads FILE for review or apply. A plan file is planned again from the change plan inside it; a different digest means
 * that something changed. Throws UserError `plan-expired`, `plan-already-applied` (exit 3), `plan-stale` (exit 4), ChangePlanError.
 */
export async function loadForApply(world: World, file: string): Promise<Loaded> {
  const text = readInput(world.io, file);
  if (!isPlanText(text)) {
    const source = parseSource(world, text, file);
    return { ...(await loaded(world, source)), saved: null };
  }
  const saved = parsePlanText(text, file);
  await world.store.refuseAppliedPlan(saved);
  if (saved.recorded) throw recorded();
  const expiresAt = endOfPlan(world, saved);
  const { source, planned, live, clean } = await loaded(world, await sourceOfPlan(world, saved, file));
  if (planned.plan.recorded) throw recorded();
  // What AWS says to it is no part of what was confirmed: where only that is new, the plan is blocked, not stale.
  if (planned.plan.digest !== saved.digest && clean !== saved.digest) throw stale(world, saved, planned);
  return { source, planned: datedAs(planned, { createdAt: saved.createdAt, expiresAt }), saved: { ...saved, expiresAt }, live };
}

/** Reads AWS, plans a source, and asks what apply would refuse; a rollback as far as it can go. */
export async function loaded(world: World, source: Source): Promise<Omit<Loaded, 'saved'> & { readonly clean: string }> {
  const live = await readLiveFor(world, source);
  return { live, ...(await asFarAsPossible(source, (less) => makeCheckedPlan(world, less, live))) };
}

/** A plan that was made again is as old as the one that the person holds. */
const datedAs = (planned: Planned, { createdAt, expiresAt }: Pick<Plan, 'createdAt' | 'expiresAt'>): Planned => ({ ...planned, plan: { ...planned.plan, createdAt, expiresAt } });

/** The plan without the rejected steps, from the same reading of AWS, as old as the one on the screen. Throws UserError `not-rejectable`. */
export async function planRejecting(world: World, { source, planned, live, saved }: Loaded, rejected: readonly string[]): Promise<Loaded> {
  if (planned.plan.resumes !== undefined) throw new UserError('not-rejectable', 'a step of a run that is gone on with cannot be rejected: it was confirmed as a whole', { exitCode: exitCodes.blocked, help: `take the run back instead: aiplan rollback ${planned.plan.resumes}` });
  const less = await asFarAsPossible(rejecting(source, rejected), (some) => makeCheckedPlan(world, some, live));
  return { source: less.source, live, saved, planned: datedAs(less.planned, planned.plan) };
}

const recorded = (): UserError =>
  new UserError('plan-recorded', 'the plan was made from recorded state: it can be shown, never confirmed', { exitCode: exitCodes.blocked, help: 'plan again without --live' });

function stale({ types }: World, saved: Plan, fresh: Planned): UserError {
  const moved = staleSteps({ plan: saved }, fresh, (type) => types.get(type)?.rules);
  const settings = settingsMoved(saved.configuration, fresh.plan.configuration);
  if (settings.length > 0) {
    return new UserError('plan-stale', `the plan was made under another configuration: ${settings.join('; ')}${moved === '' ? '' : `; and changed since the plan: ${moved}`}`, {
      exitCode: exitCodes.stale, help: 'bring the two configurations together (`aiplan setup` shows the one in effect here), or plan again here and have that plan reviewed',
    });
  }
  return new UserError('plan-stale', `the plan does not fit any more: ${moved === '' ? 'the target or the order changed' : `changed since the plan: ${moved}`}`, { exitCode: exitCodes.stale, help: 'plan again and look at the difference' });
}

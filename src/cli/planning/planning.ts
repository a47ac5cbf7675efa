import { UserError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { LiveState } from '../../domain/live.ts';
import type { Planned } from '../../domain/plan.ts';
import { loadTypeNames } from '../../../providers/aws/schema.ts';
import { parseChangePlan } from '../../language/parse.ts';
import { staticAsks } from '../../plan/asks.ts';
import { checkTarget } from '../../plan/refresh/target.ts';
import { bucketFindings, captures, capturesAnything } from '../../plan/steps/needs-capture-bucket.ts';
import { changingUpdates, plan, type PlanInput } from '../../plan/planner.ts';
import { refresh } from '../../plan/refresh/refresh.ts';
import { madeIn } from '../../run/apply/run-end.ts';
import { bucketState } from './capture-bucket.ts';
import { foreseen } from './foreseen-findings.ts';
import { hidesText, maskFindings } from '../context/mask-key.ts';
import { otherRunsFor, runsThat } from './open-runs.ts';
import { recentTags } from './recent-tags.ts';
import { staysOf, type Source } from './source.ts';
import { textsBeside, type TextSource } from '../context/texts.ts';
import type { CommandContext } from '../context/command-context.ts';

/** A change plan with errors: carries every finding. */
export class ChangePlanError extends UserError {
  readonly findings: readonly Finding[];
  readonly file: string;
  constructor(file: string, findings: readonly Finding[]) {
    const count = findings.filter((finding) => finding.severity === 'error').length;
    super('change-plan-invalid', `"${file}" has ${count} error${count === 1 ? '' : 's'}`, {
      help: 'repair them all; `aiplan validate` checks without AWS',
    });
    this.findings = findings;
    this.file = file;
  }
}

/**
 * Parses and validates a change plan. Throws ChangePlanError with every error of the file. `asks`: what the planner
 * will ask for and is known without AWS is said too; beside errors it always is, so that one repair answers everything.
 */
export function parseSource(
  context: CommandContext,
  text: string,
  file: string,
  texts: TextSource = textsBeside(context.io, file),
  options: { readonly asks?: boolean } = {},
): Source {
  const {
    changePlan,
    draft,
    findings: found,
  } = parseChangePlan(text, {
    file,
    schemas: context.schemas,
    types: context.types,
    typeNames: loadTypeNames,
    readText: (path) => texts.read(path),
    secrets: { prefixes: context.configuration.secretPrefixes, files: context.configuration.secretFiles },
  });
  const failed = changePlan === null || found.some((finding) => finding.severity === 'error');
  const asks = draft !== null && (failed || options.asks === true) ? staticAsks(draft, context) : [];
  const findings = asks.length === 0 ? found : [...found, ...asks].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (changePlan === null || findings.some((finding) => finding.severity === 'error'))
    throw new ChangePlanError(file, findings);
  return {
    changePlan,
    text,
    file,
    findings,
    incomplete: [],
    ...(texts.seen.size === 0 ? {} : { texts: [...texts.seen.values()] }),
  };
}

/** The records of a run; none where its journal is damaged. */
export async function recordsIfWhole({ store }: CommandContext, run: string): Promise<readonly JournalRecord[]> {
  try {
    return (await store.readRun(run)).records;
  } catch (error) {
    if (error instanceof UserError && error.code === 'journal-damaged') return [];
    throw error;
  }
}

/**
 * Reads AWS (or takes the recorded state) for a change plan. Throws UserError `wrong-account`, `wrong-region` first.
 */
export async function readLiveFor(context: CommandContext, source: Source): Promise<LiveState> {
  const recorded = context.recorded();
  if (recorded !== null) {
    checkTarget(source.changePlan, recorded.target);
    return recorded;
  }
  const target = await context.target();
  checkTarget(source.changePlan, target);
  const now = new Date(context.io.clock.now()).toISOString();
  const { types, schemas, configuration } = context;
  return refresh(source.changePlan, {
    aws: await context.reader(),
    types,
    schemas,
    target,
    now,
    concurrency: 16,
    changing: (live) =>
      changingUpdates({ changePlan: source.changePlan, text: source.text, live, types, schemas, configuration, now }),
  });
}

/** Plans a source against live state, without the checks of a run: a run makes them by itself. */
export async function makePlan(context: CommandContext, source: Source, live?: LiveState): Promise<Planned> {
  const state = live ?? (await readLiveFor(context, source));
  return withSource(source, await withBucket(context, await inputOf(context, source, state), state));
}

/**
 * Plans a source and asks what apply would refuse: whatever it says blocks here already. `clean`: the digest of the
 * plan without that, which is the one that a run confirms, because it asks again.
 */
export async function makeCheckedPlan(
  context: CommandContext,
  source: Source,
  live?: LiveState,
): Promise<{ readonly planned: Planned; readonly clean: string }> {
  const state = live ?? (await readLiveFor(context, source));
  const input = await inputOf(context, source, state);
  const bare = await withBucket(context, input, state);
  const found = await foreseen(context, bare);
  if (found.length === 0) return { planned: withSource(source, bare), clean: bare.plan.digest };
  const planned = found.some(({ severity }) => severity === 'error')
    ? plan({ ...input, findings: [...(input.findings ?? []), ...found] })
    : withFindings(bare, found);
  return { planned: withSource(source, planned), clean: bare.plan.digest };
}

/** With what the source alone knows of the plan: the texts that it was made with, and what a rollback does not undo. */
function withSource(source: Source, planned: Planned): Planned {
  const { texts, changePlan } = source;
  const isBack = changePlan.rollbackOf !== undefined;
  if (texts === undefined && !isBack) return planned;
  const plan = {
    ...planned.plan,
    ...(texts === undefined ? {} : { texts }),
    ...(isBack ? { stays: staysOf(source) } : {}),
  };
  return { ...planned, plan };
}

/** Findings are in no digest; only what is blocked by them is. */
const withFindings = (planned: Planned, more: readonly Finding[]): Planned => ({
  ...planned,
  plan: { ...planned.plan, findings: [...planned.plan.findings, ...more] },
});

async function inputOf(context: CommandContext, source: Source, state: LiveState): Promise<PlanInput> {
  // Recorded state is shown and never confirmed; it needs no key, and no AWS.
  const unread = state.recorded
    ? null
    : ((await context.masks?.(source.texts !== undefined || hidesText(source.changePlan, context.types))) ?? null);
  const others = state.recorded
    ? { open: [], findings: [] }
    : await otherRunsFor(context, state.target, source.changePlan.rollbackOf ?? source.resumes ?? null);
  const journals = await ownRecords(context, source);
  return {
    changePlan: source.changePlan,
    text: source.text,
    live: state,
    types: context.types,
    schemas: context.schemas,
    configuration: context.configuration,
    now: new Date(context.io.clock.now()).toISOString(),
    ownDeletions: deletedIn(journals),
    ownMade: madeByRuns(context, journals),
    findings: [
      ...source.findings,
      ...others.findings,
      ...(state.recorded ? [] : await recentTags(context, source.changePlan, state)),
      ...maskFindings(unread),
      ...clockFindings(state.recorded ? null : (context.clockSkew?.() ?? null)),
    ],
    openRuns: others.open,
  };
}

/** The plan, with what was read of the place where its captures are kept; a plan that captures nothing does not ask. */
async function withBucket(
  context: CommandContext,
  input: PlanInput,
  { recorded: isRecorded, target }: LiveState,
): Promise<Planned> {
  const planned = plan(input);
  if (isRecorded || !capturesAnything(planned.plan)) return planned;
  const { bucket, exists, facts, problems } = await bucketState(context, await context.reader(), target);
  // Where there is none, apply asks for it as soon as the plan destroys something.
  if (!exists) return planned;
  if (problems.length > 0)
    return plan({ ...input, findings: [...(input.findings ?? []), ...bucketFindings(problems)] });
  const keptIn = `s3://${bucket}: ${facts.join(', ')}`;
  return {
    ...planned,
    plan: {
      ...planned.plan,
      steps: planned.plan.steps.map((step) =>
        captures(step) && step.capture.how !== 'none' ? { ...step, capture: { ...step.capture, keptIn } } : step,
      ),
    },
  };
}

/** Milliseconds by which the clock of this machine may be off: answers take time, and AWS tells whole seconds. */
const toleratedSkew = 60_000;

/** That the clock of this machine is off, by AWS's own. Pure. */
export function clockFindings(skew: number | null): readonly Finding[] {
  if (skew === null || Math.abs(skew) <= toleratedSkew) return [];
  const seconds = Math.round(Math.abs(skew) / 1000);
  const amount = seconds < 7_200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
  return [
    {
      code: 'clock-off',
      severity: 'warning',
      step: null,
      line: null,
      column: null,
      message: `the clock of this machine is ${amount} ${skew > 0 ? 'behind' : 'ahead of'} AWS's: times in journals and approvals are off, and plans and approvals expire at another moment than they say`,
      help: 'set the clock (for example: timedatectl set-ntp true), then plan again',
    },
  ];
}

/** The journals of earlier runs of the same plan at the same target, where anything of the plan rests on them. */
async function ownRecords(context: CommandContext, source: Source): Promise<readonly (readonly JournalRecord[])[]> {
  const { name, target, resources } = source.changePlan;
  const isUntagged = (type: string): boolean => context.schemas(type)?.tagProperty === null;
  if (!resources.some(({ action, type }) => action === 'delete' || (action === 'create' && isUntagged(type))))
    return [];
  const runs = await runsThat(context, { planName: name, account: target.account, region: target.region });
  return Promise.all(runs.map((run) => recordsIfWhole(context, run)));
}

/** What those runs deleted: deletes of it are done, not missing. */
const deletedIn = (journals: readonly (readonly JournalRecord[])[]): NonNullable<PlanInput['ownDeletions']> =>
  journals.flatMap((records) => {
    const begin = records.find((record) => record.kind === 'begin');
    return (begin?.plan.steps ?? [])
      .filter(
        (step) =>
          step.action === 'delete' &&
          step.identity !== null &&
          records.some((record) => record.kind === 'step' && record.step === step.id && record.state === 'done'),
      )
      .map((step) => ({ type: step.type, identity: step.identity ?? '' }));
  });

/** What those runs made of types without tags: creates of it are done. */
const madeByRuns = (
  { schemas }: CommandContext,
  journals: readonly (readonly JournalRecord[])[],
): NonNullable<PlanInput['ownMade']> =>
  journals
    .flatMap(madeIn)
    .filter(({ type }) => schemas(type)?.tagProperty === null)
    .map(({ step, type, identity, incarnation }) => ({ address: step, type, identity, incarnation }));

import { type CommandContext, readInput } from '../context/command-context.ts';
import type { Plan, Planned } from '../../domain/plan.ts';
import { type Source, rejecting, sentenceOf } from './source.ts';
import { bringsOutOf, isWithoutJournal } from './generated.ts';
import { parseSource, recordsIfWhole, readLiveFor, makeCheckedPlan } from './planning.ts';
import { textsAsPlanned } from '../context/texts.ts';
import { refuseElsewhere } from './elsewhere.ts';
import { pinnedRollback } from './pinned-rollback.ts';
import { canonical, maskKeysIn } from '../../base/digest.ts';
import { isLogged, unloggedFinding } from './logged-run.ts';
import { manifestsOf } from './manifests.ts';
import { unprovenRestores } from './proven-restores.ts';
import type { ChangePlan } from '../../domain/change-plan.ts';
import type { LyingManifests } from '../../domain/records/run-manifest.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import { runsThat } from './open-runs.ts';
import type { LiveState } from '../../domain/live.ts';
import { isPlanText, parsePlanText } from '../../store/objects/plan-file.ts';
import { endOfPlan } from './plan-age.ts';
import { asFarAsPossible } from './setting-aside.ts';
import { UserError, exitCodes } from '../../base/error.ts';
import { staleSteps } from '../../run/drift/stale-steps.ts';
import { settingsMoved } from '../../domain/configuration.ts';

/**
 * The source that a plan file holds: its change plan with the texts that it was made with, or for a rollback the
 * journal of the run that it names (law 13); without what was rejected. `next`: what can be done where a text is
 * another one now. Throws UserError `text-changed`.
 */
export async function sourceOfPlan(
  context: CommandContext,
  saved: Plan,
  file: string,
  next = 'or plan again',
): Promise<Source> {
  if ((saved.texts ?? []).length > 0) await context.masks?.();
  const brings = saved.rollbackOf === null ? bringsOutOf(saved) : null;
  const whole =
    brings !== null
      ? await (await import('./bringing-out.ts')).bringingOut(context, brings)
      : saved.rollbackOf === null
        ? parseSource(context, saved.changePlan, file, textsAsPlanned(context.io, saved, file, next))
        : isWithoutJournal(saved)
          ? await (await import('./from-aws.ts')).fromAwsSource(context, saved.rollbackOf)
          : await rollbackSource(context, saved.rollbackOf);
  return rejecting(whole, saved.rejected ?? []);
}

/**
 * The generated change plan that rolls a run back. Throws UserError `no-such-run`, `journal-damaged`, `wrong-account`,
 * `wrong-region`, `wrong-endpoint`.
 */
export async function rollbackSource(context: CommandContext, run: string): Promise<Source> {
  const { rollbackChangePlan } = await import('../../recovery/rollback/rollback.ts');
  const { records } = await context.store.readRun(run);
  const target = await context.target();
  refuseElsewhere(run, records, target);
  const earlier = await rollbacksOf(context, run);
  const {
    changePlan: generated,
    findings,
    incomplete,
    lost,
  } = await rollbackChangePlan(records, {
    session: await context.reader(),
    types: context.types,
    schemas: context.schemas,
    now: new Date(context.io.clock.now()).toISOString(),
    earlier,
    // The effect of a call to an emulator shows at once.
    ...(target.endpoint === null ? {} : { consistency: 0 }),
  });
  const known = await isLogged(context, run, records);
  let lying: Promise<LyingManifests> | undefined;
  const manifests = (): Promise<LyingManifests> => (lying ??= manifestsOf(context, { run }));
  const { changePlan: pinned, said } = await pinnedRollback(context, generated, records, earlier, manifests);
  const changePlan: ChangePlan = known ? pinned : { ...pinned, unlogged: true };
  return {
    changePlan,
    text: canonical(changePlan),
    file: `rollback of ${run}`,
    findings: [
      ...(known ? [] : [unloggedFinding(run, 'a journal')]),
      ...findings,
      ...said,
      ...(await unprovenRestores(context, changePlan, manifests)),
    ],
    incomplete: incomplete ? incompleteOf(findings) : [],
    lost,
  };
}

const incompleteOf = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ severity }) => severity !== 'info').map(sentenceOf);

/**
 * The journals of the rollbacks of a run that this store has, oldest first. One that cannot be read proves nothing and
 * is left out.
 */
async function rollbacksOf(context: CommandContext, run: string): Promise<readonly (readonly JournalRecord[])[]> {
  const journals = await Promise.all(
    (await runsThat(context, { rollbackOf: run })).map((rollback) => recordsIfWhole(context, rollback)),
  );
  return journals
    .filter((records) => records.length > 0)
    .toSorted((a, b) => ((a[0]?.at ?? '') < (b[0]?.at ?? '') ? -1 : 1));
}

/** A plan to review or apply: from a change plan, or from a plan file, which is believed only as far as AWS agrees. */
export interface Loaded {
  readonly source: Source;
  readonly planned: Planned;
  readonly saved: Plan | null;
  /** The live state from which the plan was made; a rejection plans from it again. */ readonly live: LiveState;
}

/**
 * Loads FILE for review or apply. A plan file is planned again from the change plan inside it; a different digest means
 * that something changed. Throws UserError `plan-expired`, `plan-already-applied` (exit 3), `plan-stale` (exit 4),
 * ChangePlanError.
 */
export async function loadForApply(context: CommandContext, file: string): Promise<Loaded> {
  const text = readInput(context.io, file);
  if (!isPlanText(text)) {
    const source = parseSource(context, text, file);
    return { ...(await loaded(context, source)), saved: null };
  }
  const saved = parsePlanText(text, file);
  await context.store.refuseAppliedPlan(saved);
  if (saved.recorded) throw recorded();
  const expiresAt = endOfPlan(context, saved);
  const { source, planned, live, clean } = await loaded(context, await sourceOfPlan(context, saved, file));
  if (planned.plan.recorded) throw recorded();
  // AWS's answer to the checks is no part of the confirmation: where only that is new, the plan is blocked, not stale.
  if (planned.plan.digest !== saved.digest && clean !== saved.digest) throw stale(context, saved, planned);
  return {
    source,
    planned: datedAs(planned, { createdAt: saved.createdAt, expiresAt }),
    saved: { ...saved, expiresAt },
    live,
  };
}

/** Reads AWS, plans a source, and asks what apply would refuse; a rollback as far as it can go. */
export async function loaded(
  context: CommandContext,
  source: Source,
): Promise<Omit<Loaded, 'saved'> & { readonly clean: string }> {
  const live = await readLiveFor(context, source);
  return { live, ...(await asFarAsPossible(source, (less) => makeCheckedPlan(context, less, live))) };
}

/** A plan that was made again is as old as the one that the person holds. */
const datedAs = (planned: Planned, { createdAt, expiresAt }: Pick<Plan, 'createdAt' | 'expiresAt'>): Planned => ({
  ...planned,
  plan: { ...planned.plan, createdAt, expiresAt },
});

/**
 * The plan without the rejected steps, from the same reading of AWS, as old as the one on the screen. Throws UserError
 * `not-rejectable`.
 */
export async function planRejecting(
  context: CommandContext,
  { source, planned, live, saved }: Loaded,
  rejected: readonly string[],
): Promise<Loaded> {
  if (planned.plan.resumes !== undefined)
    throw new UserError(
      'not-rejectable',
      'a step of a run that is resumed cannot be rejected: it was confirmed as a whole',
      { exitCode: exitCodes.blocked, help: `undo the run instead: aiplan rollback ${planned.plan.resumes}` },
    );
  const less = await asFarAsPossible(rejecting(source, rejected), (some) => makeCheckedPlan(context, some, live));
  return { source: less.source, live, saved, planned: datedAs(less.planned, planned.plan) };
}

const recorded = (): UserError =>
  new UserError('plan-recorded', 'the plan was made from recorded state: it can be shown, never confirmed', {
    exitCode: exitCodes.blocked,
    help: 'plan again without --live',
  });

function stale({ types }: CommandContext, saved: Plan, fresh: Planned): UserError {
  const moved = staleSteps({ plan: saved }, fresh, (type) => types.get(type)?.rules);
  const [then, now] = [maskKeysIn(JSON.stringify(saved.steps)), maskKeysIn(JSON.stringify(fresh.plan.steps))];
  if (then.length > 0 && now.length > 0 && canonical(then) !== canonical(now)) {
    return new UserError(
      'plan-stale',
      'the plan holds sensitive values that were compared with another key, so that nobody can tell whether they changed',
      {
        exitCode: exitCodes.stale,
        help: 'run `aiplan setup` once for this account and region: it makes the key in the capture bucket that all homes share. Then plan again',
      },
    );
  }
  const settings = settingsMoved(saved.configuration, fresh.plan.configuration);
  if (settings.length > 0) {
    return new UserError(
      'plan-stale',
      `the plan was made under another configuration: ${settings.join('; ')}${moved === '' ? '' : `; and changed since the plan: ${moved}`}`,
      {
        exitCode: exitCodes.stale,
        help: 'bring the two configurations together (`aiplan setup` shows the one in effect here), or plan again here and have that plan reviewed',
      },
    );
  }
  return new UserError(
    'plan-stale',
    `the plan does not fit any more: ${moved === '' ? 'the target or the order changed' : `changed since the plan: ${moved}`}`,
    { exitCode: exitCodes.stale, help: 'plan again and look at the difference' },
  );
}

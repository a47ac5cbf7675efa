import type { ChangePlan } from '../../domain/change-plan.ts';
import { canonical, sha256 } from '../../base/digest.ts';
import { UserError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { Json } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { LyingManifests } from '../../domain/records/run-manifest.ts';
import { chosenManifests } from '../../recovery/captures/chosen-manifests.ts';
import { captureBucketOf, opOf } from '../../plan/steps/preview-context.ts';
import { runOutsideRun } from '../../run/executor/run-outside.ts';
import { keptRuns, madeByTag, recordsFrom, type KeptRun } from '../../recovery/captures/from-manifests.ts';
import { rollbackChangePlan } from '../../recovery/rollback/rollback.ts';
import { backupProblems } from '../../../providers/aws/values/capture-binding.ts';
import { row, span, type Row } from '../../views/base/rows.ts';
import { manifestFindings, manifestsOf, readingCaptures } from './manifests.ts';
import { told } from '../context/progress.ts';
import type { Source } from './source.ts';
import { unprovenRestores } from './proven-restores.ts';
import { isLogged, unloggedFinding } from './logged-run.ts';
import type { CommandContext } from '../context/command-context.ts';
import { refuseElsewhere } from './elsewhere.ts';

/**
 * The runs that the capture bucket knows of, newest first by S3's clock, and what else lies there. Reads only. Throws
 * UserError `no-manifests`.
 */
export async function runsInAws(
  context: CommandContext,
): Promise<{ readonly runs: readonly KeptRun[]; readonly findings: readonly Finding[] }> {
  const lying = await allRuns(context);
  const runs = keptRuns(lying);
  const findings = manifestFindings(lying, captureBucketOf(context.configuration, await context.target()));
  if (runs.length === 0) throw await nothingKept(context, 'of any run', findings);
  return { runs, findings };
}

const allRuns = (context: CommandContext): Promise<LyingManifests> =>
  manifestsOf(context, { run: null, brief: true, progress: told(context, 'manifests read') });

/**
 * The generated change plan that undoes a run from what lies in the capture bucket, without its journal. Every claim is
 * held against AWS as a journal's is, and no earlier approval covers any of it. Where the store knows the run all the
 * same, only manifests that its journal bears out count; where it does not, each step says so and is confirmed by
 * itself. Throws UserError `no-manifests`.
 */
export async function fromAwsSource(context: CommandContext, run: string): Promise<Source> {
  const target = await context.target();
  const { records, known, flags, said: around, whole, isKnown } = await recordsInAws(context, run);
  const earlier = await Promise.all(
    known
      .filter(({ rollbackOf }) => rollbackOf === run)
      .toReversed()
      .map(async (one) => recordsFrom(one.run, await manifestsOf(context, { run: one.run }))),
  );
  const { changePlan, findings, lost } = await rollbackChangePlan(records, {
    session: await context.reader(),
    types: context.types,
    schemas: context.schemas,
    now: new Date(context.io.clock.now()).toISOString(),
    earlier,
    ...(target.endpoint === null ? {} : { consistency: 0 }),
  });
  const marked = { ...changePlan, ...flags };
  const said = [...around, ...unknowns(run, whole, isKnown), ...findings];
  return {
    changePlan: marked,
    text: canonical(marked),
    file: `rollback of ${run} from AWS`,
    findings: [...said, ...(await unprovenRestores(context, marked))],
    incomplete: [...unknowns(run, whole, true), ...findings]
      .filter(({ severity }) => severity !== 'info')
      .map(({ step, message }) => (step === null ? message : `${step}: ${message}`)),
    lost,
  };
}

interface InAws {
  readonly records: readonly JournalRecord[];
  readonly known: readonly KeptRun[];
  /** How a plan that is made of them is marked. */
  readonly flags: Partial<Pick<ChangePlan, 'withoutJournal' | 'unlogged'>>;
  readonly said: readonly Finding[];
  /** The plan of the run is there. */
  readonly whole: boolean;
  /** The store knows the run. */
  readonly isKnown: boolean;
}

/**
 * A run as far as the capture bucket tells of it, held against what the store knows of it. Throws UserError
 * `no-manifests`.
 */
export async function recordsInAws(context: CommandContext, run: string): Promise<InAws> {
  const target = await context.target();
  const bucket = captureBucketOf(context.configuration, target);
  const all = await allRuns(context);
  const known = keptRuns(all);
  const kept = known.find((one) => one.run === run);
  const lying = await manifestsOf(context, { run });
  const around = manifestFindings(lying, bucket);
  if (kept === undefined) throw await nothingKept(context, `of run "${run}"`, around);
  const heads = await headsOf(context, run);
  const chosen = chosenManifests(run, lying, {
    ...(heads.records === null ? {} : { heads: heads.records }),
    unproven: await unprovenBackups(context, lying),
  });
  const made = chosen.whole === null ? madeByTag(run, await everything(context)) : [];
  const records = recordsFrom(run, lying, made, chosen);
  if (records.length === 0)
    throw await nothingKept(context, `of run "${run}" that can be used`, [
      ...around,
      ...rivalFindings(chosen.rivals, bucket),
    ]);
  refuseElsewhere(run, records, target);
  return {
    records,
    known,
    flags: { withoutJournal: true, ...(heads.isKnown ? {} : { unlogged: true }) },
    said: [...around, ...rivalFindings(chosen.rivals, bucket)],
    whole: chosen.whole !== null,
    isKnown: heads.isKnown,
  };
}

/**
 * The store's knowledge of a run, where the store answers: the digests of its journal's records, or null where there is
 * no journal that can be read and that the log was told of. `isKnown`: the log says that the run began, with that
 * journal.
 */
async function headsOf(
  context: CommandContext,
  run: string,
): Promise<{ readonly records: ReadonlySet<string> | null; readonly isKnown: boolean }> {
  try {
    const { records } = await context.store.readRun(run);
    // Nor does a journal of which the log was not told: it may have been written to hide the manifests of the run.
    return (await isLogged(context, run, records))
      ? { records: new Set(records.map((record) => sha256(canonical(record as unknown as Json)))), isKnown: true }
      : { records: null, isKnown: false };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // A journal that cannot be read proves nothing of what the manifests say, and neither does a store that does not
    // answer.
    return { records: null, isKnown: error.code === 'no-such-run' && (await isLogged(context, run, null)) };
  }
}

/**
 * Of steps that several manifests tell of, those whose images and snapshots AWS does not show as taken by that run and
 * step.
 */
async function unprovenBackups(context: CommandContext, { captures }: LyingManifests): Promise<ReadonlySet<string>> {
  const counts = new Map<string, number>();
  for (const {
    manifest: { step },
  } of captures)
    counts.set(step, (counts.get(step) ?? 0) + 1);
  const contested = captures.filter(
    ({ manifest }) => (counts.get(manifest.step) ?? 0) > 1 && manifest.capture?.how === 'native',
  );
  if (contested.length === 0) return new Set();
  const { account } = await context.target();
  return readingCaptures(context, async (session) => {
    const found = new Set<string>();
    for (const {
      key,
      manifest: { run, step, capture, live, before },
    } of contested) {
      if (capture === null) continue;
      const claim = { account, run, op: opOf(run, step), live: before ?? live, byTags: true };
      if ((await runOutsideRun(session, () => backupProblems(capture, claim), { run, step })).length > 0)
        found.add(key);
    }
    return found;
  });
}

const rivalFindings = (
  rivals: readonly { readonly key: string; readonly why: string }[],
  bucket: string,
): readonly Finding[] =>
  rivals.map(({ key, why }) => ({
    code: 'manifest-rival',
    severity: 'warning',
    step: null,
    line: null,
    column: null,
    message: `s3://${bucket}/${key} is not used: ${why}`,
    help: 'two manifests claim the same; find out who wrote the other one',
  }));

/** Things that cannot be known without the journal. */
function unknowns(run: string, whole: boolean, isKnown: boolean): readonly Finding[] {
  const say = (severity: Finding['severity'], code: string, message: string): Finding => ({
    code,
    severity,
    step: null,
    message,
    line: null,
    column: null,
  });
  return [
    say(
      'info',
      'rollback-from-aws',
      `made from the capture bucket, without the journal of run ${run}: what it made is known by its tags alone, and which of its steps it came to by what is live`,
    ),
    ...(isKnown ? [] : [unloggedFinding(run, 'the capture bucket')]),
    ...(whole
      ? []
      : [
          say(
            'warning',
            'rollback-partly-known',
            `the plan of run ${run} is not in the capture bucket: what it updated is not known, only what it destroyed and what carries its tags`,
          ),
        ]),
  ];
}

/** Everything live of the types that aiplan makes. */
async function everything({ types, reader }: CommandContext): Promise<readonly LiveResource[]> {
  const session = await reader();
  const read = await Promise.all(
    types.all
      .filter(({ managed }) => managed)
      .map((type) => type.read(session, { identities: [], all: true, detailed: new Set() })),
  );
  return read.flatMap(({ resources }) => resources);
}

async function nothingKept(context: CommandContext, what: string, findings: readonly Finding[]): Promise<UserError> {
  const bucket = captureBucketOf(context.configuration, await context.target());
  const left =
    findings.length === 0
      ? ''
      : ` What lies there and cannot be used: ${findings
          .slice(0, 5)
          .map(({ message }) => message)
          .join('; ')}.`;
  return new UserError('no-manifests', `the capture bucket "${bucket}" holds no manifest ${what}.${left}`, {
    help: `look below s3://${bucket}/manifests/; another account or region has a bucket of its own`,
  });
}

/** The runs that the capture bucket knows of, for a list. */
export const keptRunRows = (runs: readonly KeptRun[]): readonly Row[] =>
  runs.map(({ run, at, planName, rollbackOf, steps, whole }) =>
    row(
      0,
      span(run, 'title'),
      ` ${at.slice(0, 19)}Z ${planName}${rollbackOf === null ? '' : ` (rollback of ${rollbackOf})`}: `,
      whole ? `${steps} step${steps === 1 ? '' : 's'}` : span('only what it destroyed is known', 'warning'),
    ),
  );

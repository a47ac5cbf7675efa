import { runOutsideRun } from '../../run/executor/run-outside.ts';
import { mapBounded } from '../../base/pool.ts';
import { AwsError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JsonObject } from '../../base/json.ts';
import type { AwsReader } from '../../domain/call.ts';
import type { Lying, LyingManifests, RunManifest, CaptureManifest } from '../../domain/records/run-manifest.ts';
import type { CaptureBucket } from '../../../providers/s3/objects/capture-place.ts';
import {
  candidates,
  checkedManifest,
  listManifests,
  manifestVersion,
  type ListedManifest,
} from '../../../providers/s3/objects/manifests.ts';
import type { CommandContext } from '../context/command-context.ts';

/** Objects that are read at once. */
const width = 24;

/** The capture bucket of a target as its readers name it. */
async function captureBucketFor(context: CommandContext): Promise<CaptureBucket> {
  const { account, region, endpoint } = await context.target();
  return { account, region, endpoint, bucket: context.configuration.capture.bucket };
}

/** Runs some reading of the capture bucket with the session that refuses every mutating call. */
export async function readingCaptures<Result>(
  context: CommandContext,
  work: (session: Parameters<typeof runOutsideRun>[0], of: CaptureBucket) => Promise<Result>,
): Promise<Result> {
  // The target first: it names the bucket to the session.
  const of = await captureBucketFor(context);
  return work(await context.reader(), of);
}

export interface ManifestQuery {
  /** One run; null is every run. */
  readonly run: string | null;
  /**
   * Of each run only what tells of the whole of it, or else one manifest that names it, and of these what a list needs.
   */
  readonly brief?: true;
  /** How far it has come. */
  readonly progress?: (done: number, of: number) => void;
}

const none: LyingManifests = { runs: [], captures: [], leftOut: [], touched: [] };

/**
 * The manifests of runs in the capture bucket. An object that is no manifest, or cannot be read, is left out and named.
 * A manifest that somebody wrote over or deleted is read in the version that was written first. Nothing where there is
 * no bucket. Reads only. Throws AwsError where the bucket itself cannot be read.
 */
export async function manifestsOf(context: CommandContext, query: ManifestQuery): Promise<LyingManifests> {
  try {
    return await readingCaptures(context, (session, of) => readManifests(session, of, query));
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'absent') return none;
    throw error;
  }
}

/** The same with a session at hand. Throws AwsError. */
export async function readManifests(
  session: Parameters<typeof runOutsideRun>[0],
  of: CaptureBucket,
  { run, brief, progress }: ManifestQuery,
): Promise<LyingManifests> {
  // The shapes load a library that no other reading needs.
  const { shapedManifest } = await import('../../store/objects/manifest-shapes.ts');
  const listed = await runOutsideRun(session, () => listManifests(of, run), { run: run ?? '', step: 'manifests' });
  const wanted = brief === true ? firstOfEach(listed.manifests) : listed.manifests;
  const runs: Lying<RunManifest>[] = [];
  const captures: Lying<CaptureManifest>[] = [];
  const leftOut = [...listed.strays];
  const touched = wanted.flatMap(touchOf);
  let done = 0;
  await mapBounded(wanted, width, async (item) => {
    const found = await originalOf(session, of, item);
    progress?.((done += 1), wanted.length);
    if ('why' in found) {
      leftOut.push({ key: item.key, why: found.why });
      return;
    }
    const shaped = shapedManifest(found.manifest);
    const lying = { key: item.key, written: found.written };
    if (shaped.kind === 'none') leftOut.push({ key: item.key, why: shaped.why });
    else if ((shaped.kind === 'run') !== (item.name === 'run.all'))
      leftOut.push({ key: item.key, why: 'its format is not the one that its name says' });
    else if (shaped.kind === 'run')
      runs.push({ ...lying, manifest: brief === true ? briefly(shaped.manifest) : shaped.manifest });
    else captures.push({ ...lying, manifest: shaped.manifest });
  });
  const byKey = (a: { readonly key: string }, b: { readonly key: string }): number => (a.key < b.key ? -1 : 1);
  return { runs: runs.sort(byKey), captures: captures.sort(byKey), leftOut: leftOut.sort(byKey), touched };
}

/** The first version whose content has the digest of the name. */
async function originalOf(
  session: AwsReader,
  of: CaptureBucket,
  item: ListedManifest,
): Promise<{ readonly manifest: JsonObject; readonly written: string } | { readonly why: string }> {
  let why = 'it is larger than any manifest';
  for (const { id, written } of candidates(item)) {
    let text: string | null;
    try {
      const answer = await session.read(manifestVersion(of, item.key, id));
      text = answer === null ? null : String(answer['Body'] ?? '');
    } catch (error) {
      // An object under a key that nobody here may use is no reason to stop; a bucket that does not answer is.
      if (!(error instanceof AwsError) || error.kind !== 'denied') throw error;
      why = `reading it is refused (${error.code})`;
      continue;
    }
    const checked = checkedManifest(item, text);
    if ('manifest' in checked) return { ...checked, written };
    ({ why } = checked);
  }
  return { why };
}

/** Whether somebody was at a manifest after it was written: each is written once. */
const touchOf = ({ key, versions, deletedAt }: ListedManifest): LyingManifests['touched'] => [
  ...(versions.length > 1 ? [{ key, how: 'overwritten' as const, at: versions.at(-1)?.written ?? '' }] : []),
  ...(deletedAt === null ? [] : [{ key, how: 'deleted' as const, at: deletedAt }]),
];

/** Of each run the manifests of the whole, or one that names it where there is none of these. */
function firstOfEach(listed: readonly ListedManifest[]): readonly ListedManifest[] {
  const whole = new Set(listed.flatMap(({ run, name }) => (name === 'run.all' ? [run] : [])));
  const seen = new Set<string>();
  return listed.filter(({ run, name }) => {
    if (name === 'run.all') return true;
    if (whole.has(run) || seen.has(run)) return false;
    seen.add(run);
    return true;
  });
}

/** The part of a run that a list needs; thousands of them stand in memory at once. */
const briefly = ({ plan, ...manifest }: RunManifest): RunManifest => ({
  ...manifest,
  befores: [],
  captures: {},
  plan: {
    ...plan,
    changePlan: '',
    configuration: {},
    findings: [],
    steps: plan.steps.map((step) => ({ ...step, changes: [], evidence: { binding: {}, observed: {} }, live: {} })),
  },
});

/** Objects that are named one by one. */
const most = 20;

/** Findings about objects there besides the manifests that are used. */
export function manifestFindings(
  { leftOut, touched }: Pick<LyingManifests, 'leftOut' | 'touched'>,
  bucket: string,
): readonly Finding[] {
  const say = (code: string, message: string, help: string): Finding => ({
    code,
    severity: 'warning',
    step: null,
    message,
    line: null,
    column: null,
    help,
  });
  const all = [
    ...leftOut.map(({ key, why }) =>
      say(
        'manifest-left-out',
        `s3://${bucket}/${key} is left out: ${why}`,
        'aiplan did not write it so; find out who did. Nothing else is held up by it',
      ),
    ),
    ...touched.map(({ key, how, at }) =>
      say(
        `manifest-${how}`,
        `s3://${bucket}/${key} was ${how} at ${at}; the version that was written first is used`,
        'a manifest is written once; find out who was there. S3 keeps its first version for 30 days from then',
      ),
    ),
  ];
  return all.length <= most
    ? all
    : [
        ...all.slice(0, most),
        say(
          'manifest-left-out',
          `and ${all.length - most} more objects below s3://${bucket}/manifests/`,
          'list them with their versions: aws s3api list-object-versions',
        ),
      ];
}

import { canonical } from '../model/digest.ts';
import { UserError } from '../model/error.ts';
import type { Finding } from '../model/finding.ts';
import type { Json } from '../model/json.ts';
import type { LiveResource } from '../model/live.ts';
import { captureBucketOf } from '../engine/context.ts';
import { keptRuns, madeByTag, recordsFrom, type KeptRun } from '../engine/from-manifests.ts';
import { rollbackChangePlan } from '../engine/rollback.ts';
import { isRunManifestKey, manifestKey } from '../../providers/s3/capture-bucket.ts';
import { row, span, type Row } from '../views/rows.ts';
import type { Source } from './source.ts';
import { manifestsOf, unprovenRestores } from './proven-restores.ts';
import type { World } from './world.ts';

/** The runs that the capture bucket knows of, newest first. Reads only. Throws UserError `no-manifests`. */
export async function runsInAws(world: World): Promise<readonly KeptRun[]> {
  const found = keptRuns(await manifestsIn(world, null));
  if (found.length === 0) throw await nothingKept(world, 'of any run');
  return found;
}

/**
 * The generated change plan that takes a run back from what lies in the capture bucket, without its journal. Every claim is held
 * against AWS as a journal's is, and no earlier approval covers any of it. Throws UserError `no-manifests`.
 */
export async function fromAwsSource(world: World, run: string): Promise<Source> {
  const target = await world.target();
  const all = keptRuns(await manifestsIn(world, null));
  const kept = all.find((one) => one.run === run);
  if (kept === undefined) throw await nothingKept(world, `of run "${run}"`);
  const manifests = await manifestsIn(world, run);
  const made = kept.whole ? [] : madeByTag(run, await everything(world));
  const earlier = await Promise.all(all.filter(({ rollbackOf }) => rollbackOf === run).toReversed().map(async (one) => recordsFrom(one.run, await manifestsIn(world, one.run))));
  const { changePlan, findings } = await rollbackChangePlan(recordsFrom(run, manifests, made), {
    session: await world.reader(), types: world.types, schemas: world.schemas, now: new Date(world.io.clock.now()).toISOString(), earlier, ...(target.endpoint === null ? {} : { consistency: 0 }),
  });
  const marked = { ...changePlan, withoutJournal: true as const };
  const told = [...unknowns(kept), ...findings];
  return {
    changePlan: marked, text: canonical(marked), file: `rollback of ${run} from AWS`, findings: [...told, ...(await unprovenRestores(world, marked))],
    incomplete: told.filter(({ severity }) => severity !== 'info').map(({ step, message }) => (step === null ? message : `${step}: ${message}`)),
  };
}

/** What cannot be known without the journal. */
function unknowns({ run, whole }: KeptRun): readonly Finding[] {
  const say = (severity: Finding['severity'], code: string, message: string): Finding => ({ code, severity, step: null, message, line: null, column: null });
  return [
    say('info', 'rollback-from-aws', `made from the capture bucket, without the journal of run ${run}: what it made is known by its tags alone, and which of its steps it came to by what is live`),
    ...(whole ? [] : [say('warning', 'rollback-partly-known', `the plan of run ${run} is not in the capture bucket: what it updated is not known, only what it destroyed and what carries its tags`)]),
  ];
}

/** Everything live of the types that aiplan makes. */
async function everything({ types, reader }: World): Promise<readonly LiveResource[]> {
  const session = await reader();
  const read = await Promise.all(types.all.filter(({ managed }) => managed).map((type) => type.read(session, { identities: [], all: true, detailed: new Set() })));
  return read.flatMap(({ resources }) => resources);
}

/** Manifests of one run, or of every run the one that tells of the whole. */
const manifestsIn = (world: World, run: string | null): Promise<readonly Json[]> => manifestsOf(world, run, run === null ? firstOfEach() : undefined);

/** Of each run the manifests of the whole, and one more, which names it where there is none of these. */
function firstOfEach(): (key: string) => boolean {
  const seen = new Set<string>();
  return (key) => {
    const run = key.slice(0, key.lastIndexOf('/'));
    if (isRunManifestKey(key)) return true;
    if (seen.has(run)) return false;
    seen.add(run);
    return true;
  };
}

async function nothingKept(world: World, what: string): Promise<UserError> {
  const bucket = captureBucketOf(world.configuration, await world.target());
  return new UserError('no-manifests', `the capture bucket "${bucket}" holds no manifest ${what}`, { help: `look below s3://${bucket}/${manifestKey('', '').split('/')[0] ?? ''}/; another account or region has a bucket of its own` });
}

/** The runs that the capture bucket knows of, for a list. */
export const keptRunRows = (runs: readonly KeptRun[]): readonly Row[] => runs.map(({ run, at, planName, rollbackOf, steps, whole }) => row(0, span(run, 'title'), ` ${at.slice(0, 19)}Z ${planName}${rollbackOf === null ? '' : ` (rollback of ${rollbackOf})`}: `,
  whole ? `${steps} step${steps === 1 ? '' : 's'}` : span('only what it destroyed is known', 'warning')));

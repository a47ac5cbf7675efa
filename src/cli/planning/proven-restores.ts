import type { ChangePlan, RestoreOrder } from '../../domain/change-plan.ts';
import { canonical } from '../../base/digest.ts';
import { AwsError, UserError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { LyingManifests, RunManifest } from '../../domain/records/run-manifest.ts';
import { captureBucketOf, opOf } from '../../plan/steps/preview-context.ts';
import { runOutsideRun } from '../../run/executor/run-outside.ts';
import { backupProblems } from '../../../providers/aws/values/capture-binding.ts';
import { checkCopies, copySentences } from '../../../providers/s3/objects/copies.ts';
import { readManifest } from '../../../providers/s3/objects/manifest.ts';
import { manifestFindings, manifestsOf, readingCaptures } from './manifests.ts';
import type { CommandContext } from '../context/command-context.ts';
import type { Capture } from '../../domain/capture-plan.ts';

interface Ordered {
  readonly address: string;
  readonly order: RestoreOrder;
}

const ordersOf = ({ resources }: ChangePlan): readonly Ordered[] =>
  resources.flatMap(({ address, restore, repoint }) =>
    [restore, repoint].flatMap((order) => (order === undefined ? [] : [{ address, order }])),
  );

const finding = (
  severity: Finding['severity'],
  code: string,
  step: string,
  message: string,
  help: string,
): Finding => ({ code, severity, step, message, line: null, column: null, help });

/**
 * A journal proves nothing (law 13): what a rollback brings back must be what lies beside the data in AWS, written
 * before the destruction, and what lies there must still be what was taken. Answers an error for every restore of which
 * the capture bucket knows nothing, or something else, or whose copies and snapshots are not the captured ones; and
 * what else lies there. Reads only. Throws AwsError.
 */
export async function unprovenRestores(
  context: CommandContext,
  changePlan: ChangePlan,
  manifestsFor: (run: string) => Promise<LyingManifests> = (run) => manifestsOf(context, { run }),
): Promise<readonly Finding[]> {
  const orders = ordersOf(changePlan);
  if (orders.length === 0) return [];
  const bucket = captureBucketOf(context.configuration, await context.target());
  const manifests = new Map<string, LyingManifests>();
  for (const run of new Set(orders.map(({ order }) => order.run))) manifests.set(run, await manifestsFor(run));
  const told =
    changePlan.withoutJournal === true
      ? []
      : [...manifests.values()].flatMap((lying) => manifestFindings(lying, bucket));
  const unproven = orders.flatMap(({ address, order }): readonly Finding[] => {
    const kept = (manifests.get(order.run)?.captures ?? []).filter(({ manifest }) => manifest.step === order.step);
    const runs = (manifests.get(order.run)?.runs ?? []).map(({ manifest }) => manifest);
    const why = unprovenBy(
      kept.map(({ manifest }) => manifest as unknown as JsonObject),
      runs,
      order,
    );
    return why === null
      ? []
      : [
          finding(
            'error',
            'restore-unproven',
            address,
            why,
            `nothing is restored from the word of a journal alone. Look below s3://${bucket}/manifests/${order.run}/, also at versions that are not current`,
          ),
        ];
  });
  return [...told, ...unproven, ...(await changedCaptures(context, changePlan))];
}

/**
 * Why a restore is not proven, in what is known: a manifest that is not there says nothing against the journal. Null
 * where it is proven.
 */
export function unprovenBy(
  kept: readonly JsonObject[],
  runs: readonly Pick<RunManifest, 'befores' | 'captures'>[],
  order: RestoreOrder,
): string | null {
  const { run, step, formerIdentity } = order;
  // Captures that were taken before the first change stand in what the run wrote down then.
  const early = runs.flatMap(({ befores, captures }): readonly JsonObject[] => {
    const before = befores.find((one) => one.step === step)?.live;
    return captures[step] === undefined || !before
      ? []
      : [{ capture: captures[step], before } as unknown as JsonObject];
  });
  if (kept.length === 0 && early.some((claim) => proves(claim, order)) && bearsOutFormer(runs, order)) return null;
  if (kept.length === 0)
    return `no manifest of run ${run} for "${formerIdentity}" lies in the capture bucket: it was not written, or it is gone. Only the journal speaks of the capture`;
  if (!kept.some((manifest) => proves(manifest, order)))
    return `the journal of run ${run} and the manifest in the capture bucket do not say the same of "${formerIdentity}"; which of them was changed is not known`;
  if (bearsOutFormer(runs, order)) return null;
  return runs.length === 0
    ? `what run ${run} wrote into the capture bucket before its first change is not there: only the journal says how what "${formerIdentity}" brings along was before`
    : `the journal of run ${run} and what the run wrote into the capture bucket before its first change do not say the same of what "${formerIdentity}" brings along`;
}

/** Whether the manifest says the same of the capture and of the resource before as the journal. */
export function proves(manifest: JsonObject, order: RestoreOrder): boolean {
  const before = manifest['before'] ?? manifest['live'] ?? null;
  return (
    canonical(manifest['capture'] ?? null) === canonical(order.capture) &&
    canonical(before) === canonical(order.live ?? null) &&
    isObject(before) &&
    before['identity'] === order.formerIdentity &&
    before['incarnation'] === order.formerIncarnation
  );
}

/**
 * Whether the former state of resources that it brings along is the one that the run wrote into AWS before its first
 * change.
 */
export const bearsOutFormer = (
  runs: readonly Pick<RunManifest, 'befores'>[],
  order: Pick<RestoreOrder, 'formerly'> | undefined,
): boolean =>
  Object.entries(order?.formerly ?? {}).every(([identity, former]) =>
    runs.some(({ befores }) =>
      befores.some(
        ({ live }) =>
          live?.identity === identity &&
          Object.entries(former).every(
            ([name, value]) => canonical(live.properties[name] ?? null) === canonical(value ?? null),
          ),
      ),
    ),
  );

/** Compares each capture in AWS with the record of when it was taken. */
async function changedCaptures(context: CommandContext, changePlan: ChangePlan): Promise<readonly Finding[]> {
  const { account, region } = await context.target();
  const orders = ordersOf(changePlan).filter(({ order }) => isCapture(order.capture) && order.live !== undefined);
  if (orders.length === 0) return [];
  return readingCaptures(context, async (session) => {
    const found: Finding[] = [];
    for (const { address, order } of orders) {
      const capture = order.capture as unknown as Capture;
      const where = {
        run: order.run,
        step: order.step,
        account,
        region,
        captureBucket: captureBucketOf(context.configuration, { account, region }),
      };
      const reading = { run: order.run, step: order.step };
      try {
        if (capture.how === 'copy') {
          const checked = await runOutsideRun(
            session,
            function* check() {
              return yield* checkCopies(where.captureBucket, account, capture, yield* readManifest(where, capture));
            },
            reading,
          );
          if (checked !== null) found.push(...copyFindings(address, order, copySentences(checked)));
        } else if (capture.how === 'native' && order.live !== undefined) {
          const claim = {
            account,
            run: order.run,
            op: opOf(order.run, order.step),
            live: order.live,
            byTags: changePlan.withoutJournal === true,
          };
          const problems = await runOutsideRun(session, () => backupProblems(capture, claim), reading);
          found.push(
            ...problems.map((problem) =>
              finding(
                'error',
                'backup-differs',
                address,
                `what "${order.formerIdentity}" would be restored from is not what was captured: ${problem}`,
                'look at it in AWS; nothing is restored from another backup than the one that was taken',
              ),
            ),
          );
        }
      } catch (error) {
        // A capture that cannot be read keeps back no other.
        if (error instanceof UserError)
          found.push(
            finding(
              'error',
              error.code,
              address,
              error.message,
              error.help ?? 'look at the capture in the capture bucket',
            ),
          );
        else if (error instanceof AwsError && error.kind !== 'network' && error.kind !== 'expired')
          found.push(
            finding(
              'error',
              'capture-unread',
              address,
              `the capture of "${order.formerIdentity}" cannot be read: ${error.operation} ${error.code}, ${error.message}`,
              'allow s3:GetObject, s3:GetObjectVersion and s3:ListBucketVersions on the capture bucket',
            ),
          );
        else throw error;
      }
    }
    return found;
  });
}

const isCapture = (value: Json): boolean =>
  isObject(value) && isObject(value['refs']) && typeof value['how'] === 'string';

function copyFindings(
  address: string,
  { formerIdentity, run, step }: RestoreOrder,
  { lost, covered }: ReturnType<typeof copySentences>,
): readonly Finding[] {
  return [
    ...(lost === null
      ? []
      : [
          finding(
            'error',
            'copy-differs',
            address,
            `copies/${run}/${step}/ does not hold what was captured of "${formerIdentity}": ${lost}`,
            'look at the versions of these objects in the capture bucket, and at who wrote them; nothing is restored from another version',
          ),
        ]),
    ...(covered === null
      ? []
      : [
          finding(
            'warning',
            'copy-overwritten',
            address,
            `copies of "${formerIdentity}" were written over or deleted after they were taken; the versions that were taken are restored: ${covered}`,
            'find out who writes into the capture bucket. S3 keeps the taken versions for 30 days from then',
          ),
        ]),
  ];
}

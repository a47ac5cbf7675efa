import type { ChangePlan, RestoreOrder } from '../model/change-plan.ts';
import { canonical } from '../model/digest.ts';
import { AwsError } from '../model/error.ts';
import type { Finding } from '../model/finding.ts';
import { isObject, type Json, type JsonObject } from '../model/json.ts';
import { drive } from '../engine/drive.ts';
import { readManifests } from '../../providers/s3/capture-bucket.ts';
import type { World } from './world.ts';

/**
 * A journal proves nothing (law 13): what a rollback brings back must be what lies beside the data in AWS, written before the
 * destruction. Answers an error for every restore of which the capture bucket knows nothing, or something else. Reads only. Throws AwsError.
 */
export async function unprovenRestores(world: World, { resources }: ChangePlan): Promise<readonly Finding[]> {
  const orders = resources.flatMap(({ address, restore, repoint }) => [restore, repoint].filter((order) => order !== undefined).map((order) => ({ address, order })));
  if (orders.length === 0) return [];
  const manifests = new Map<string, readonly Json[]>();
  for (const run of new Set(orders.map(({ order }) => order.run))) manifests.set(run, await manifestsOf(world, run));
  return orders.flatMap(({ address, order }): readonly Finding[] => {
    const kept = (manifests.get(order.run) ?? []).filter((manifest): manifest is JsonObject => isObject(manifest) && manifest['run'] === order.run && manifest['step'] === order.step);
    if (kept.some((manifest) => proves(manifest, order))) return [];
    return [{
      code: 'restore-unproven', severity: 'error', step: address, line: null, column: null,
      message: kept.length === 0 ? `the capture bucket knows of no capture of "${order.formerIdentity}" by run ${order.run}; only the journal speaks of it` : `the journal of run ${order.run} tells of "${order.formerIdentity}" otherwise than the manifest in the capture bucket`,
      help: 'a journal is a file that anybody may have changed: nothing is restored from its word alone. Look at the manifests of the run in the capture bucket',
    }];
  });
}

/** What the manifest says of the capture, and of the resource before, is what the journal says. */
export function proves(manifest: JsonObject, order: RestoreOrder): boolean {
  const before = manifest['before'] ?? manifest['live'] ?? null;
  return canonical(manifest['capture'] ?? null) === canonical(order.capture) && canonical(before) === canonical(order.live ?? null)
    && isObject(before) && before['identity'] === order.formerIdentity && before['incarnation'] === order.formerIncarnation;
}

/**
 * What the capture bucket keeps of one run, or of all runs where `run` is null; `wanted` chooses by key. None where there is no bucket. Reads
 * only. Throws AwsError.
 */
export async function manifestsOf(world: World, run: string | null, wanted?: (key: string) => boolean): Promise<readonly Json[]> {
  const { account, region, endpoint } = await world.target();
  // A session that may read the capture bucket; nothing is sent through it but reads.
  const session = await world.applier(run ?? 'rollback');
  try {
    const found = await drive(session, () => readManifests({ account, region, endpoint, bucket: world.configuration.capture.bucket }, run, wanted), { run: run ?? '', step: 'rollback' });
    return found.map(({ manifest }) => manifest);
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'absent') return [];
    throw error;
  } finally {
    session.close();
  }
}

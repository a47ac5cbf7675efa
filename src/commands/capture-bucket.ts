import { captureBucketOf } from '../engine/context.ts';
import { exitCodes, UserError } from '../model/error.ts';
import type { Target } from '../model/live.ts';
import type { Plan } from '../model/plan.ts';
import type { World } from './world.ts';

/** The capture bucket of a target if it exists and belongs to this account; null when `aiplan setup` has not made it. */
export async function existingBucket(world: World, target: Target): Promise<string | null> {
  const name = captureBucketOf(world.configuration, target);
  const { account } = await world.target();
  const found = await (await world.reader()).read({ service: 's3', operation: 'HeadBucket', input: { Bucket: name, ExpectedBucketOwner: account }, absent: ['NotFound', 'NoSuchBucket'] });
  return found === null ? null : name;
}

/**
 * Nobody is asked to confirm a destruction that could not begin: throws UserError `no-capture-bucket` (exit 3) where the plan
 * has one and there is no capture bucket. The run checks it again.
 */
export async function refuseWithoutBucket(world: World, plan: Plan): Promise<void> {
  const destroys = plan.steps.filter((step) => step.destruction !== null && step.coveredBy === undefined);
  if (destroys.length === 0 || (await existingBucket(world, plan.target)) !== null) return;
  throw new UserError('no-capture-bucket', `there is no capture bucket for what is destroyed: ${destroys.map((step) => step.id).slice(0, 10).join(', ')}`, {
    exitCode: exitCodes.blocked, help: 'run `aiplan setup` once for this account and region; nothing was changed',
  });
}

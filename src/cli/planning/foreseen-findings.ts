import { foresee, unforeseen, usesBucket } from '../../run/apply/preflight-findings.ts';
import { exitCodes, UserError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Plan, Planned } from '../../domain/plan.ts';
import { bucketState, existingBucket } from './capture-bucket.ts';
import { secretSource } from '../context/secrets.ts';
import type { World } from '../context/command-context.ts';

/**
 * Nobody is asked to confirm what could not begin: throws UserError `secret-missing` (exit 3) where the process that applies does not have a secret
 * that the plan names. A plan itself is made without them.
 */
export function refuseWithoutSecrets({ findings }: Plan): void {
  const missing = findings.filter(({ code }) => code === 'secret-missing');
  if (missing.length === 0) return;
  throw new UserError('secret-missing', missing.map(({ step, message }) => `${step ?? ''}: ${message}`).join('; '), { exitCode: exitCodes.blocked, help: 'set it for this command; nothing was changed' });
}

/** What apply would refuse of a plan, as findings, read with the session that only reads. Of recorded state: that nobody has looked. */
export async function foreseen(world: World, planned: Planned): Promise<readonly Finding[]> {
  const { plan } = planned;
  if (plan.recorded) return unforeseen(planned);
  if (plan.steps.every(({ action }) => action === 'keep')) return [];
  const session = await world.reader();
  const { target } = plan;
  const bucket = usesBucket(planned) ? await existingBucket(world, target) : null;
  const { openVault } = await import('../../../providers/s3/capture-bucket/vault.ts');
  return foresee(planned, {
    session, types: world.types, schemas: world.schemas, clock: world.io.clock, secrets: secretSource(world), stop: new AbortController().signal,
    vault: {
      ...openVault(session, bucket === null ? null : { account: target.account, region: target.region, endpoint: target.endpoint, bucket }, 'plan'),
      bucket, check: async () => (await bucketState(world, session, target)).problems,
    },
  });
}

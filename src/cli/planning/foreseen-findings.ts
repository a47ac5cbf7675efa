import { foresee, unforeseen, usesBucket } from '../../run/apply/preflight-findings.ts';
import { exitCodes, UserError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Plan, Planned } from '../../domain/plan.ts';
import { bucketState, existingBucket } from './capture-bucket.ts';
import { secretSource } from '../context/secrets.ts';
import type { CommandContext } from '../context/command-context.ts';

/**
 * Nobody is asked to confirm what could not begin: throws UserError `secret-missing` (exit 3) where the process that
 * applies does not have a secret that the plan names. A plan itself is made without them.
 */
export function refuseWithoutSecrets({ findings }: Plan): void {
  const missing = findings.filter(({ code }) => code === 'secret-missing');
  if (missing.length === 0) return;
  throw new UserError('secret-missing', missing.map(({ step, message }) => `${step ?? ''}: ${message}`).join('; '), {
    exitCode: exitCodes.blocked,
    help: 'set it for this command; nothing was changed',
  });
}

/**
 * The problems for which apply would refuse a plan, as findings, read with the session that only reads. Of recorded
 * state: that nobody has looked.
 */
export async function foreseen(context: CommandContext, planned: Planned): Promise<readonly Finding[]> {
  const { plan } = planned;
  if (plan.recorded) return unforeseen(planned);
  if (plan.steps.every(({ action }) => action === 'keep')) return [];
  const session = await context.reader();
  const { target } = plan;
  const bucket = usesBucket(planned) ? await existingBucket(context, target) : null;
  const { openVault } = await import('../../../providers/s3/capture-bucket/vault.ts');
  return foresee(planned, {
    session,
    types: context.types,
    schemas: context.schemas,
    clock: context.io.clock,
    secrets: secretSource(context),
    stop: new AbortController().signal,
    vault: {
      ...openVault(
        session,
        bucket === null ? null : { account: target.account, region: target.region, endpoint: target.endpoint, bucket },
        'plan',
      ),
      bucket,
      check: async () => (await bucketState(context, session, target)).problems,
    },
  });
}

import type { Finding } from '../../domain/finding.ts';
import { acceptLossNeeded, acceptLossNeedless } from './accept-loss.ts';
import { accountNotAllowed } from './account-not-allowed.ts';
import type { Guardrail, GuardrailInput } from './guardrail.ts';
import { managedElsewhere } from './managed-elsewhere.ts';
import { openRunHolds } from './open-run.ts';
import { ownStorage } from './own-storage.ts';
import { protectedIdentity } from './protected-identity.ts';
import { reasonNeeded } from './reason-needed.ts';
import { tooManyConfirmations } from './too-many-confirmations.ts';
import { whenIgnored } from './when-ignored.ts';

/** The built-in guardrails. The planner holds every plan against all of them: no caller can leave them out. */
export const builtInGuardrails: readonly Guardrail[] = [
  accountNotAllowed,
  protectedIdentity,
  ownStorage,
  openRunHolds,
  managedElsewhere,
  reasonNeeded,
  acceptLossNeeded,
  acceptLossNeedless,
  whenIgnored,
  tooManyConfirmations,
];

/** Judges the steps of a plan. */
export const judge = (
  input: GuardrailInput,
  guardrails: readonly Guardrail[] = builtInGuardrails,
): readonly Finding[] => guardrails.flatMap((guardrail) => guardrail.check(input));

import type { Finding } from '../../domain/finding.ts';
import { acceptLossNeeded, acceptLossNeedless } from './accept-loss.ts';
import { accountNotAllowed } from './account-not-allowed.ts';
import type { Guardrail, GuardrailInput, Judged, ValueInput } from './guardrail.ts';
import { managedElsewhere } from './managed-elsewhere.ts';
import { openRunHolds } from './open-run.ts';
import { ownStorage, ownStorageFinding } from './own-storage.ts';
import { protectedIdentity, protectedIdentityFinding } from './protected-identity.ts';
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

/**
 * Judges the values of a step again, right before they are sent, when all of them are known: those guardrails that look
 * at values. Pure.
 */
export const judgeValues = (
  judged: Pick<Judged, 'step' | 'entry' | 'desired' | 'nameProperty'>,
  input: ValueInput,
): readonly Finding[] =>
  [ownStorageFinding(judged, input), protectedIdentityFinding(judged, input)].flatMap((found) => found ?? []);

/** Judges the steps of a plan. */
export const judge = (
  input: GuardrailInput,
  guardrails: readonly Guardrail[] = builtInGuardrails,
): readonly Finding[] => guardrails.flatMap((guardrail) => guardrail.check(input));

import { describe, expect, it } from '@jest/globals';
import type { Approval } from '../../src/domain/approval.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { lossPhrase } from '../../src/domain/confirmation.ts';
import { approve } from '../../src/plan/approve.ts';
import { defaults } from '../../src/store/configuration.ts';
import { baseStep, deleteDatabase, grantStep, samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const planned = (plan: Plan) => ({ plan, work: new Map(), reads: new Map(), configuration: defaults });
function approvalFor(plan: Plan, over: Partial<Approval> = {}): Approval {
  return {
    format: 'aiplan/approval@1',
    planDigest: plan.digest,
    planName: plan.name,
    target: { account: plan.target.account, region: plan.target.region, endpoint: plan.target.endpoint },
    nonce: '0'.repeat(32),
    createdAt: '2026-02-26T22:49:00Z',
    expiresAt: '2026-02-26T23:40:00Z',
    tier: 'T0',
    by: 'alexey',
    typedName: plan.name,
    confirmations: plan.steps
      .filter((step) => step.confirm !== null)
      .map((step) => ({
        step: step.id,
        stepDigest: step.digest,
        typed: step.confirm ?? '',
        shown: 'sha256:x',
        typedLoss: lossPhrase(step),
      })),
    ...over,
  };
}
const refusal = (plan: Plan, over: Partial<Approval> = {}, configuration = defaults): string => {
  try {
    approve(planned(plan), approvalFor(plan, over), configuration, sampleTime);
    return 'approved';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('approve', () => {
  const plan = samplePlan();
  it('passes what is whole', () => expect(refusal(plan)).toBe('approved'));
  const whole = approvalFor(plan).confirmations;
  it.each<[string, Partial<Approval>, string]>([
    ['another plan', { planDigest: 'sha256:other' }, 'approval-foreign'],
    [
      'another account',
      { target: { account: '999999999999', region: 'eu-west-1', endpoint: null } },
      'approval-foreign',
    ],
    [
      'another endpoint',
      { target: { account: '123456789012', region: 'eu-west-1', endpoint: 'http://127.0.0.1:1' } },
      'approval-foreign',
    ],
    ['an expired approval', { expiresAt: '2026-02-26T22:49:59Z' }, 'approval-expired'],
    ['an expiry that is no time', { expiresAt: 'never' }, 'approval-expired'],
    ['no confirmations', { confirmations: [] }, 'confirmation-missing'],
    ['one confirmation too few', { confirmations: whole.slice(1) }, 'confirmation-missing'],
    [
      'a confirmation of another digest',
      { confirmations: whole.map((item) => ({ ...item, stepDigest: 'sha256:old' })) },
      'approval-foreign',
    ],
    ['another typed text', { confirmations: whole.map((item) => ({ ...item, typed: 'yes' })) }, 'confirmation-missing'],
    ['a plan name that was not typed', { typedName: null }, 'confirmation-missing'],
    ['another plan name', { typedName: 'shared-platform' }, 'confirmation-missing'],
    ['no tier at all', { tier: 'none' }, 'confirmation-missing'],
  ])('refuses %s', (_name, over, code) => expect(refusal(plan, over)).toBe(code));

  it('asks for T1 where the configuration does', () => {
    expect(refusal(plan, {}, { ...defaults, minimumTier: 'T1' })).toBe('approval-tier');
    expect(refusal(plan, { tier: 'T1' }, { ...defaults, minimumTier: 'T1' })).toBe('approved');
  });
  it('refuses what is blocked, recorded, or expired', () => {
    expect(refusal(samplePlan([{ ...baseStep, blocked: true }]))).toBe('plan-blocked');
    expect(
      refusal(
        samplePlan(undefined, {
          findings: [{ code: 'x', severity: 'error', step: null, message: '', line: 1, column: 1 }],
        }),
      ),
    ).toBe('plan-blocked');
    expect(refusal(samplePlan(undefined, { recorded: true }))).toBe('plan-recorded');
    expect(refusal(samplePlan(undefined, { expiresAt: '2026-02-26T22:50:00Z' }))).toBe('plan-expired');
  });
  it('wants the loss typed where nothing comes back, and the name where something interrupts', () => {
    const lost: Step = {
      ...deleteDatabase,
      recoverability: { level: 'irreversible', loses: ['all rows'] },
      acceptLoss: 'ok',
    };
    expect(refusal(samplePlan([lost]))).toBe('approved');
    expect(
      refusal(samplePlan([lost]), {
        confirmations: [{ step: lost.id, stepDigest: lost.digest, typed: 'courses-prod', shown: '', typedLoss: 'ok' }],
      }),
    ).toBe('confirmation-missing');
    // Who puts a key to it may give the author's words instead (FORMATS.md); no others.
    const signed = (typedLoss: string | null): string =>
      refusal(samplePlan([lost]), {
        tier: 'T1',
        confirmations: [{ step: lost.id, stepDigest: lost.digest, typed: 'courses-prod', shown: '', typedLoss }],
      });
    expect(['ok', 'all rows', 'fine', '', null].map(signed)).toEqual([
      'approved',
      'approved',
      'confirmation-missing',
      'confirmation-missing',
      'confirmation-missing',
    ]);
    const restart: Step = { ...grantStep, confirm: null, grant: null, interrupts: true };
    expect(refusal(samplePlan([restart]), { typedName: null })).toBe('confirmation-missing');
    expect(refusal(samplePlan([restart]), { typedName: 'shared-platform-move' })).toBe('approved');
  });
  it('lets --yes answer only for harmless plans, and only where the configuration allows it', () => {
    const harmless = samplePlan([baseStep]);
    expect(refusal(harmless, { tier: 'none' })).toBe('confirmation-missing');
    expect(refusal(harmless, { tier: 'none' }, { ...defaults, allowYes: true })).toBe('approved');
    expect(refusal(plan, { tier: 'none' }, { ...defaults, allowYes: true })).toBe('confirmation-missing');
  });
});

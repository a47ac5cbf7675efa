import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { isUnchanged } from '../../src/views/plan/plan-parts.ts';
import { planDocument } from '../../src/views/plan/plan-document.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { diffSteps } from '../helpers/diff-samples.ts';
import { facts, forms, leftOut, squeezed, textForm, type Form } from '../helpers/every-form.ts';
import { platformPlan, platformSteps } from '../helpers/platform-plan.ts';
import { baseStep, samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20260226);
const runs = Number(process.env['AIPLAN_RUNS'] ?? 8);
const names = Object.keys(forms) as readonly Form[];

const words = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'the',
        'rule',
        'tcp',
        '0.0.0.0/0',
        '<b>',
        '&amp;',
        '*',
        '`x`',
        '| a',
        '\u202e',
        '漢字',
        '::error::',
        '@all',
        '"',
        '\\',
      ),
      fc.string({ minLength: 1, maxLength: 8 }),
    ),
    { minLength: 1, maxLength: 9 },
  )
  .map((parts) => parts.join(' '));
/** Its own number makes each text one that stands nowhere else. */
const told = (label: string) =>
  fc
    .array(words, { minLength: 1, maxLength: 3 })
    .map((texts) => texts.map((text, index) => `${label} ${index}: ${text}`));

/**
 * Random plans: any action, destructions and grants in any mix, what is blocked, covered, irreversible, without
 * identity.
 */
const plans = fc
  .array(
    fc.record({
      action: fc.constantFrom<Step['action']>('create', 'update', 'replace', 'delete', 'keep'),
      destroys: fc.boolean(),
      opens: fc.boolean(),
      blocked: fc.nat(7),
      covered: fc.nat(4),
      level: fc.constantFrom('reversible', 'restorable', 'irreversible'),
      identity: fc.option(fc.stringMatching(/^[a-z][a-z0-9-]{2,20}$/u)),
      repeats: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .chain((kinds) =>
    fc.tuple(
      ...kinds.map((kind, index) =>
        fc.tuple(told(`loss of ${index}`), told(`opened by ${index}`)).map(([loses, opens]): Step => {
          const { destroys, action } = kind;
          const hurts = destroys || kind.opens;
          return {
            ...baseStep,
            id: `Step${index}x`,
            identity: kind.identity === null ? null : `${kind.identity}-${index}`,
            digest: `sha256:${index}`,
            action,
            declared: action === 'keep' ? 'update' : action,
            blocked: kind.blocked === 0,
            destruction: destroys ? { loses } : null,
            grant: kind.opens ? { opens } : null,
            confirm: hurts && kind.covered !== 0 && kind.blocked !== 0 ? `type-${index}` : null,
            calls: ['s3:PutBucket'],
            dependsOn: index === 0 ? [] : [`Step${index - 1}x`],
            // What a restore does not bring back may be the loss itself, which is then said once.
            recoverability: {
              level: kind.level as 'reversible',
              loses:
                kind.level === 'reversible'
                  ? []
                  : kind.repeats && destroys
                    ? loses.slice(0, 1)
                    : [`gone with ${index}`],
            },
          };
        }),
      ),
    ),
  )
  .map((steps) => samplePlan(steps));

const memory = JSON.parse(
  readFileSync(new URL('../../fixtures/golden/plan-memory.json', import.meta.url), 'utf8'),
) as Plan;
const fixtures: readonly (readonly [string, Plan])[] = [
  ['twelve steps of a real move', platformPlan()],
  ['the golden plan file', memory],
  ['every kind of change', samplePlan(diffSteps)],
  [
    'forty deletions',
    samplePlan(
      Array.from({ length: 40 }, (_, index): Step => ({
        ...(platformSteps[5] ?? baseStep),
        id: `Db${index}x`,
        identity: `db-${index}-copy`,
        confirm: `db-${index}-copy`,
        digest: `sha256:${index}`,
        destruction: { loses: [`the database number ${index} of forty`] },
        dependsOn: [],
      })),
    ),
  ],
  [
    'a rollback that is covered',
    platformPlan({
      rollbackOf: '20260226-230000-a1b2',
      steps: platformSteps.map((step) => ({ ...step, confirm: null, coveredBy: 'sha256:1' })),
    }),
  ],
  ['what is expired', platformPlan({ expiresAt: '2026-02-26T22:00:00Z' })],
];

describe('the same content in every form', () => {
  it.each(names.flatMap((form) => fixtures.map(([name, plan]) => [form, name, plan] as const)))(
    '%s leaves nothing out of %s',
    (form, _name, plan) => {
      // Where nothing can be confirmed the screen has no cards; its tabs still say it all.
      expect(leftOut(plan, forms[form](plan))).toEqual([]);
    },
  );

  it.each(names)('%s leaves no destruction and no grant of any plan out', (form) => {
    fc.assert(
      fc.property(plans, (plan) => {
        expect(leftOut(plan, forms[form](plan))).toEqual([]);
      }),
      { seed, numRuns: form === 'screen' ? Math.ceil(runs / 2) : runs * 3 },
    );
  });

  it('text, Markdown and HTML have the very same words in the same order', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const rows = planDocument(plan, sampleTime, { picture: true });
        const said = rows.steps
          .filter(({ step }) => !isUnchanged(step))
          .flatMap(({ title, rows: below }) => [title, ...below])
          .map((row) => squeezed(plainText(row)))
          .filter((row) => row !== '');
        for (const form of ['text', 'markdown', 'html'] as const) {
          let at = 0;
          const text = forms[form](plan);
          for (const row of said) {
            const found = text.indexOf(row, at);
            if (found === -1) throw new Error(`${form} has no "${row}" after ${text.slice(Math.max(0, at - 60), at)}`);
            at = found + row.length;
          }
        }
      }),
      { seed, numRuns: runs * 3 },
    );
  });
});

describe('the checker itself', () => {
  const plan = platformPlan();
  it('finds each row that a view leaves out', () => {
    const whole = planDocument(plan, sampleTime);
    const hurting = whole.steps.flatMap(({ rows }, section) =>
      rows.flatMap((row, index) =>
        row.spans.some(({ tone }) => tone === 'destroy' || tone === 'grant') &&
        /^ {2}(?:loses|opens) /u.test(plainText(row))
          ? [{ section, index }]
          : [],
      ),
    );
    expect(hurting).toHaveLength(8);
    for (const { section, index } of hurting) {
      const less = {
        ...whole,
        steps: whole.steps.map((part, at) =>
          at === section ? { ...part, rows: part.rows.toSpliced(index, 1) } : part,
        ),
      };
      expect(leftOut(plan, textForm(less))).toHaveLength(1);
    }
    for (const [section, { step }] of whole.steps.entries()) {
      if (step.destruction === null && step.grant === null) continue;
      expect(leftOut(plan, textForm({ ...whole, steps: whole.steps.toSpliced(section, 1) }))).not.toEqual([]);
    }
  });
  it('finds a step that stands in another place', () => {
    const whole = planDocument(plan, sampleTime);
    expect(leftOut(plan, textForm({ ...whole, steps: [...whole.steps].reverse() }))).not.toEqual([]);
  });
  it.each(names)('finds each fact that is cut out of %s', (form) => {
    const text = forms[form](plan);
    for (const step of platformSteps) {
      if (step.destruction === null && step.grant === null) continue;
      for (const fact of facts(step)) expect(leftOut(plan, text.replaceAll(fact, '…'))).not.toEqual([]);
    }
  });
});

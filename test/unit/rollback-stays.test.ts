import { describe, expect, it } from '@jest/globals';
import { lossPhrase } from '../../src/domain/confirmation.ts';
import type { Step } from '../../src/domain/plan.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { forms, squeezed } from '../helpers/every-form.ts';
import { createMemoryWorld, DATABASE } from '../helpers/memory-world.ts';
import { openReviewer } from '../helpers/reviewer.ts';
import { deleteDatabase, samplePlan } from '../helpers/sample-plan.ts';

const stays = ['Db: writes made while it was deleted', 'Size stays 40: AWS makes nothing smaller'];

describe('a rollback that leaves something', () => {
  it.each(Object.entries(forms))(
    'says in the form %s what stays different, before the last word is typed',
    (_name, form) => {
      const text = form({ ...samplePlan([deleteDatabase]), rollbackOf: '20260226-230000-0001', stays });
      expect(text).toContain(squeezed('This stays different after the rollback'));
      for (const sentence of stays) expect(text).toContain(squeezed(sentence));
    },
  );

  it('says that nothing is known to stay different, and says nothing of another plan', () => {
    const plan = { ...samplePlan([deleteDatabase]), rollbackOf: '20260226-230000-0001', stays: [] };
    expect(forms.text(plan)).toContain(squeezed('Nothing is known to stay different'));
    expect(forms.text(samplePlan([deleteDatabase]))).not.toContain(squeezed('stay different'));
  });

  it('knows the losses that were confirmed with the run, by the step that brings back', async () => {
    const bench = benchOf(createMemoryWorld({ seed: [{ type: DATABASE, identity: 'courses', rows: ['a'] }] }));
    const deletion = entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Engine: 'postgres' } });
    expect((await bench.apply(changePlanOf([deletion]))).outcome).toBe('done');
    const run = '20260226-230000-0001';
    const begin = bench.journalOf(run)[0];
    const loses = begin?.kind === 'begin' ? begin.plan.steps[0]?.recoverability.loses : undefined;
    expect(loses).not.toEqual([]);
    expect((await bench.rollback(run)).lost).toEqual({ Db: loses });
  });
});

describe('a loss that is typed', () => {
  const losing = (loss: string): Step => ({
    ...deleteDatabase,
    recoverability: { level: 'irreversible', loses: [loss] },
  });

  it.each([
    ['  the name "a b"  is lost', 'the name "a b" is lost'],
    ["every object that nobody's copy of the bucket has kept anywhere", "every object that nobody's copy of"],
    ['x'.repeat(90), 'x'.repeat(36)],
  ])('stands between marks on one line of the narrowest screen: %s', (loss, phrase) => {
    const step = losing(loss);
    expect(lossPhrase(step)).toBe(phrase);
    const reviewer = openReviewer({ plan: samplePlan([step]), size: { columns: 40, rows: 24 } }).confirm(
      'courses-prod',
    );
    const lines = reviewer.screen().split('\n');
    expect(lines).toContain(`«${phrase}»`);
    expect(reviewer.screen().replaceAll(/\s+/gu, ' ')).toContain(
      `Type the ${phrase.length} characters between « and »`,
    );
    expect(reviewer.press(phrase, 'enter').state.confirmations.get('CoursesDb')?.typedLoss).toBe(phrase);
  });

  it('stands between the same marks where questions come as lines', () => {
    expect(forms.plain(samplePlan([losing('the name "a b" is lost')]))).toContain(
      squeezed('type the 22 characters between « and », then Enter. «the name "a b" is lost»'),
    );
  });
});

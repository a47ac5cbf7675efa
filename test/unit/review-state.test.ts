import { describe, expect, it } from '@jest/globals';
import { openReview, reduce, type ReviewEvent, type ReviewState } from '../../src/tui/state.ts';
import { baseStep, deleteDatabase, samplePlan } from '../helpers/sample-plan.ts';

const shown = (): string => 'sha256:shown';
const type = (text: string): ReviewEvent[] => [...text].map((character) => ({ kind: 'character', character }));
const enter: ReviewEvent = { kind: 'enter' };
const play = (state: ReviewState, ...events: readonly ReviewEvent[]): ReviewState => events.reduce((before, event) => reduce(before, event, shown), state);

describe('the review', () => {
  const start = () => openReview(samplePlan(), 'apply');

  it('lists destructions first, then grants', () => {
    expect(start().steps.map((step) => step.id)).toEqual(['CoursesDb', 'WebGroup', 'SiteBucket', 'Logs']);
  });

  it('approves only after every identity and the last word were typed', () => {
    const state = play(start(), ...type('c'), ...type('courses-prod'), enter, ...type('c'), ...type('1b2c3d'), enter, ...type('a'), ...type('yes'), enter);
    expect(state.decision).toBe('approved');
    expect([...state.confirmations.values()].map(({ step, typed, stepDigest }) => ({ step, typed, stepDigest }))).toEqual([
      { step: 'CoursesDb', typed: 'courses-prod', stepDigest: 'sha256:db' }, { step: 'WebGroup', typed: '1b2c3d', stepDigest: 'sha256:sg' },
    ]);
  });

  it('goes nowhere while a confirmation is missing', () => {
    const state = play(start(), ...type('c'), ...type('courses-prod'), enter, ...type('a'), ...type('yes'), enter);
    expect(state.decision).toBeNull();
    expect(state.screen).not.toBe('summary');
  });

  it('says where a wrong text differs', () => {
    const state = play(start(), ...type('c'), ...type('courses-dev'), enter);
    expect(state.confirmations.size).toBe(0);
    expect(state.message).toBe('"courses-dev" is not "courses-prod": they differ at character 9');
  });

  it('counts no paste, and forgets what was typed before it', () => {
    const state = play(start(), ...type('c'), ...type('courses-'), { kind: 'paste' }, ...type('prod'), enter);
    expect(state.confirmations.size).toBe(0);
  });

  it('asks for the loss as well where nothing comes back', () => {
    const step = { ...deleteDatabase, recoverability: { level: 'irreversible', loses: ['all  rows written since 2023, for good'] } as const, acceptLoss: 'ok' };
    const half = play(openReview(samplePlan([step]), 'apply'), ...type('c'), ...type('courses-prod'), enter);
    expect(half.confirmations.size).toBe(0);
    expect(half.screen).toBe('loss');
    const whole = play(half, ...type('all rows written since 2023'), enter);
    expect(whole.confirmations.get('CoursesDb')?.typedLoss).toBe('all rows written since 2023');
  });

  it('asks for the plan name where something interrupts', () => {
    const state = play(openReview(samplePlan([{ ...baseStep, action: 'update', interrupts: true }]), 'apply'), ...type('a'), ...type('yes'), enter);
    expect(state.decision).toBeNull();
    expect(play(state, ...type('shared-platform-move'), enter).decision).toBe('approved');
  });

  it.each([{ kind: 'gone', why: 'the terminal was closed' }] as const)('takes a closed terminal for no, on every screen', (gone) => {
    const whole = [...type('c'), ...type('courses-prod'), enter, ...type('c'), ...type('1b2c3d'), enter, ...type('a'), ...type('yes')];
    for (let length = 0; length <= whole.length; length += 1) {
      expect(play(start(), ...whole.slice(0, length), gone, enter).decision).toBe('declined');
    }
  });

  it('is never approved by Enter, y, or any single key repeated', () => {
    for (const key of ['y', 'a', 'c', 'q', 'n', ' ', 'Y']) {
      expect(play(start(), ...Array.from({ length: 40 }, (): ReviewEvent[] => [...type(key), enter]).flat()).decision).not.toBe('approved');
    }
  });

  it('confirms nothing once the plan has expired', () => {
    const state = play(start(), ...type('c'), ...type('courses-prod'), { kind: 'expired' });
    expect(state.message).toContain('expired');
    expect(play(state, enter).confirmations.size).toBe(0);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Step } from '../../src/model/plan.ts';
import { frame } from '../../src/tui/frame.ts';
import { openReview, reduce, type ReviewEvent, type ReviewState } from '../../src/tui/state.ts';
import { baseStep, samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const size = { columns: 80, rows: 24 };

/** A review of many steps that keeps account of the steps whose address was read. */
function watched(count: number, over: Partial<Step> = {}) {
  const touched = new Set<number>();
  const steps = Array.from({ length: count }, (_, index): Step => {
    const id = `Step${index}`;
    return Object.defineProperty({ ...baseStep, ...over, id, digest: `sha256:${index}` }, 'id', { enumerable: true, get: () => { touched.add(index); return id; } });
  });
  const draw = (state: ReviewState) => frame(state, size, 'T0', sampleTime);
  const touches = (work: () => unknown): number => { touched.clear(); work(); return touched.size; };
  return { state: openReview(samplePlan(steps), 'apply'), draw, touches };
}

const press = (state: ReviewState, ...events: readonly ReviewEvent[]): ReviewState => events.reduce((before, event) => reduce(before, event, () => 'sha256:shown'), state);

describe('the review of a large plan', () => {
  it('draws only the steps that fit on the screen, wherever the cursor is', () => {
    const { state, draw, touches } = watched(5_000);
    for (const events of [[], [{ kind: 'end' }], [{ kind: 'end' }, { kind: 'page-up' }], [{ kind: 'home' }, { kind: 'down' }]] as const) {
      const moved = press(state, ...events);
      expect(touches(() => draw(moved))).toBeLessThan(size.rows);
      expect(draw(moved)).toHaveLength(size.rows - 1);
    }
  });
  it('draws one card for one step', () => {
    const { state, draw, touches } = watched(5_000);
    expect(touches(() => draw(press(state, { kind: 'down' }, { kind: 'enter' })))).toBe(1);
  });
  it('moves without looking at the steps', () => {
    const { state, touches } = watched(5_000);
    expect(touches(() => press(state, { kind: 'down' }, { kind: 'end' }, { kind: 'enter' }, { kind: 'down' }, { kind: 'escape' }))).toBe(0);
  });
  it('makes the summary once, and again for another width', () => {
    const { state, draw, touches } = watched(5_000);
    const summary = press(state, { kind: 'character', character: 'a' });
    expect(summary.screen).toBe('summary');
    expect(touches(() => draw(summary))).toBe(5_000);
    expect(touches(() => draw(press(summary, { kind: 'down' }, { kind: 'character', character: 'y' })))).toBe(0);
    expect(touches(() => frame(summary, { ...size, columns: 60 }, 'T0', sampleTime))).toBe(5_000);
  });
});

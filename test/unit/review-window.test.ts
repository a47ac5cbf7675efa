import { describe, expect, it } from '@jest/globals';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { baseStep, samplePlan } from '../helpers/sample-plan.ts';
import { openReviewer } from '../helpers/reviewer.ts';

const size = { columns: 80, rows: 24 };

/** A review of many steps that keeps account of the steps whose address was read. */
function watched(count: number, over: Partial<Step> = {}) {
  const touched = new Set<number>();
  const steps = Array.from({ length: count }, (_, index): Step => {
    const id = `Step${index}`;
    return Object.defineProperty({ ...baseStep, ...over, id, digest: `sha256:${index}` }, 'id', {
      enumerable: true,
      get: () => {
        touched.add(index);
        return id;
      },
    });
  });
  const plan: Plan = samplePlan(steps);
  const reviewer = openReviewer({ plan, size });
  const touches = (work: () => unknown): number => {
    touched.clear();
    work();
    return touched.size;
  };
  return { reviewer, touches };
}

describe('the review of a large plan', () => {
  it.each([[80], [160]])(
    'draws only the steps that fit on the screen, wherever the cursor is (%i columns)',
    (columns) => {
      const { reviewer, touches } = watched(5_000);
      reviewer.size = { columns, rows: 24 };
      for (const keys of [[], ['end'], ['page-up'], ['home'], ['down'], ['page-down']] as const) {
        expect(touches(() => reviewer.press(...keys).rows())).toBeLessThan(2 * size.rows);
        expect(reviewer.rows()).toHaveLength(size.rows - 1);
      }
    },
  );
  it('draws one card for one step', () => {
    const { reviewer, touches } = watched(5_000);
    expect(touches(() => reviewer.press('down', 'enter'))).toBeLessThan(2 * size.rows);
    expect(touches(() => reviewer.press('down', 'down'))).toBeLessThanOrEqual(1);
  });
  it('makes the sentences of the summary once', () => {
    const { reviewer, touches } = watched(5_000);
    expect(touches(() => reviewer.press('a'))).toBe(5_000);
    expect(reviewer.state.place).toBe('summary');
    expect(touches(() => reviewer.press('down', 'end', 'y', 'backspace'))).toBe(0);
    expect(
      touches(() => {
        reviewer.size = { ...size, columns: 60 };
        reviewer.rows();
      }),
    ).toBe(0);
  });
  it('searches each text once', () => {
    const { reviewer, touches } = watched(5_000);
    expect(touches(() => reviewer.press('/', 'step4'))).toBe(5_000);
    expect(touches(() => reviewer.press('999', 'enter', 'n'))).toBeLessThan(5 * size.rows);
  });
});

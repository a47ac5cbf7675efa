import { describe, expect, it } from '@jest/globals';
import { expectMatrixOf } from '../helpers/fault-head.ts';

describe('a run with every kind of step, disturbed by every fault at every read, line, object and renewal', () => {
  it('can be undone, and can be resumed, and nothing is lost track of', async () => {
    const { cells } = await expectMatrixOf(
      'faults at reads, at lines of the journal, at the capture bucket and at credentials',
      ['read', 'line', 'vault', 'renew'],
    );
    expect(cells).toBeGreaterThan(1_000);
  }, 300_000);
});

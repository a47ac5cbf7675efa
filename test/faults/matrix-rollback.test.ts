import { describe, expect, it } from '@jest/globals';
import { faults } from '../helpers/fault-kinds.ts';
import { matrixText, rollsOn, tryAll } from '../helpers/fault-matrix.ts';
import { changePlan, freshBench, run } from '../helpers/fault-scenario.ts';

/** Of each kind of harm one fault: dead, in doubt in both ways, refused, and a disk that takes nothing more. */
const names = [
  'killed before the request', 'killed after the request, before the answer', 'request dropped', 'answer dropped', 'answer dropped, carried out late', 'carried out twice', 'denied', 'stale reads afterwards',
  'not found after it was made', 'killed before the read', 'read denied', 'killed before the line', 'killed after the line', 'ENOSPC', 'EIO in fsync', 'nobody is logged in', 'object\'s answer dropped',
];

describe('a rollback that is disturbed', () => {
  it('at any of its effects can be gone on with by rolling back again', async () => {
    const before = await freshBench().state();
    const done = freshBench();
    expect((await done.apply(changePlan, { run })).outcome).toBe('done');
    const { changePlan: plan } = await done.rollback(run);
    const chosen = faults.filter(({ name }) => names.includes(name));
    expect(chosen.map(({ name }) => name).sort()).toEqual([...names].sort());
    const matrix = await tryAll({ start: async () => ({ bench: done.fork(), plan }), run: 'back', faults: chosen, followUps: { rollback: rollsOn(before, run) }, invariant: async () => [] });
    process.stdout.write(matrixText('faults in a rollback', matrix));
    expect(matrix.wrong).toEqual([]);
    expect(matrix.cells).toBeGreaterThan(400);
  }, 300_000);
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../src/domain/records/store.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { samplePlan } from '../helpers/sample-plan.ts';

describe('a plan that was spent', () => {
  let folder: string;
  let store: Store;
  const plan = samplePlan();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aiplan-unspend-'));
    store = folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host: 'here' });
  });
  afterEach(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const isSpent = { code: 'plan-already-applied', exitCode: 3 };

  it('counts once, until the run that spent it lets it go; then once more', async () => {
    await store.markPlanUsed(plan, '20260226-230000-0001');
    await expect(store.refuseAppliedPlan(plan)).rejects.toMatchObject(isSpent);
    await expect(store.markPlanUsed(plan, '20260226-230000-0002')).rejects.toMatchObject(isSpent);
    for (const run of ['20260226-230000-0001', '20260226-230000-0002', '20260226-230000-0003']) {
      await store.releasePlan(plan, run);
      await store.refuseAppliedPlan(plan);
      if (run !== '20260226-230000-0003')
        await store.markPlanUsed(
          plan,
          run === '20260226-230000-0001' ? '20260226-230000-0002' : '20260226-230000-0003',
        );
    }
  });

  it('is let go by nobody else, not twice, and not by the release of an earlier run', async () => {
    await store.releasePlan(plan, '20260226-230000-0001');
    await store.markPlanUsed(plan, '20260226-230000-0001');
    await store.releasePlan(plan, 'run-9');
    await expect(store.refuseAppliedPlan(plan)).rejects.toMatchObject(isSpent);
    await store.releasePlan(plan, '20260226-230000-0001');
    await store.markPlanUsed(plan, '20260226-230000-0002');
    await store.releasePlan(plan, '20260226-230000-0001');
    await expect(store.refuseAppliedPlan(plan)).rejects.toMatchObject(isSpent);
    expect((await store.marks()).map(({ run, released }) => [run, released]).sort()).toEqual([
      ['20260226-230000-0001', true],
      ['20260226-230000-0002', undefined],
    ]);
  });

  it('is spent by one of two that race for it, also after it was let go', async () => {
    await store.markPlanUsed(plan, '20260226-230000-0001');
    await store.releasePlan(plan, '20260226-230000-0001');
    const raced = await Promise.allSettled([
      store.markPlanUsed(plan, '20260226-230000-0002'),
      store.markPlanUsed(plan, '20260226-230000-0003'),
    ]);
    expect(raced.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

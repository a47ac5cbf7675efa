import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endOfPlan, refuseOlder } from '../../src/cli/planning/plan-age.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { closeToOthers } from '../../src/store/objects/files.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { withMachineLock } from '../../src/store/locks/machine-lock.ts';
import { fakeClock } from '../helpers/apply-ports.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiplan-machine-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const target = { account: '123456789012', region: 'eu-west-1', endpoint: null };
/** The store of one home; `alive` tells of process ids. */
const home = (name: string, alive: (pid: number) => boolean = () => true): Store =>
  withMachineLock(folderStore({ folder: join(folder, name), spool: join(folder, 'spool'), host: 'laptop', alive }), {
    host: 'laptop',
    placeOf: () => join(folder, 'machine'),
    alive,
  });
const owner = (run: string, pid = 1) => ({ run, owner: 'ada', host: 'laptop', pid, startedAt: '2026-02-26T23:15:00Z' });

describe('two stores on one machine', () => {
  it('keep each other out, whatever home each was given', async () => {
    const first = await home('one').acquireLock(target, owner('20260226-231500-0001'));
    await first.check();
    await expect(home('two').acquireLock(target, owner('20260226-231500-0002', 2))).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('20260226-231500-0001'),
    });
    // Another account is another lock.
    await (
      await home('two').acquireLock({ ...target, account: '210987654321' }, owner('20260226-231500-0003', 3))
    ).release();
    await first.release();
    const second = await home('two').acquireLock(target, owner('20260226-231500-0004', 4));
    await expect(home('one').acquireLock(target, owner('20260226-231500-0005', 5))).rejects.toMatchObject({
      code: 'locked',
    });
    await second.release();
  });

  it('a dead process leaves nothing behind; a lock that the store refuses is given back on the machine', async () => {
    await home('one').acquireLock(target, owner('20260226-231500-0001', 77));
    const next = await home('two', (pid) => pid !== 77).acquireLock(target, owner('20260226-231500-0002', 2));
    await next.release();
    const refusing: Store = {
      ...folderStore({ folder: join(folder, 'three'), spool: join(folder, 'spool'), host: 'laptop' }),
      acquireLock: () => Promise.reject(new Error('refused')),
    };
    await expect(
      withMachineLock(refusing, { host: 'laptop', placeOf: () => join(folder, 'machine') }).acquireLock(
        target,
        owner('20260226-231500-0003', 3),
      ),
    ).rejects.toThrow('refused');
    await (await home('four').acquireLock(target, owner('20260226-231500-0004', 4))).release();
  });

  it('a lock that somebody took on the machine stops the run before its next call', async () => {
    const lock = await home('one').acquireLock(target, owner('20260226-231500-0001', 77));
    await home('two', (pid) => pid !== 77).acquireLock(target, owner('20260226-231500-0002', 2));
    await expect(lock.check()).rejects.toMatchObject({ code: 'lock-lost' });
  });
});

describe('folders of the state', () => {
  it("are closed to others where they are this user's", () => {
    const wide = join(folder, 'wide');
    mkdirSync(wide);
    chmodSync(wide, 0o755);
    expect([closeToOthers(wide), statSync(wide).mode & 0o777]).toEqual([true, 0o700]);
    expect(closeToOthers(join(folder, 'none'))).toBe(true);
  });
});

describe('the age of a saved plan', () => {
  const now = Date.parse('2026-02-26T23:00:00.000Z');
  const world = (planExpiryMinutes: number) =>
    ({ io: { clock: fakeClock(now) }, configuration: { planExpiryMinutes } }) as unknown as Parameters<
      typeof endOfPlan
    >[0];
  const plan = (createdAt: string, expiresAt: string) => ({ createdAt, expiresAt });
  const code = (work: () => unknown): string => {
    try {
      return String(work());
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('is what the configuration allows from when it was made, whatever the file says of its end', () => {
    expect(endOfPlan(world(60), plan('2026-02-26T22:30:00.000Z', '2099-01-01T00:00:00.000Z'))).toBe(
      '2026-02-26T23:30:00.000Z',
    );
    expect(endOfPlan(world(60), plan('2026-02-26T22:30:00.000Z', '2026-02-26T23:10:00.000Z'))).toBe(
      '2026-02-26T23:10:00.000Z',
    );
    expect(code(() => endOfPlan(world(20), plan('2026-02-26T22:30:00.000Z', '2099-01-01T00:00:00.000Z')))).toBe(
      'plan-expired',
    );
    expect(code(() => endOfPlan(world(60), plan('2026-02-26T21:30:00.000Z', '2099-01-01T00:00:00.000Z')))).toBe(
      'plan-expired',
    );
    expect(code(() => endOfPlan(world(60), plan('2027-02-26T21:30:00.000Z', '2099-01-01T00:00:00.000Z')))).toBe(
      'plan-clock',
    );
  });

  it('an approval that was signed before the plan says it was made is not of it', () => {
    expect(
      code(() => refuseOlder({ createdAt: '2026-02-26T22:00:00.000Z' }, { createdAt: '2026-02-26T22:30:00.000Z' })),
    ).toBe('approval-foreign');
    expect(
      code(() => refuseOlder({ createdAt: '2026-02-26T22:31:00.000Z' }, { createdAt: '2026-02-26T22:30:00.000Z' })),
    ).toBe('undefined');
    expect(code(() => refuseOlder({ createdAt: '2026-02-26T22:00:00.000Z' }, null))).toBe('undefined');
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lock, LockOwner } from '../../src/domain/records/lock-store.ts';
import type { RunSummary } from '../../src/domain/records/journal-store.ts';
import { folderLocks, type LockOptions } from '../../src/store/locks/lock.ts';
import { damagedSummary } from '../../src/store/journal/runs.ts';

const target = { account: '123456789012', region: 'eu-west-1', endpoint: null };
const ownerOf = (pid: number, run = `20260226-230000-00${pid}`, host = 'here'): Omit<LockOwner, 'heartbeat'> => ({
  run,
  owner: 'ada',
  host,
  pid,
  startedAt: '2026-02-26T23:00:00.000Z',
});
const summary = (run: string, outcome: RunSummary['outcome'], rollbackOf: string | null = null): RunSummary => ({
  ...damagedSummary(run, `/runs/${run}`, ''),
  outcome,
  rollbackOf,
  problem: null,
});

let store: string;
const held: Lock[] = [];
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'aiplan-lock-'));
});
afterEach(async () => {
  for (const lock of held.splice(0)) await lock.release();
  rmSync(store, { recursive: true, force: true });
});

/**
 * Two clocks that a test moves: `sleep` is what a suspended machine sees, `run` is time in which heartbeats were
 * missed.
 */
const handClocks = () => {
  const offset = { wall: 0, steady: 0 };
  return {
    wall: () => Date.now() + offset.wall,
    steady: () => performance.now() + offset.steady,
    sleep(milliseconds: number) {
      offset.wall += milliseconds;
    },
    stall(milliseconds: number) {
      offset.wall += milliseconds;
      offset.steady += milliseconds;
    },
    back(milliseconds: number) {
      offset.wall -= milliseconds;
    },
  };
};
const locksWith = (options: Partial<LockOptions> = {}) => {
  const locks = folderLocks({ store, host: 'here', alive: () => true, runOf: async () => null, ...options });
  const keep = async (lock: Promise<Lock>): Promise<Lock> => {
    const got = await lock;
    held.push(got);
    return got;
  };
  return {
    ...locks,
    acquire: (
      of: typeof target | ({ endpoint: string } & Omit<typeof target, 'endpoint'>),
      owner: Omit<LockOwner, 'heartbeat'>,
    ) => keep(locks.acquire(of, owner)),
    takeOver: (from: LockOwner, owner: Omit<LockOwner, 'heartbeat'>) => keep(locks.takeOver(target, from, owner)),
  };
};
const files = (): readonly string[] => readdirSync(join(store, 'locks')).sort();
const dead = { alive: () => false };

describe('the lock of a local store', () => {
  it('admits one run per target, and names the holder', async () => {
    const locks = locksWith();
    const lock = await locks.acquire(target, ownerOf(11));
    await expect(locks.acquire(target, ownerOf(12))).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('run "20260226-230000-0011" of ada on here, process 11, since 2026-02-26'),
      where: expect.stringContaining('.1.lock'),
      help: expect.stringContaining('wait'),
    });
    expect(await locks.holder(target)).toMatchObject({ pid: 11, run: '20260226-230000-0011' });
    await lock.release();
    expect(await locks.holder(target)).toBeNull();
    await locks.acquire(target, ownerOf(12));
    expect(files()).toEqual(['123456789012-eu-west-1.2.lock']);
  });

  it('keeps targets apart: other region, other endpoint', async () => {
    const locks = locksWith();
    await locks.acquire(target, ownerOf(11));
    await locks.acquire({ ...target, region: 'eu-west-2' }, ownerOf(12));
    await locks.acquire({ ...target, endpoint: 'http://127.0.0.1:5000' }, ownerOf(13));
    expect(files()).toHaveLength(3);
  });

  it('clears the lock of a process that is gone when its run has ended, or never began', async () => {
    await locksWith().acquire(target, ownerOf(11));
    await locksWith(dead).acquire(target, ownerOf(12));
    await locksWith({ ...dead, runOf: async (run) => summary(run, 'failed') }).acquire(target, ownerOf(13));
    expect(await locksWith().holder(target)).toMatchObject({ pid: 13 });
    expect(files()).toHaveLength(1);
  });

  it.each([
    ['open', null, '`aiplan resume 20260226-230000-0011` resumes it, `aiplan rollback 20260226-230000-0011` undoes it'],
    ['open', '20260226-220000-0001', '`aiplan rollback 20260226-220000-0001` undoes it'],
    ['damaged', null, '`aiplan runs abandon 20260226-230000-0011`'],
  ] as const)('never passes by a run that its process left %s', async (outcome, rollbackOf, help) => {
    await locksWith().acquire(target, ownerOf(11));
    await expect(
      locksWith({ ...dead, runOf: async (run) => summary(run, outcome, rollbackOf) }).acquire(target, ownerOf(12)),
    ).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(/which has no end: its process 11 on here is gone/u),
      help: expect.stringContaining(help),
    });
  });

  it('takes no process id for one of ours that is of another host, another container or from before a restart', async () => {
    await locksWith().acquire(target, ownerOf(11, undefined, 'there'));
    await expect(locksWith(dead).acquire(target, ownerOf(12))).rejects.toMatchObject({
      message: expect.stringContaining('on there, process 11'),
    });
    await locksWith().acquire({ ...target, region: 'x' }, ownerOf(11));
    await expect(
      locksWith({ ...dead, space: 'another boot' }).acquire({ ...target, region: 'x' }, ownerOf(12)),
    ).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining('being changed by') });
  });

  it('asks for a person when a holder elsewhere has long been silent', async () => {
    const clocks = handClocks();
    await locksWith({ clocks }).acquire(target, ownerOf(11, undefined, 'there'));
    clocks.stall(60_000);
    await expect(locksWith({ clocks }).acquire(target, ownerOf(12))).rejects.toMatchObject({
      message: expect.stringContaining('has given no sign since'),
    });
  });

  it('tells of its holder whether that is gone for sure', async () => {
    await locksWith().acquire(target, ownerOf(11));
    expect((await locksWith().holder(target))?.gone).toBeUndefined();
    expect(await locksWith(dead).holder(target)).toMatchObject({ pid: 11, gone: true });
    expect((await locksWith({ ...dead, host: 'there' }).holder(target))?.gone).toBeUndefined();
  });

  it('never takes a lock that it cannot read', async () => {
    await (await locksWith().acquire(target, ownerOf(11))).release();
    writeFileSync(join(store, 'locks', files()[0]!), '');
    await expect(locksWith(dead).acquire(target, ownerOf(12))).rejects.toMatchObject({
      code: 'locked',
      help: expect.stringContaining('remove it'),
    });
  });

  it('sees by itself whether a process of this host lives', async () => {
    const { alive: _alive, ...options } = {
      host: 'here',
      store,
      runOf: async () => summary('x', 'open'),
    } as LockOptions;
    const locks = folderLocks(options);
    held.push(await locks.acquire(target, ownerOf(process.pid)));
    await expect(locks.acquire(target, ownerOf(12))).rejects.toMatchObject({
      message: expect.stringContaining('being changed by'),
    });
  });

  it('is refused clearly by an unwritable store', async () => {
    writeFileSync(join(store, 'locks'), 'a file where the folder should be');
    await expect(locksWith().acquire(target, ownerOf(1))).rejects.toMatchObject({
      code: expect.stringMatching(/^store-un/u),
    });
  });

  it('gives signs of life, which the others see', async () => {
    const locks = locksWith({ pace: { heartbeat: 5, gap: 10_000, silent: 20_000 } });
    await locks.acquire(target, ownerOf(11));
    const path = join(store, 'locks', files()[0]!);
    utimesSync(path, 0, 0);
    for (let tries = 0; tries < 500 && (await locks.holder(target))?.heartbeat.startsWith('1970') === true; tries += 1)
      await new Promise((done) => {
        setTimeout(done, 5);
      });
    expect((await locks.holder(target))?.heartbeat).toMatch(/^20/u);
  });
});

describe('taking over', () => {
  it('is refused while the holder lives, and when it is another one by now', async () => {
    const locks = locksWith();
    const lock = await locks.acquire(target, ownerOf(11));
    await expect(locks.takeOver(lock.owner, ownerOf(12))).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('process 11'),
    });
    await expect(locksWith(dead).takeOver({ ...lock.owner, run: 'another' }, ownerOf(12))).rejects.toMatchObject({
      code: 'locked',
    });
    await lock.check();
  });

  it('works from a dead process at once, and the dead one cannot come back', async () => {
    const lock = await locksWith().acquire(target, ownerOf(11));
    const next = await locksWith(dead).takeOver(lock.owner, ownerOf(12));
    await expect(lock.check()).rejects.toMatchObject({
      code: 'lock-lost',
      message: expect.stringContaining('took it over'),
    });
    await lock.release();
    await next.check();
    expect(JSON.parse(readFileSync(join(store, 'locks', files()[0]!), 'utf8'))).toMatchObject({ pid: 12 });
  });

  it('works from a silent holder, which says so when it wakes', async () => {
    const clocks = handClocks();
    const lock = await locksWith({ clocks }).acquire(target, ownerOf(11));
    clocks.sleep(60_000);
    const next = await locksWith({ clocks }).takeOver(lock.owner, ownerOf(12));
    await expect(lock.check()).rejects.toMatchObject({ code: 'lock-lost' });
    await next.check();
  });

  it('is given up when the holder wakes in the very moment: both stop rather than both go on', async () => {
    const clocks = handClocks();
    const lock = await locksWith({ clocks }).acquire(target, ownerOf(11));
    clocks.sleep(60_000);
    const path = join(store, 'locks', files()[0]!);
    let woken = false;
    // The taker has read the old sign of life and asks whether the process lives; the holder wakes right then and goes
    // on.
    const racing = locksWith({
      clocks,
      alive: () => {
        if (!woken) {
          woken = true;
          const now = new Date(clocks.wall());
          utimesSync(path, now, now);
        }
        return true;
      },
      runOf: async () => summary('x', 'open'),
    });
    await expect(racing.takeOver(lock.owner, ownerOf(12))).rejects.toMatchObject({ code: 'locked' });
    await expect(lock.check()).rejects.toMatchObject({ code: 'lock-lost' });
  });
});

describe('a holder', () => {
  it('that slept and was not taken over goes on, with a sign of life first', async () => {
    const clocks = handClocks();
    const lock = await locksWith({ clocks }).acquire(target, ownerOf(11));
    clocks.sleep(60_000);
    await lock.check();
    await expect(locksWith({ clocks }).takeOver(lock.owner, ownerOf(12))).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('being changed'),
    });
  });

  it.each([
    ['set back', (clocks: ReturnType<typeof handClocks>) => clocks.back(3_600_000)],
    ['stalled', (clocks: ReturnType<typeof handClocks>) => clocks.stall(60_000)],
  ])('whose clock was %s looks again', async (_name, move) => {
    const clocks = handClocks();
    const lock = await locksWith({ clocks }).acquire(target, ownerOf(11));
    const before = files();
    move(clocks);
    await lock.check();
    expect(files()).toEqual(before);
    expect((await locksWith({ clocks }).holder(target))?.heartbeat).toBe(
      new Date(Date.parse((await locksWith({ clocks }).holder(target))?.heartbeat ?? '')).toISOString(),
    );
  });

  it('whose lock file was removed, or whose store is gone, sends nothing more', async () => {
    const lock = await locksWith().acquire(target, ownerOf(11));
    rmSync(join(store, 'locks'), { recursive: true });
    await expect(lock.check()).rejects.toMatchObject({ code: 'lock-lost' });
    await lock.release();
    expect(existsSync(join(store, 'locks'))).toBe(false);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { acquireLock, lockPath, type LockOwner } from '../../src/store/lock.ts';

const target = { account: '123456789012', region: 'eu-west-1', endpoint: null };
const owner = (pid: number, host = 'here'): LockOwner => ({ run: '20260226-230000-a1b2', owner: 'ada', host, pid, startedAt: '2026-02-26T23:00:00.000Z' });
const dead = (): boolean => false;
const living = (): boolean => true;

const thrown = (work: () => unknown): unknown => {
  try { work(); } catch (error) { return error; }
  return 'nothing thrown';
};

let store: string;
beforeEach(() => { store = mkdtempSync(join(tmpdir(), 'aiplan-lock-')); });
afterEach(() => { rmSync(store, { recursive: true, force: true }); });

describe('run lock', () => {
  it('admits one run per target and store, and names the holder', () => {
    const lock = acquireLock(store, target, owner(11), living);
    expect(thrown(() => acquireLock(store, target, owner(12), living))).toMatchObject({
      code: 'locked', message: expect.stringContaining('of ada on here, process 11, since 2026-02-26'), where: lock.path, help: expect.stringContaining('process 11'),
    });
    lock.release();
    expect(existsSync(lock.path)).toBe(false);
    acquireLock(store, target, owner(12), living).release();
  });

  it('keeps targets apart: other region, other endpoint', () => {
    acquireLock(store, target, owner(11), living);
    acquireLock(store, { ...target, region: 'eu-west-2' }, owner(12), living);
    acquireLock(store, { ...target, endpoint: 'http://127.0.0.1:5000' }, owner(13), living);
    expect(readdirSync(dirname(lockPath(store, target)))).toHaveLength(3);
  });

  it('takes over from a process that is gone on the same host', () => {
    const old = acquireLock(store, target, owner(11), living);
    const lock = acquireLock(store, target, owner(12), dead);
    expect(JSON.parse(readFileSync(lock.path, 'utf8'))).toMatchObject({ pid: 12 });
    old.release();
    expect(existsSync(lock.path)).toBe(true);
    expect(readdirSync(dirname(lock.path))).toHaveLength(1);
  });

  it('never takes over from another host, nor from a file that it cannot read', () => {
    acquireLock(store, target, owner(11, 'there'), living);
    expect(thrown(() => acquireLock(store, target, owner(12), dead))).toMatchObject({ code: 'locked', message: expect.stringContaining('on there') });
    writeFileSync(lockPath(store, target), '');
    expect(thrown(() => acquireLock(store, target, owner(12), dead))).toMatchObject({ code: 'locked', help: expect.stringContaining('remove that file') });
  });

  it('sees by itself whether a process of this host lives', () => {
    acquireLock(store, target, owner(process.pid));
    expect(thrown(() => acquireLock(store, target, owner(12)))).toMatchObject({ code: 'locked' });
  });

  it('is refused clearly by an unwritable store', () => {
    writeFileSync(join(store, 'locks'), 'a file where the folder should be');
    expect(thrown(() => acquireLock(store, target, owner(1), living))).toMatchObject({ code: 'store-unwritable' });
  });
});

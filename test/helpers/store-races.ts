import { expect } from '@jest/globals';
import type { LockOwner } from '../../src/domain/records/lock-store.ts';
import type { Store } from '../../src/domain/records/store.ts';
import type { LockPace } from '../../src/store/locks/lock-state.ts';
import type { ChildStore } from './store-child.ts';
import type { Child, Children } from './store-children.ts';

export const target = { account: '123456789012', region: 'eu-west-1', endpoint: null };

/**
 * Two processes try to take the lock at the same time, again and again; for each round who had it, and what the other
 * was told.
 */
export async function raced(
  children: Children,
  store: ChildStore,
  rounds: number,
): Promise<readonly (readonly [boolean, unknown])[]> {
  const both = await Promise.all(
    ['20260226-230000-000a', '20260226-230000-000b'].map((run, index) =>
      children.start({ store, host: `host-${index}`, run }),
    ),
  );
  const results: (readonly [boolean, unknown])[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const at = both.map((child) => child.said.length);
    for (const child of both) child.tell(`take ${round}`);
    const told = await Promise.all(both.map((child, index) => child.hears(({ won }) => won !== undefined, at[index])));
    const winners = both.filter((_, index) => told[index]?.['won'] === true);
    results.push([winners.length === 1, told.find(({ won }) => won === false)?.['code']]);
    for (const child of winners) {
      const since = child.said.length;
      child.tell(`release ${round}`);
      await child.hears(({ released }) => released === true, since);
    }
  }
  for (const child of both) await child.end();
  return results;
}

const lastSent = ({ said }: Child): unknown => said.findLast(({ sent }) => sent !== undefined)?.['sent'];

/**
 * A holder is stopped in its work until it counts as silent; a person takes over elsewhere; the holder wakes and must
 * send nothing more.
 */
export async function slept(children: Children, store: ChildStore, pace: LockPace, mine: Store): Promise<void> {
  const child = await children.start({ store, host: 'here', run: '20260226-230000-000c', pace });
  child.tell('work');
  const { holds } = (await child.hears((said) => said['holds'] !== undefined, 0)) as { readonly holds: LockOwner };
  await child.hears(({ sent }) => sent === 3, 0);
  const next = {
    run: '20260226-230000-000d',
    owner: 'bob',
    host: 'there',
    pid: process.pid,
    startedAt: new Date().toISOString(),
  };
  await expect(mine.takeOverLock(target, holds, next)).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('20260226-230000-000c-work'),
  });
  child.signal('SIGSTOP');
  const lock = await untilGiven(() => mine.takeOverLock(target, holds, next));
  // Nothing more comes out of a stopped process: this is what it had sent.
  const sent = lastSent(child);
  const since = child.said.length;
  child.signal('SIGCONT');
  const { stopped, calls } = await child.hears((said) => said['stopped'] !== undefined, since);
  expect(stopped).toMatchObject({ code: 'lock-lost' });
  expect([calls, lastSent(child)]).toEqual([sent, sent]);
  await lock.check();
  expect(await mine.lockHolder(target)).toMatchObject({ run: next.run });
  await lock.release();
  await child.end();
}

/** Asks again while the holder still counts as alive. */
async function untilGiven<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as { code?: string }).code !== 'locked') throw error;
      await new Promise((done) => {
        setTimeout(done, 50);
      });
    }
  }
}

/** Several processes write the audit log at once: it is one chain, with every entry once. */
export async function audited(children: Children, store: ChildStore, mine: Store, entries: number): Promise<void> {
  const writers = await Promise.all(['a', 'b', 'c'].map((run) => children.start({ store, host: run, run })));
  for (const child of writers) child.tell(`audit ${entries}`);
  await Promise.all(writers.map((child) => child.hears((said) => said['audited'] !== undefined, 0)));
  const records = await mine.readAudit();
  expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: 3 * entries }, (_, index) => index + 1));
  for (const by of ['a', 'b', 'c'])
    expect(
      records.filter((record) => record.by === by).map((record) => (record.kind === 'refused' ? record.message : '')),
    ).toEqual(Array.from({ length: entries }, (_, index) => String(index)));
  for (const child of writers) await child.end();
}

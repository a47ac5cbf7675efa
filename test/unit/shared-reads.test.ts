import { describe, expect, it } from '@jest/globals';
import { AwsError } from '../../src/base/error.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';
import type { ReadQuery, ResourceType, ResourceTypes } from '../../src/domain/resource-type.ts';
import { oneAtATime } from '../../src/run/executor/schedule.ts';
import { sharedReads } from '../../src/run/executor/shared-reads.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { createMemoryWorld, DATABASE, GROUP } from '../helpers/memory-world.ts';

/** A type whose readings are answered when the test says so. */
function world() {
  const queries: ReadQuery[] = [];
  const open: (() => void)[] = [];
  const type = {
    type: 'Test::Thing',
    async read(_session: unknown, query: ReadQuery) {
      queries.push(query);
      await new Promise<void>((go) => {
        open.push(go);
      });
      if (query.identities.includes('throws'))
        throw new AwsError({ code: 'Down', kind: 'network', operation: 'test:Read', message: 'down', executed: 'no' });
      return {
        resources: query.identities
          .filter((identity) => !/^(gone|failed)$/u.test(identity))
          .map((identity) => ({ identity }) as LiveResource),
        absent: query.identities.filter((identity) => identity === 'gone'),
        failures: query.identities
          .filter((identity) => identity === 'failed')
          .map((identity) => ({ type: 'Test::Thing', identity, code: 'Denied', message: 'no' })),
      };
    },
  } as unknown as ResourceType;
  const turn = oneAtATime();
  const reads = sharedReads(
    { session: {} as ApplySession, clock: { now: () => 0, sleep: () => Promise.resolve() } },
    turn,
  );
  const settled = async (): Promise<void> => {
    for (let times = 0; times < 30; times += 1) await Promise.resolve();
  };
  return {
    type,
    reads,
    turn,
    queries,
    settled,
    answer: async () => {
      open.shift()?.();
      await settled();
    },
    asked: () => queries.map(({ identities }) => identities),
  };
}

describe('the looks of steps', () => {
  it('are one reading for those that begin together, however long the journal of each takes', async () => {
    const { type, reads, queries, asked, answer, settled } = world();
    const journaled: (() => void)[] = [];
    const looks = ['a', 'b', 'c'].map((step) =>
      reads.beginning(step, async () => {
        await new Promise<void>((go) => {
          journaled.push(go);
        });
        return reads.look(step, type, { identity: step }, (now) => now?.identity);
      }),
    );
    journaled[0]?.();
    await settled();
    expect(asked()).toEqual([]);
    journaled[1]?.();
    journaled[2]?.();
    await settled();
    expect(asked()).toEqual([['a', 'b', 'c']]);
    expect(queries[0]?.detailed).toEqual(new Set(['a', 'b', 'c']));
    await answer();
    expect(await Promise.all(looks)).toEqual(['a', 'b', 'c']);
  });

  it('wait for no step that failed before its look', async () => {
    const { type, reads, asked, answer, settled } = world();
    const other = reads.beginning('other', () => Promise.reject(new Error('disk full')));
    const look = reads.beginning('a', () => reads.look('a', type, { identity: 'a' }, () => 'seen'));
    await expect(other).rejects.toThrow('disk full');
    await settled();
    expect(asked()).toEqual([['a']]);
    await answer();
    expect(await look).toBe('seen');
  });

  it('begin when no call is under way, and are judged before anybody sends anything more', async () => {
    const { type, reads, turn, asked, answer, settled } = world();
    const order: string[] = [];
    await turn.enter('sending');
    const looks = ['a', 'b'].map((step) =>
      reads
        .look(step, type, { identity: step }, () => {
          order.push(`judged ${step}`);
        })
        .then(() => turn.enter(step))
        .then(() => {
          order.push(`sends ${step}`);
          turn.leave(step);
        }),
    );
    const sends = turn.enter('next').then(() => {
      order.push('sends next');
      turn.leave('next');
    });
    await settled();
    expect(asked()).toEqual([]);
    turn.leave('sending');
    await settled();
    expect(asked()).toEqual([['a', 'b']]);
    expect(order).toEqual([]);
    await answer();
    await Promise.all([...looks, sends]);
    expect(order.slice(0, 2)).toEqual(['judged a', 'judged b']);
  });

  it('tell each step of its own resource only, and who is refused keeps the turn until its step has ended', async () => {
    const { type, reads, turn, answer, settled } = world();
    const stale = reads.look('stale', type, { identity: 'x' }, () => {
      throw new Error('changed');
    });
    const gone = reads.look('gone', type, { identity: 'gone' }, (now) => now);
    const failed = reads.look('failed', type, { identity: 'failed' }, (now) => now);
    for (const promise of [stale, failed]) promise.catch(() => undefined);
    let passed = false;
    void turn.enter('next').then(() => {
      passed = true;
    });
    await settled();
    await answer();
    await expect(stale).rejects.toThrow('changed');
    expect(passed).toBe(false);
    turn.leave('stale');
    expect(await gone).toBeNull();
    await expect(failed).rejects.toThrow('Test::Thing failed cannot be read (Denied: no)');
    expect(passed).toBe(false);
    turn.leave('failed');
    await settled();
    expect(passed).toBe(true);
  });
});

describe('the reading back of steps', () => {
  it('begins after it was asked for; what is asked for meanwhile is read together by the next', async () => {
    const { type, reads, asked, answer, settled } = world();
    const first = reads.whole('a', type, { identity: 'a' });
    await settled();
    const later = ['b', 'a', 'c'].map((identity) => reads.whole(identity, type, { identity }));
    await settled();
    expect(asked()).toEqual([['a']]);
    await answer();
    expect((await first)?.identity).toBe('a');
    expect(asked()).toEqual([['a'], ['b', 'a', 'c']]);
    await answer();
    expect((await Promise.all(later)).map((live) => live?.identity)).toEqual(['b', 'a', 'c']);
  });

  it('waits for the calls that are in line, also where its own step was refused and holds the turn', async () => {
    const { type, reads, turn, asked, answer, settled } = world();
    await turn.enter('a');
    const sent = turn.enter('b');
    const back = reads.whole('a', type, { identity: 'a' });
    await sent;
    await settled();
    expect(asked()).toEqual([]);
    turn.leave('b');
    const other = reads.whole('b', type, { identity: 'b' });
    await settled();
    expect(asked()).toEqual([['a', 'b']]);
    await answer();
    expect([await back, await other].map((live) => live?.identity)).toEqual(['a', 'b']);
  });

  it('names what a resource is read for only where all agree that it is not everything', async () => {
    const { type, reads, turn, queries, answer, settled } = world();
    await turn.enter('sending');
    const all = [
      reads.whole('a', type, { identity: 'one', properties: new Set(['Tags']) }),
      reads.whole('b', type, { identity: 'one', properties: new Set(['Size']) }),
      reads.whole('c', type, { identity: 'two', properties: new Set(['Tags']) }),
      reads.whole('d', type, { identity: 'two' }),
    ];
    turn.leave('sending');
    await settled();
    await answer();
    await Promise.all(all);
    expect(queries.map(({ properties }) => [...(properties ?? [])])).toEqual([[['one', new Set(['Tags', 'Size'])]]]);
  });

  it('is a reading of its own, at once, where the type shares no calls', async () => {
    const { type, reads, turn, asked, answer, settled } = world();
    await turn.enter('sending');
    const each = { ...type, readsEach: true };
    const back = ['a', 'b'].map((identity) => reads.whole(identity, each, { identity }));
    await settled();
    expect(asked()).toEqual([['a'], ['b']]);
    await answer();
    await answer();
    expect((await Promise.all(back)).map((live) => live?.identity)).toEqual(['a', 'b']);
    turn.leave('sending');
    const looks = ['c', 'd'].map((identity) => reads.look(identity, each, { identity }, (now) => now?.identity));
    await settled();
    expect(asked().slice(2)).toEqual([['c'], ['d']]);
    await answer();
    await answer();
    expect(await Promise.all(looks)).toEqual(['c', 'd']);
  });

  it('fails for everyone whose reading failed, and the next reading is a new one', async () => {
    const { type, reads, answer, settled } = world();
    const down = reads.whole('a', type, { identity: 'throws' });
    down.catch(() => undefined);
    await settled();
    await answer();
    await expect(down).rejects.toThrow('down');
    const next = reads.whole('a', type, { identity: 'a' });
    await settled();
    await answer();
    expect((await next)?.identity).toBe('a');
  });
});

describe('twenty updates of one type', () => {
  it('are looked at and read back together, not each by itself', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `g-${index}`);
    const memory = createMemoryWorld({
      seed: names.map((identity) => ({ type: GROUP, identity, properties: { GroupName: identity, Tags: {} } })),
    });
    const bench = benchOf(memory);
    const asked: string[] = [];
    let inChange = false;
    const report = await bench.apply(
      changePlanOf(
        names.map((id, index) => entryOf(`Group${index}`, GROUP, { id, properties: { Tags: { note: 'platform' } } })),
      ),
      {
        run: '20260226-230000-0001',
        session: (inner) => ({
          ...inner,
          read: (call) => {
            if (inChange) asked.push(call.operation);
            return inner.read(call);
          },
        }),
        events: (event) => {
          if (event.kind === 'phase') inChange = event.phase === 'change';
        },
      },
    );
    expect(report.outcome).toBe('done');
    expect(report.steps.every(({ state }) => state === 'done')).toBe(true);
    // A reading is two calls here: one by one, the looks and the readings back would be 80.
    expect(asked.length).toBeLessThanOrEqual(20);
  });
});

describe('what an update is read for', () => {
  const of = async (properties: Record<string, unknown>) => {
    const memory = createMemoryWorld({
      seed: [{ type: DATABASE, identity: 'courses', properties: { Class: 'db.large', Tags: {} }, rows: ['a'] }],
      polls: 3,
    });
    const queries: ReadQuery[] = [];
    const spied = (type: ResourceType): ResourceType => ({
      ...type,
      read: (session, query) => {
        if (inChange) queries.push(query);
        return type.read(session, query);
      },
    });
    const types: ResourceTypes = {
      get: (name) => {
        const type = memory.types.get(name);
        return type === undefined ? undefined : spied(type);
      },
      all: memory.types.all,
    };
    const asked: string[] = [];
    let inChange = false;
    const report = await benchOf({ ...memory, types }).apply(
      changePlanOf([entryOf('Courses', DATABASE, { id: 'courses', properties: properties as never })]),
      {
        run: '20260226-230000-0001',
        session: (inner) => ({
          ...inner,
          read: (call) => {
            if (inChange) asked.push(call.operation);
            return inner.read(call);
          },
        }),
        events: (event) => {
          if (event.kind === 'phase') inChange = event.phase === 'change';
        },
      },
    );
    expect(report.outcome).toBe('done');
    return { queries, asked };
  };

  it('is the whole resource, with the names of what changes, so that nothing is counted that cannot have been lost', async () => {
    const { queries } = await of({ Class: 'db.huge' });
    expect(queries).toHaveLength(2);
    for (const { detailed, properties } of queries) {
      expect(detailed).toEqual(new Set(['courses']));
      expect(properties).toEqual(new Map([['courses', new Set(['Class'])]]));
    }
  });

  it('and a tag changes no state: after it the resource is read back, and not waited for', async () => {
    const [tagged, grown] = [await of({ Tags: { owner: 'platform' } }), await of({ Class: 'db.huge' })];
    expect(tagged.queries).toHaveLength(2);
    expect(grown.asked.length).toBeGreaterThan(tagged.asked.length);
  });
});

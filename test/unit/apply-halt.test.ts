import { describe, expect, it } from '@jest/globals';
import type { RunEvent } from '../../src/domain/records/event.ts';
import { inDoubt, recordsOf } from '../../src/history/journal-reading.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { createMemoryWorld, DATABASE, NOTE } from '../helpers/memory-world.ts';

const run = '20260226-230000-0001';
const database = { type: DATABASE, identity: 'courses', rows: ['a'] } as const;
const deletion = entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Engine: 'postgres' } });

/** Stops once when the first event fits, and halts when the second does. */
const pressing = (first: (event: RunEvent) => boolean, second: (event: RunEvent) => boolean) => {
  const stop = new AbortController();
  const halt = new AbortController();
  return {
    stop: stop.signal,
    ports: { halt: halt.signal },
    events(event: RunEvent) {
      if (stop.signal.aborted && second(event)) halt.abort();
      if (first(event)) stop.abort();
    },
  };
};
const waits =
  (text: string) =>
  (event: RunEvent): boolean =>
    event.kind === 'progress' && event.text.includes(text);
const sends =
  (call: string) =>
  (event: RunEvent): boolean =>
    event.kind === 'call' && event.state === 'sent' && event.call.endsWith(call);

describe('Ctrl-C twice', () => {
  it('gives up the waits of the undo as well, with everything in the journal, and the run can be undone', async () => {
    const world = createMemoryWorld({ seed: [database], polls: 30 });
    const bench = benchOf(world);
    const before = await bench.state();
    const polled: string[] = [];
    const pressed = pressing(waits('closed'), waits('available'));
    const report = await bench.apply(changePlanOf([deletion]), {
      ...pressed,
      events(event) {
        if (event.kind === 'progress') polled.push(event.text);
        pressed.events(event);
      },
    });
    expect(report).toMatchObject({
      outcome: 'stopped',
      exitCode: 5,
      steps: [{ state: 'open' }],
      undone: [{ step: 'Db', text: expect.stringContaining(`aiplan rollback ${run}`) }],
    });
    expect(polled.filter((text) => text.includes('available'))).toHaveLength(1);
    const records = bench.journalOf(run);
    expect(records.at(-1)?.kind).toBe('end');
    expect(inDoubt(records)).toBe(false);
    expect([...new Set(recordsOf(records, 'intent').map(({ declared }) => declared.operation))]).toEqual([
      'CloseDatabase',
      'OpenDatabase',
    ]);
    world.slow(1);
    const { changePlan } = await bench.rollback(run);
    expect((await bench.apply(changePlan, { run: 'back' })).outcome).toBe('done');
    expect(await bench.state()).toEqual(before);
  });

  it('before the undo began: nothing of it is sent any more', async () => {
    const world = createMemoryWorld({ seed: [database], polls: 5 });
    const bench = benchOf(world);
    const before = await bench.state();
    const report = await bench.apply(
      changePlanOf([deletion]),
      pressing(waits('closed'), (event) => event.kind === 'phase' && event.phase === 'undo'),
    );
    expect(report).toMatchObject({ outcome: 'stopped', steps: [{ state: 'open' }] });
    expect(world.sent.map(({ operation }) => operation)).toEqual(['CloseDatabase']);
    world.slow(1);
    const { changePlan } = await bench.rollback(run);
    expect((await bench.apply(changePlan, { run: 'back' })).outcome).toBe('done');
    expect(await bench.state()).toEqual(before);
  });

  it('journals the outcome of the call in flight first', async () => {
    const world = createMemoryWorld({ seed: [database] });
    const bench = benchOf(world);
    const report = await bench.apply(changePlanOf([deletion]), pressing(sends('CloseDatabase'), sends('OpenDatabase')));
    expect(report.outcome).toBe('stopped');
    const records = bench.journalOf(run);
    const calls = recordsOf(records, 'intent');
    expect(calls.map(({ declared }) => declared.operation)).toEqual(['CloseDatabase', 'OpenDatabase']);
    expect(recordsOf(records, 'outcome').map(({ call }) => call)).toEqual(calls.map(({ call }) => call));
  });

  it('changes nothing about a run that has nothing to take back', async () => {
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'n' }] });
    const bench = benchOf(world);
    const report = await bench.apply(
      changePlanOf([entryOf('N', NOTE, { id: 'n', properties: { Text: 'new' } })]),
      pressing(sends('PutNote'), () => true),
    );
    expect(report.outcome).toBe('done');
  });
});

describe('Ctrl-C while captures are taken', () => {
  it('is not told as a capture that failed', async () => {
    const bench = benchOf(createMemoryWorld({ seed: [database] }));
    const report = await bench.apply(
      changePlanOf([entryOf('Db', DATABASE, { id: 'courses', properties: { Size: 50 } })]),
      pressing(
        (event) => event.kind === 'phase' && event.phase === 'capture',
        () => false,
      ),
    );
    expect(report).toMatchObject({
      outcome: 'stopped',
      message: expect.stringMatching(/^stopped while captures were taken, so nothing was changed: stopped/u),
      steps: [{ state: 'not-started' }],
    });
  });
});

describe('what a run says about its steps', () => {
  it('names each stage before its calls', async () => {
    const world = createMemoryWorld({ seed: [database] });
    const said: string[] = [];
    await benchOf(world).apply(changePlanOf([deletion]), {
      events(event) {
        if (event.kind === 'stage') said.push(event.stage);
      },
    });
    expect(said).toEqual(['quiesce', 'capture', 'verify-capture', 'change', 'change']);
  });

  it('and reads back what it changed', async () => {
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'n' }] });
    const said: string[] = [];
    await benchOf(world).apply(changePlanOf([entryOf('N', NOTE, { id: 'n', properties: { Text: 'new' } })]), {
      events(event) {
        if (event.kind === 'stage') said.push(event.stage);
      },
    });
    expect(said.at(-1)).toBe('verify');
  });
});

import { describe, expect, it } from '@jest/globals';
import type { ReadCall } from '../../src/domain/call.ts';
import { lineWatch } from '../../src/cli/context/run-watch.ts';
import { Working } from '../../src/cli/context/working.ts';
import type { GlobalOptions, Io } from '../../src/cli/context/io.ts';

/** A process whose clock moves 500 ms with each read of AWS. */
function process_({ isTTY = false, quiet = false, columns = 100 } = {}) {
  let now = 0;
  let text = '';
  const stderr = { isTTY, columns, write: (more: string) => (text += more) };
  const io = { clock: { now: () => now }, stderr, environment: {} } as unknown as Io;
  const working = new Working(io, { color: true, quiet } as GlobalOptions);
  const session = working.counted({
    read: (_call: ReadCall) => {
      now += 500;
      return Promise.resolve({});
    },
  });
  const reads = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) await session.read({} as ReadCall);
  };
  return { working, reads, text: () => text };
}

describe('long reading', () => {
  it('says in plain lines what it is about, how many reads were answered and how long it takes so far', async () => {
    const { working, reads, text } = process_();
    await working.during('reading AWS for move.yaml (file 1 of 2)', () => reads(25));
    expect(text().trimEnd().split('\n')).toEqual([
      'reading AWS for move.yaml (file 1 of 2): 10 reads answered, 5s',
      'reading AWS for move.yaml (file 1 of 2): 20 reads answered, 10s',
    ]);
  });

  it('writes over one line of a terminal, never wider than it, and wipes it at the end', async () => {
    const { working, reads, text } = process_({ isTTY: true, columns: 30 });
    await working.during('reading AWS for a-very-long-name\u001b[2J.yaml', () => reads(6));
    const states = text().split('\r\u001b[K');
    expect(states.slice(1)).toHaveLength(5);
    expect(states.at(-1)).toBe('');
    expect(states.every((state) => state.length < 30 && !state.includes('\n') && !state.includes('\u001b'))).toBe(true);
  });

  it('is silent where it is short, quiet, or nobody said what it is about', async () => {
    const short = process_();
    await short.working.during('reading', () => short.reads(2));
    const quiet = process_({ quiet: true });
    await quiet.working.during('reading', () => quiet.reads(50));
    const unnamed = process_();
    await unnamed.reads(50);
    expect([short.text(), quiet.text(), unnamed.text()]).toEqual(['', '', '']);
  });

  it('ends with the work, also where that fails, and keeps the outer words', async () => {
    const { working, reads, text } = process_();
    await expect(
      working.during('outer', () =>
        working.during('inner', async () => {
          await reads(12);
          throw new Error('denied');
        }),
      ),
    ).rejects.toThrow('denied');
    await reads(50);
    expect(text()).toMatch(/^outer: 10 reads[^\n]*\n$/u);
  });
});

describe('a run in plain lines', () => {
  it.each([
    ['SIGINT', 'Ctrl-C'],
    ['SIGTERM', 'SIGTERM'],
  ])('says of %s what a person knows it as', (signal, name) => {
    let text = '';
    const stderr = { columns: 100, write: (more: string) => (text += more) };
    const watch = lineWatch({ io: { stderr, environment: {} } as unknown as Io, options: {} as GlobalOptions });
    watch.interrupted(signal, 1);
    watch.interrupted(signal, 2);
    expect(text).toMatch(new RegExp(`^${name}: the call in flight.*\\n${name} again: `, 'u'));
  });
});

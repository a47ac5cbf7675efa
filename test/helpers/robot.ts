/** A seeded robot at the keys: what it does at a moment, as bytes of a terminal and things that happen to it. */
export type Deed =
  /** Written in one piece, as one read of the program brings it. */
  | { readonly kind: 'write'; readonly bytes: Buffer }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'suspend' };

/** What the robot knows of what is asked: it is no fool. */
export interface Knows {
  /** The text that the line asks for, and the plan's name. */
  readonly asked: string;
  readonly name: string;
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const esc = '\u001b';
const write = (text: string): Deed => ({ kind: 'write', bytes: Buffer.from(text, 'latin1') });
const times = <Value>(count: number, make: (index: number) => Value): readonly Value[] =>
  Array.from({ length: count }, (_, index) => make(index));
const cutInTwo = (text: string, random: () => number): readonly Deed[] => {
  const at = 1 + Math.floor(random() * (text.length - 1));
  return [write(text.slice(0, at)), write(text.slice(at))];
};
const sequences = [
  '[A',
  '[B',
  '[C',
  '[D',
  '[H',
  '[F',
  '[5~',
  '[6~',
  '[Z',
  'OA',
  '[1;5A',
  '[M !!',
  '[<0;1;1M',
  '[I',
  '[O',
  '[?1;2c',
  ']0;x\u0007',
  '[200~',
  '[201~',
].map((rest) => `${esc}${rest}`);

/** Everything that the robot can do, by name. All of it ends without a destruction that a person confirmed. */
export const attacks: Readonly<Record<string, (knows: Knows, random: () => number) => readonly Deed[]>> = {
  'pastes the text, marked': ({ asked }) => [write(`${esc}[200~${asked}${esc}[201~`), write('\r')],
  'pastes the text and Enter, marked': ({ asked }) => [write(`${esc}[200~${asked}\r${esc}[201~`)],
  'pastes the text and Enter, unmarked': ({ asked }) => [write(`${asked}\r`)],
  'pastes the text with a newline': ({ asked }) => [write(`${asked}\n`)],
  'pastes with the mark cut in two': ({ asked }, random) => [
    ...cutInTwo(`${esc}[200~${asked}\r${esc}[201~`, random),
    write('\r'),
  ],
  'ends a paste that never began': ({ asked }) => [write(`${esc}[201~${asked}\r`)],
  'begins a paste that never ends': ({ asked }) => [
    write(`${esc}[200~${asked}`),
    write('\r'),
    write('\r'),
    write(`${esc}[201~`),
  ],
  'hides a paste in a paste': ({ asked }) => [
    write(`${esc}[200~x${esc}[200~${asked}\r${esc}[201~${asked}\r${esc}[201~`),
  ],
  'writes it in two halves': ({ asked }) => [
    write(asked.slice(0, Math.ceil(asked.length / 2))),
    write(`${asked.slice(Math.ceil(asked.length / 2))}\r`),
  ],
  'writes pairs of characters': ({ asked }) => [
    ...times(Math.ceil(asked.length / 2), (index) => write(asked.slice(index * 2, index * 2 + 2).padEnd(2, '\u007f'))),
    write('\r\r'),
  ],
  'knows all the keys': ({ asked, name }) => [
    write(`c${asked}\ra${name}\r`),
    write(`nc${' '.repeat(40)}${asked}\r`),
    write(`a${' '.repeat(40)}${name}\ryes\r`),
    write('y\r'),
  ],
  'floods Enter': () => times(12, (index) => write('\r'.repeat(1 + (index % 4) * 40))),
  'floods y and yes': () => [
    ...times(6, () => write('y')),
    write('yes\r'),
    write('y'.repeat(200)),
    write('yes\r'.repeat(50)),
  ],
  'floods arrows and pages': (_, random) =>
    times(12, () =>
      write(times(1 + Math.floor(random() * 60), () => sequences[Math.floor(random() * 9)] ?? '').join('')),
    ),
  'cuts sequences in two': (_, random) => sequences.flatMap((sequence) => cutInTwo(sequence, random)),
  'floods random bytes': (_, random) =>
    times(20, () => ({
      kind: 'write',
      bytes: Buffer.from(times(2 + Math.floor(random() * 120), () => safe(Math.floor(random() * 256)))),
    })),
  'cuts characters in two': (_, random) =>
    times(6, () => ({
      kind: 'write' as const,
      bytes: Buffer.from('👩‍👩‍👧‍👦é宽').subarray(0, 1 + Math.floor(random() * 20)),
    })),
  resizes: (_, random) =>
    [
      [1, 1],
      [400, 120],
      [2, 60],
      [200, 2],
      [39, 12],
      [40, 11],
      [40, 12],
      [80, 24],
    ].flatMap(([columns = 1, rows = 1]): readonly Deed[] => [
      { kind: 'resize', columns, rows },
      write(random() < 0.5 ? '\r' : `${esc}[6~`),
    ]),
  'resizes while pasting': ({ asked }) => [
    write(`${esc}[200~${asked}`),
    { kind: 'resize', columns: 1, rows: 1 },
    write(`\r${esc}[201~`),
    { kind: 'resize', columns: 80, rows: 24 },
    write('\r'),
  ],
  suspends: ({ asked }) => [{ kind: 'suspend' }, write(`${asked}\r`)],
};

/**
 * Ctrl-C, Ctrl-Z and what would end the program or the terminal have attacks of their own. Nor Ctrl-S: what comes after
 * the program has given the terminal back is the terminal's, which then takes no output from anybody until Ctrl-Q
 * (termios(3), IXON), not even the last line of a program that ends.
 */
const safe = (byte: number): number => ([3, 4, 19, 26, 28].includes(byte) ? 0x20 : byte);

export const endings = ['Ctrl-C', 'SIGINT', 'SIGTERM', 'SIGHUP', 'the terminal is closed'] as const;
export type Ending = (typeof endings)[number];

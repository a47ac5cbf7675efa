import type { Json } from '../../src/base/json.ts';

/** A small generator of numbers from a seed (mulberry32), so that a mutant that fails can be made again. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}

/** What takes the place of a value: each kind of JSON, and what is odd among its kind. */
const others: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  '',
  'x',
  '\u001b[31m\u202e',
  '2026-02-30T99:99:99Z',
  [],
  {},
  [null],
  [[]],
  { a: null },
  { $secret: {} },
  { $masked: 'set' },
  { $unknown: 'X' },
  { Ref: 'X' },
  { 'Fn::GetAtt': [] },
  JSON.parse('{"__proto__":{"x":1},"constructor":1,"length":-1}') as Json,
  'a'.repeat(5_000),
  JSON.parse(`${'['.repeat(300)}${']'.repeat(300)}`) as Json,
];

type Holder = Record<string, unknown>;

/** A copy of a value with some of its members replaced, removed, doubled, moved, renamed or added. */
export function mutant<Value>(value: Value, seed: number): Value {
  const pick = numbersFrom(seed);
  const copy = JSON.parse(JSON.stringify(value)) as Value;
  for (let changes = 1 + pick(3); changes > 0; changes -= 1) change(copy, pick);
  return copy;
}

function change(value: unknown, pick: (below: number) => number): void {
  let holder = value as Holder;
  for (;;) {
    const keys = Object.keys(holder);
    if (keys.length === 0) return;
    const key = keys[pick(keys.length)] ?? '';
    const inner = holder[key];
    // Most of a file lies deep in it: go down as a rule.
    if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0 && pick(6) > 0) {
      holder = inner as Holder;
      continue;
    }
    const other = JSON.parse(JSON.stringify(others[pick(others.length)])) as Json;
    switch (pick(6)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete holder[key];
        return;
      case 1:
        if (Array.isArray(holder)) holder.push(JSON.parse(JSON.stringify(inner ?? null)));
        else holder[`${key}x`] = inner;
        return;
      case 2:
        if (Array.isArray(holder)) holder.reverse();
        else {
          delete holder[key];
          holder[key.toUpperCase()] = inner;
        }
        return;
      default:
        holder[key] = other;
    }
    return;
  }
}

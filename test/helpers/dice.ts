/** Choices that a seed decides: the same seed, the same choices in the same order. */
export interface Dice {
  /** From 0 to below 1. */
  roll(): number;
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number;
  /** True so often, from 0 to 1. */
  chance(often: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** So many different ones, in a random order. */
  some<Item>(items: readonly Item[], count: number): readonly Item[];
}

/** Dice by mulberry32. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const roll = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (from: number, to: number): number => from + Math.floor(roll() * (to - from + 1));
  const some = <Item>(items: readonly Item[], count: number): readonly Item[] => {
    const left = [...items];
    return Array.from(
      { length: Math.min(count, left.length) },
      () => left.splice(between(0, left.length - 1), 1)[0] as Item,
    );
  };
  return {
    roll,
    between,
    some,
    chance: (often) => roll() < often,
    pick: (items) => items[between(0, items.length - 1)] as (typeof items)[number],
  };
}

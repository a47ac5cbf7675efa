import { isObject, type Json } from './json.ts';
import { sanitise } from './sanitise.ts';

/** The widest line to paste, in columns: with the margin that a message gets, it fits a terminal of 80. */
const WIDTH = 76;

/**
 * Lines of `name: value` to paste into a change plan, indented by `indent` columns. A value is JSON, which YAML takes:
 * on one line where it fits, else broken at its commas. Only a single text may be wider than 76 columns.
 */
export function linesToPaste(name: string, value: Json, indent: number): string {
  return `${' '.repeat(indent)}${sanitise(name)}: ${written(value, indent, indent + name.length + 2)}`;
}

/** `margin`: of the line that the value ends in; `used`: columns that stand before it. */
function written(value: Json, margin: number, used: number): string {
  const line = sanitise(JSON.stringify(value));
  const isList = Array.isArray(value);
  if ((!isList && !isObject(value)) || used + line.length < WIDTH) return line;
  const inside = margin + 2;
  const parts = isList
    ? value.map((item: Json) => written(item, inside, inside))
    : Object.entries(value).flatMap(([key, item]) => {
        if (item === undefined) return [];
        const start = `${sanitise(JSON.stringify(key))}: `;
        return [`${start}${written(item, inside, inside + start.length)}`];
      });
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  return `${open}\n${parts.map((part) => `${' '.repeat(inside)}${part}`).join(',\n')}\n${' '.repeat(margin)}${close}`;
}

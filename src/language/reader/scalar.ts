import { booleanFrom, isTooBig, numberFrom } from '../../base/coerce.ts';
import { isUnsafe } from '../../base/sanitise.ts';
import type { ScalarNode } from './node.ts';
import { kindOf } from './node.ts';
import { quote } from './problems.ts';

interface ScalarProblem {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
}
export type Coerced<T> = { readonly value: T } | { readonly problem: ScalarProblem };

const wrong = (wanted: string, node: ScalarNode, help?: string): { problem: ScalarProblem } => ({
  problem: {
    code: 'wrong-type',
    message: `${quote(node.source ?? node.value)} is ${kindOf(node)}; ${wanted} is expected`,
    ...(help === undefined ? {} : { help }),
  },
});

/**
 * Text. A number or boolean becomes the text that was written, which loses nothing; but a number that YAML reads
 * otherwise than it looks (leading zero, 12 digits as in an account id, exponent, hexadecimal) must stand in quotes.
 */
export function coerceText(node: ScalarNode, lines: 'one line' | 'lines' = 'one line'): Coerced<string> {
  if (typeof node.value === 'string') {
    const checked = lines === 'lines' ? node.value.replace(/[\n\t\r]/gu, ' ') : node.value;
    return isUnsafe(checked) ? { problem: { code: 'unsafe-character', message: checked } } : { value: node.value };
  }
  const source = node.source ?? '';
  if (typeof node.value === 'boolean') return { value: source };
  if (node.value === null) return wrong('text', node, 'write  ""  for an empty text');
  if (/^[-+]?0\d|^\d{12}$/u.test(source) || !/^-?\d+(?:\.\d+)?$/u.test(source)) {
    return {
      problem: {
        code: 'unquoted-number',
        message: `${quote(source)} is a number here, and numbers lose their leading zeros; text is expected`,
        help: `put it in quotes:  "${source}"`,
      },
    };
  }
  return { value: source };
}

/** A number; text that is one becomes one. Integers must be exact (at most 2^53 - 1). */
export function coerceNumber(node: ScalarNode, kind: 'integer' | 'number'): Coerced<number> {
  const source = node.source ?? (typeof node.value === 'string' ? node.value : '');
  const value = numberFrom(node.value);
  if (value === undefined && isTooBig(node.value)) {
    return {
      problem: {
        code: 'number-too-big',
        message: `${quote(source)} is beyond 2^53 and would be changed by rounding`,
        help: 'write a number of at most 9007199254740991',
      },
    };
  }
  if (value === undefined || (kind === 'integer' && !Number.isInteger(value)))
    return wrong(kind === 'integer' ? 'a whole number' : 'a number', node, withoutUnit(source));
  return { value };
}

/** `200GB` as the number that is wanted. */
const withoutUnit = (source: string): string | undefined => {
  const number = /^(\d+)\s*(?:g|gb|gib|d|days?|s|m|mb|mib)$/iu.exec(source.trim())?.[1];
  return number === undefined ? undefined : `write  ${number}`;
};

/** True or false, or the text of one in any capitals. */
export function coerceBoolean(node: ScalarNode): Coerced<boolean> {
  const value = booleanFrom(node.value);
  if (value !== undefined) return { value };
  return wrong(
    'true or false',
    node,
    typeof node.value === 'string' && /^(?:y|yes|on)$/iu.test(node.value)
      ? 'write  true'
      : typeof node.value === 'string' && /^(?:n|no|off)$/iu.test(node.value)
        ? 'write  false'
        : undefined,
  );
}

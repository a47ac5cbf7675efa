/**
 * How a scalar of one kind stands for one of another without losing anything. The language and everything that is
 * resolved later share these, so that a value means the same however it reaches a property.
 */

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/u;

/** The number that a number or a text is; undefined where it is none, or not exactly (beyond 2^53). `-0` is 0. */
export function numberFrom(value: unknown): number | undefined {
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && NUMBER.test(value) ? Number(value) : Number.NaN;
  if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) return undefined;
  return number === 0 ? 0 : number;
}

/** Whether a number, or a text that is one, cannot be held exactly. */
export const isTooBig = (value: unknown): boolean =>
  (typeof value === 'number' || (typeof value === 'string' && NUMBER.test(value))) &&
  Number.isInteger(Number(value)) &&
  !Number.isSafeInteger(Number(value));

/** True or false, or the text of one in any case (`"True"`, `FALSE`); undefined for anything else. */
export function booleanFrom(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

/** The text that a text, number or boolean is; undefined for anything else. */
export const textFrom = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
    ? String(value)
    : undefined;

/**
 * AWS's own spelling of an allowed value: the value itself, or the only one that differs by case alone. Undefined: not
 * allowed.
 */
export function allowedSpelling<Value extends string | number>(
  value: Value,
  allowed: readonly (string | number)[],
): Value | undefined {
  if (allowed.includes(value)) return value;
  const alike =
    typeof value === 'string'
      ? allowed.filter((other) => typeof other === 'string' && other.toLowerCase() === value.toLowerCase())
      : [];
  return alike.length === 1 ? (alike[0] as Value) : undefined;
}

/**
 * Whether AWS could read a parameter as nothing at all: 0 in any spelling (`"0"`, `0.0`, `""`), false, or what is no
 * number. Absent is no such value. Guards ask it, so that no spelling passes what the plain value would not.
 */
export const isNothing = (value: unknown): boolean =>
  value !== undefined && value !== null && !(Number(textFrom(value)?.trim() || '0') > 0);

/** Whether a parameter could be read as anything but false: guards ask it of what must be off. Absent is off. */
export const isPerhapsTrue = (value: unknown): boolean =>
  value !== undefined && value !== null && booleanFrom(typeof value === 'string' ? value.trim() : value) !== false;

/** A flaw of a value: where in it, the expected value, and the found one. */
export interface Flaw {
  readonly path: string;
  readonly wanted: string;
  readonly found: string;
}

/**
 * A shape looks at a value that came from a file and answers the first flaw, or null. Nothing is copied or coerced, so
 * that a plan of 10,000 steps costs milliseconds (`zod` was measured at ten times that and more, and would be loaded by
 * nearly every command).
 */
export type Shape = (value: unknown) => Flaw | null;

/** A value in a few words, for a message. */
function short(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

const flaw = (wanted: string, value: unknown): Flaw => ({ path: '', wanted, found: short(value) });
const within = (step: string, inner: Flaw): Flaw => ({ ...inner, path: `${step}${inner.path}` });
/** A shape by a test. */
export const that =
  (wanted: string, test: (value: unknown) => boolean): Shape =>
  (value) =>
    test(value) ? null : flaw(wanted, value);

export const text = that('a text', (value) => typeof value === 'string');
export const flag = that('true or false', (value) => typeof value === 'boolean');
export const number = that('a number', (value) => typeof value === 'number' && Number.isFinite(value));
export const count = that(
  'a whole number of 0 or more',
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
export const map = that('a map', (value) => typeof value === 'object' && value !== null && !Array.isArray(value));
/** A moment as `Date.toISOString` writes it, milliseconds or not. */
export const time = that(
  'a time such as 2026-02-26T23:15:00Z',
  (value) =>
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/u.test(value) &&
    !Number.isNaN(Date.parse(value)),
);
export const oneOf = (...values: readonly (string | number | boolean)[]): Shape =>
  that(values.map((value) => JSON.stringify(value)).join(' or '), (value) => values.includes(value as string));

export const orNull =
  (shape: Shape): Shape =>
  (value) =>
    value === null ? null : shape(value);
export const optional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined ? null : shape(value);

export const listOf =
  (shape: Shape): Shape =>
  (value) => {
    if (!Array.isArray(value)) return flaw('a list', value);
    for (let index = 0; index < value.length; index += 1) {
      const inner = shape(value[index]);
      if (inner !== null) return within(`[${index}]`, inner);
    }
    return null;
  };

/** A map of which every value has the shape. */
export const mapOf =
  (shape: Shape): Shape =>
  (value) => {
    const wrong = map(value);
    if (wrong !== null) return wrong;
    for (const [key, item] of Object.entries(value as object)) {
      const inner = shape(item);
      if (inner !== null) return within(`.${key}`, inner);
    }
    return null;
  };

/** A map with at least these members; what else it holds is left to others. */
export const object = (members: Readonly<Record<string, Shape>>): Shape => {
  const all = Object.entries(members);
  return (value) => {
    const wrong = map(value);
    if (wrong !== null) return wrong;
    for (const [name, shape] of all) {
      const inner = shape(Object.hasOwn(value as object, name) ? (value as Record<string, unknown>)[name] : undefined);
      if (inner !== null) return within(`.${name}`, inner);
    }
    return null;
  };
};

/** A map whose member `name` says which of the shapes it has. */
export const byMember =
  (name: string, shapes: Readonly<Record<string, Shape>>): Shape =>
  (value) => {
    const wrong = map(value);
    if (wrong !== null) return wrong;
    const kind = (value as Record<string, unknown>)[name];
    const shape = typeof kind === 'string' && Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
    return shape === undefined
      ? within(`.${name}`, flaw(`one of ${Object.keys(shapes).join(', ')}`, kind))
      : shape(value);
  };

/** Deeper than anything that aiplan or AWS writes; recursion over it is safe. */
const deepest = 200;

/** Plain JSON of bounded depth whose numbers JSON can express: what can be digested, walked and written again. */
export function plainJson(value: unknown, depth = 0): Flaw | null {
  if (typeof value === 'number')
    return Number.isFinite(value) ? null : flaw('a number that JSON can express', String(value));
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= deepest) return flaw(`no more than ${deepest} levels`, value);
  for (const [key, item] of Object.entries(value)) {
    const inner = plainJson(item, depth + 1);
    if (inner !== null) return within(Array.isArray(value) ? `[${key}]` : `.${key}`, inner);
  }
  return null;
}

/** All of the shapes, in their order. */
export const all =
  (...shapes: readonly Shape[]): Shape =>
  (value) => {
    for (const shape of shapes) {
      const found = shape(value);
      if (found !== null) return found;
    }
    return null;
  };

/** A flaw as a sentence: `steps[3].changes is "x"; it takes a list`. */
export const flawText = ({ path, wanted, found }: Flaw): string =>
  `${path === '' ? 'it' : path.replace(/^\./u, '')} is ${found}; it takes ${wanted}`;

import type { Json } from '../../../src/base/json.ts';
import { listOf, objectOf, objectsOf } from './values.ts';

/** Methods that change objects; the others only read (S3 API reference, CORSRule). */
const writing = new Set(['PUT', 'POST', 'DELETE']);

/**
 * The rights of websites' pages, `GET from https://*.com`, as far as it is a grant: every method of an origin that
 * stands for many (a `*` anywhere, or `null`, which any sandboxed page sends), and of a single origin the methods that
 * write. A page of one named origin that may read gets no more than its visitor gets without it, and counts as nothing.
 */
export const corsOfMany = (value: Json | undefined): readonly string[] =>
  objectsOf(objectOf(value)['CorsRules']).flatMap((rule) =>
    listOf(rule['AllowedOrigins']).flatMap((origin) => {
      const isMany = String(origin).includes('*') || String(origin).toLowerCase() === 'null';
      const who = /^(?:https?:\/\/)?\*$/u.test(String(origin)) ? 'every website' : String(origin);
      return listOf(rule['AllowedMethods'])
        .map(String)
        .filter((method) => isMany || writing.has(method.toUpperCase()))
        .map((method) => `${method} from ${who}`);
    }),
  );

interface Allowed {
  readonly origin: string;
  readonly method: string;
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
}
const allowedBy = (value: Json | undefined): readonly Allowed[] =>
  objectsOf(objectOf(value)['CorsRules']).flatMap((rule) =>
    listOf(rule['AllowedOrigins']).flatMap((origin) =>
      listOf(rule['AllowedMethods']).map((method) => ({
        origin: String(origin),
        method: String(method),
        headers: listOf(rule['AllowedHeaders']).map((header) => String(header).toLowerCase()),
        exposed: listOf(rule['ExposedHeaders']).map((header) => String(header).toLowerCase()),
      })),
    ),
  );
/** A pattern with at most one `*` (S3 API reference, CORSRule) stands for every text that fits it. */
function standsFor(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (pattern === text || star < 0) return pattern === text;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
}
const isIn = (list: readonly string[], text: string): boolean => list.some((pattern) => standsFor(pattern, text));

/** The rights that pages had before and do not have any more: `PUT from https://app.example`, one text each. */
export const corsLost = (before: Json | undefined, after: Json | undefined): readonly string[] => {
  const now = allowedBy(after);
  const lost = allowedBy(before).filter(
    (old) =>
      !now.some(
        (one) =>
          standsFor(one.origin, old.origin) &&
          one.method === old.method &&
          old.headers.every((header) => isIn(one.headers, header)) &&
          old.exposed.every((header) => one.exposed.includes(header)),
      ),
  );
  return [...new Set(lost.map(({ origin, method }) => `${method} from ${origin}`))];
};

import type { Json } from '../../../src/base/json.ts';
import { listOf, objectOf, objectsOf } from './values.ts';

/** Methods that change objects; the others only read (S3 API reference, CORSRule). */
const writing = new Set(['PUT', 'POST', 'DELETE']);

/**
 * What pages of which websites may do, `GET from https://*.com`, as far as it is a grant: every method of an origin
 * that stands for many (a `*` anywhere, or `null`, which any sandboxed page sends), and of a single origin the methods
 * that write. A page of one named origin that may read gets no more than its visitor gets without it, and counts as
 * nothing.
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

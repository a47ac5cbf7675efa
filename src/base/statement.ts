import { isObject, type Json } from './json.ts';

/**
 * Whether a value of `expect` states a value of the resource, at any depth. `{}`, `[]`, `null` (not set) and `$any`
 * (set to anything) are true of many resources and name none.
 */
export function saysSomething(value: Json | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (Array.isArray(value)) return value.some((item: Json) => saysSomething(item));
  if (!isObject(value)) return true;
  return value['$any'] !== true && Object.values(value).some(saysSomething);
}

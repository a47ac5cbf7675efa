import type { Json } from '../../src/base/json.ts';

const parts = (version: string): readonly number[] =>
  version
    .split(/[^0-9]+/u)
    .filter((part) => part !== '')
    .map(Number);

/** Whether `after` is an older version than `before`; a prefix (`15` for `15.4`) is not older. */
export function isDowngrade(before: Json | undefined, after: Json | undefined): boolean {
  if (typeof before !== 'string' || typeof after !== 'string') return false;
  const [from, to] = [parts(before), parts(after)];
  for (let index = 0; index < Math.min(from.length, to.length); index += 1) {
    const difference = (to[index] ?? 0) - (from[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/**
 * The major version: the first number, or the first two where the engine counts so (MySQL 8.4, MariaDB 10.11, Db2 11.5,
 * PostgreSQL before 10). ModifyDBInstance wants AllowMajorVersionUpgrade when it changes.
 */
export function majorVersion(engine: string, version: string): string {
  const [first = 0, second = 0] = parts(version);
  const two = /mysql|mariadb|db2/u.test(engine) || (/postgres/u.test(engine) && first < 10);
  return two ? `${first}.${second}` : String(first);
}

import { fitsPattern } from '../../../src/base/glob.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { bucketPolicyOf, type CaptureBucket } from '../objects/capture-place.ts';
import { objectOf, objectsOf, same, textOf } from '../configuration/values.ts';

/** A policy's statements, one as a list too; null where the text is no policy. */
function statementsOf(found: Json | null): readonly JsonObject[] | null {
  if (found === null) return [];
  const policy = parsed(found);
  const statement = policy?.['Statement'];
  if (statement === undefined) return null;
  const list: readonly Json[] = Array.isArray(statement) ? statement : [statement as Json];
  return list.every(isObject) ? (list as readonly JsonObject[]) : null;
}

function parsed(found: Json): JsonObject | null {
  if (isObject(found)) return found;
  try {
    const value = JSON.parse(textOf(found) ?? '') as Json;
    return isObject(value) ? value : null;
  } catch {
    // Whoever asks says that it is no policy.
    return null;
  }
}

/** One text or a list of texts, as policies have them. */
const textsOf = (value: Json | undefined): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string');

/** Wildcards as in policies, whatever the case (IAM User Guide, "Policy elements: Resource"). */
const matches = (pattern: string, text: string): boolean => fitsPattern(text.toLowerCase(), pattern.toLowerCase());

const isEverybody = (principal: Json | undefined): boolean =>
  principal === '*' || textsOf(objectOf(principal)['AWS']).includes('*');

/** The same conditions, however a single value is written. */
const conditionOf = (statement: JsonObject): Json =>
  Object.fromEntries(
    Object.entries(objectOf(statement['Condition'])).map(([operator, keys]) => [
      operator,
      Object.fromEntries(
        Object.entries(objectOf(keys)).map(([key, value]) => [
          key.toLowerCase(),
          [...textsOf(typeof value === 'boolean' ? String(value) : value)].sort(),
        ]),
      ),
    ]),
  );

/**
 * Whether a statement denies this action at least where `needed` does: to everybody, on these resources, under no
 * narrower condition.
 */
function denies(statement: JsonObject, needed: JsonObject, action: string): boolean {
  if (statement['Effect'] !== 'Deny' || !isEverybody(statement['Principal'])) return false;
  const isUnconditional = Object.keys(objectOf(statement['Condition'])).length === 0;
  if (!isUnconditional && !same(conditionOf(statement), conditionOf(needed))) return false;
  return (
    textsOf(statement['Action']).some((pattern) => matches(pattern, action)) &&
    textsOf(needed['Resource']).every((resource) =>
      textsOf(statement['Resource']).some((pattern) => matches(pattern, resource)),
    )
  );
}

const missingIn = (statements: readonly JsonObject[], needed: JsonObject): readonly string[] =>
  textsOf(needed['Action']).filter((action) => !statements.some((statement) => denies(statement, needed, action)));

const neededOf = (of: CaptureBucket): readonly JsonObject[] => objectsOf(bucketPolicyOf(of)['Statement']);

/** The actions that the found policy does not deny as far as it has to; null where it is no policy. */
export function uncovered(of: CaptureBucket, found: Json | null): readonly string[] | null {
  const statements = statementsOf(found);
  return statements === null
    ? null
    : neededOf(of).flatMap((needed) =>
        missingIn(statements, needed).map((action) => (action === 's3:*' ? 'plain http' : action)),
      );
}

/** Only looking: what an owner may let others do with captures. */
const looks = /^s3:(Get|List|Describe)/iu;

/**
 * The statements that let a principal outside the account change or write something in the bucket, one clause each: a
 * stranger's object could come back as a capture. A statement that is held to the account by its condition lets nobody
 * else in.
 */
export function foreignWriters(of: CaptureBucket, found: Json | null): readonly string[] {
  return (statementsOf(found) ?? [])
    .filter((statement) => lets(of, statement))
    .map(
      (statement) =>
        `its policy lets ${strangers(of, statement).join(', ')} write into it (statement "${textOf(statement['Sid']) ?? 'without a name'}")`,
    );
}

function lets(of: CaptureBucket, statement: JsonObject): boolean {
  if (statement['Effect'] !== 'Allow' || strangers(of, statement).length === 0) return false;
  const writes =
    statement['Action'] === undefined || textsOf(statement['Action']).some((action) => !looks.test(action));
  const own = Object.entries(objectOf(statement['Condition'])).some(
    ([operator, keys]) =>
      /^(StringEquals|ArnEquals|ArnLike|StringLike)$/u.test(operator) &&
      Object.entries(objectOf(keys)).some(
        ([key, value]) =>
          /^aws:(principalaccount|sourceaccount|principalarn)$/iu.test(key) &&
          textsOf(value).length > 0 &&
          textsOf(value).every((text) => text === of.account || text.includes(`:${of.account}:`)),
      ),
  );
  return writes && !own;
}

/** The principals of a statement that are not of the account. AWS's own services count as nobody's. */
function strangers(of: CaptureBucket, statement: JsonObject): readonly string[] {
  const principal = statement['Principal'];
  if (statement['NotPrincipal'] !== undefined) return ['everybody but a few'];
  if (principal === '*') return ['everybody'];
  const named = ['AWS', 'Federated', 'CanonicalUser'].flatMap((kind) => textsOf(objectOf(principal)[kind]));
  return named
    .filter((name) => name !== of.account && !name.includes(`:${of.account}:`))
    .map((name) => (name === '*' ? 'everybody' : `"${name}"`));
}

/**
 * The found policy with what it lacks: every statement of its owner stays, but for those that let others write. A
 * statement of ours that only lacks actions gets them; one that says something else stays, and ours stands beside it
 * under another name.
 */
export function mergedPolicy(of: CaptureBucket, found: Json | null): string {
  const old = (statementsOf(found) ?? []).filter((statement) => !lets(of, statement));
  const statements = [...old];
  for (const needed of neededOf(of)) {
    if (missingIn(old, needed).length === 0) continue;
    const index = statements.findIndex((statement) => statement['Sid'] === needed['Sid']);
    const namesake = statements[index];
    if (namesake !== undefined && same(without(namesake), without(needed)))
      statements[index] = {
        ...namesake,
        Action: [...new Set([...textsOf(namesake['Action']), ...textsOf(needed['Action'])])].sort(),
      };
    else statements.push({ ...needed, Sid: freeSid(textOf(needed['Sid']) ?? '', statements) });
  }
  const { Statement: _old, ...head } = (found === null ? null : parsed(found)) ?? { Version: '2012-10-17' };
  return JSON.stringify({ ...head, Statement: statements });
}

/** A statement but for its actions, however single values are written. */
const without = (statement: JsonObject): Json => ({
  effect: statement['Effect'] ?? null,
  everybody: isEverybody(statement['Principal']),
  resource: [...textsOf(statement['Resource'])].sort(),
  condition: conditionOf(statement),
  not: [statement['NotAction'] ?? null, statement['NotResource'] ?? null, statement['NotPrincipal'] ?? null],
});

function freeSid(sid: string, statements: readonly JsonObject[]): string {
  const taken = new Set(statements.map((statement) => statement['Sid']));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? sid : `${sid}${number}`;
    if (!taken.has(name)) return name;
  }
}

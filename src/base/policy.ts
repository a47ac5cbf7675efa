import { canonical } from './digest.ts';
import { isObject, type Json } from './json.ts';

const listFields = new Set(['Action', 'NotAction', 'Resource', 'NotResource']);
const principalFields = new Set(['Principal', 'NotPrincipal']);

/**
 * An IAM policy in a form in which equal policies are identical: single values as lists, lists and statements sorted,
 * an account id as its root ARN (IAM JSON policy elements reference). Anything else as it is.
 */
export function normalisePolicy(policy: Json): Json {
  const document = typeof policy === 'string' ? parsed(policy) : policy;
  if (!isObject(document)) return policy;
  const { Statement, ...rest } = document;
  const statements = Statement === undefined ? [] : Array.isArray(Statement) ? Statement : [Statement];
  return { ...rest, Statement: sorted(statements.map((statement: Json) => normaliseStatement(statement))) };
}

function normaliseStatement(statement: Json): Json {
  if (!isObject(statement)) return statement;
  return Object.fromEntries(
    Object.entries(statement)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => {
        if (listFields.has(name)) return [name, sorted(asList(value))];
        if (principalFields.has(name)) return [name, normalisePrincipal(value)];
        if (name === 'Condition' && isObject(value)) return [name, normaliseCondition(value)];
        return [name, value];
      }),
  );
}

function normalisePrincipal(value: Json | undefined): Json {
  const kinds = value === '*' ? { AWS: '*' } : value;
  if (!isObject(kinds)) return kinds ?? null;
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, names]) => [
      kind,
      sorted(
        asList(names).map((name) =>
          kind === 'AWS' && typeof name === 'string' && /^\d{12}$/u.test(name) ? `arn:aws:iam::${name}:root` : name,
        ),
      ),
    ]),
  );
}

const normaliseCondition = (condition: Json): Json =>
  isObject(condition)
    ? Object.fromEntries(
        Object.entries(condition).map(([operator, keys]) => [
          operator,
          isObject(keys)
            ? Object.fromEntries(
                Object.entries(keys).map(([key, values]) => [
                  key,
                  sorted(
                    asList(values).map((item) =>
                      typeof item === 'boolean' || typeof item === 'number' ? String(item) : item,
                    ),
                  ),
                ]),
              )
            : keys,
        ]),
      )
    : condition;

const asList = (value: Json | undefined): readonly Json[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const sorted = (items: readonly Json[]): readonly Json[] =>
  items
    .map((item) => ({ item, key: canonical(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

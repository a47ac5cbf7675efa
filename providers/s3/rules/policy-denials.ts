import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { listOf, objectsOf, partitionOf, textOf } from '../configuration/values.ts';

/**
 * The effect of a bucket policy on an action of ours: `denies` it, or `may deny` it, because a condition, a principal
 * or a part of the objects decides that is not known here; `allows` is only: no statement of it denies. Source: IAM
 * User Guide, "Policy evaluation logic": an explicit Deny always wins.
 */
export type Denial = { readonly kind: 'denies' | 'may deny'; readonly statement: string; readonly why: string | null };

export interface Asking {
  readonly bucket: string;
  readonly region: string;
  readonly account: string;
  /** The ARN of who will send the calls; null where it is not known. */
  readonly caller: string | null;
}

const texts = (value: Json | undefined): readonly string[] =>
  typeof value === 'string' ? [value] : listOf(value).filter((item): item is string => typeof item === 'string');

/** `*` and `?` as IAM means them. */
function like(pattern: string, text: string, ignoreCase = false): boolean {
  const source = [...pattern]
    .map((letter) => (letter === '*' ? '.*' : letter === '?' ? '.' : letter.replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&')))
    .join('');
  return new RegExp(`^${source}$`, ignoreCase ? 'isu' : 'su').test(text);
}

type Answer = 'yes' | 'no' | 'perhaps';
const all = (...answers: readonly Answer[]): Answer =>
  answers.includes('no') ? 'no' : answers.includes('perhaps') ? 'perhaps' : 'yes';

function actionOf(statement: JsonObject, action: string): Answer {
  const holds = (names: Json | undefined): boolean => texts(names).some((pattern) => like(pattern, action, true));
  if (statement['Action'] !== undefined) return holds(statement['Action']) ? 'yes' : 'no';
  return statement['NotAction'] !== undefined && !holds(statement['NotAction']) ? 'yes' : 'no';
}

/**
 * Of an action on objects the resource may be any part of them: a pattern that takes all is a yes, any other in the
 * bucket a perhaps.
 */
function resourceOf(statement: JsonObject, { bucket, region }: Asking, onObjects: boolean): Answer {
  const arn = `arn:${partitionOf(region)}:s3:::${bucket}`;
  const sample = `${arn}/\u0001any-object\u0001`;
  const judge = (patterns: readonly string[]): Answer => {
    if (!onObjects) return patterns.some((pattern) => like(pattern, arn)) ? 'yes' : 'no';
    if (patterns.some((pattern) => like(pattern, sample))) return 'yes';
    return patterns.some(
      (pattern) =>
        pattern.startsWith(`${arn}/`) || (/[*?]/u.test(pattern) && like(pattern.replace(/\/.*$/u, '*'), sample)),
    )
      ? 'perhaps'
      : 'no';
  };
  if (statement['Resource'] !== undefined) return judge(texts(statement['Resource']));
  if (statement['NotResource'] === undefined) return 'no';
  const except = judge(texts(statement['NotResource']));
  return except === 'yes' ? 'no' : except === 'no' ? 'yes' : 'perhaps';
}

/** `arn:aws:sts::1:assumed-role/name/session` acts as the role. */
const roleOf = (caller: string): string =>
  caller.replace(/^arn:([^:]*):sts::(\d+):assumed-role\/([^/]+)\/.*$/u, 'arn:$1:iam::$2:role/$3');

/** The role of a session, without its path, which an STS ARN does not have. */
const sameRole = (name: string, caller: string): boolean => {
  const role = /^arn:[^:]*:iam::(\d+):role\/(?:.*\/)?([^/]+)$/u;
  const [one, other] = [role.exec(name), role.exec(roleOf(caller))];
  return one !== null && other !== null && one[1] === other[1] && one[2] === other[2];
};

function principalOf(statement: JsonObject, { account, caller }: Asking): Answer {
  const names = (value: Json | undefined): readonly string[] => (isObject(value) ? texts(value['AWS']) : texts(value));
  const judge = (value: Json | undefined): Answer => {
    const given = names(value);
    if (
      given.some(
        (name) =>
          name === '*' || name === account || (like('arn:*:iam::*:root', name) && name.includes(`:${account}:`)),
      )
    )
      return 'yes';
    if (caller === null) return given.length === 0 ? 'no' : 'perhaps';
    return given.some((name) => name === caller || name === roleOf(caller) || sameRole(name, caller)) ? 'yes' : 'no';
  };
  if (statement['Principal'] !== undefined) return judge(statement['Principal']);
  if (statement['NotPrincipal'] === undefined) return 'no';
  const except = judge(statement['NotPrincipal']);
  return except === 'yes' ? 'no' : except === 'no' ? 'yes' : 'perhaps';
}

/**
 * Conditions of which the answer is known: whoever asks is who is named, over TLS, in this account. Anything else is
 * not known.
 */
function conditionOf(statement: JsonObject, { account, caller }: Asking): Answer {
  const conditions = statement['Condition'];
  if (conditions === undefined) return 'yes';
  if (!isObject(conditions)) return 'perhaps';
  const known = new Map<string, string>([
    ['aws:securetransport', 'true'],
    ['aws:principalaccount', account],
    ...(caller === null ? [] : [['aws:principalarn', roleOf(caller)] as const]),
  ]);
  return all(
    ...Object.entries(conditions).flatMap(([operator, keys]) =>
      Object.entries(isObject(keys) ? keys : {}).map(([key, wanted]): Answer => {
        const actual = known.get(key.toLowerCase());
        const plain = operator.replace(/IfExists$/u, '').replace(/^ForA(?:ny|ll)Values:/u, '');
        const compare = /^(?:String|Arn)(?:Not)?(?:Equals|Like)(?:IgnoreCase)?$|^Bool$/u.test(plain);
        // With a path in the role's name an ARN of a session cannot be compared.
        if (
          actual === undefined ||
          !compare ||
          (key.toLowerCase() === 'aws:principalarn' && texts(wanted).some((name) => /:role\/.+\//u.test(name)))
        )
          return 'perhaps';
        const any = texts(wanted).some((value) => like(value, actual, plain === 'Bool'));
        return any !== plain.includes('Not') ? 'yes' : 'no';
      }),
    ),
  );
}

/** Keys that say who asks, from where and when: the same for every call of ours, whatever it does. */
const ABOUT_US =
  /^aws:(?:source|principal|via|calledvia|useragent|multifactor|userid|username|securetransport|federatedprovider|tokenissuetime)/iu;

/**
 * The policy itself was just read. A statement that would have denied that too, under conditions that are only about
 * who asks and from where, does not deny us.
 */
function wasPassed(statement: JsonObject, asking: Asking): boolean {
  const conditions = statement['Condition'];
  const keys = isObject(conditions)
    ? Object.values(conditions).flatMap((item) => Object.keys(isObject(item) ? item : {}))
    : [];
  return (
    keys.length > 0 &&
    keys.every((key) => ABOUT_US.test(key)) &&
    all(
      actionOf(statement, 's3:GetBucketPolicy'),
      resourceOf(statement, asking, false),
      principalOf(statement, asking),
    ) === 'yes'
  );
}

const nameOf = (statement: JsonObject, index: number): string => textOf(statement['Sid']) ?? `statement ${index + 1}`;

/**
 * Whether a bucket policy denies an action of ours: on the bucket itself, or on objects of it. Null: no statement does.
 * A policy that cannot be read as one may deny everything (law 9). The policy must have been read with the caller's own
 * permissions.
 */
export function denialOf(policy: string, action: string, asking: Asking, onObjects: boolean): Denial | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(policy);
  } catch {
    return { kind: 'may deny', statement: 'it', why: 'the policy is no JSON' };
  }
  const given = isObject(parsed) ? parsed['Statement'] : undefined;
  let perhaps: Denial | null = null;
  for (const [index, statement] of (isObject(given) ? [given] : objectsOf(given)).entries()) {
    if (statement['Effect'] !== 'Deny' || wasPassed(statement, asking)) continue;
    const [subject, condition] = [
      all(actionOf(statement, action), resourceOf(statement, asking, onObjects), principalOf(statement, asking)),
      conditionOf(statement, asking),
    ];
    const answer = all(subject, condition);
    if (answer === 'yes') return { kind: 'denies', statement: nameOf(statement, index), why: null };
    if (answer === 'perhaps')
      perhaps ??= {
        kind: 'may deny',
        statement: nameOf(statement, index),
        why: condition === 'perhaps' ? 'its condition decides' : 'it is about some objects or principals',
      };
  }
  return perhaps;
}

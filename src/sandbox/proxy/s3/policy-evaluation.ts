/**
 * The part of IAM's policy language that bucket policies in the sandbox need; everything that is only about denying.
 */
export interface Statement {
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface PolicyRequest {
  readonly action: string;
  readonly resource: string;
  readonly caller: string;
  readonly account: string;
  /** Condition keys in lower case. */
  readonly keys: ReadonlyMap<string, string>;
}

const list = <Item>(value: Item | readonly Item[] | undefined): readonly Item[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly Item[]) : [value as Item];

/**
 * Remembers answers, because every request to a bucket asks the same of its policy; all are forgotten where they become
 * many.
 */
function remembered<Answer>(make: (text: string) => Answer): (text: string) => Answer {
  const known = new Map<string, Answer>();
  return (text) => {
    let answer = known.get(text);
    if (answer === undefined) {
      if (known.size >= 500) known.clear();
      known.set(text, (answer = make(text)));
    }
    return answer;
  };
}

const sourceOf = (pattern: string): string =>
  `^${[...pattern].map((letter) => (letter === '*' ? '.*' : letter === '?' ? '.' : letter.replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&'))).join('')}$`;
const exactly = remembered((pattern) => new RegExp(sourceOf(pattern), 'su'));
const inAnyCase = remembered((pattern) => new RegExp(sourceOf(pattern), 'isu'));

/** `*` and `?` as IAM means them. */
export const like = (pattern: string, text: string, ignoreCase = false): boolean =>
  (ignoreCase ? inAnyCase : exactly)(pattern).test(text);

/** Throws SyntaxError where it is no JSON. */
export const statementsOf = remembered((policy): readonly Statement[] =>
  list((JSON.parse(policy) as { Statement?: Statement | readonly Statement[] }).Statement),
);

/** The names in a principal element; `*` is everybody. */
const principalsOf = (principal: unknown): readonly string[] => {
  if (principal === '*') return ['*'];
  if (typeof principal !== 'object' || principal === null) return [];
  return list((principal as { AWS?: string | readonly string[] }).AWS);
};

/** `arn:aws:sts::1:assumed-role/name/session` is the role for aws:PrincipalArn. */
const principalArn = (caller: string): string =>
  caller.replace(/^arn:aws:sts::(\d+):assumed-role\/([^/]+)\/.*$/u, 'arn:aws:iam::$1:role/$2');

const matchesPrincipal = (names: readonly string[], { caller, account }: PolicyRequest): boolean =>
  names.some(
    (name) =>
      name === '*' ||
      name === account ||
      name === caller ||
      name === principalArn(caller) ||
      name === `arn:aws:iam::${account}:root`,
  );

type Compare = (wanted: string, actual: string) => boolean;
const OPERATORS: Readonly<Record<string, Compare>> = {
  StringEquals: (wanted, actual) => wanted === actual,
  StringEqualsIgnoreCase: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
  StringLike: like,
  ArnEquals: like,
  ArnLike: like,
  Bool: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
  IpAddress: (wanted, actual) => wanted === actual,
  NumericEquals: (wanted, actual) => Number(wanted) === Number(actual),
  NumericLessThan: (wanted, actual) => Number(actual) < Number(wanted),
  NumericGreaterThan: (wanted, actual) => Number(actual) > Number(wanted),
  NumericLessThanEquals: (wanted, actual) => Number(actual) <= Number(wanted),
  NumericGreaterThanEquals: (wanted, actual) => Number(actual) >= Number(wanted),
};

function conditionHolds(
  operator: string,
  key: string,
  wanted: readonly string[],
  keys: ReadonlyMap<string, string>,
): boolean {
  const actual = keys.get(key.toLowerCase());
  const ifExists = operator.endsWith('IfExists');
  const plain = operator.replace(/IfExists$/u, '').replace(/^ForA(?:ny|ll)Values?:/u, '');
  if (plain === 'Null') return wanted.some((value) => (value.toLowerCase() === 'true') === (actual === undefined));
  const negated = plain.includes('Not');
  const compare = OPERATORS[plain.replace('Not', '')];
  if (compare === undefined) return false;
  if (actual === undefined) return ifExists || negated;
  const any = wanted.some((value) => compare(value, actual));
  return negated ? !any : any;
}

/** Whether a statement speaks of this request. */
function applies(statement: Statement, request: PolicyRequest): boolean {
  const { Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition } = statement;
  if (Principal !== undefined && !matchesPrincipal(principalsOf(Principal), request)) return false;
  if (NotPrincipal !== undefined && matchesPrincipal(principalsOf(NotPrincipal), request)) return false;
  if (Action !== undefined && !list(Action).some((pattern) => like(pattern, request.action, true))) return false;
  if (NotAction !== undefined && list(NotAction).some((pattern) => like(pattern, request.action, true))) return false;
  if (Resource !== undefined && !list(Resource).some((pattern) => like(pattern, request.resource))) return false;
  if (NotResource !== undefined && list(NotResource).some((pattern) => like(pattern, request.resource))) return false;
  const keys = new Map([
    ['aws:principalarn', principalArn(request.caller)],
    ['aws:principalaccount', request.account],
    ['aws:securetransport', 'true'],
    ...request.keys,
  ]);
  return Object.entries(Condition ?? {}).every(([operator, conditions]) =>
    Object.entries(conditions).every(([key, wanted]) => conditionHolds(operator, key, list(wanted), keys)),
  );
}

/** Whether the policy denies the request. */
export const denies = (policy: string, request: PolicyRequest): boolean =>
  statementsOf(policy).some((statement) => statement.Effect === 'Deny' && applies(statement, request));

const RESTRICTING =
  /^aws:(?:source(?:ip|arn|vpc|vpce|account|orgid)|principal(?:orgid|arn|account))$|^s3:(?:dataaccesspointarn|dataaccesspointaccount)$/iu;

/** Documentation: "The meaning of public", Amazon S3 block public access. */
export const isPublic = (policy: string): boolean =>
  statementsOf(policy).some(
    ({ Effect, Principal, Condition }) =>
      Effect === 'Allow' &&
      principalsOf(Principal).includes('*') &&
      !Object.values(Condition ?? {}).some((keys) => Object.keys(keys).some((key) => RESTRICTING.test(key))),
  );

import type { ChangePlan } from '../domain/change-plan.ts';
import { limits } from './reader/limits.ts';
import { entryOf, isReservedKey, kindOf, type MapNode, type Node } from './reader/node.ts';
import { quote, type Problems } from './reader/problems.ts';
import { coerceNumber } from './reader/scalar.ts';
import { readProse, readWord, readWords } from './values/text.ts';

const NAMES = ['aiplan', 'name', 'intent', 'author', 'assume', 'target', 'resources'] as const;
const EXAMPLES: Readonly<Record<string, string>> = {
  aiplan: 'aiplan: 1',
  name: 'name: my-change',
  intent: 'intent: The purpose of this change, in one sentence',
  target: 'target: { account: "123456789012", region: eu-west-1 }',
  resources: 'resources:\n  Address:\n    type: AWS::S3::Bucket\n    action: read\n    id: name',
};

/**
 * Everything of a change plan but its resources. A field that could not be read is left empty; errors are among the
 * problems.
 */
export function readHeader(plan: MapNode, problems: Problems): Omit<ChangePlan, 'resources'> {
  for (const { key, at } of plan.entries) {
    if (!NAMES.some((name) => name === key) && !isReservedKey(key))
      problems.error(
        'unknown-field',
        at,
        `a change plan has no field ${quote(key)}${problems.meant(key, NAMES)}`,
        `the fields are: ${NAMES.join(', ')}`,
      );
  }
  for (const name of ['aiplan', 'name', 'intent', 'target', 'resources'] as const) {
    if (entryOf(plan, name) === undefined)
      problems.error('missing-field', plan.at, `the change plan has no ${name}`, EXAMPLES[name]);
  }
  const value = (name: (typeof NAMES)[number]): Node | undefined => entryOf(plan, name)?.node;
  const version = value('aiplan');
  if (version !== undefined) readVersion(version, problems);
  const author = value('author');
  const assume = value('assume');
  return {
    aiplan: 1,
    name: optional(value('name'), (node) => readName(node, problems)) ?? '',
    intent: optional(value('intent'), (node) => readProse(node, 'intent', limits.prose, problems)) ?? '',
    ...(author === undefined ? {} : { author: readAuthor(author, problems) }),
    assume: assume === undefined ? [] : readAssumptions(assume, problems),
    target: optional(value('target'), (node) => readTarget(node, problems)) ?? { account: '', region: '' },
  };
}

const optional = <T>(node: Node | undefined, read: (node: Node) => T | undefined): T | undefined =>
  node === undefined ? undefined : read(node);

function readVersion(node: Node, problems: Problems): void {
  if (node.kind === 'bad') return;
  const coerced = node.kind === 'scalar' && node.tag === null ? coerceNumber(node, 'integer') : undefined;
  if (coerced !== undefined && 'value' in coerced && coerced.value === 1) return;
  problems.error(
    'unsupported-version',
    node.at,
    `aiplan: ${node.kind === 'scalar' ? quote(node.source ?? node.value) : kindOf(node)} is not a version of the language; there is 1`,
    'aiplan: 1',
  );
}

function readName(node: Node, problems: Problems): string | undefined {
  const name = readWord(node, 'name', problems, EXAMPLES['name']);
  if (name === undefined || /^[a-z][a-z0-9-]{0,62}$/u.test(name)) return name;
  const better =
    name
      .toLowerCase()
      .replace(/[^a-z0-9-]+/gu, '-')
      .replace(/^[^a-z]+|-+$/gu, '')
      .slice(0, 63) || 'my-change';
  return problems.error(
    'invalid-name',
    node.at,
    `${quote(name)} is not a name for a plan: a small letter, then up to 62 small letters, digits and hyphens`,
    `name: ${better}`,
  ) as undefined;
}

function readTarget(node: Node, problems: Problems): ChangePlan['target'] | undefined {
  if (node.kind === 'bad') return undefined;
  if (node.kind !== 'map' || node.tag !== null)
    return problems.error(
      'wrong-type',
      node.at,
      `target is ${kindOf(node)}; a map is expected`,
      EXAMPLES['target'],
    ) as undefined;
  for (const { key, at } of node.entries) {
    if (key !== 'account' && key !== 'region')
      problems.error(
        'unknown-field',
        at,
        `target has no field ${quote(key)}${problems.meant(key, ['account', 'region'])}`,
        EXAMPLES['target'],
      );
  }
  for (const name of ['account', 'region']) {
    if (entryOf(node, name) === undefined)
      problems.error('missing-field', node.at, `target has no ${name}`, EXAMPLES['target']);
  }
  const account = entryOf(node, 'account')?.node;
  const region = entryOf(node, 'region')?.node;
  return {
    account: optional(account, (found) => readAccount(found, problems)) ?? '',
    region: optional(region, (found) => readRegion(found, problems)) ?? '',
  };
}

function readAccount(node: Node, problems: Problems): string | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'number') {
    return problems.error(
      'unquoted-number',
      node.at,
      `target.account: ${quote(node.source)} is a number here, and numbers lose their leading zeros`,
      `put it in quotes:  account: "${(node.source ?? '').slice(0, 20)}"`,
    ) as undefined;
  }
  const account = readWord(node, 'target.account', problems, 'account: "123456789012"');
  if (account === undefined || /^\d{12}$/u.test(account)) return account;
  const digits = account.replace(/[ -]/gu, '');
  return problems.error(
    'invalid-account',
    node.at,
    `${quote(account)} is not an account id: 12 digits`,
    /^\d{12}$/u.test(digits) ? `account: "${digits}"` : 'aws sts get-caller-identity prints it',
  ) as undefined;
}

function readRegion(node: Node, problems: Problems): string | undefined {
  const region = readWord(node, 'target.region', problems, 'region: eu-west-1');
  if (region === undefined || /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/u.test(region)) return region;
  return problems.error(
    'invalid-region',
    node.at,
    `${quote(region)} is not the name of a region`,
    /^[a-z]{2,4}(?:-[a-z]+)+-\d[a-z]$/u.test(region)
      ? `that is an Availability Zone; region: ${region.slice(0, -1)}`
      : 'region: eu-west-1',
  ) as undefined;
}

function readAuthor(node: Node, problems: Problems): Record<string, string> {
  if (node.kind !== 'map' || node.tag !== null) {
    if (node.kind !== 'bad')
      problems.error(
        'wrong-type',
        node.at,
        `author is ${kindOf(node)}; a map of texts is expected`,
        'author: { agent: name-of-the-agent }',
      );
    return {};
  }
  if (node.entries.length > 20)
    problems.error('too-many-values', node.at, `author has ${node.entries.length} fields; at most 20 are allowed`);
  const author: Record<string, string> = {};
  for (const { key, at, node: value } of node.entries) {
    if (!/^[\w-]{1,40}$/u.test(key))
      problems.error('invalid-word', at, `author: ${quote(key)} is not a word`, 'up to 40 letters, digits, _ and -');
    const text = readProse(value, `author.${key.slice(0, 40)}`, 200, problems);
    if (text !== undefined) author[key] = text;
  }
  return author;
}

function readAssumptions(node: Node, problems: Problems): readonly string[] {
  if (node.kind === 'list' && node.items.length > limits.assumptions)
    problems.error(
      'too-many-values',
      node.at,
      `assume has ${node.items.length} entries; at most ${limits.assumptions} are allowed`,
    );
  if (node.kind !== 'list' || node.tag !== null)
    return readWords(node, 'assume', problems)?.map(({ word }) => word) ?? [];
  return node.items.flatMap((item) => readProse(item, 'an entry of assume', limits.prose, problems) ?? []);
}

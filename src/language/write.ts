import { Document, Scalar, YAMLMap, type Node } from 'yaml';
import type { ChangePlan, DeclaredAction } from '../domain/change-plan.ts';
import { isMasked, isObject, isUnknown, type Json, type JsonObject } from '../base/json.ts';
import type { LiveResource } from '../domain/live.ts';
import type { TypeRules } from '../domain/resource-type.ts';
import { isUnsafe, sanitise } from '../base/sanitise.ts';
import { toLanguage } from './plain-json.ts';
import { asLiteral } from './values/placeholders.ts';

const PRINT = {
  lineWidth: 0,
  doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  flowCollectionPadding: true,
} as const;

/**
 * A change plan as YAML that parses again to the same thing; what a generated rollback holds besides stands in
 * comments.
 */
export function writeChangePlan(plan: ChangePlan): string {
  const document = new Document(null);
  const root = toNode(toLanguage(plan), document) as YAMLMap;
  const target = root.get('target', true) as unknown;
  if (target instanceof YAMLMap) target.flow = true;
  const resources = root.get('resources', true) as YAMLMap | undefined;
  const keys = new Map(resources?.items.map(({ key }) => [(key as Scalar).value, key as Scalar]));
  for (const { address, restore } of plan.resources) {
    const key = keys.get(address);
    if (restore !== undefined && key !== undefined)
      key.commentBefore = ` brings back ${sanitise(restore.formerIdentity)} as step ${sanitise(restore.step)} of run ${sanitise(restore.run)} captured it`;
  }
  if (plan.rollbackOf !== undefined) document.commentBefore = ` the rollback of run ${sanitise(plan.rollbackOf)}`;
  document.contents = root as never;
  return document.toString(PRINT);
}

/**
 * A live resource as an entry ready to paste under `resources:`. With `rules`, only properties that aiplan can set in
 * this action are written. A value that a change plan may not hold (masked values, characters that do not show) is left
 * out and named in a comment; where the author must say something, a `<placeholder>` stands, which does not validate.
 */
export function writeEntry(address: string, live: LiveResource, wanted: DeclaredAction, rules?: TypeRules): string {
  const document = new Document(null);
  const omitted: string[] = [];
  const properties =
    wanted === 'create' || wanted === 'update' ? (clean(settable(live, wanted, rules), '', omitted) ?? {}) : {};
  // An update without properties is refused: a resource of which nothing can be updated is looked up.
  const action = wanted === 'update' && isObject(properties) && Object.keys(properties).length === 0 ? 'read' : wanted;
  const entry: Record<string, Json> = { type: live.type, action };
  if (action !== 'create') entry['id'] = live.identity;
  if (action === 'replace') entry['order'] = 'create-first';
  if (action === 'replace' || action === 'delete') entry['reason'] = `<why this ${action} is right>`;
  if (action === 'delete') entry['expect'] = clean(recognisable(live), '', omitted) ?? {};
  if (action === 'replace') entry['properties'] = {};
  if (action === 'create' || action === 'update') entry['properties'] = properties;
  const root = toNode({ [address]: entry }, document) as YAMLMap;
  const comments = [...new Set(omitted)].map((line) => ` ${sanitise(line)}`);
  document.contents = root as never;
  const text = document.toString(PRINT);
  return `${text}${comments.map((line) => `  #${line}\n`).join('')}`.replace(/^(?=[^\n])/gmu, '  ');
}

function settable(live: LiveResource, action: 'create' | 'update', rules: TypeRules | undefined): JsonObject {
  return Object.fromEntries(
    Object.entries(live.properties).filter(([name, value]) => {
      if (action === 'update' && value === live.identity) return false;
      const rule =
        rules === undefined ? undefined : Object.hasOwn(rules.properties, name) ? rules.properties[name] : null;
      return (
        rule === undefined ||
        (rule !== null && (action === 'create' ? rule.create !== false : rule.update !== undefined))
      );
    }),
  );
}

/** The values by which a person knows a resource: its tags and its plain values. */
function recognisable(live: LiveResource): JsonObject {
  return Object.fromEntries(
    Object.entries(live.properties).filter(
      ([name, value]) => value !== live.identity && (name === 'Tags' || typeof value !== 'object'),
    ),
  );
}

/** A live value without what a change plan may not hold; undefined where nothing is left of it. */
function clean(value: Json | undefined, path: string, omitted: string[]): Json | undefined {
  const leave = (why: string): undefined => {
    omitted.push(`${path}: ${why}`);
    return undefined;
  };
  if (typeof value === 'string')
    return isUnsafe(value) ? leave('holds characters that a change plan may not hold') : asLiteral(value);
  if (isMasked(value)) return leave('is set; its value is not shown');
  if (isUnknown(value)) return leave('is not known');
  if (Array.isArray(value)) {
    const items = value.map((item: Json, index) => clean(item, `${path}.${index}`, omitted));
    return items.every((item) => item !== undefined)
      ? items
      : leave('is not complete, and a list is always the whole list');
  }
  if (!isObject(value)) return value;
  const kept = Object.entries(value).flatMap(([key, item]): (readonly [string, Json])[] => {
    const name = path === '' ? key : `${path}.${key}`;
    if (key.startsWith('$') || key === '<<' || key === '__proto__' || isUnsafe(key)) {
      omitted.push(`${name}: has a name that a change plan may not hold`);
      return [];
    }
    const inner = clean(item, name, omitted);
    return inner === undefined || inner === null ? [] : [[key, inner]];
  });
  if (kept.length === 1 && path !== '' && (kept[0]![0] === 'Ref' || kept[0]![0].startsWith('Fn::')))
    return leave(`would read as a reference`);
  return Object.fromEntries(kept);
}

const SHORT: Readonly<Record<string, string>> = {
  Ref: '!Ref',
  'Fn::Env': '!Env',
  'Fn::File': '!File',
  'Fn::Sub': '!Sub',
  'Fn::Base64': '!Base64',
  'Fn::GetAZs': '!GetAZs',
};

/** JSON of the language as YAML nodes, long forms as tags. */
function toNode(value: Json | undefined, document: Document): Node {
  if (isObject(value)) {
    const [only, ...more] = Object.entries(value);
    const tagged = only === undefined || more.length > 0 ? null : shortForm(only[0], only[1]);
    if (tagged !== null) return tagged;
    const map = new YAMLMap(document.schema);
    for (const [key, item] of Object.entries(value)) map.add(document.createPair(key, toNode(item, document)));
    map.flow = Object.keys(value).length === 0;
    return map;
  }
  if (Array.isArray(value)) {
    const list = document.createNode([]);
    for (const item of value as readonly Json[]) list.items.push(toNode(item, document) as never);
    list.flow = value.every(
      (item: Json) =>
        typeof item !== 'object' && !(typeof item === 'string' && (item.length > 60 || item.includes('\n'))),
    );
    return list;
  }
  const scalar = new Scalar(value);
  if (typeof value === 'string' && /[\n\r]/u.test(value))
    scalar.type = isPlainLines(value) ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
  return scalar;
}

/** Lines that a block literal keeps as they are, whoever reads them. */
const isPlainLines = (text: string): boolean => /^\S[^\r]*[^\n\r]\n?$/u.test(text) && !/^[ \t]+$/mu.test(text);

function shortForm(key: string, value: Json | undefined): Scalar | null {
  const scalar = (tag: string, text: string): Scalar => Object.assign(new Scalar(text), { tag });
  if (key === 'Fn::Any' && value === true) return scalar('!Any', '');
  if (key === 'Fn::GetAtt' && Array.isArray(value) && value.every((part: Json) => typeof part === 'string'))
    return scalar('!GetAtt', value.join('.'));
  const tag = SHORT[key];
  return tag !== undefined && typeof value === 'string' ? scalar(tag, value) : null;
}

import { canonical, isSameMask, mask, maskSalt } from '../../base/digest.ts';
import { functionOf } from '../../base/template-functions.ts';
import { isMasked, isObject, isSecretRef, isUnknown, type Json, type JsonObject } from '../../base/json.ts';
import type { CompareRule, TypeRules } from '../../domain/resource-type.ts';
import { normaliseCidr } from '../../base/cidr.ts';
import { normalisePolicy } from '../../base/policy.ts';
import { below, ruleOf, ruleTree, type Nodes } from './rule-tree.ts';

/** Compares values of one resource under the rules of its type. */
export interface Comparer {
  readonly root: Nodes;
  /** Whether the wanted value is what is live, at the path of `nodes`. Order matters: some rules look one way only. */
  equal(live: Json | undefined, wanted: Json | undefined, nodes: Nodes): boolean;
  /**
   * Whether both are the same value, at the path of `nodes`: other forms in which AWS reports it count, a value that
   * would merely do (`at-least`) does not. A belief is compared so.
   */
  same(live: Json | undefined, stated: Json | undefined, nodes: Nodes): boolean;
  /** The text that identifies a list element, for pairing and for paths. */
  elementKey(element: Json, listNodes: Nodes): string;
}

/** A value that is not walked into: a reference, a secret, a masked or unknown value. */
export const isLeaf = (value: Json | undefined): boolean =>
  isObject(value) &&
  (isSecretRef(value) ||
    isMasked(value) ||
    isUnknown(value) ||
    'Ref' in value ||
    'Fn::GetAtt' in value ||
    functionOf(value) !== null);

/** `identity` salts the masks of sensitive values; empty for a create. */
export function comparerFor(rules: TypeRules, type: string, identity: string): Comparer {
  const equal: Comparer['equal'] = (live, wanted, nodes) => compare(live, wanted, nodes, false);
  const same: Comparer['same'] = (live, stated, nodes) => compare(live, stated, nodes, true);
  const compare = (live: Json | undefined, wanted: Json | undefined, nodes: Nodes, isBelief: boolean): boolean => {
    if (live === wanted) return true;
    if (live === undefined || wanted === undefined) return false;
    if (ruleOf(nodes, 'sensitive') === true)
      return sameText(live, wanted, maskSalt(type, identity, ruleOf(nodes, 'path') ?? ''));
    const rule = ruleOf(nodes, 'compare');
    if (rule !== undefined && rule !== 'set' && matches(isBelief ? (exactly[rule] ?? rule) : rule, live, wanted))
      return true;
    if (Array.isArray(live) && Array.isArray(wanted)) return equalLists(live, wanted, nodes, isBelief);
    if (isObject(live) && isObject(wanted)) {
      for (const name of Object.keys(live)) {
        const inside = below(nodes, name);
        if (
          !compare(live[name], own(wanted, name), inside, isBelief) &&
          !(own(wanted, name) === undefined && isDefault(live[name], inside))
        )
          return false;
      }
      for (const name of Object.keys(wanted))
        if (wanted[name] !== undefined && own(live, name) === undefined && !isDefault(wanted[name], below(nodes, name)))
          return false;
      return true;
    }
    return false;
  };
  const equalLists = (live: readonly Json[], wanted: readonly Json[], nodes: Nodes, isBelief: boolean): boolean => {
    if (live.length !== wanted.length) return false;
    const inside = below(nodes, '*');
    if (!isSet(nodes)) return live.every((element, index) => compare(element, wanted[index], inside, isBelief));
    const rest = new Map<string, Json[]>();
    for (const element of live) {
      const key = elementKey(element, nodes);
      const same = rest.get(key);
      if (same === undefined) rest.set(key, [element]);
      else same.push(element);
    }
    return wanted.every((element) => {
      const candidates = rest.get(elementKey(element, nodes)) ?? [];
      const found = candidates.findIndex((candidate) => compare(candidate, element, inside, isBelief));
      if (found >= 0) candidates.splice(found, 1);
      return found >= 0;
    });
  };
  const known = new Map<JsonObject, { readonly listNodes: Nodes; readonly key: string }>();
  const elementKey = (element: Json, listNodes: Nodes): string => {
    const keys = ruleOf(listNodes, 'keys') ?? [];
    const inside = below(listNodes, '*');
    if (keys.length === 0 || !isObject(element) || isLeaf(element)) return keyText(element, ruleOf(inside, 'compare'));
    const before = known.get(element);
    if (before?.listNodes === listNodes) return before.key;
    const parts: string[] = [];
    for (const name of keys) {
      const value = element[name];
      if (value !== undefined && value !== null) parts.push(keyText(value, ruleOf(below(inside, name), 'compare')));
    }
    const key = parts.join(' ');
    known.set(element, { listNodes, key });
    return key;
  };
  return { root: ruleTree(rules), equal, same, elementKey };
}

/** Whether a member means the same as if it were left out. */
export const isDefault = (value: Json | undefined, nodes: Nodes): boolean => {
  const standard = ruleOf(nodes, 'default');
  return standard !== undefined && sameJson(value, standard);
};

/** Whether a list's elements are matched by key rather than by position. */
export const isSet = (nodes: Nodes): boolean =>
  ruleOf(nodes, 'keys') !== undefined || ruleOf(nodes, 'compare') === 'set';

function sameText(live: Json, wanted: Json, salt: string): boolean {
  if (isMasked(live)) {
    if (live.digest === undefined) return false;
    if (isMasked(wanted)) return isSameMask(live, wanted);
    return typeof wanted === 'string' && mask(salt, wanted).digest === live.digest;
  }
  return canonical(live) === canonical(wanted);
}

function keyText(value: Json, rule: CompareRule | undefined): string {
  if (isUnknown(value)) return value.$unknown;
  if (typeof value === 'string') return rule === undefined ? value : normalised(rule, value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return canonical(value);
}

/** The stricter form of a rule that takes another value for good enough, where a belief is compared. */
const exactly: Partial<Record<CompareRule, CompareRule>> = { 'at-least': 'number' };

const tail = (text: string): string => text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf(':')) + 1);

/** A text in the form in which two equal ones are identical, as far as a rule has such a form. */
function normalised(rule: CompareRule, text: string): string {
  switch (rule) {
    case 'case-insensitive':
      return text.toLowerCase();
    case 'cidr':
      return normaliseCidr(text);
    case 'arn-or-name':
      return text.startsWith('arn:') ? tail(text) : text;
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? String(Number(text)) : text;
    default:
      return text;
  }
}

function matches(rule: CompareRule, live: Json, wanted: Json): boolean {
  switch (rule) {
    case 'policy':
      return canonical(normalisePolicy(live)) === canonical(normalisePolicy(wanted));
    case 'at-least':
      return numeric(live) && numeric(wanted) && Number(live) >= Number(wanted);
    case 'version-prefix':
      return (
        plain(live) &&
        plain(wanted) &&
        (String(live) === String(wanted) || String(live).startsWith(`${String(wanted)}.`))
      );
    case 'number':
      return numeric(live) && numeric(wanted) && Number(live) === Number(wanted);
    case 'case-insensitive':
    case 'cidr':
      return (
        typeof live === 'string' && typeof wanted === 'string' && normalised(rule, live) === normalised(rule, wanted)
      );
    // Two ARNs are compared whole: the same name may exist in another account.
    case 'arn-or-name':
      return (
        typeof live === 'string' &&
        typeof wanted === 'string' &&
        live.startsWith('arn:') !== wanted.startsWith('arn:') &&
        normalised(rule, live) === normalised(rule, wanted)
      );
    case 'set':
      return false;
    default:
      return rule satisfies never;
  }
}

const plain = (value: Json): boolean => typeof value === 'string' || typeof value === 'number';
const numeric = (value: Json): boolean => plain(value) && String(value).trim() !== '' && Number.isFinite(Number(value));

/** Plain equality of JSON values, whatever the key order. */
const sameJson = (a: Json | undefined, b: Json | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && canonical(a) === canonical(b));

/** A member of its own, never one of the prototype: keys come from files. */
export const own = (object: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/** Sets a key whatever it is called; `__proto__` stays an ordinary key. */
export function define(object: Record<string, Json | undefined>, key: string, value: Json | undefined): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

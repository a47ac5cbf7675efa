import { isObject, type Json } from '../base/json.ts';

/** A live resource by its name: its type, and its identity in the text form of CloudFormation's primary identifier. */
export interface ResourceName {
  readonly type: string;
  readonly identity: string;
}

const separator = '|';

/** The parts of an identity; a simple one has one. */
export const identityParts = (identity: string): readonly string[] => identity.split(separator);

/** The identity of these parts, in the order of the type's primary identifier. */
export const formatIdentity = (parts: readonly string[]): string => parts.join(separator);

/** The parts of an identity of a type whose primary identifier has so many; null for a text that is none. */
export function parseIdentity(identity: string, count: number): readonly string[] | null {
  const words = identityParts(identity);
  return words.length === count && !words.includes('') ? words : null;
}

/** Every text in a value, whole, and every word of it. */
export function textsOf(value: Json | undefined, found: Set<string> = new Set()): ReadonlySet<string> {
  if (typeof value === 'string') {
    found.add(value);
    for (const part of value.split(/[\s|,"]+/u)) {
      found.add(part);
      for (const word of part.split(/[/:]+/u)) found.add(word);
    }
  } else if (Array.isArray(value)) for (const item of value as readonly Json[]) textsOf(item, found);
  else if (isObject(value)) for (const item of Object.values(value)) textsOf(item, found);
  return found;
}

/** Whether texts collected by `textsOf` name an identity: as a whole, or part by part. */
export const isAmong = (texts: ReadonlySet<string>, identity: string): boolean =>
  texts.has(identity) || identityParts(identity).every((part) => texts.has(part));

/**
 * Whether a value has to do with a resource: some text, or a word of one, is its identity, or each part of it. A longer
 * identity that only begins with it does not count.
 */
export const mentions = (value: Json | undefined, identity: string): boolean =>
  identity !== '' && isAmong(textsOf(value), identity);

/**
 * Whether a value names a resource exactly: every part of its identity is a text of its own, or the end of an ARN or
 * path. Letter case does not count.
 */
export function namesExactly(value: Json | undefined, identity: string): boolean {
  const texts = new Set<string>();
  const collect = (item: Json | undefined): void => {
    if (typeof item === 'string') texts.add(item.toLowerCase());
    else if (Array.isArray(item)) item.forEach((one: Json) => collect(one));
    else if (isObject(item)) Object.values(item).forEach(collect);
  };
  collect(value);
  return identityParts(identity.toLowerCase()).every(
    (part) =>
      part !== '' &&
      (texts.has(part) || [...texts].some((text) => text.endsWith(`:${part}`) || text.endsWith(`/${part}`))),
  );
}

/** The identity with each part passed through `remap`, or the whole of it where that is known. */
export function remapIdentity(identity: string, remap: (part: string) => string): string {
  const whole = remap(identity);
  return whole === identity ? formatIdentity(identityParts(identity).map(remap)) : whole;
}

/**
 * What a person types for an identity that no author chose: the last six characters of an id; of a composite one each
 * part, an id by its last six.
 */
export function typedIdentity(identity: string): string {
  const parts = identityParts(identity);
  const short = (part: string): string => (part.length <= 6 ? part : part.slice(-6));
  if (parts.length === 1) return short(identity);
  return formatIdentity(parts.map((part) => (/^[a-z]+-[0-9a-z]{6,}$/u.test(part) ? short(part) : part)));
}

/** A value as the name of a resource; undefined for anything else. */
export const nameIn = (value: Json | undefined): ResourceName | undefined =>
  isObject(value) && typeof value['type'] === 'string' && typeof value['identity'] === 'string'
    ? { type: value['type'], identity: value['identity'] }
    : undefined;

/** Whether two names are of one resource. */
export const isSameName = (one: ResourceName, other: ResourceName): boolean =>
  one.type === other.type && one.identity === other.identity;

/** The name as people read it: `AWS::EC2::Instance i-0abc`. */
export const nameText = ({ type, identity }: ResourceName): string => `${type} ${identity}`;

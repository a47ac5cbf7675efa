import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import type { ValueProblem } from '../../../src/domain/resource-type.ts';
import { sanitise } from '../../../src/base/sanitise.ts';

/** One rule about the properties of a resource, as `TypeRules.refuses` takes it. */
export type ValueCheck = (properties: JsonObject, whole: boolean) => readonly ValueProblem[];

/** The rules of a type as one function. */
export const refusing =
  (...checks: readonly ValueCheck[]): ValueCheck =>
  (properties, whole) =>
    checks.flatMap((check) => check(properties, whole));

export const isThere = (value: Json | undefined): boolean => value !== undefined && value !== null;

/** A number that is known, also where it is written as text; undefined for anything else. */
export const knownNumber = (value: Json | undefined): number | undefined =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' && /^-?\d+(?:\.\d+)?$/u.test(value)
      ? Number(value)
      : undefined;

export const knownText = (value: Json | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** A value as a message quotes it: at most 60 characters, neutralised. */
export const shown = (value: Json | undefined): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return `"${sanitise([...text].length > 60 ? `${[...text].slice(0, 59).join('')}…` : text)}"`;
};

/** 3000 as `3,000`. */
export const grouped = (number: number): string => String(number).replace(/\B(?=(?:\d{3})+(?!\d))/gu, ',');

/** A new resource needs the property, unless one of the others is there in its stead. */
export const needs =
  (name: string, help: string, unless: readonly string[] = []): ValueCheck =>
  (properties, whole) =>
    !whole || isThere(properties[name]) || unless.some((other) => isThere(properties[other]))
      ? []
      : [{ at: '', missing: name, message: `AWS needs ${name} to create it`, help }];

/** The number lies in the range; `unit` with a blank before it. */
export function range(
  at: string,
  value: Json | undefined,
  least: number,
  most: number,
  { of, unit = '' }: { readonly of: string; readonly unit?: string },
): readonly ValueProblem[] {
  const number = knownNumber(value);
  if (number === undefined || (number >= least && number <= most)) return [];
  const allowed = `${grouped(least)} to ${grouped(most)}${unit}`;
  return [
    {
      at,
      message: `${of} takes ${allowed}, not ${shown(value)}`,
      help: `write a number from ${grouped(least)} to ${grouped(most)}`,
    },
  ];
}

/** The property is a number in a range, whatever else stands there. */
export const inRange =
  (name: string, least: number, most: number): ValueCheck =>
  (properties) =>
    range(name, properties[name], least, most, { of: name });

/** The text fits a pattern; `says` is what AWS takes, without a full stop. */
export function fits(at: string, value: Json | undefined, pattern: RegExp, says: string): readonly ValueProblem[] {
  const text = knownText(value);
  return text === undefined || pattern.test(text)
    ? []
    : [{ at, message: `${at} is ${shown(value)}; AWS takes ${says}`, help: `write ${says}` }];
}

export const named =
  (name: string, pattern: RegExp, says: string): ValueCheck =>
  (properties) =>
    fits(name, properties[name], pattern, says);

/** Tags that aiplan itself writes on what it creates (`aiplan:plan`, `aiplan:resource`, `aiplan:op`). */
const OWN_TAGS = 3;

/**
 * EC2 User Guide, RDS User Guide and S3 User Guide, "Tag restrictions": 50 tags, keys of 1 to 128 and values of up to
 * 256 characters.
 */
export const tagChecks =
  (characters?: RegExp): ValueCheck =>
  (properties, whole) => {
    const tags = properties['Tags'];
    if (!isObject(tags)) return [];
    const set = Object.entries(tags).filter(([, value]) => isThere(value));
    const most = 50 - (whole ? OWN_TAGS : 0);
    const problems: ValueProblem[] =
      set.length <= most
        ? []
        : [
            {
              at: 'Tags',
              message: `AWS takes 50 tags, and there are ${set.length}${whole ? ` beside the ${OWN_TAGS} of aiplan` : ''}`,
              help: `write at most ${most}`,
            },
          ];
    for (const [key, value] of set) {
      const at = `Tags.${key}`;
      if (key === '' || [...key].length > 128)
        problems.push({
          at,
          message: `the tag key ${shown(key)} has ${[...key].length} characters; AWS takes 1 to 128`,
          help: 'shorten the key',
        });
      if (typeof value !== 'string') continue;
      if ([...value].length > 256)
        problems.push({
          at,
          message: `the tag ${shown(key)} has a value of ${[...value].length} characters; AWS takes up to 256`,
          help: 'shorten the value',
        });
      const odd = characters === undefined ? undefined : [key, value].find((text) => !characters.test(text));
      if (odd !== undefined)
        problems.push({
          at,
          message: `the tag ${shown(key)} holds a character that this service refuses: ${shown(odd)}`,
          help: 'use letters, digits, blanks and _ . : / = + - @',
        });
    }
    return problems;
  };

/** RDS and S3: the set of letters, digits, blanks and _ . : / = + - @ (AddTagsToResource, PutBucketTagging). */
export const TAG_CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

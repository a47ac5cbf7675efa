import { canonical } from '../base/digest.ts';
import type { Json } from '../base/json.ts';
import type { ResourceType } from './resource-type.ts';
import { sanitise } from '../base/sanitise.ts';

const LONGEST = 160;

/** A value as it may stand in a message: JSON on one safe line, cut after 160 characters. */
export function quote(value: Json | undefined): string {
  const text = sanitise(value === undefined ? 'nothing' : canonical(value));
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** The first few of many texts: `a, b, c and 4 more`. */
export function few(items: readonly string[], most = 5): string {
  const shown = items.slice(0, most).map(sanitise).join(', ');
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}

/** The last part of a type name: `AWS::RDS::DBInstance` → `DBInstance`. */
export const shortType = (type: string): string => type.slice(type.lastIndexOf(':') + 1);

/**
 * The command that brings a capture out where it cannot come back as it was. AWS chooses the id of what has no name of
 * its own.
 */
export const wayOut = (run: string, step: string, type: Pick<ResourceType, 'rules'> | undefined): string =>
  `aiplan captures restore ${run}/${step}${type !== undefined && type.rules.nameProperty === undefined ? '' : ' --as NAME'}`;

/**
 * Properties to set so that AWS has room for the resource, at another place or of another kind; empty where the type
 * knows nothing.
 */
export function elsewhere(type: Pick<ResourceType, 'capture'>): string {
  const names = type.capture?.elsewhere ?? [];
  return names.length === 0
    ? ''
    : ` (${names.map((name) => `--set ${name}=…`).join(' or ')} makes it elsewhere or as another)`;
}

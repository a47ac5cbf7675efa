import { canonical } from '../model/digest.ts';
import type { Json } from '../model/json.ts';
import { sanitise } from '../model/sanitise.ts';

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

/** The command that brings a capture out where it cannot come back as it was. */
export const wayOut = (run: string, step: string): string => `aiplan captures restore ${run}/${step} --as NAME`;

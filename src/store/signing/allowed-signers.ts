import { fitsPattern } from '../../base/glob.ts';

/**
 * The allowed-signers file of OpenSSH (ssh-keygen(1), ALLOWED SIGNERS): who may sign, with which key, for what, and
 * when. Read as OpenSSH reads it. A line that cannot be read allows nobody, and neither does one of a certificate
 * authority, because certificates are not taken.
 */
export interface SignerLine {
  /** The line as it stands, trimmed. */
  readonly line: string;
  readonly number: number;
  /** Patterns of principals; the first that is no exclusion names the signer. */
  readonly principals: readonly string[];
  /** Base64 of the public key's blob, as it stands. */
  readonly key: string;
  readonly namespaces: string | null;
  /** Milliseconds since 1970. */
  readonly validAfter: number | null;
  readonly validBefore: number | null;
}

export interface AllowedSigners {
  readonly lines: readonly SignerLine[];
  /** Lines that allow nobody, and why. */
  readonly problems: readonly { readonly number: number; readonly why: string }[];
}

class Unreadable extends Error {}

/** Reads the text of an allowed-signers file. Never throws. */
export function parseAllowedSigners(text: string): AllowedSigners {
  const lines: SignerLine[] = [];
  const problems: { number: number; why: string }[] = [];
  for (const [index, whole] of text.split(/\r?\n/u).entries()) {
    const line = whole.trim();
    if (line === '' || line.startsWith('#')) continue;
    try {
      lines.push(signerLine(line, index + 1));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      problems.push({ number: index + 1, why: error.message });
    }
  }
  return { lines, problems };
}

const keyPart = /^([A-Za-z0-9@.-]+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]|$)/u;
const keyType = /^(ssh-|ecdsa-|sk-|webauthn-)/u;

function signerLine(line: string, number: number): SignerLine {
  const { word: principals, rest } = firstWord(line);
  const names = principals.split(',').filter((name) => name !== '');
  if (!names.some((name) => !name.startsWith('!'))) throw new Unreadable('it names no principal');
  const isKey = (text: string): boolean => {
    const type = keyPart.exec(text)?.[1];
    return type !== undefined && keyType.test(type);
  };
  const { options, rest: keyText } = isKey(rest) ? { options: [], rest } : optionsOf(rest);
  const [, type = '', key] = keyPart.exec(keyText) ?? [];
  if (key === undefined || !keyType.test(type)) throw new Unreadable('it has no public key');
  const found = new Map<string, string>();
  for (const [name, value] of options) {
    if (name === 'cert-authority')
      throw new Unreadable(
        'it allows a certificate authority (cert-authority); aiplan takes no certificates, so name the keys themselves',
      );
    if (!['namespaces', 'valid-after', 'valid-before'].includes(name) || value === null)
      throw new Unreadable(`its option "${name}" is not known`);
    if (found.has(name)) throw new Unreadable(`its option "${name}" stands twice`);
    found.set(name, value);
  }
  const [after, before] = [timeOf(found.get('valid-after')), timeOf(found.get('valid-before'))];
  if (after !== null && before !== null && after >= before)
    throw new Unreadable('it ends before it begins to be valid');
  return {
    line,
    number,
    principals: names,
    key,
    namespaces: found.get('namespaces') ?? null,
    validAfter: after,
    validBefore: before,
  };
}

/** The first word; in quotation marks where it has them. */
function firstWord(line: string): { readonly word: string; readonly rest: string } {
  const quoted = /^"([^"]*)"[ \t]+(.*)$/u.exec(line) ?? /^([^ \t"]+)[ \t]+(.*)$/u.exec(line);
  if (quoted === null) throw new Unreadable('it has no public key');
  return { word: quoted[1] ?? '', rest: (quoted[2] ?? '').trimStart() };
}

/**
 * Options stand between principals and key, parted by commas; a value stands in quotation marks, with `\"` for one
 * inside.
 */
function optionsOf(text: string): {
  readonly options: readonly (readonly [string, string | null])[];
  readonly rest: string;
} {
  const options: (readonly [string, string | null])[] = [];
  let rest = text;
  for (;;) {
    const found = /^([A-Za-z-]+)(?:="((?:[^"\\]|\\.)*)")?(,|[ \t]+)/u.exec(rest);
    if (found === null) throw new Unreadable('its options cannot be read');
    options.push([(found[1] ?? '').toLowerCase(), found[2] === undefined ? null : found[2].replaceAll('\\"', '"')]);
    rest = rest.slice(found[0].length);
    if (found[3] !== ',') return { options, rest: rest.trimStart() };
  }
}

/** `YYYYMMDD`, with `HHMM` or `HHMMSS`, in local time or with `Z` in UTC. */
function timeOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const found = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)$/u.exec(text);
  if (found === null) throw new Unreadable(`its time "${text}" cannot be read`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const date =
    found[7] === 'Z'
      ? new Date(Date.UTC(year, month - 1, day, hour, minute, second))
      : new Date(year, month - 1, day, hour, minute, second);
  const isReal =
    (found[7] === 'Z' ? date.getUTCMonth() : date.getMonth()) === month - 1 && hour < 24 && minute < 60 && second < 60;
  if (!isReal) throw new Unreadable(`its time "${text}" is none`);
  return date.getTime();
}

/** A list of patterns, of which one fits and no excluded one does (ssh_config(5), PATTERNS). */
export function matchesList(text: string, list: readonly string[]): boolean {
  if (list.some((pattern) => pattern.startsWith('!') && fitsPattern(text, pattern.slice(1)))) return false;
  return list.some((pattern) => !pattern.startsWith('!') && fitsPattern(text, pattern));
}

/** Why a line does not let a signature count, or null where it does. `at` in milliseconds since 1970. */
export function refusalOf(
  { namespaces, validAfter, validBefore }: SignerLine,
  namespace: string,
  at: number,
): string | null {
  if (namespaces !== null && !matchesList(namespace, namespaces.split(',')))
    return `it is for other namespaces ("${namespaces}")`;
  if (validAfter !== null && at < validAfter) return 'it is not valid yet';
  if (validBefore !== null && at > validBefore) return 'it is not valid any more';
  return null;
}

/** The principal that a line names. */
export const principalOf = ({ principals }: SignerLine): string =>
  principals.find((name) => !name.startsWith('!')) ?? '';

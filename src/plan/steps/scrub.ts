import { isObject, type Json } from '../../base/json.ts';

/** A text of fewer characters is left: it would match anything. */
const SHORTEST = 4;
/** Parts of a text of at least so many characters are taken out too: an error may quote only the middle. */
const PART = 8;
const MARK = '(secret)';

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

/** The characters of base64 that depend on the text alone, at each of the three places where it may begin in bytes. */
const aligned = (text: string): readonly string[] =>
  [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text, 'utf8')]);
    const whole = bytes.toString('base64').replaceAll('=', '');
    return whole.slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });

const bothAlphabets = (text: string): readonly string[] => [text, text.replaceAll('+', '-').replaceAll('/', '_')];

/** Percent-encoded as a request is (RFC 3986, and as `encodeURIComponent` leaves it), in both cases, a space as `+`. */
function percent(text: string): readonly string[] {
  const loose = encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'));
  const strict = loose.replaceAll(/[!'()*]/gu, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const lower = (encoded: string): string => encoded.replaceAll(/%[0-9A-F]{2}/gu, (code) => code.toLowerCase());
  return [loose, strict].flatMap((one) =>
    [one, lower(one)].flatMap((encoded) => [encoded, encoded.replaceAll('%20', '+')]),
  );
}

/** Escaped for XML and HTML, with each of the usual spellings of quotation marks, and of line ends. */
function markup(text: string): readonly string[] {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    ['"', "'"],
    ['&quot;', "'"],
    ['&quot;', '&apos;'],
    ['&quot;', '&#39;'],
    ['&quot;', '&#x27;'],
    ['&#34;', '&#39;'],
    ['&#x22;', '&#x27;'],
  ].flatMap(([double = '', single = '']) => {
    const one = escaped.replaceAll('"', double).replaceAll("'", single);
    return [
      one,
      one.replaceAll('\n', '&#10;').replaceAll('\r', '&#13;').replaceAll('\t', '&#9;'),
      one.replaceAll('\n', '&#xA;').replaceAll('\r', '&#xD;').replaceAll('\t', '&#x9;'),
    ];
  });
}

const quoted = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Every form in which a request of AWS's protocols holds a text, and in which an answer may echo it. */
function formsOf(text: string): readonly string[] {
  return unique(
    unique([text, ...aligned(text).flatMap(bothAlphabets)]).flatMap((form) => {
      const json = quoted(form);
      return [form, json, quoted(json), ...markup(form), ...markup(json), ...percent(form), ...percent(json)];
    }),
  );
}

interface Known {
  readonly forms: readonly string[];
  readonly parts: ReadonlySet<string>;
}

const compiled = new WeakMap<readonly string[], Known>();

function knownOf(texts: readonly string[]): Known {
  let known = compiled.get(texts);
  if (known === undefined) {
    const forms = unique(texts.filter(({ length }) => length >= SHORTEST).flatMap(formsOf))
      .filter(({ length }) => length >= SHORTEST)
      .sort((a, b) => b.length - a.length);
    const parts = new Set<string>();
    for (const form of forms) for (let at = 0; at + PART <= form.length; at += 1) parts.add(form.slice(at, at + PART));
    known = { forms, parts };
    compiled.set(texts, known);
  }
  return known;
}

/** A text without the given ones: each is taken out in every encoding, whole or in part. */
export function scrub(text: string, texts: readonly string[]): string {
  if (texts.length === 0 || text.length < SHORTEST) return text;
  const { forms, parts } = knownOf(texts);
  return withoutParts(
    forms.reduce((rest, form) => rest.replaceAll(form, MARK), text),
    parts,
  );
}

/** Takes out every run of characters that parts cover. */
function withoutParts(text: string, parts: ReadonlySet<string>): string {
  let kept = '';
  let covered = 0;
  let isInside = false;
  for (let at = 0; at < text.length; at += 1) {
    if (parts.has(text.slice(at, at + PART))) covered = at + PART;
    if (at >= covered) kept += text[at] ?? '';
    else if (!isInside) kept += MARK;
    isInside = at < covered;
  }
  return kept;
}

/** Ids that AWS assigns and ARNs: a run continues with them, unless a text stands in one as a whole. */
const assigned = /^(?:[a-z]+-(?:[0-9a-f]{8}|[0-9a-f]{17})|arn:aws[a-z-]*:[^\s]*)$/u;

/** A value without the given texts. */
export function scrubbed(value: Json | undefined, texts: readonly string[]): Json {
  if (typeof value === 'string')
    return assigned.test(value) && !texts.some((text) => value.includes(text)) ? value : scrub(value, texts);
  if (Array.isArray(value)) return value.map((item: Json) => scrubbed(item, texts));
  if (!isObject(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scrubbed(item, texts)]));
}

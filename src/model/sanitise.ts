/**
 * The one sanitiser (law 10). Text that came from a change plan, a tag, a name or AWS passes through it before any
 * screen, log or Markdown. Control, ANSI, bidirectional and invisible characters become visible as `\u{…}`.
 */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff]|[\u{1d173}-\u{1d17a}]|[\u{e0000}-\u{e0fff}]|[\ud800-\udfff]/gu;

/** Most text is plain, and this is quicker than to look for what is unsafe. */
const PLAIN = /^[ -~→…]*$/u;
const PLAIN_LINES = /^[\n -~→…]*$/u;

const visible = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;

/** One line of safe text. Line breaks and tabs become visible too. */
export const sanitise = (text: string): string => (PLAIN.test(text) ? text : text.replace(UNSAFE, visible));

/** Safe text that keeps its line breaks (tabs become two spaces). */
export const sanitiseLines = (text: string): string =>
  text.split(/\r\n|\n|\r/u).map((line) => sanitise(line.replaceAll('\t', '  '))).join('\n');

/** True when the text holds a character that `sanitise` would change; a change plan with one is refused. */
export const isUnsafe = (text: string): boolean => {
  if (PLAIN.test(text)) return false;
  UNSAFE.lastIndex = 0;
  return UNSAFE.test(text);
};

/** JSON text in which unsafe characters stand as JSON's own escapes: another spelling of the same value, safe on a screen. */
export const escapeJson = (json: string): string =>
  (PLAIN_LINES.test(json) ? json : json.replace(UNSAFE, (character) => (character === '\n' ? character : [...Array(character.length).keys()].map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''))));

/**
 * Safe for Markdown and HTML: markup, mentions and workflow commands lose their meaning. Mentions and references to issues are
 * looked for after Markdown was made into HTML, where an entity is a plain character again: a space without width parts them.
 */
export const sanitiseMarkdown = (text: string): string =>
  sanitise(text)
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    .replace(/[\\`*_{}[\]()#+\-.!|~@:]/gu, (character) => `&#${character.charCodeAt(0)};${character === '@' || character === '#' ? '&#8203;' : ''}`);

/**
 * The one sanitiser (law 10). Text that came from a change plan, a tag, a name or AWS passes through it before any
 * screen, log or Markdown. Control, ANSI, bidirectional and invisible characters become visible as `\u{…}`: every
 * control, format and default-ignorable character of Unicode, blanks that are no spaces, and each combining mark after
 * the fourth on one letter.
 */
const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2028-\u202f\u205f-\u206f\u2800\ufff0-\uffff\u{1d159}]|\p{M}(?<=\p{M}{5})/gu;

/**
 * Most text is plain, and this is quicker than to look for what is unsafe. Looked for is the first other character: a
 * pattern over the whole text needs a stack as long as the text.
 */
const NOT_PLAIN = /[^ -~→…]/u;
const NOT_PLAIN_LINES = /[^\n -~→…]/u;

const visible = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;

/** One line of safe text. Line breaks and tabs become visible too. */
export const sanitise = (text: string): string => (NOT_PLAIN.test(text) ? text.replace(UNSAFE, visible) : text);

/** Safe text that keeps its line breaks (tabs become two spaces). */
export const sanitiseLines = (text: string): string =>
  text
    .split(/\r\n|\n|\r/u)
    .map((line) => sanitise(line.replaceAll('\t', '  ')))
    .join('\n');

/** True when the text holds a character that `sanitise` would change; a change plan with one is refused. */
export const isUnsafe = (text: string): boolean => {
  if (!NOT_PLAIN.test(text)) return false;
  UNSAFE.lastIndex = 0;
  return UNSAFE.test(text);
};

/**
 * JSON text in which unsafe characters stand as JSON's own escapes: another spelling of the same value, safe on a
 * screen.
 */
export const escapeJson = (json: string): string =>
  inertJson(
    NOT_PLAIN_LINES.test(json)
      ? json.replace(UNSAFE, (character) => (character === '\n' ? character : jsonEscape(character)))
      : json,
  );

const jsonEscape = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');

/** Where a line of a log begins a command of the system that runs it: the sign that is to be shown in another way. */
const MARKED = /#(?=#\w*\[)/gu;
const inertJson = (json: string): string => json.replace(MARKED, jsonEscape);

/**
 * The places (offsets, in UTF-16 units) of a display line at which one character must be shown as `\u{…}`, so that no
 * CI system takes the line for a command: `::` at its beginning (GitHub Actions), `##[`, `##vso[`, `##teamcity[`
 * anywhere (GitHub's older runners, Azure Pipelines, TeamCity).
 */
export const commandPlaces = (line: string): readonly number[] => {
  if (!line.includes('::') && !line.includes('##')) return [];
  const leading = /^\s*:(?=:)/u.exec(line);
  return [
    ...(leading === null ? [] : [leading[0].length - 1]),
    ...[...line.matchAll(MARKED)].map(({ index }) => index),
  ];
};

/** One character as `\u{…}`. */
export const madeVisible = visible;

/**
 * Safe for Markdown and HTML: markup, mentions and workflow commands lose their meaning. Mentions and references to
 * issues are looked for after Markdown was made into HTML, where an entity is a plain character again: a space without
 * width parts them.
 */
export const sanitiseMarkdown = (text: string): string =>
  sanitise(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(
      /[\\`*_{}[\]()#+\-.!|~@:]/gu,
      (character) => `&#${character.charCodeAt(0)};${character === '@' || character === '#' ? '&#8203;' : ''}`,
    );

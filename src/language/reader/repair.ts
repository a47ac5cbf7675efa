/** A cause of broken YAML that is known for what it is: where it stands, and what to write. Offsets of the file. */
export interface Cause {
  readonly at: number;
  readonly end: number;
  readonly code: string;
  readonly message: string;
  readonly help: string;
}
/**
 * The text without its causes, every character at the offset it had; what stands between `at` and `end` of a cause has
 * no value.
 */
export interface Repaired {
  readonly text: string;
  readonly causes: readonly Cause[];
}

/** Lines that are named one by one; the rest is counted. */
const TAB_LINES_NAMED = 8;

/**
 * Finds what agents and template tools leave in YAML that does not parse: a placeholder without quotes in brackets, `:
 * ` in a value, tabs as indentation. Each is one cause with one error; the text is mended so that the rest of the file
 * can be read and checked. Only for text that the library refuses.
 */
export function repair(source: string): Repaired {
  const causes: Cause[] = [];
  const tabs: { readonly line: number; readonly at: number }[] = [];
  const lines = source.split('\n');
  let at = 0;
  let literal = -1;
  const open = { depth: 0 };
  const mended = lines.map((line, index) => {
    const start = at;
    at += line.length + 1;
    const indent = line.search(/\S/u);
    if (literal >= 0 && (indent < 0 || indent > literal)) return line;
    literal = /(?:^|[:\-\s])[|>][-+\d]*\s*(?:#.*)?$/u.test(line) ? indent : -1;
    const spaced = /^[ ]*\t/u.test(line) ? line.replace(/^[ \t]+/u, (space) => space.replaceAll('\t', ' ')) : line;
    if (spaced !== line) tabs.push({ line: index + 1, at: start });
    return withoutPlaceholders(withoutColon(spaced, start, causes), start, open, causes);
  });
  const [first] = tabs;
  if (first !== undefined) {
    const named = tabs
      .slice(0, TAB_LINES_NAMED)
      .map(({ line }) => line)
      .join(', ');
    causes.push({
      at: first.at,
      end: first.at,
      code: 'yaml-syntax',
      message: `tabs are used as indentation in ${tabs.length === 1 ? 'line' : 'lines'} ${named}${tabs.length > TAB_LINES_NAMED ? ` and ${tabs.length - TAB_LINES_NAMED} more` : ''}`,
      help: 'replace each tab at the beginning of a line by two spaces',
    });
  }
  return { text: mended.join('\n'), causes };
}

/** Keys whose value is a sentence. Anything else may be a secret and is not repeated. */
const PROSE =
  /^(?:intent|reason|accept_loss|name|agent|model|Name|Description|GroupDescription|DBSubnetGroupDescription)$/u;
const SECRET = /pass|secret|token|credential|key/iu;

const PAIR = /^(\s*(?:- +)?)([\w.-]+|"[^"]*"|'[^']*'):( +)([^\s"'[{|>!&*#].*)$/u;

/** `key: a value: with a colon`: the value as it was meant, in quotes, to paste. */
function withoutColon(line: string, start: number, causes: Cause[]): string {
  const found = PAIR.exec(line);
  if (found === null) return line;
  const [, before = '', key = '', space = '', rest = ''] = found;
  const value = rest.replace(/\s+#.*$/u, '').trimEnd();
  if (!/:(?: |$)/u.test(value)) return line;
  const at = start + before.length + key.length + 1 + space.length;
  causes.push({
    at,
    end: at + value.length,
    code: 'yaml-syntax',
    message: 'a value holds ": " and so looks like another key',
    help: PROSE.test(key) ? `${key}: ${JSON.stringify(value)}` : 'put the value in double quotes',
  });
  return line.slice(0, at - start) + value.replace(/:(?= |$)/gu, '_') + line.slice(at - start + value.length);
}

/** Placeholders without quotes that YAML takes for structure: `{{ x }}` anywhere, `${X}` inside brackets. */
function withoutPlaceholders(line: string, start: number, open: { depth: number }, causes: Cause[]): string {
  let quote = '';
  let result = '';
  for (let index = 0; index < line.length;) {
    const character = line[index]!;
    if (quote !== '') {
      if (character === '\\' && quote === '"') {
        result += line.slice(index, index + 2);
        index += 2;
        continue;
      }
      if (character === quote) quote = '';
    } else if ((character === '"' || character === "'") && /[\s:[{,!]$|^$/u.test(line.slice(0, index)))
      quote = character;
    else if (character === '#' && /\s$|^$/u.test(line.slice(0, index))) return result + line.slice(index);
    else {
      const found = /^\{\{[^{}]*\}\}|^\$\{\{[^{}]*\}\}|^\$\{[^{}]*\}/u.exec(line.slice(index))?.[0];
      if (found !== undefined && (open.depth > 0 || !found.startsWith('${') || found.startsWith('${{'))) {
        causes.push({
          at: start + index,
          end: start + index + found.length,
          code: 'placeholder',
          message: SECRET.test(line)
            ? 'a placeholder stands here that nobody filled in'
            : `${JSON.stringify(found)} is a placeholder that nobody filled in`,
          help: 'write the value itself',
        });
        result += '_'.repeat(found.length);
        index += found.length;
        continue;
      }
      if (found !== undefined) {
        result += found;
        index += found.length;
        continue;
      }
      if (character === '{' || character === '[') open.depth += 1;
      else if (character === '}' || character === ']') open.depth = Math.max(0, open.depth - 1);
    }
    result += character;
    index += 1;
  }
  return result;
}

/**
 * A Markdown code fence around the plan, its lines and whatever stands outside made into comments; null where there is
 * none. Characters keep their offsets.
 */
export function withoutFence(
  source: string,
): { readonly text: string; readonly first: number; readonly last: number | null } | null {
  const lines = source.split('\n');
  const first = lines.findIndex((line) => /^\s*(?:```|~~~)[\w-]*\s*$/u.test(line));
  if (first < 0 || lines.slice(0, first).some((line) => /^\s*(?:aiplan|resources)\s*:/u.test(line))) return null;
  const after = lines.slice(first + 1).findIndex((line) => /^\s*(?:```|~~~)\s*$/u.test(line));
  const last = after < 0 ? null : first + 1 + after;
  const text = lines
    .map((line, index) => (index <= first || (last !== null && index >= last) ? line.replace(/[^]/gu, '#') : line))
    .join('\n');
  return { text, first: first + 1, last: last === null ? null : last + 1 };
}

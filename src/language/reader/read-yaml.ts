import { isAlias, isMap, isScalar, parseDocument, Scalar, type Document, type ParsedNode, type YAMLError } from 'yaml';
import { limits } from './limits.ts';
import { plainScalar, textScalar, type MapEntry, type Node } from './node.ts';
import { quote, type Problems } from './problems.ts';
import { repair, type Cause } from './repair.ts';

/**
 * Reads any YAML 1.2 text (and so any JSON text) with the YAML library, as text scalars that `plainScalar` resolves.
 * Syntax errors, aliases, anchors, directives and keys that are not text become errors. Undefined where there is no
 * value.
 */
export function readYaml(text: string, problems: Problems): Node | undefined {
  let document: Document.Parsed;
  let causes: readonly Cause[] = [];
  try {
    document = parsed(text);
    const mended = document.errors.length === 0 || text.length > limits.characters ? null : repair(text);
    if (mended !== null && mended.causes.length > 0) {
      causes = mended.causes;
      for (const { at, code, message, help } of causes) problems.error(code, at, message, help);
      document = parsed(mended.text);
    }
    if (document.errors.length > 0) syntaxErrors(mended?.text ?? text, document, problems);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.error(
      'too-deep',
      null,
      `lists and maps are nested deeper than ${limits.depth}`,
      'write the plan flat: resources, one level of entries, their properties',
    );
    return undefined;
  }
  if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    problems.error(
      'yaml-directive',
      0,
      `the file asks for YAML ${quote(document.directives.yaml.version)}; a change plan is YAML 1.2`,
      'delete the line that begins with %YAML',
    );
  }
  if (Object.keys(document.directives.tags).some((handle) => handle !== '!!')) {
    problems.error('yaml-directive', 0, 'the file declares tags of its own', 'delete the lines that begin with %TAG');
  }
  if (document.errors.length > 0 || document.contents === null) return undefined;
  return convert(document.contents, 0, problems, 0, causes);
}

const parsed = (text: string): Document.Parsed =>
  parseDocument(text, { uniqueKeys: false, prettyErrors: false, schema: 'failsafe', resolveKnownTags: false });

/** Syntax errors that are looked for one after the other. */
const MOST_SYNTAX_ERRORS = 20;
/** A text longer than this is not read again for each of its errors. */
const LONGEST_REREAD = 200_000;

/**
 * The first syntax error, then the first one that is left when its line is taken away, and so on: what one mistake
 * makes the library stumble over further down is not said.
 */
function syntaxErrors(text: string, document: Document.Parsed, problems: Problems): void {
  let rest = text;
  let { errors } = document;
  let furthest = -1;
  for (let count = 0; count < MOST_SYNTAX_ERRORS; count += 1) {
    const [first] = errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
    if (first === undefined) return;
    const start = rest.lastIndexOf('\n', Math.max(0, first.pos[0] - 1)) + 1;
    if (start <= furthest) return;
    syntaxError(first, problems);
    if (rest.length > LONGEST_REREAD) return;
    const found = rest.indexOf('\n', first.pos[0]);
    const end = found === -1 ? rest.length : found;
    furthest = end;
    rest = `${rest.slice(0, start)}${rest.slice(start, end).replace(/[^]/gu, '#')}${rest.slice(end)}`;
    ({ errors } = parsed(rest));
  }
}

/** Whether a value holds a cause that was reported for what it is. */
const holdsCause = (start: number, end: number, causes: readonly Cause[]): boolean =>
  causes.some((cause) => cause.end > cause.at && cause.at < end && cause.end > start);

function convert(
  node: ParsedNode | null,
  after: number,
  problems: Problems,
  depth: number,
  causes: readonly Cause[],
): Node {
  if (node === null) return plainScalar('', after);
  const at = node.range[0];
  if (depth > limits.depth) {
    problems.error('too-deep', at, `lists and maps are nested deeper than ${limits.depth}`);
    return bad(at);
  }
  // Neither name is quoted: a password may begin with * or &.
  if (isAlias(node)) {
    problems.error(
      'alias-not-allowed',
      at,
      'an alias (*…) is not allowed: a change plan says everything where it stands',
      'write the value out; text that begins with * stands in double quotes',
    );
    return bad(at);
  }
  if (node.anchor !== undefined) {
    problems.error(
      'anchor-not-allowed',
      at,
      'an anchor (&…) is not allowed',
      'delete it; to name another resource write  !Ref Address ; text that begins with & stands in double quotes',
    );
  }
  const tag = node.tag ?? null;
  if (isScalar(node)) {
    if (holdsCause(node.range[0], node.range[1], causes)) return bad(at);
    const value = String(node.value ?? '');
    return tag === null && node.type === Scalar.PLAIN ? plainScalar(value, at) : textScalar(value, at, tag);
  }
  if (isMap(node)) {
    if (isDoubleBraced(node)) {
      problems.error(
        'placeholder',
        at,
        'a placeholder in {{ … }} stands here that nobody filled in',
        'write the value itself',
      );
      return bad(at);
    }
    const entries: MapEntry[] = [];
    for (const pair of node.items) {
      const key = keyText(pair.key as ParsedNode | null, at, problems);
      const value = convert(
        pair.value as ParsedNode | null,
        pair.key === null ? at : (pair.key as ParsedNode).range[1],
        problems,
        depth + 1,
        causes,
      );
      if (key !== undefined) entries.push({ ...key, node: value });
    }
    return { kind: 'map', at, tag, entries };
  }
  const items = node.items.map((item) => convert(item as ParsedNode | null, at, problems, depth + 1, causes));
  return { kind: 'list', at, tag, items };
}

/**
 * `{{ name }}` without quotes, which YAML takes for a map whose key is a map. Its content may be secret and is not
 * quoted.
 */
function isDoubleBraced(node: ParsedNode): boolean {
  const [only, ...more] = isMap(node) ? node.items : [];
  const key = only?.key as ParsedNode | null | undefined;
  if (more.length > 0 || key === null || key === undefined || !isMap(key) || key.items.length !== 1) return false;
  return isScalar(key.items[0]?.key);
}

const bad = (at: number): Node => ({ kind: 'bad', at, tag: null });

function keyText(key: ParsedNode | null, at: number, problems: Problems): { key: string; at: number } | undefined {
  if (key !== null && isScalar(key) && key.tag === undefined && key.anchor === undefined) {
    const text = String(key.value ?? '');
    if (key.type !== Scalar.PLAIN || plainScalar(text, 0).value !== null) return { key: text, at: key.range[0] };
  }
  problems.error(
    'key-not-text',
    key?.range[0] ?? at,
    'a key must be plain text, without tag, anchor or structure',
    'put the key in double quotes',
  );
  return undefined;
}

/** The library's messages quote the source, which may hold a secret; these say the same without it. */
const SYNTAX: Readonly<Record<string, readonly [message: string, help: string]>> = {
  BAD_ALIAS: ['an alias is not valid here', 'write the value out; put text that begins with * or & in double quotes'],
  BAD_DIRECTIVE: ['a line that begins with % is not a known directive', 'delete it, or put the text in double quotes'],
  BAD_DQ_ESCAPE: [
    'a backslash in double quotes begins no known escape',
    'write \\\\ for a backslash, or use single quotes',
  ],
  BAD_INDENT: [
    'the indentation does not fit',
    'indent each level by two spaces; a list or map in brackets must be closed and indented deeper than its key',
  ],
  BAD_PROP_ORDER: ['a tag must stand directly before its value', 'write  Key: !Ref Address'],
  BAD_SCALAR_START: ['text begins with a character that YAML reserves', 'put the text in double quotes'],
  BLOCK_AS_IMPLICIT_KEY: ['a value holds ": " and so looks like another key', 'put the value in double quotes'],
  BLOCK_IN_FLOW: ['an indented block stands inside brackets', 'write the whole value in brackets, or none of it'],
  DUPLICATE_KEY: ['a key stands twice', 'keep one of them'],
  IMPOSSIBLE: ['the text is not YAML', 'put values that hold punctuation in double quotes'],
  KEY_OVER_1024_CHARS: ['a key is longer than 1024 characters', 'is a closing quote missing?'],
  MISSING_CHAR: [
    'something is not closed, or a space or colon is missing',
    'close every quote, bracket and brace; write  Key: value  with a space after the colon',
  ],
  MULTILINE_IMPLICIT_KEY: [
    'a line without a colon stands among keys, or a key goes over several lines',
    'write  Key: value  on each line; indent text that continues',
  ],
  MULTIPLE_ANCHORS: ['two anchors stand before one value', 'delete them'],
  MULTIPLE_DOCS: [
    'the file holds several documents',
    'delete the line --- and what follows it: one file is one change plan',
  ],
  MULTIPLE_TAGS: ['two tags stand before one value', 'keep one of them'],
  NON_STRING_KEY: ['a key is not text', 'put the key in double quotes'],
  TAB_AS_INDENT: ['a tab is used as indentation', 'replace it by spaces'],
  TAG_RESOLVE_FAILED: [
    'a tag is not known',
    'the tags are !Ref, !GetAtt, !Sub, !Join, !Select, !Split, !Base64, !GetAZs, !Env, !File, !Text and !Any',
  ],
  UNEXPECTED_TOKEN: [
    'something stands where nothing can stand',
    'put values that hold punctuation in double quotes; check brackets and indentation',
  ],
};

function syntaxError(error: YAMLError, problems: Problems): void {
  const [message, help] = SYNTAX[error.code] ?? [
    'the text is not YAML',
    'put values that hold punctuation in double quotes',
  ];
  problems.error(error.code === 'MULTIPLE_DOCS' ? 'several-documents' : 'yaml-syntax', error.pos[0], message, help);
}

import type { KeyEvent } from './view.ts';

/** A key as the terminal sends it: what scenes get, and what the screen itself answers. */
export type Key = KeyEvent | { readonly kind: 'suspend' } | { readonly kind: 'redraw' };

/** The rest of the bytes read so far. */
export interface KeyReader {
  /** The first bytes of a character that is not whole yet. */
  readonly bytes: Uint8Array;
  /** An escape sequence that is not whole yet. */
  readonly text: string;
  /** Inside a marked paste. */
  readonly pasting: boolean;
}

export const newKeyReader: KeyReader = { bytes: new Uint8Array(0), text: '', pasting: false };

export interface KeysRead {
  readonly reader: KeyReader;
  readonly keys: readonly Key[];
}

const pasteEnd = '\u001b[201~';
/** A longer text is no escape sequence. */
const longestSequence = 256;

/** Control characters that mean something; all others are ignored. */
const controls: Readonly<Record<string, Key>> = {
  '\u0002': { kind: 'page-up' },
  '\u0003': { kind: 'interrupt' },
  '\u0004': { kind: 'page-down' },
  '\u0006': { kind: 'page-down' },
  '\u0008': { kind: 'backspace' },
  '\t': { kind: 'tab' },
  '\n': { kind: 'enter' },
  '\u000c': { kind: 'redraw' },
  '\r': { kind: 'enter' },
  '\u0015': { kind: 'page-up' },
  '\u001a': { kind: 'suspend' },
  '\u007f': { kind: 'backspace' },
};

/** CSI and SS3 sequences without modifiers (xterm, VT, rxvt, Linux console, tmux). All others are ignored. */
const sequences: Readonly<Record<string, Key>> = {
  '[A': { kind: 'up' },
  '[B': { kind: 'down' },
  '[C': { kind: 'right' },
  '[D': { kind: 'left' },
  OA: { kind: 'up' },
  OB: { kind: 'down' },
  OC: { kind: 'right' },
  OD: { kind: 'left' },
  '[H': { kind: 'home' },
  OH: { kind: 'home' },
  '[1~': { kind: 'home' },
  '[7~': { kind: 'home' },
  '[F': { kind: 'end' },
  OF: { kind: 'end' },
  '[4~': { kind: 'end' },
  '[8~': { kind: 'end' },
  '[5~': { kind: 'page-up' },
  '[6~': { kind: 'page-down' },
  '[Z': { kind: 'back-tab' },
  OM: { kind: 'enter' },
};

/**
 * Bytes from the terminal as keys. Sequences and characters that a read cuts in two continue with the next read.
 * `soon`: the read came so soon after a paste that it is taken for its rest.
 */
export function readKeys(reader: KeyReader, chunk: Uint8Array, soon = false): KeysRead {
  const joined = new Uint8Array(reader.bytes.length + chunk.length);
  joined.set(reader.bytes);
  joined.set(chunk, reader.bytes.length);
  const whole = joined.length - unfinished(joined);
  const read = readText(
    { ...reader, bytes: joined.slice(whole) },
    reader.text + new TextDecoder().decode(joined.subarray(0, whole)),
  );
  return soon || crowded(read.keys) ? { ...read, keys: read.keys.map(together) } : read;
}

/** After a silence: an escape character alone was the escape key, and a paste without an end is over. */
export function flushPendingKeys(reader: KeyReader): KeysRead {
  return { reader: newKeyReader, keys: !reader.pasting && reader.text === '\u001b' ? [{ kind: 'escape' }] : [] };
}

/** Whether something is open that a silence settles. */
export const isOpen = (reader: KeyReader): boolean => reader.text !== '' || reader.pasting || reader.bytes.length > 0;

/** Whether a read brought more than a person types at once. */
export const crowded = (keys: readonly Key[]): boolean =>
  keys.some(({ kind }) => kind === 'paste') ||
  keys.filter(({ kind }) => kind === 'character' || kind === 'enter').length > 1;

const together = (key: Key): Key =>
  key.kind === 'character' || key.kind === 'enter' ? { ...key, together: true } : key;

/** How many bytes at the end begin a character that is not whole. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0 && byte < 0xf8) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    if (byte < 0x80 || byte >= 0xf8) return 0;
  }
  return 0;
}

function readText(reader: KeyReader, text: string): KeysRead {
  const keys: Key[] = [];
  let { pasting } = reader;
  let at = 0;
  let open = '';
  while (at < text.length) {
    if (pasting) {
      const end = text.indexOf(pasteEnd, at);
      // The end mark itself may be cut in two.
      if (end === -1) {
        open = text.slice(Math.max(at, text.length - pasteEnd.length + 1));
        break;
      }
      pasting = false;
      at = end + pasteEnd.length;
    } else if (text[at] === '\u001b') {
      const sequence = sequenceAt(text, at);
      if (sequence === null) {
        open = text.slice(at);
        break;
      }
      if (sequence === '[200~') {
        pasting = true;
        keys.push({ kind: 'paste' });
      } else if (sequence === '') keys.push({ kind: 'escape' });
      else if (Object.hasOwn(sequences, sequence)) keys.push(sequences[sequence] as Key);
      at += 1 + sequence.length;
    } else if (/[\u0000-\u001f\u007f]/u.test(text[at] ?? '')) {
      const key = controls[text[at] ?? ''];
      if (key !== undefined) keys.push(key);
      at += 1;
    } else {
      const run = /[^\u0000-\u001f\u007f]+/uy;
      run.lastIndex = at;
      const printable = run.exec(text)?.[0] ?? '';
      for (const character of charactersOf(printable)) keys.push({ kind: 'character', character });
      at += printable.length;
    }
  }
  return { reader: { bytes: reader.bytes, text: open.length > longestSequence ? '' : open, pasting }, keys };
}

/** The text after an escape character: '' where it stands alone, null where the sequence continues in the next read. */
function sequenceAt(text: string, at: number): string | null {
  const rest = text.slice(at + 1, at + 1 + longestSequence);
  if (rest === '') return null;
  const found = /^(?:\[\[[A-E]|\[[0-?]*[ -/]*[@-Z\\-~]|O[ -~]|[\]P_^X][^\u0007\u001b]*(?:\u0007|\u001b\\))/u.exec(
    rest,
  )?.[0];
  if (found !== undefined) return found;
  if (/^(?:\[\[?|\[[0-?]*[ -/]*|O|[\]P_^X][^\u0007\u001b]*\u001b?)$/u.test(rest) && rest.length < longestSequence)
    return null;
  // Alt with an arrow comes as two escapes in some terminals; two alone are the key pressed twice.
  if (rest.startsWith('\u001b')) {
    const inner = rest.length > 1 && /^[[O]/u.test(rest.slice(1)) ? sequenceAt(text, at + 1) : '';
    return inner === null ? null : inner === '' ? '' : `\u001b${inner}`;
  }
  // A control character after it is a key of its own; anything else is a combination with Alt.
  return /^[\u0000-\u001f\u007f]/u.test(rest) ? '' : ([...rest][0] ?? '');
}

/** A letter with its accents is one character. */
const charactersOf = (text: string): readonly string[] =>
  /^[ -~]*$/u.test(text)
    ? [...text]
    : [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)].map(({ segment }) => segment);

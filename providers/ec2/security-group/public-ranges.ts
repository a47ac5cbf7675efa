/**
 * Ranges of which every address stays inside private networks: RFC 1918 (private), RFC 6598 (shared), RFC 3927
 * (link-local), RFC 1122 (loopback); RFC 4193 (unique local), RFC 4291 (link-local, loopback). Everything else may be
 * somebody's on the internet.
 */
const privateRanges = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
] as const;

interface Range {
  readonly bits: bigint;
  readonly length: number;
  readonly width: 32 | 128;
}

/** A CIDR range; null for what is none. A single address counts as a range of one. */
function rangeOf(text: string): Range | null {
  const [address = '', length, more] = text.split('/');
  const width = address.includes(':') ? 128 : 32;
  const bits = width === 128 ? bitsOfV6(address) : bitsOfV4(address);
  const size = length === undefined ? width : /^\d{1,3}$/u.test(length) ? Number(length) : -1;
  return bits === null || more !== undefined || size < 0 || size > width ? null : { bits, length: size, width };
}

function bitsOfV4(address: string): bigint | null {
  const parts = address.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/u.test(part) || Number(part) > 255)) return null;
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function bitsOfV6(address: string): bigint | null {
  const last = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/u.exec(address);
  const v4 = last === null ? null : bitsOfV4(last[2] ?? '');
  if (last !== null && v4 === null) return null;
  const plain =
    last === null || v4 === null
      ? address
      : `${last[1] ?? ''}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  const [head = '', tail, more] = plain.split('::');
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const [first, second] = [groups(head), groups(tail ?? '')];
  const missing = 8 - first.length - second.length;
  if (more !== undefined || (tail === undefined ? missing !== 0 : missing < 1)) return null;
  const all = [...first, ...Array.from({ length: missing }, () => '0'), ...second];
  if (all.some((group) => !/^[0-9a-f]{1,4}$/iu.test(group))) return null;
  return all.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

const within = (inner: Range, outer: Range): boolean =>
  inner.width === outer.width &&
  inner.length >= outer.length &&
  inner.bits >> BigInt(inner.width - outer.length) === outer.bits >> BigInt(outer.width - outer.length);

const known = privateRanges.map((text) => rangeOf(text) as Range);

/** True where a range may hold an address of the internet; also where it cannot be read (law 9). */
export function isPublic(text: string): boolean {
  const range = rangeOf(text);
  return range === null || !known.some((outer) => within(range, outer));
}

/**
 * How many addresses a range holds, in words: `one address`, `256 addresses`, `a /56 of IPv6 addresses`; empty where it
 * cannot be read.
 */
export function sizeOf(text: string): string {
  const range = rangeOf(text);
  if (range === null) return '';
  const free = range.width - range.length;
  if (free === 0) return 'one address';
  return range.width === 128 ? `a /${range.length} of IPv6 addresses` : `${(2 ** free).toLocaleString('en')} addresses`;
}

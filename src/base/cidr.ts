import ipaddr from 'ipaddr.js';

/** An address and the bits of it that its network has. */
type Range = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, length: number];

/**
 * A range of addresses; a single address counts as a range of one. Null for what is none: an address of fewer than
 * four numbers, a number with a leading zero, a zone, an empty length.
 */
function rangeOf(text: string): Range | null {
  const [address = '', length, ...more] = text.split('/');
  const isV6 = address.includes(':');
  if (more.length > 0 || (length !== undefined && !/^(?:0|[1-9]\d{0,2})$/u.test(length))) return null;
  if (isV6 ? address.includes('%') || !ipaddr.IPv6.isValid(address) : !ipaddr.IPv4.isValidFourPartDecimal(address))
    return null;
  const width = isV6 ? 128 : 32;
  const bits = length === undefined ? width : Number(length);
  return bits > width ? null : [isV6 ? ipaddr.IPv6.parse(address) : ipaddr.IPv4.parse(address), bits];
}

const within = ([inner, length]: Range, [outer, width]: Range): boolean =>
  inner.kind() === outer.kind() && length >= width && inner.match(outer as ipaddr.IPv4 & ipaddr.IPv6, width);

/** An IPv4 or IPv6 range with its host bits cleared, in one spelling; anything else as it is. */
export function normaliseCidr(text: string): string {
  const range = rangeOf(text.trim());
  if (range === null) return text;
  const [address, length] = range;
  const spelled = `${address.toNormalizedString()}/${length}`;
  return `${(address.kind() === 'ipv6' ? ipaddr.IPv6 : ipaddr.IPv4).networkAddressFromCIDR(spelled).toNormalizedString()}/${length}`;
}

/** A range of IPv4 addresses: four numbers and the length of the prefix. */
export const isIpv4Range = (text: string): boolean => text.includes('/') && rangeOf(text)?.[0].kind() === 'ipv4';

/** A range of IPv6 addresses, `::` at most once, an IPv4 address allowed at its end. */
export const isIpv6Range = (text: string): boolean => text.includes('/') && rangeOf(text)?.[0].kind() === 'ipv6';

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
].map((text) => rangeOf(text) as Range);

/** True where a range may hold an address of the internet; also where it cannot be read (law 9). */
export function isPublic(text: string): boolean {
  const range = rangeOf(text);
  return range === null || !privateRanges.some((outer) => within(range, outer));
}

/**
 * How many addresses a range holds, in words: `one address`, `256 addresses`, `a /56 of IPv6 addresses`; empty where it
 * cannot be read.
 */
export function sizeOf(text: string): string {
  const range = rangeOf(text);
  if (range === null) return '';
  const [address, length] = range;
  const isV6 = address.kind() === 'ipv6';
  const free = (isV6 ? 128 : 32) - length;
  if (free === 0) return 'one address';
  return isV6 ? `a /${length} of IPv6 addresses` : `${(2 ** free).toLocaleString('en')} addresses`;
}

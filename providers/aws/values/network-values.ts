const part = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${part}(?:\\.${part}){3}/(?:3[0-2]|[12]?\\d)$`, 'u');

/** A range of IPv4 addresses: four numbers and the length of the prefix. */
export const isIpv4Range = (text: string): boolean => ipv4.test(text);

/** A range of IPv6 addresses, `::` at most once, an IPv4 address allowed at its end. */
export function isIpv6Range(text: string): boolean {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/u.test(length) || Number(length) > 128) return false;
  const halves = address.split('::');
  if (halves.length > 2) return false;
  const tail = /(?:^|:)(\d+(?:\.\d+){3})$/u.exec(address)?.[1];
  if (tail !== undefined && !isIpv4Range(`${tail}/32`)) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const words = tail === undefined ? groups : groups.slice(0, -1);
  if (!words.every((word) => /^[0-9a-f]{1,4}$/iu.test(word))) return false;
  const count = words.length + (tail === undefined ? 0 : 2);
  return halves.length === 2 ? count <= 7 : count === 8;
}

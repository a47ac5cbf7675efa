import type { Json } from '../../base/json.ts';

/**
 * Where a text stands: in prose a reader may meet `<x>` in the middle of a sentence; in a policy `${aws:username}` is a
 * variable of AWS.
 */
export type TextPlace = 'value' | 'policy' | 'prose';

/** Policy variables ("IAM policy elements: Variables and tags"): `${aws:username}`, `${saml:sub, 'none'}`, `${*}`. */
const POLICY_VARIABLE = /^\$\{(?:[A-Za-z][\w-]*:[^{}]+|[*?$])\}$/u;
const FILLED_BY_A_TOOL = /\$\{\{[^{}]*\}\}|\$\{[^{}]*\}|\{\{[^{}]*\}\}|<%[^%]*%>/gu;
const ANGLED = /<[A-Za-z][\w .:/-]{0,60}>/u;

/** A placeholder that nobody filled in, or undefined: `${X}`, `{{ x }}`, `<x>`. */
export function placeholderIn(text: string, place: TextPlace): string | undefined {
  for (const [found] of text.matchAll(FILLED_BY_A_TOOL))
    if (place !== 'policy' || !POLICY_VARIABLE.test(found)) return found;
  if (place === 'prose') return /^\s*<[^<>]*>\s*$/u.test(text) ? text.trim() : undefined;
  if (/^\s*(?:…|\.\.\.)\s*$/u.test(text)) return text.trim();
  return ANGLED.exec(text)?.[0] ?? (/^<.*>$/u.test(text.trim()) ? text.trim() : undefined);
}

/** The placeholder as `!Sub` would fill it in: a pseudo parameter, or an entry of the file. */
export function substitutable(text: string, addresses: ReadonlySet<string>): boolean {
  const found = [...text.matchAll(FILLED_BY_A_TOOL)].map(([match]) => /^\$\{([^{}]*)\}$/u.exec(match)?.[1]);
  return (
    found.length > 0 &&
    found.every(
      (name) =>
        name !== undefined &&
        (/^AWS::(?:AccountId|Region|Partition|URLSuffix)$/u.test(name) || addresses.has(name.split('.')[0] ?? name)),
    )
  );
}

/** A text that only looks like a placeholder, as JSON of the language that reads back as the same text. */
export const asLiteral = (text: string): Json =>
  text.includes('\n') || placeholderIn(text, 'policy') === undefined
    ? text
    : { 'Fn::Sub': text.replaceAll('${', '${!') };

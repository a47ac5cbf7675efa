import type { ReadFailure } from '../../domain/live.ts';
import { quote } from '../../domain/wording.ts';

const isDenied = (code: string): boolean => /Denied|Unauthorized|NotAuthorized|AuthFailure|Forbidden|OptIn/u.test(code);

/** AWS's answer to a failed read: the call, its code and its words. */
export const refusalText = ({
  operation,
  code,
  message,
}: Pick<ReadFailure, 'operation' | 'code' | 'message'>): string =>
  `${operation === undefined ? 'AWS' : operation} answered ${code}: ${quote(message)}`;

/** The same of several calls, each once; `none` where AWS refused none of which is known. */
export const refusalTexts = (
  refusals: readonly Pick<ReadFailure, 'operation' | 'code' | 'message'>[],
  none: string,
): string => (refusals.length === 0 ? none : [...new Set(refusals.map(refusalText))].join('; '));

/** How to make a failed read succeed. */
export function readAgain(failures: readonly Pick<ReadFailure, 'operation' | 'code' | 'permissions'>[]): string {
  const denied = failures.filter(({ code }) => isDenied(code));
  const calls = [
    ...new Set(
      denied.flatMap(({ operation, permissions }) => permissions ?? (operation === undefined ? [] : [operation])),
    ),
  ].sort();
  if (denied.length === 0) return 'plan again; where it fails again, look up that code of AWS';
  return `allow ${calls.length === 0 ? 'the read' : calls.join(', ')} (AWS's message names the permission; \`aiplan setup --iam\` lists all of them) and plan again`;
}

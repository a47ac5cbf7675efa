/**
 * How user data begins that an instance acts upon (cloud-init documentation, User data formats; EC2 User Guide for
 * Windows, user data scripts).
 */
const beginnings =
  /^(?:#!|#cloud-|#include|#part-handler|#upstart-job|## template: jinja|Content-Type: multipart|MIME-Version:|From [^\n]*\nContent-Type:|<(?:powershell|script|persist)>|---\n|version: 1\.)/iu;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

/**
 * User data that an author wrote in base64, CloudFormation's own shape: the text in it, or `binary` where gzip is in
 * it. Null for any other text, which is what the instance gets. aiplan encodes user data itself: encoded twice, no
 * instance could read it.
 */
export function decodedUserData(text: string): { readonly text: string } | 'binary' | null {
  const whole = text.replaceAll(/\s/gu, '');
  if (whole.length < 8 || beginnings.test(text) || !base64.test(whole)) return null;
  const bytes = Buffer.from(whole, 'base64');
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'binary';
  const decoded = bytes.toString('utf8');
  return Buffer.from(decoded, 'utf8').equals(bytes) && beginnings.test(decoded) ? { text: decoded } : null;
}

/**
 * Beginnings by which EC2 and cloud-init know user data ("Run commands when you launch an EC2 instance", cloud-init
 * "User data formats").
 */
const PROGRAM =
  /^(?:#!|#cloud-config|#cloud-boothook|#include|#part-handler|## template:|Content-Type:|MIME-Version:|<powershell>|<script>|version: 1\.)/iu;

/**
 * User data as the text that it is. CloudFormation wants it in base64, aiplan encodes by itself: what is wholly base64
 * of a program is taken as that program. `binary`: base64 of compressed or other data that is no text. Null: plain text
 * already.
 */
export function decodedUserData(text: string): { readonly text: string } | 'binary' | null {
  const compact = text.replace(/\s+/gu, '');
  if (compact.length < 8 || compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/u.test(compact)) return null;
  const bytes = Buffer.from(compact, 'base64');
  if (bytes.toString('base64') !== compact) return null;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'binary';
  const plain = bytes.toString('utf8');
  if (!Buffer.from(plain, 'utf8').equals(bytes)) return null;
  return PROGRAM.test(plain) ? { text: plain } : null;
}

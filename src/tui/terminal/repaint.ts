/** No other program shows half of what stands between these two: the terminal draws it at once. Others ignore it. */
const begin = '\u001b[?2026h';
const end = '\u001b[?2026l';

/**
 * The codes that turn the lines on the screen into others: only what differs is written. `before` null: nothing is
 * known of the screen. Empty where nothing differs.
 */
export function repaint(before: readonly string[] | null, after: readonly string[]): string {
  let codes = '';
  after.forEach((line, index) => {
    // Cleared first: after a line as wide as the screen, clearing would take its last character.
    if (before === null || before[index] !== line) codes += `\u001b[${index + 1};1H\u001b[2K${line}`;
  });
  if (before === null || before.length > after.length) codes += `\u001b[${after.length + 1};1H\u001b[J`;
  return codes === '' ? '' : `${begin}${codes}${end}`;
}

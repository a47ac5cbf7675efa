import { describe, expect, it } from '@jest/globals';
import { noKnowledge } from '../../src/domain/property-hints.ts';
import { reviewScene } from '../../src/tui/review/review-view.ts';
import { openScreen } from '../../src/tui/terminal/screen.tsx';
import { openHeadless } from '../helpers/headless.ts';
import { samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const word = 'courses-prod';
/** How a paste may come: marked or not, with Enter in it, and cut anywhere. */
const pastes: readonly (readonly string[])[] = [
  [word],
  [`${word}\r`],
  [`\u001b[200~${word}\u001b[201~`],
  [`\u001b[200~${word}\r\u001b[201~`],
  ['\u001b[200~', `${word}\u001b[201~`],
  [`\u001b[200~${word}\u001b[20`, '1~'],
  ['cour', 'ses-prod'],
];

describe('Enter after a paste', () => {
  it.each([
    [80, 24],
    [40, 12],
  ])(
    'is always answered at %i×%i, also where it comes so soon that it counts as the rest of it',
    async (columns, rows) => {
      const terminal = openHeadless(columns, rows);
      const screen = openScreen({ ...terminal.options, now: () => sampleTime });
      const { scene, result } = reviewScene({
        plan: samplePlan(),
        purpose: 'apply',
        now: () => sampleTime,
        tier: 'T0',
        maxConfirmations: 20,
        knowledge: noKnowledge,
        replan: null,
      });
      screen.show(scene);
      await terminal.until('CoursesDb');
      const settled = (): Promise<void> =>
        new Promise((done) => {
          setTimeout(done, 20);
        });
      for (const paste of pastes) {
        terminal.stdin.write('c');
        await terminal.until(/- delete/u);
        for (let pages = 0; pages < 60 && !/^> ▏/mu.test(terminal.lines().join('\n')); pages += 1) {
          terminal.stdin.write(' ');
          await settled();
          await terminal.flushed();
        }
        // The space bar that was held down too long types nothing, and is no paste.
        terminal.stdin.write('   ');
        await settled();
        await terminal.flushed();
        expect(terminal.lines().join('\n')).not.toContain('at once');
        for (const part of paste) {
          terminal.stdin.write(part);
          // Each part is a read of its own.
          await new Promise((done) => {
            setImmediate(done);
          });
        }
        await terminal.until(/pasted text does not|two characters came/u);
        terminal.stdin.write('\r');
        expect(await terminal.until(/nothing was typed/u)).toMatch(/^> ▏/mu);
        terminal.stdin.write('\u001b');
        await terminal.until('not confirmed');
      }
      terminal.interrupt('SIGTERM');
      expect(await result).toMatchObject({ decision: 'declined', confirmations: [] });
      await screen.close();
    },
  );
});

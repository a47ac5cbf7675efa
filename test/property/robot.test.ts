import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { lossPhrase, needed } from '../../src/model/confirm.ts';
import { noKnowledge } from '../../src/model/knowledge.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { ReviewResult } from '../../src/model/review.ts';
import { reviewScene } from '../../src/tui/review-scene.ts';
import type { KeyEvent, Scene, Size } from '../../src/tui/scene.ts';
import { openScreen } from '../../src/tui/screen.tsx';
import { plainText } from '../../src/views/rows.ts';
import { openHeadless, type Headless } from '../helpers/headless.ts';
import { platformPlan, platformSteps } from '../helpers/platform-plan.ts';
import { attacks, endings, numbers, type Deed, type Ending, type Knows } from '../helpers/robot.ts';
import { sampleTime } from '../helpers/sample-plan.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20260226);
const streams = Number(process.env['AIPLAN_RUNS'] ?? 6);

/** A small plan with a loss that must be typed, an identity, and a grant. */
const plan: Plan = { ...platformPlan(), steps: platformSteps.filter(({ id }) => ['OldUploads', 'DuplicateDb', 'WebGroup', 'Assets'].includes(id)).map((step) => ({ ...step, dependsOn: [] })), findings: [] };
const reduced: Plan = { ...plan, steps: plan.steps.filter(({ id }) => id !== 'WebGroup'), digest: `sha256:${'b'.repeat(64)}` };
const size: Size = { columns: 80, rows: 24 };

/** A person at the review: each key alone, with a frame after it. */
interface At {
  readonly terminal: Headless;
  readonly result: Promise<ReviewResult>;
  readonly decided: () => ReviewResult | null;
  close(): Promise<void>;
  press(...keys: readonly (KeyEvent['kind'] | string)[]): void;
  frame(): string;
  confirm(id: string): void;
  replan(answer: 'plan' | 'error'): Promise<void>;
}

function open(): At {
  const terminal = openHeadless(size.columns, size.rows, { now: () => sampleTime });
  let settle: { readonly done: (plan: Plan) => void; readonly fail: (error: Error) => void } | undefined;
  const { scene, result } = reviewScene({ plan, purpose: 'apply', tier: 'T0', maxConfirmations: 20, knowledge: noKnowledge, now: () => sampleTime, replan: () => new Promise((done, fail) => { settle = { done, fail }; }) });
  const screen = openScreen(terminal.options);
  screen.show(scene);
  let decided: ReviewResult | null = null;
  void result.then((value) => { decided = value; });
  const draw = (): string => scene.frame(size, sampleTime).map(plainText).join('\n');
  const at: At = {
    terminal, result, decided: () => decided, close: () => screen.close(), frame: draw,
    press(...keys) {
      for (const key of keys) {
        draw();
        if (['enter', 'escape', 'down', 'up', 'home', 'end', 'page-down', 'tab'].includes(key)) scene.handle({ kind: key } as KeyEvent);
        else for (const character of key) { draw(); scene.handle({ kind: 'character', character }); }
      }
      draw();
    },
    confirm(id) {
      const step = plan.steps.find((candidate) => candidate.id === id);
      card(at, scene, id);
      at.press(step?.confirm ?? '', 'enter');
      const loss = step === undefined ? null : lossPhrase(step);
      if (loss !== null) at.press(loss, 'enter');
    },
    async replan(answer) {
      if (answer === 'plan') settle?.done(reduced);
      else settle?.fail(new Error('AWS cannot be reached'));
      await turn();
      draw();
    },
  };
  draw();
  return at;
}

/** Opens the card of a step and reads it to its end. */
function card(at: At, scene: Scene | null, id: string): void {
  at.press('home');
  for (let tries = 0; !new RegExp(`^> .* ${id} `, 'mu').test(at.frame()); tries += 1) {
    if (tries > 20) throw new Error(`no ${id} in:\n${at.frame()}`);
    at.press('down');
  }
  at.press('c');
  void scene;
  read(at);
}
function read(at: At): void {
  for (let pages = 0; !/^> /mu.test(at.frame()); pages += 1) {
    if (pages > 50) throw new Error(`it has no end:\n${at.frame()}`);
    at.press('page-down');
  }
}
const confirmAll = (at: At, shown: Plan = plan): void => { for (const { id } of needed(shown).confirmations) at.confirm(id); };
const uploads = plan.steps.find(({ id }) => id === 'OldUploads');
const loss = uploads === undefined ? '' : lossPhrase(uploads) ?? '';

/** Each moment of a review: how a person comes there, and what is asked there. */
const moments: Readonly<Record<string, { readonly go: (at: At) => unknown; readonly asked: string; readonly shows: RegExp }>> = {
  list: { go: (at) => at.press('down'), asked: 'courses-prod-copy', shows: /c confirm/u },
  detail: { go: (at) => at.press('down', 'enter'), asked: 'courses-prod-copy', shows: /esc back/u },
  search: { go: (at) => at.press('/', 'dup'), asked: 'courses-prod-copy', shows: /enter keeps it/u },
  filter: { go: (at) => at.press('f'), asked: 'courses-prod-copy', shows: /enter filters/u },
  help: { go: (at) => at.press('?'), asked: 'courses-prod-copy', shows: /esc goes back/u },
  'a card that is not read': { go: (at) => { at.press('home', 'down', 'c'); }, asked: 'f60718', shows: /loses/u },
  'the line': { go: (at) => card(at, null, 'DuplicateDb'), asked: 'courses-prod-copy', shows: /Type courses-prod-copy/u },
  'half a text in the line': { go: (at) => { card(at, null, 'DuplicateDb'); at.press('courses-prod'); }, asked: '-copy', shows: /> courses-prod/u },
  'the loss': { go: (at) => { card(at, null, 'OldUploads'); at.press('courses-uploads-2023', 'enter'); }, asked: loss, shows: /cannot be brought back/u },
  'half a loss': { go: (at) => { card(at, null, 'OldUploads'); at.press('courses-uploads-2023', 'enter', loss.slice(0, 5)); }, asked: loss.slice(5), shows: /cannot be brought back/u },
  'the question whether to reject': { go: (at) => at.press('home', 'down', 'r'), asked: 'y', shows: /y rejects/u },
  planning: { go: (at) => at.press('home', 'down', 'r', 'y'), asked: 'f60718', shows: /planning again/u },
  'planned again': { go: async (at) => { at.press('home', 'down', 'r', 'y'); await at.replan('plan'); }, asked: 'courses-prod-copy', shows: /left out/u },
  'planning failed': { go: async (at) => { at.press('home', 'down', 'r', 'y'); await at.replan('error'); }, asked: 'courses-prod-copy', shows: /planning again failed/u },
  'two of three confirmed': { go: (at) => { at.confirm('DuplicateDb'); at.confirm('WebGroup'); }, asked: 'courses-uploads-2023', shows: /confirmed 2 of 3/u },
  'the question whether to leave': { go: (at) => { at.confirm('DuplicateDb'); at.press('q'); }, asked: 'y', shows: /y leaves/u },
  'everything confirmed': { go: (at) => confirmAll(at), asked: plan.name, shows: /confirmed 3 of 3/u },
  'the last line': { go: (at) => { confirmAll(at); at.press('a'); read(at); }, asked: plan.name, shows: /and Enter to apply/u },
  'half a plan name': { go: (at) => { confirmAll(at); at.press('a'); read(at); at.press(plan.name.slice(0, -3)); }, asked: plan.name.slice(-3), shows: /and Enter to apply/u },
};

async function carryOut(at: At, deeds: readonly Deed[], random: () => number): Promise<void> {
  for (const deed of deeds) {
    if (deed.kind === 'write') at.terminal.stdin.write(deed.bytes);
    else if (deed.kind === 'resize') at.terminal.resize(deed.columns, deed.rows);
    else at.terminal.stdin.write('\u001a');
    // What is written in one piece is read in one piece; sometimes the program has time to draw in between.
    await turn();
    if (deed.kind === 'suspend') process.emit('SIGCONT');
    if (random() < 0.3) { await turn(); await turn(); }
  }
}

function ends(at: At, ending: Ending): void {
  if (ending === 'Ctrl-C') at.terminal.stdin.write('\u0003');
  else if (ending === 'the terminal is closed') at.terminal.stdin.end();
  else at.terminal.interrupt(ending);
}

/** The terminal as it was: the first screen, the cursor, no marks for pastes, lines wrap, no raw keys. */
async function restored(at: At, isGone: boolean): Promise<void> {
  await at.close();
  await at.terminal.flushed();
  const written = at.terminal.written();
  const lastOf = (on: string, off: string): boolean => written.lastIndexOf(off) > written.lastIndexOf(on);
  // A terminal that is gone has no mode any more.
  expect([at.terminal.alternate(), at.terminal.raw() && !isGone, lastOf('\u001b[?25l', '\u001b[?25h'), lastOf('\u001b[?2004h', '\u001b[?2004l'), lastOf('\u001b[?7l', '\u001b[?7h')]).toEqual([false, false, true, true, true]);
}

describe(`a robot at the keys (seed ${seed}, ${streams} streams each)`, () => {
  it.each(Object.keys(moments))('comes to %s as a person does', async (name) => {
    const at = open();
    await moments[name]?.go(at);
    expect(at.frame()).toMatch(moments[name]?.shows ?? /$^/u);
    await at.close();
  });

  it.each(Object.entries(moments))('approves nothing at %s, whatever it does, and ends in no', async (name, { go, asked }) => {
    let done = 0;
    for (const [index, [attack, plans]] of Object.entries(attacks).entries()) {
      for (let stream = 0; stream < streams; stream += 1) {
        const random = numbers(seed + index * 7_919 + stream * 104_729 + name.length * 31);
        const knows: Knows = { asked, name: plan.name };
        const at = open();
        await go(at);
        await carryOut(at, plans(knows, random), random);
        // And once more, of everything.
        const others = Object.values(attacks);
        await carryOut(at, (others[Math.floor(random() * others.length)] ?? plans)(knows, random), random);
        const ending = endings[(index + stream) % endings.length] ?? 'Ctrl-C';
        ends(at, ending);
        for (let tries = 0; at.decided() === null && tries < 50; tries += 1) await turn();
        expect([name, attack, stream, ending, at.decided()?.decision, at.decided()?.confirmations]).toEqual([name, attack, stream, ending, 'declined', []]);
        await restored(at, ending === 'the terminal is closed');
        done += 1;
      }
    }
    expect(done).toBe(Object.keys(attacks).length * streams);
  });
});

import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { lossPhrase, needed } from '../../src/domain/confirmation.ts';
import { noKnowledge } from '../../src/domain/property-hints.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { ReviewResult } from '../../src/domain/review.ts';
import { drawFrame } from '../../src/tui/review/frame/frame.ts';
import { crowded, newKeyReader, readKeys } from '../../src/tui/terminal/keys.ts';
import { layoutOf } from '../../src/tui/terminal/layout.ts';
import { reduce } from '../../src/tui/review/reduce/reduce.ts';
import { reviewScene } from '../../src/tui/review/review-view.ts';
import type { KeyEvent, Size } from '../../src/tui/terminal/view.ts';
import { openScreen } from '../../src/tui/terminal/screen.tsx';
import type { ReviewState } from '../../src/tui/review/state/state.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { openHeadless, type Headless } from '../helpers/headless.ts';
import { platformPlan, platformSteps } from '../helpers/platform-plan.ts';
import { openReviewer } from '../helpers/reviewer.ts';
import { attacks, endings, numbers, type Deed, type Ending, type Knows } from '../helpers/robot.ts';
import { sampleTime } from '../helpers/sample-plan.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20260226);
const streams = Number(process.env['AIPLAN_RUNS'] ?? 6);

/** A small plan with a loss that must be typed, an identity, and a grant. */
const plan: Plan = {
  ...platformPlan(),
  steps: platformSteps
    .filter(({ id }) => ['OldUploads', 'DuplicateDb', 'WebGroup', 'Assets'].includes(id))
    .map((step) => ({ ...step, dependsOn: [] })),
  findings: [],
};
const reduced: Plan = {
  ...plan,
  steps: plan.steps.filter(({ id }) => id !== 'WebGroup'),
  digest: `sha256:${'b'.repeat(64)}`,
};
const size: Size = { columns: 80, rows: 24 };

/** A person at the review: each key alone, with a frame after it. */
interface At {
  press(...keys: readonly string[]): unknown;
  frame(): string;
  replan(answer: 'plan' | 'error'): unknown;
}

/** The review alone, without a screen: its state can be gone on from again and again. */
interface Alone extends At {
  readonly state: ReviewState;
}

function alone(): Alone {
  const reviewer = openReviewer({ plan, size, now: sampleTime });
  return {
    get state() {
      return reviewer.state;
    },
    press: (...keys) => (reviewer.press as (...all: readonly string[]) => unknown)(...keys),
    frame: () => reviewer.screen(),
    replan: (answer) =>
      reviewer.tell(
        answer === 'plan'
          ? { kind: 'replanned', plan: reduced }
          : { kind: 'replan-failed', lines: ['AWS cannot be reached'] },
      ),
  };
}

/** The review on the screen of a terminal. */
interface OnScreen extends At {
  readonly terminal: Headless;
  decided(): ReviewResult | null;
  close(): Promise<void>;
}

function onScreen(): OnScreen {
  const terminal = openHeadless(size.columns, size.rows, { now: () => sampleTime });
  let settle: { readonly done: (plan: Plan) => void; readonly fail: (error: Error) => void } | undefined;
  const { scene, result } = reviewScene({
    plan,
    purpose: 'apply',
    tier: 'T0',
    maxConfirmations: 20,
    knowledge: noKnowledge,
    now: () => sampleTime,
    replan: () =>
      new Promise((done, fail) => {
        settle = { done, fail };
      }),
  });
  const screen = openScreen(terminal.options);
  screen.show(scene);
  let decided: ReviewResult | null = null;
  void result.then((value) => {
    decided = value;
  });
  const frame = (): string => scene.frame(size, sampleTime).map(plainText).join('\n');
  frame();
  return {
    terminal,
    frame,
    decided: () => decided,
    close: () => screen.close(),
    press(...keys) {
      for (const key of keys) {
        for (const event of named.has(key)
          ? [{ kind: key } as KeyEvent]
          : [...key].map((character): KeyEvent => ({ kind: 'character', character }))) {
          scene.handle(event);
          frame();
        }
      }
    },
    async replan(answer) {
      if (answer === 'plan') settle?.done(reduced);
      else settle?.fail(new Error('AWS cannot be reached'));
      await turn();
      frame();
    },
  };
}

const named = new Set(['enter', 'escape', 'down', 'up', 'home', 'end', 'page-down', 'tab']);

function confirm(at: At, id: string): void {
  const step = plan.steps.find((candidate) => candidate.id === id);
  card(at, id);
  at.press(step?.confirm ?? '', 'enter');
  const lost = step === undefined ? null : lossPhrase(step);
  if (lost !== null) at.press(lost, 'enter');
}

/** Opens the card of a step and reads it to its end. */
function card(at: At, id: string): void {
  at.press('home');
  for (let tries = 0; !new RegExp(`^> .* ${id} `, 'mu').test(at.frame()); tries += 1) {
    if (tries > 20) throw new Error(`no ${id} in:\n${at.frame()}`);
    at.press('down');
  }
  at.press('c');
  read(at);
}
function read(at: At): void {
  for (let pages = 0; !/^> /mu.test(at.frame()); pages += 1) {
    if (pages > 50) throw new Error(`it has no end:\n${at.frame()}`);
    at.press('page-down');
  }
}
const confirmAll = (at: At, shown: Plan = plan): void => {
  for (const { id } of needed(shown).confirmations) confirm(at, id);
};
const uploads = plan.steps.find(({ id }) => id === 'OldUploads');
const loss = uploads === undefined ? '' : (lossPhrase(uploads) ?? '');

/** Each moment of a review: how a person comes there, and what is asked there. */
const moments: Readonly<
  Record<string, { readonly go: (at: At) => unknown; readonly asked: string; readonly shows: RegExp }>
> = {
  list: { go: (at) => at.press('down'), asked: 'courses-prod-copy', shows: /c confirm/u },
  detail: { go: (at) => at.press('down', 'enter'), asked: 'courses-prod-copy', shows: /esc back/u },
  search: { go: (at) => at.press('/', 'dup'), asked: 'courses-prod-copy', shows: /enter keeps it/u },
  filter: { go: (at) => at.press('f'), asked: 'courses-prod-copy', shows: /enter filters/u },
  help: { go: (at) => at.press('?'), asked: 'courses-prod-copy', shows: /esc goes back/u },
  'a card that is not read': {
    go: (at) => {
      at.press('home', 'down', 'c');
    },
    asked: 'f60718',
    shows: /loses/u,
  },
  'the line': { go: (at) => card(at, 'DuplicateDb'), asked: 'courses-prod-copy', shows: /Type courses-prod-copy/u },
  'half a text in the line': {
    go: (at) => {
      card(at, 'DuplicateDb');
      at.press('courses-prod');
    },
    asked: '-copy',
    shows: /> courses-prod/u,
  },
  'the loss': {
    go: (at) => {
      card(at, 'OldUploads');
      at.press('courses-uploads-2023', 'enter');
    },
    asked: loss,
    shows: /cannot be brought back/u,
  },
  'half a loss': {
    go: (at) => {
      card(at, 'OldUploads');
      at.press('courses-uploads-2023', 'enter', loss.slice(0, 5));
    },
    asked: loss.slice(5),
    shows: /cannot be brought back/u,
  },
  'the question whether to reject': { go: (at) => at.press('home', 'down', 'r'), asked: 'y', shows: /y rejects/u },
  planning: { go: (at) => at.press('home', 'down', 'r', 'y'), asked: 'f60718', shows: /planning again/u },
  'planned again': {
    go: async (at) => {
      at.press('home', 'down', 'r', 'y');
      await at.replan('plan');
    },
    asked: 'courses-prod-copy',
    shows: /left out/u,
  },
  'planning failed': {
    go: async (at) => {
      at.press('home', 'down', 'r', 'y');
      await at.replan('error');
    },
    asked: 'courses-prod-copy',
    shows: /planning again failed/u,
  },
  'two of three confirmed': {
    go: (at) => {
      confirm(at, 'DuplicateDb');
      confirm(at, 'WebGroup');
    },
    asked: 'courses-uploads-2023',
    shows: /confirmed 2 of 3/u,
  },
  'the question whether to leave': {
    go: (at) => {
      confirm(at, 'DuplicateDb');
      at.press('q');
    },
    asked: 'y',
    shows: /y leaves/u,
  },
  'everything confirmed': { go: (at) => confirmAll(at), asked: plan.name, shows: /confirmed 3 of 3/u },
  'the last line': {
    go: (at) => {
      confirmAll(at);
      at.press('a');
      read(at);
    },
    asked: plan.name,
    shows: /and Enter to apply/u,
  },
  'half a plan name': {
    go: (at) => {
      confirmAll(at);
      at.press('a');
      read(at);
      at.press(plan.name.slice(0, -3));
    },
    asked: plan.name.slice(-3),
    shows: /and Enter to apply/u,
  },
};

async function carryOut(at: OnScreen, deeds: readonly Deed[], random: () => number): Promise<void> {
  for (const deed of deeds) {
    if (deed.kind === 'write') at.terminal.stdin.write(deed.bytes);
    else if (deed.kind === 'resize') at.terminal.resize(deed.columns, deed.rows);
    else at.terminal.stdin.write('\u001a');
    // What is written in one piece is read in one piece; sometimes the program has time to draw in between.
    await turn();
    if (deed.kind === 'suspend') process.emit('SIGCONT');
    if (random() < 0.3) {
      await turn();
      await turn();
    }
  }
}

/** The same without a screen: bytes become keys, and each piece is followed by a frame, or not. */
function goOn(from: ReviewState, deeds: readonly Deed[], random: () => number): ReviewState {
  let [state, reader, at] = [from, newKeyReader, size];
  let crowdedBefore = false;
  for (const deed of deeds) {
    if (deed.kind === 'resize') at = { columns: deed.columns, rows: deed.rows };
    else if (deed.kind === 'write') {
      const pasting = reader.pasting;
      const read = readKeys(reader, deed.bytes, crowdedBefore && random() < 0.5);
      reader = read.reader;
      crowdedBefore = pasting || read.reader.pasting || crowded(read.keys);
      for (const key of read.keys) {
        if (key.kind === 'suspend' || key.kind === 'redraw' || layoutOf(at).tooSmall) continue;
        state = reduce(state, key, { now: sampleTime, shown: () => 'sha256:shown' });
        if (state.place === 'planning' && random() < 0.2)
          state = reduce(state, { kind: 'replanned', plan: reduced }, { now: sampleTime, shown: () => 'sha256:shown' });
      }
    }
    if (random() < 0.7) ({ state } = drawFrame(state, at, sampleTime, noKnowledge));
  }
  return state;
}

function ends(at: OnScreen, ending: Ending): void {
  if (ending === 'Ctrl-C') at.terminal.stdin.write('\u0003');
  else if (ending === 'the terminal is closed') at.terminal.stdin.end();
  else at.terminal.interrupt(ending);
}

/** The terminal as it was: the first screen, the cursor, no marks for pastes, lines wrap, no raw keys. */
async function restored(at: OnScreen, isGone: boolean): Promise<void> {
  await at.close();
  await at.terminal.flushed();
  const written = at.terminal.written();
  const lastOf = (on: string, off: string): boolean => written.lastIndexOf(off) > written.lastIndexOf(on);
  // A terminal that is gone has no mode any more.
  expect([
    at.terminal.alternate(),
    at.terminal.raw() && !isGone,
    lastOf('\u001b[?25l', '\u001b[?25h'),
    lastOf('\u001b[?2004h', '\u001b[?2004l'),
    lastOf('\u001b[?7l', '\u001b[?7h'),
  ]).toEqual([false, false, true, true, true]);
}

describe(`a robot at the keys (seed ${seed})`, () => {
  it.each(Object.keys(moments))('comes to %s as a person does', async (name) => {
    const at = alone();
    await moments[name]?.go(at);
    expect(at.frame()).toMatch(moments[name]?.shows ?? /$^/u);
  });

  it.each(Object.entries(moments))(
    `confirms nothing and approves nothing at %s, in ${streams} streams of each attack`,
    async (name, { go, asked }) => {
      const at = alone();
      await go(at);
      at.frame();
      const { state } = at;
      for (const [index, [attack, plans]] of Object.entries(attacks).entries()) {
        for (let stream = 0; stream < streams; stream += 1) {
          const random = numbers(seed + index * 7_919 + stream * 104_729 + name.length * 31);
          const others = Object.values(attacks);
          const other = others[Math.floor(random() * others.length)] ?? plans;
          const knows: Knows = { asked, name: plan.name };
          const after = goOn(state, [...plans(knows, random), ...other(knows, random)], random);
          const more = [...after.confirmations.keys()].filter((id) => !state.confirmations.has(id));
          expect([name, attack, stream, after.decision === 'approved', more]).toEqual([
            name,
            attack,
            stream,
            false,
            [],
          ]);
        }
      }
    },
  );

  // Four attacks before each ending: every attack once at every moment, and every ending.
  it.each(Object.entries(moments))(
    'leaves the terminal as it was and ends in no at %s, on a screen',
    async (name, { go, asked }) => {
      const all = Object.entries(attacks);
      expect(all.length).toBe(endings.length * 4);
      for (const [index, ending] of endings.entries()) {
        const random = numbers(seed + index * 7_919 + name.length * 31);
        const at = onScreen();
        await go(at);
        for (const [, plans] of all.slice(index * 4, index * 4 + 4))
          await carryOut(at, plans({ asked, name: plan.name }, random), random);
        ends(at, ending);
        for (let tries = 0; at.decided() === null && tries < 50; tries += 1) await turn();
        expect([name, ending, at.decided()?.decision, at.decided()?.confirmations]).toEqual([
          name,
          ending,
          'declined',
          [],
        ]);
        await restored(at, ending === 'the terminal is closed');
      }
    },
  );

  it('would be believed if it typed as a person does: so the moments are what they say', () => {
    const at = alone();
    confirmAll(at);
    at.press('a');
    read(at);
    at.press(plan.name, 'enter');
    expect(at.state.decision).toBe('approved');
  });
});

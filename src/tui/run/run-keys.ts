import type { KeyEvent } from '../terminal/view.ts';
import { movement } from '../review/state/scrolling.ts';
import type { Scrolling, RunState } from './run-model.ts';

/** The effect of a key on the screen of a run. The view handles Ctrl-C and the end of the terminal. */
export function keyPressed(state: RunState, key: KeyEvent, on: Scrolling): RunState {
  if (key.kind === 'paste') return { ...state, message: 'pasted text does not count' };
  switch (state.view) {
    case 'steps':
      return inSteps(state, key, on.page);
    case 'step':
      return inStep(state, key, on);
    case 'choice':
      return inChoice(state, key, on);
    case 'journal':
      return inJournal(state, key, on);
    default:
      return state.view satisfies never;
  }
}

const within = (value: number, last: number): number => Math.max(0, Math.min(last, value));

function inSteps(state: RunState, key: KeyEvent, page: number): RunState {
  const by = movement(key, page);
  if (by !== null)
    return { ...state, cursor: within(state.cursor + by, state.steps.length - 1), following: false, message: '' };
  if (key.kind === 'enter' && state.steps.length > 0) return { ...state, view: 'step', scroll: Infinity, message: '' };
  if (key.kind === 'escape' && state.choices !== null) return { ...state, view: 'choice', scroll: 0, message: '' };
  if (key.kind === 'character' && key.character === 'f')
    return { ...state, following: true, message: 'following what happens' };
  if (key.kind === 'character' && key.character === 'q')
    return {
      ...state,
      message:
        state.choices === null ? 'a run is not left partly done: Ctrl-C stops it' : 'Esc goes back to the question',
    };
  return key.kind === 'character' ? { ...state, message: `"${key.character}" does nothing here` } : state;
}

function inStep(state: RunState, key: KeyEvent, on: Scrolling): RunState {
  const by = movement(key, on.page);
  if (by !== null) {
    const scroll = scrolled(state, by, on);
    // At the end it goes with new lines.
    return { ...state, scroll: scroll >= on.last ? Infinity : scroll, message: '' };
  }
  return isBack(key) ? { ...state, view: 'steps', scroll: 0, message: '' } : state;
}

const scrolled = ({ scroll }: RunState, by: number, { last }: Scrolling): number =>
  within(Math.min(scroll, last) + by, last);

const isBack = (key: KeyEvent): boolean =>
  key.kind === 'escape' ||
  key.kind === 'enter' ||
  key.kind === 'left' ||
  (key.kind === 'character' && key.character === 'q');

/** The default keys do nothing: only a letter chooses, and it must stand alone. */
function inChoice(state: RunState, key: KeyEvent, on: Scrolling): RunState {
  const by = movement(key, on.page);
  const character = key.kind === 'character' && key.together !== true ? key.character : null;
  if (character === 'r' && state.choices?.back !== null && state.choices !== null)
    return { ...state, chosen: 'rollback', message: 'reading AWS for the rollback' };
  if (character === 'k') return { ...state, chosen: 'keep' };
  if (character === 'l') return { ...state, chosen: 'journal', message: 'reading the journal' };
  if (character === 's') return { ...state, view: 'steps', following: false, message: '' };
  if (by !== null) return { ...state, scroll: scrolled(state, by, on) };
  if (key.kind === 'enter' || key.kind === 'escape' || key.kind === 'character')
    return { ...state, message: 'choose with one of the letters below' };
  return state;
}

function inJournal(state: RunState, key: KeyEvent, on: Scrolling): RunState {
  const by = movement(key, on.page);
  if (by !== null) return { ...state, scroll: scrolled(state, by, on), message: '' };
  return isBack(key) ? { ...state, view: 'choice', scroll: 0, message: '' } : state;
}

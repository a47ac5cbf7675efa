import { useEffect, useReducer, useState } from 'react';
import { Box, render, Text, useApp, useInput, type Key } from 'ink';
import { needed } from '../model/confirm.ts';
import { sha256 } from '../model/digest.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { ReviewResult } from '../model/review.ts';
import { cardRows } from '../views/card-rows.ts';
import { plainText } from '../views/rows.ts';
import { paint } from '../views/text.ts';
import { frame, type Size } from './frame.ts';
import { openReview, reduce, type ReviewEvent, type ReviewState } from './state.ts';

export interface ReviewOptions {
  readonly plan: Plan;
  readonly purpose: 'apply' | 'sign' | 'look';
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly color: boolean;
  readonly tier: string;
  readonly maxConfirmations: number;
  /** Calls back on Ctrl-C, hang-up and termination; returns how to stop listening. */
  readonly onInterrupt: (callback: (signal: string) => void) => () => void;
}

/** Alternate screen, and pastes marked as such. */
const enter = '\u001b[?1049h\u001b[?2004h\u001b[H';
const leave = '\u001b[?2004l\u001b[?25h\u001b[?1049l';

/** A key as an event. Everything of more than one character is a paste, whatever it says. */
export function eventOf(input: string, key: Key): ReviewEvent | null {
  if (key.ctrl && input === 'c') return { kind: 'gone', why: 'interrupted with Ctrl-C' };
  if (key.upArrow) return { kind: 'up' };
  if (key.downArrow) return { kind: 'down' };
  if (key.pageUp) return { kind: 'page-up' };
  if (key.pageDown) return { kind: 'page-down' };
  if (key.home) return { kind: 'home' };
  if (key.end) return { kind: 'end' };
  if (key.return && input.length <= 1) return { kind: 'enter' };
  if (key.escape) return { kind: 'escape' };
  if (key.backspace || key.delete) return { kind: 'backspace' };
  if (input === '' || key.ctrl || key.meta || /^[\u0000-\u001f\u007f]$/u.test(input)) return null;
  return [...input].length === 1 ? { kind: 'character', character: input } : { kind: 'paste' };
}

/** Shows the review until the person approves or leaves. The terminal is restored on every way out. */
export async function runReview(options: ReviewOptions): Promise<ReviewResult> {
  const { stdin, stdout, plan } = options;
  let final: ReviewState | undefined;
  let gone: ((why: string) => void) | undefined;
  const restore = (): void => { stdout.write(leave); };
  process.once('exit', restore);
  stdout.write(enter);
  const app = render(
    <Review options={options} onEnd={(state) => { final = state; }} onReady={(callback) => { gone = callback; }} />,
    { stdin, stdout, exitOnCtrlC: false, patchConsole: false },
  );
  const hungUp = (): void => { gone?.('the terminal was closed'); };
  const stopListening = options.onInterrupt((signal) => gone?.(signal === 'SIGINT' ? 'interrupted with Ctrl-C' : `ended by ${signal}`));
  stdin.once('end', hungUp);
  stdin.once('close', hungUp);
  try {
    await app.waitUntilExit();
  } finally {
    stdin.off('end', hungUp);
    stdin.off('close', hungUp);
    stopListening();
    process.off('exit', restore);
    restore();
  }
  if (final?.decision !== 'approved') return { decision: 'declined', confirmations: [], typedName: null, why: final?.why ?? 'the screen was closed' };
  return { decision: 'approved', confirmations: [...final.confirmations.values()], typedName: needed(plan).name ? plan.name : null, why: '' };
}

function Review({ options, onEnd, onReady }: { options: ReviewOptions; onEnd: (state: ReviewState) => void; onReady: (gone: (why: string) => void) => void }) {
  const { plan, stdout, now, color, tier } = options;
  const shown = (step: Step): string => sha256(cardRows(step, plan, now()).map(plainText).join('\n'));
  const [state, send] = useReducer((before: ReviewState, event: ReviewEvent) => reduce(before, event, shown), undefined, () => openReview(plan, options.purpose));
  const [size, setSize] = useState<Size>(() => sizeOf(stdout));
  const [time, setTime] = useState(now());

  useEffect(() => { onReady((why) => send({ kind: 'gone', why })); }, [onReady]);
  useEffect(() => {
    const resized = (): void => setSize(sizeOf(stdout));
    stdout.on('resize', resized);
    const ticking = setInterval(() => setTime(now()), 15_000);
    return () => { stdout.off('resize', resized); clearInterval(ticking); };
  }, [stdout, now]);

  useInput((input, key) => {
    const event = eventOf(input, key);
    if (event === null) return;
    // A screen that was left alone longer than the plan lives confirms nothing any more.
    const late = now() >= Date.parse(plan.expiresAt) && event.kind !== 'gone' && !(event.kind === 'character' && (event.character === 'q' || state.screen === 'leave'));
    send(late ? { kind: 'expired' } : event);
  });

  if (state.decision !== null) return <End state={state} onEnd={onEnd} />;
  const lines = frame(state, size, tier, time);
  return (
    <Box flexDirection="column">
      {lines.map((line, index) => <Text key={index} wrap="truncate">{paint(line, color) || ' '}</Text>)}
    </Box>
  );
}

/** The last frame: hands the final state over and ends the app. */
function End({ state, onEnd }: { state: ReviewState; onEnd: (state: ReviewState) => void }) {
  const { exit } = useApp();
  useEffect(() => { onEnd(state); exit(); }, [state, onEnd, exit]);
  return null;
}

const sizeOf = (stdout: NodeJS.WriteStream): Size => ({ columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 });

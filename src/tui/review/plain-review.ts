import stringWidth from 'string-width';
import type { ReviewResult } from '../../domain/review.ts';
import { row, span, type Row } from '../../views/base/rows.ts';
import { paint, printedLines } from '../../views/base/text.ts';
import { crowded, isOpen, newKeyReader, readKeys, flushPendingKeys, type Key } from '../terminal/keys.ts';
import { answer, begin, planned, type Conversation, type Turn } from './plain-conversation.ts';
import { linesOf, resultOf, shownDigest, type ReviewSceneOptions } from './review-view.ts';
import type { KeyEvent } from '../terminal/view.ts';
import type { ReviewEvent } from './state/state.ts';
import { notStoppedAfter, stopJob } from '../terminal/terminal.ts';

export type PlainReviewOptions = ReviewSceneOptions & {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly color: boolean;
  /** Calls back on hang-up and termination; returns how to stop listening. */
  readonly onInterrupt: (callback: (signal: string) => void) => () => void;
  /** How the process stops after Ctrl-Z; for tests. */
  readonly stop?: () => void;
};

/** Pastes are marked as such; nothing else is asked of the terminal. */
const markPastes = '\u001b[?2004h';
const leavePastes = '\u001b[?2004l';
/** Lines are broken between words, but for no narrower terminal than this. */
const narrowest = 20;
/**
 * Milliseconds: until an escape character alone is a key and a paste without end is over; until a key is none of a
 * paste any more; in which a continued process hears of it.
 */
const times = { settle: 1_000, afterPaste: 25, heard: 20 };

/**
 * The review as a conversation in plain lines, for screen readers and for whoever wants no screen: no other screen, no
 * moving about, nothing that turns. The rules are those of the screen. Answers the person's decision; silence, a closed
 * terminal, Ctrl-C and Ctrl-D are no. The terminal is restored on every way out.
 */
export async function plainReview(options: PlainReviewOptions): Promise<ReviewResult> {
  const { stdin, stdout, color, now, plan, replan, stop = stopJob } = options;
  const write = (text: string): void => {
    if (!stdout.destroyed && stdout.writable) stdout.write(text);
  };
  const raw = (on: boolean): void => {
    if (stdin.isTTY && !stdin.destroyed) stdin.setRawMode(on);
  };
  const moment = (time: number) => ({
    now: time,
    shown: (step: Parameters<typeof shownDigest>[0]) => shownDigest(step, conversation?.review.plan ?? plan, time),
  });
  let conversation: Conversation | undefined;
  let settle: (why: void) => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    settle = resolve;
  });

  const say = (rows: readonly Row[]): void =>
    write(
      rows
        .flatMap((line) => printedLines(line, Math.max(narrowest, stdout.columns || 80)))
        .map((line) => `${paint(line, color)}\n`)
        .join(''),
    );
  const prompt = (): void => write(`> ${paint(row(0, span(conversation?.line ?? '')), color)}`);
  const take = (turn: Turn): void => {
    const before = conversation;
    conversation = turn.conversation;
    if (turn.say.length > 0 || before?.review !== conversation.review) {
      if (before !== undefined) write('\n');
      say(turn.say);
      if (conversation.review.decision === null) prompt();
    } else echo(before?.line ?? '', conversation.line);
    if (conversation.review.decision !== null) settle();
    else if (conversation.review.place === 'planning' && before?.review.place !== 'planning') planAgain(conversation);
  };
  const echo = (before: string, after: string): void => {
    if (after.startsWith(before)) return write(paint(row(0, span(after.slice(before.length))), false));
    const columns = stringWidth(span(before.slice(after.length)).text);
    write(`${'\b'.repeat(columns)}${' '.repeat(columns)}${'\b'.repeat(columns)}`);
  };
  const planAgain = ({ review: { rejected, leavingOut } }: Conversation): void => {
    const told = (event: Extract<ReviewEvent, { kind: 'replanned' | 'replan-failed' }>): void => {
      if (conversation?.review.decision === null) take(planned(conversation, event, moment(now())));
    };
    if (replan === null || leavingOut === null)
      return told({ kind: 'replan-failed', lines: ['steps of this plan cannot be left out here'] });
    replan([...new Set([...rejected, leavingOut.id])].sort()).then(
      (after) => told({ kind: 'replanned', plan: after }),
      (error: unknown) => told({ kind: 'replan-failed', lines: linesOf(error) }),
    );
  };
  const hear = (event: KeyEvent): void => {
    if (conversation?.review.decision === null) take(answer(conversation, event, moment(now())));
  };

  let reader = newKeyReader;
  let crowdedAt = -Infinity;
  let settling: NodeJS.Timeout | undefined;
  const pressed = (key: Key): void => {
    if (key.kind === 'suspend') suspend();
    else if (key.kind === 'redraw') {
      write('\n');
      prompt();
    } else hear(key);
  };
  const onData = (chunk: Buffer | string): void => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    clearTimeout(settling);
    const read = readKeys(reader, bytes, performance.now() - crowdedAt < times.afterPaste);
    if (crowded(read.keys) || read.reader.pasting) crowdedAt = performance.now();
    reader = read.reader;
    for (const key of read.keys) pressed(key);
    // Where lines are read, Ctrl-D ends the input; on the screen it turns the page.
    if (bytes.includes(4) && !reader.pasting) hear({ kind: 'gone', why: 'the input was ended (Ctrl-D)' });
    if (isOpen(reader)) {
      settling = setTimeout(() => {
        const rest = flushPendingKeys(reader);
        reader = rest.reader;
        for (const key of rest.keys) pressed(key);
      }, times.settle);
    }
  };
  let late: NodeJS.Timeout | undefined;
  const suspend = (): void => {
    write(`${leavePastes}\n`);
    raw(false);
    // A stopped process finds this over when it continues, before it hears of it: it then waits for the signal.
    late = setTimeout(() => {
      late = setTimeout(resume, times.heard);
    }, notStoppedAfter);
    stop();
  };
  const resume = (): void => {
    clearTimeout(late);
    if (conversation?.review.decision !== null) return;
    raw(false);
    raw(true);
    write(`${markPastes}\n`);
    prompt();
  };
  const closed = (): void => hear({ kind: 'gone', why: 'the terminal was closed' });
  const restore = (): void => {
    write(leavePastes);
    raw(false);
  };

  raw(true);
  write(markPastes);
  process.once('exit', restore);
  if (process.platform !== 'win32') process.on('SIGCONT', resume);
  const stopListening = options.onInterrupt((signal) =>
    hear(signal === 'SIGINT' ? { kind: 'interrupt' } : { kind: 'gone', why: `ended by ${signal}` }),
  );
  for (const name of ['end', 'close', 'error'] as const) stdin.on(name, closed);
  try {
    const time = now();
    take(
      begin(
        {
          plan,
          purpose: options.purpose,
          tier: options.tier,
          maxConfirmations: options.maxConfirmations,
          canReject: replan !== null,
        },
        moment(time),
      ),
    );
    stdin.on('data', onData);
    stdin.resume();
    if (stdin.destroyed || stdin.readableEnded) closed();
    await over;
  } finally {
    clearTimeout(settling);
    clearTimeout(late);
    stdin.off('data', onData);
    for (const name of ['end', 'close', 'error'] as const) stdin.off(name, closed);
    stdin.pause();
    stopListening();
    process.off('exit', restore);
    process.off('SIGCONT', resume);
    restore();
  }
  if (conversation === undefined) throw new Error('a review that never began');
  return resultOf(conversation.review);
}

import { useEffect, useState } from 'react';
import { Box, render, Text, useApp, useInput } from 'ink';
import type { Row } from '../views/rows.ts';
import { paint, wrap } from '../views/text.ts';
import { eventOf } from './review.tsx';

export interface TypeLineOptions {
  readonly question: readonly Row[];
  readonly wanted: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly color: boolean;
  readonly onInterrupt: (callback: (signal: string) => void) => () => void;
}

/** Asks for one text to be typed, character by character. True only for the exact text; everything else is no. */
export async function typeLine(options: TypeLineOptions): Promise<boolean> {
  let said = false;
  let leave: (() => void) | undefined;
  const app = render(<Line options={options} onSaid={() => { said = true; }} onReady={(callback) => { leave = callback; }} />, { stdin: options.stdin, stdout: options.stdout, exitOnCtrlC: false, patchConsole: false });
  const gone = (): void => leave?.();
  const stop = options.onInterrupt(gone);
  options.stdin.once('end', gone);
  try {
    await app.waitUntilExit();
  } finally {
    stop();
    options.stdin.off('end', gone);
  }
  return said;
}

function Line({ options, onSaid, onReady }: { options: TypeLineOptions; onSaid: () => void; onReady: (leave: () => void) => void }) {
  const { exit } = useApp();
  const [typed, setTyped] = useState('');
  const [message, setMessage] = useState('');
  useEffect(() => { onReady(() => exit()); }, [onReady, exit]);
  useInput((input, key) => {
    const event = eventOf(input, key);
    if (event === null) return;
    if (event.kind === 'gone' || event.kind === 'escape') exit();
    else if (event.kind === 'paste') { setTyped(''); setMessage('pasted text does not count: type it'); }
    else if (event.kind === 'character') { setTyped(typed + event.character); setMessage(''); }
    else if (event.kind === 'backspace') setTyped(typed.slice(0, -1));
    else if (event.kind === 'enter') {
      if (typed === options.wanted) { onSaid(); exit(); }
      else { setTyped(''); setMessage(`that is not ${options.wanted}`); }
    }
  });
  const width = options.stdout.columns ?? 80;
  return (
    <Box flexDirection="column">
      {options.question.flatMap((line) => wrap(line, width)).map((line, index) => <Text key={index}>{paint(line, options.color) || ' '}</Text>)}
      {message === '' ? null : <Text>{message}</Text>}
      <Text>{`> ${typed}`}</Text>
    </Box>
  );
}

import type { CallPurpose, Phase } from './journal.ts';

/** `verify-capture` reads a capture back, `verify` what the step changed; the others are what its calls are for. */
export type Stage = CallPurpose | 'verify-capture' | 'verify';

/** Everything that apply and rollback say while they run. The renderers decide what is shown. */
export type RunEvent =
  | { readonly kind: 'phase'; readonly phase: Phase }
  | {
      readonly kind: 'step';
      readonly step: string;
      readonly state: 'started' | 'done' | 'failed' | 'pending' | 'kept';
      readonly text: string;
    }
  /** The stage of a step, before its calls. */
  | { readonly kind: 'stage'; readonly step: string; readonly stage: Stage }
  | {
      readonly kind: 'call';
      readonly step: string;
      readonly call: string;
      readonly state: 'sent' | 'answered' | 'failed';
      readonly purpose: string;
    }
  | {
      readonly kind: 'progress';
      readonly step: string;
      readonly text: string;
      readonly fraction: number | null;
      /** Milliseconds since the wait began. */
      readonly elapsed?: number;
      /** Calls of a batch that were sent since the event before. */
      readonly sent?: number;
    }
  | { readonly kind: 'captured'; readonly step: string; readonly text: string }
  | { readonly kind: 'finding'; readonly step: string | null; readonly code: string; readonly text: string }
  | { readonly kind: 'end'; readonly outcome: string; readonly text: string };

/** Time is a port: `now` in milliseconds since 1970, `sleep` in milliseconds, ended early by the signal. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

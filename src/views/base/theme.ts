import type { Action, Step } from '../../domain/plan.ts';
import type { Tone } from './rows.ts';

/** One glyph for each action, beside its word and its colour. */
export const glyphs: Readonly<Record<Action, string>> = {
  create: '+',
  update: '~',
  replace: '±',
  delete: '-',
  keep: '=',
};

/** SGR parameters for each tone; readable on light and on dark backgrounds. */
export const sgr: Readonly<Record<Tone, string>> = {
  plain: '',
  title: '1',
  muted: '2',
  destroy: '1;31',
  grant: '1;35',
  change: '33',
  create: '32',
  good: '32',
  warning: '33',
  claim: '3;36',
  unknown: '1;31',
  removed: '31',
  added: '32',
  'removed-word': '1;4;31',
  'added-word': '1;4;32',
};

/** The tone in which a step's own line is written. */
export function toneOf(step: Step): Tone {
  if (step.blocked || step.destruction !== null) return 'destroy';
  if (step.grant !== null) return 'grant';
  return ({ create: 'create', update: 'change', replace: 'destroy', delete: 'destroy', keep: 'muted' } as const)[
    step.action
  ];
}

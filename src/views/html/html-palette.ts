import type { Tone } from '../base/rows.ts';

/** The colours of one scheme. `surfaces` are all the backgrounds that text may stand on. */
export interface Scheme {
  readonly surfaces: {
    readonly page: string;
    readonly panel: string;
    readonly sunken: string;
    readonly 'destroy-tint': string;
    readonly 'grant-tint': string;
  };
  readonly line: string;
  readonly tones: Readonly<Record<Tone, string>>;
}

/**
 * Both schemes. Each tone has a contrast of at least 4.5 : 1 on each surface (WCAG 2.2, success criterion 1.4.3), which
 * test/unit/html.test.ts works out.
 */
export const schemes: Readonly<Record<'light' | 'dark', Scheme>> = {
  light: {
    surfaces: {
      page: '#f4f5f7',
      panel: '#ffffff',
      sunken: '#eef0f4',
      'destroy-tint': '#fdeceb',
      'grant-tint': '#f8ecfc',
    },
    line: '#d5d9e0',
    tones: {
      plain: '#1c2128',
      title: '#0b0e12',
      muted: '#545d69',
      destroy: '#b3160f',
      grant: '#8322a6',
      change: '#7a4f00',
      create: '#13653a',
      good: '#13653a',
      warning: '#8a4500',
      claim: '#0c5a78',
      unknown: '#b3160f',
      removed: '#b3160f',
      added: '#13653a',
      'removed-word': '#b3160f',
      'added-word': '#13653a',
    },
  },
  dark: {
    surfaces: {
      page: '#0e1116',
      panel: '#161b22',
      sunken: '#1d232c',
      'destroy-tint': '#33191b',
      'grant-tint': '#2b1a36',
    },
    line: '#323a45',
    tones: {
      plain: '#dfe4ea',
      title: '#f5f7fa',
      muted: '#9aa5b3',
      destroy: '#ff8b80',
      grant: '#dba5ff',
      change: '#e5bd66',
      create: '#74d99b',
      good: '#74d99b',
      warning: '#f2b069',
      claim: '#74c7e8',
      unknown: '#ff8b80',
      removed: '#ff8b80',
      added: '#74d99b',
      'removed-word': '#ff8b80',
      'added-word': '#74d99b',
    },
  },
};

/** The custom properties of a scheme as CSS declarations. */
export const variables = ({ surfaces, line, tones }: Scheme): string =>
  [...Object.entries(surfaces), ['line', line], ...Object.entries(tones).map(([tone, color]) => [`t-${tone}`, color])]
    .map(([name, color]) => `--${name}:${color};`)
    .join('');

import { resolve } from 'node:path';
import { mask, maskKeyInUse, maskKeysIn } from '../../base/digest.ts';
import { exitCodes, UserError } from '../../base/error.ts';
import type { Plan, PlannedText } from '../../domain/plan.ts';
import { readSmall } from '../../store/objects/files.ts';
import type { Io } from './io.ts';
import { textReader } from './command-context.ts';

/** Reads the texts that a change plan names by `!Text PATH`. */
export interface TextSource {
  /** Throws UserError `no-such-file`, `text-outside`. */
  read(path: string): string;
  /** The texts that were read until now. */
  readonly seen: ReadonlyMap<string, PlannedText>;
}

/**
 * The mark that tells one text from another: with the key of the account, because such a text may hold a secret (law
 * 11).
 */
const textDigest = (path: string, text: string): string => mask(`!Text ${path}`, text).digest ?? '';

/** The texts beside a change plan. `file`: the change plan, relative to the current folder. */
export function textsBeside(io: Io, file: string): TextSource {
  const reader = textReader(io, file);
  return remembering((path) => ({ text: reader(path), file: resolve(io.current, file, '..', path) }));
}

/** Longer ones were not read when the plan was made either. */
const mostBytes = 1_000_000;

/**
 * The texts that a plan was made with, wherever it is taken up again: from where they were read, from beside the plan
 * file, or from the current folder, whichever still has exactly the text that was planned. The place is a claim and
 * nothing is taken on its word: a text counts only by its digest, so that no plan file and no journal can carry another
 * file of the machine into a plan. Throws UserError `text-changed` (exit 4), which names the file.
 */
export function textsAsPlanned(io: Io, { texts = [] }: Pick<Plan, 'texts'>, file: string, next: string): TextSource {
  const known = new Map(texts.map((planned) => [planned.path, found(io, planned, file, next)]));
  const reader = textReader(io, file);
  return remembering((path) => known.get(path) ?? { text: reader(path), file: resolve(io.current, file, '..', path) });
}

interface Found {
  readonly text: string;
  readonly file: string;
}

function found(io: Io, { path, file: was, digest }: PlannedText, file: string, next: string): Found {
  const places = [...new Set([was, resolve(io.current, file, '..', path), resolve(io.current, path)])];
  const there = places.flatMap((place) => {
    const text = readSmall(place, mostBytes);
    return text === null ? [] : [{ text, file: place }];
  });
  const same = there.find(({ text }) => textDigest(path, text) === digest);
  if (same !== undefined) return same;
  const changed = there[0];
  const [made] = maskKeysIn(JSON.stringify(digest));
  if (changed !== undefined && made !== maskKeyInUse()) {
    throw new UserError(
      'text-unproven',
      `whether "${path}" is what it was when the plan was made cannot be told: another key compared it then`,
      {
        exitCode: exitCodes.stale,
        where: changed.file,
        help: `nothing was changed. Plans go from home to home once \`aiplan setup\` has made the key in the capture bucket; ${next}`,
      },
    );
  }
  throw new UserError(
    'text-changed',
    changed === undefined
      ? `"${path}", which the plan was made with, is not there any more`
      : `"${path}" is not what it was when the plan was made`,
    {
      exitCode: exitCodes.stale,
      where: changed?.file ?? was,
      help: `nothing was changed. Bring it back as it was then, at "${was}" or in the current folder; ${next}`,
    },
  );
}

function remembering(read: (path: string) => Found): TextSource {
  const seen = new Map<string, PlannedText>();
  return {
    seen,
    read(path) {
      const { text, file } = read(path);
      // Made when it is asked for: a change plan is read before anybody knows whose key it takes.
      seen.set(path, {
        path,
        file,
        get digest() {
          return textDigest(path, text);
        },
      });
      return text;
    },
  };
}

import { UserError, type ExitCode } from '../../base/error.ts';
import type { Json } from '../../base/json.ts';
import type { ConsentOptions } from '../planning/consent.ts';
import { keepOrWalk } from './rollback.ts';
import type { CommandContext } from '../context/command-context.ts';
import { bringingOut } from '../planning/bringing-out.ts';

export interface RestoreOptions extends ConsentOptions {
  readonly as?: string;
  readonly set?: readonly string[];
  readonly fromAws?: boolean;
  readonly out?: string;
}

/**
 * `aiplan captures restore RUN/STEP [--as NAME] [--set NAME=VALUE]`: the data of a capture as a resource of its own,
 * beside whatever there is, by the road of every plan. Throws UserError `no-capture`, `bad-set`, and whatever reading
 * the run throws.
 */
export async function restoreCapture(
  context: CommandContext,
  capture: string | undefined,
  { as, set = [], fromAws = false, ...options }: RestoreOptions,
): Promise<ExitCode> {
  const [, run, step] = /^([^/]+)\/(.+)$/u.exec(capture ?? '') ?? [];
  if (run === undefined || step === undefined)
    throw new UserError(
      'no-capture',
      `${capture === undefined ? 'no capture was named' : `"${capture}" is no capture`}: one is named RUN/STEP`,
      { help: '`aiplan captures` lists them, `aiplan rollback --from-aws` the runs that the capture bucket knows of' },
    );
  const source = await bringingOut(context, {
    run,
    step,
    as: as ?? null,
    instead: Object.fromEntries(set.map(pairOf)),
    fromAws,
  });
  return keepOrWalk(context, source, options);
}

/** A value as JSON where it is any, else as text. */
function pairOf(text: string): readonly [string, Json] {
  const at = text.indexOf('=');
  if (at < 1)
    throw new UserError('bad-set', `"${text}" is not NAME=VALUE`, {
      help: 'for example --set SubnetId=subnet-0a1b2c3d, or --set \'SecurityGroupIds=["sg-0a1b2c3d"]\'',
    });
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value) as Json];
  } catch {
    // A text need not be quoted.
    return [text.slice(0, at), value];
  }
}

import { homedir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../base/error.ts';

/** The emulator's version that the proxy was made for. */
export const emulatorVersion = '5.2.1';

/** The variables that matter here: `AIPLAN_PYTHON` (a Python that has moto) and `XDG_CACHE_HOME`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The folder of the private virtual environment that `npm run setup` makes where no Python has moto. */
export const privateEnvironment = (environment: Environment): string =>
  join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'aiplan', `moto-${emulatorVersion}`);

/** The Python commands that are tried, in order. */
export const candidates = (environment: Environment): readonly string[] => {
  const chosen = environment['AIPLAN_PYTHON'];
  if (chosen !== undefined && chosen !== '') return [chosen];
  const folder = privateEnvironment(environment);
  return ['python3', 'python', join(folder, 'bin', 'python3'), join(folder, 'Scripts', 'python.exe')];
};

/** The error where none of them has moto. */
export function emulatorMissing(environment: Environment): UserError {
  const chosen = environment['AIPLAN_PYTHON'];
  return new UserError(
    'emulator-missing',
    chosen === undefined || chosen === ''
      ? 'No Python here has the AWS emulator moto'
      : `AIPLAN_PYTHON is "${chosen}", which cannot import moto`,
    {
      help: `Install it with: python3 -m pip install "moto[server]==${emulatorVersion}" (Python 3.9 or newer), or point --endpoint at any AWS emulator that runs.`,
    },
  );
}

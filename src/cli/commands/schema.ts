import { languageJsonSchema } from '../../language/json-schema.ts';
import { exitCodes, type ExitCode } from '../../base/error.ts';
import { printJson } from '../context/output.ts';
import type { World } from '../context/command-context.ts';

/** `aiplan schema`: the JSON Schema of the whole language, for editors and models. */
export async function schema(world: World): Promise<ExitCode> {
  printJson(world.io, languageJsonSchema(world.types, world.schemas));
  return exitCodes.done;
}

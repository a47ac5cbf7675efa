import { languageJsonSchema } from '../change/json-schema.ts';
import { exitCodes, type ExitCode } from '../model/error.ts';
import { printJson } from './output.ts';
import type { World } from './world.ts';

/** `aiplan schema`: the JSON Schema of the whole language, for editors and models. */
export async function schema(world: World): Promise<ExitCode> {
  printJson(world.io, languageJsonSchema(world.types, world.schemas));
  return exitCodes.done;
}

import { languageJsonSchema } from '../../language/json-schema.ts';
import { exitCodes, type ExitCode } from '../../base/error.ts';
import { printJson } from '../context/output.ts';
import type { CommandContext } from '../context/command-context.ts';

/** `aiplan schema`: the JSON Schema of the whole language, for editors and models. */
export async function schema(context: CommandContext): Promise<ExitCode> {
  printJson(context.io, languageJsonSchema(context.types, context.schemas));
  return exitCodes.done;
}

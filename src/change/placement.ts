import type { Json } from '../model/json.ts';
import { isUnsafe } from '../model/sanitise.ts';
import { limits } from './limits.ts';
import { list, quote } from './problems.ts';
import { readSpecial, specialJson, specialTag, type Special } from './special.ts';
import { said, type SecretSources, type Spot, type ValueContext } from './values-context.ts';

/** Judges whether a tag may stand where it stands, and gives its JSON. */
export function placeSpecial(special: Special, spot: Spot, context: ValueContext): Json | undefined {
  const { mode, rules, problems, references, schema, address } = context;
  const { at } = spot.node;
  switch (special.kind) {
    case 'any':
      if (mode === 'expect') return specialJson(special);
      problems.error('any-not-allowed', at, `!Any means "is set" and stands only in  expect`, 'write the value');
      return undefined;
    case 'ref': case 'attribute':
      if (mode !== 'properties') {
        problems.error('reference-not-allowed', at, `${mode} says what is live now and cannot refer to another entry`, 'write the value itself; aiplan inventory prints it');
        return undefined;
      }
      references.push({ address, at, place: spot.place, special, wanted: spot.type, refers: spot.property?.refers });
      return specialJson(special);
    case 'env': case 'file':
      problems.error('secret-not-allowed', at, `${special.kind === 'env' ? '!Env' : '!File'} is not allowed in ${said(spot)}: secrets go only where AWS never shows them again`, rules.secretInput.length === 0 ? `${schema.type} has no such property` : `allowed in: ${list(rules.secretInput)}`);
      return undefined;
    case 'text':
      return readText(special.path, spot, context);
    default: return special satisfies never;
  }
}

/** A password-like property: only `!Env` and `!File`. The value found there is never quoted. */
export function readSecret(spot: Spot, { mode, problems, secrets }: ValueContext): Json | undefined {
  const { node, path } = spot;
  if (mode !== 'properties') {
    problems.error('secret-not-comparable', node.at, `${path} can never be read, so it cannot stand in  ${mode}`, 'delete the line');
    return undefined;
  }
  const tag = specialTag(node)?.tag;
  if (tag !== '!Env' && tag !== '!File') {
    problems.error('literal-secret', node.at, `${path} is a secret and must not stand in a change plan`, `${path}: !Env AIPLAN_SECRET_${path.replace(/.*\./u, '').replace(/([a-z])([A-Z])/gu, '$1_$2').toUpperCase()}\nset that variable where aiplan runs; if the text was a real secret, change it`);
    return undefined;
  }
  const special = readSpecial(node, problems);
  if (special?.kind !== 'env' && special?.kind !== 'file') return undefined;
  const source = special.kind === 'env' ? special.name : special.path;
  if (isUnsafe(source)) { problems.unsafe(node.at, source); return undefined; }
  if (secrets !== undefined) {
    const allowed = special.kind === 'env' ? prefixesOf(secrets).some((prefix) => source.startsWith(prefix)) : secrets.files.includes(source);
    if (!allowed) {
      problems.error('secret-source-not-allowed', node.at, `${tag} ${quote(source)} is not an allowed source of secrets`, special.kind === 'env' ? `use a name that begins with ${prefixesOf(secrets).join(' or ')}` : `allowed: ${list(secrets.files) || 'none'}; the configuration outside the working tree lists them`);
      return undefined;
    }
  }
  return specialJson(special);
}

const prefixesOf = ({ prefixes }: SecretSources): readonly string[] => [...new Set(['AIPLAN_SECRET_', ...prefixes])];

/** `!Text path`: the file's text, relative to the change plan, in the properties that are shown masked and written as text. */
function readText(path: string, spot: Spot, { mode, rules, problems, readText: read }: ValueContext): Json | undefined {
  const { node, path: property, inList } = spot;
  const refuse = (message: string, help: string): undefined => problems.error('text-not-readable', node.at, message, help) as undefined;
  if (mode !== 'properties' || inList || !rules.sensitive.includes(property)) {
    problems.error('text-not-allowed', node.at, `!Text is not allowed in ${said(spot)}`, rules.sensitive.length === 0 ? 'write the text itself' : `allowed in: ${list(rules.sensitive)}`);
    return undefined;
  }
  if (isUnsafe(path) || /^[/~\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)/u.test(path)) return refuse(`${quote(path)} does not lie beside the change plan`, 'name a file relative to the change plan, without  ..');
  if (read === undefined) return refuse(`!Text ${quote(path)} cannot be read here`, 'write the text itself');
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    return refuse(`!Text ${quote(path)} could not be read: ${quote(error instanceof Error ? error.message : String(error))}`, 'is the file there?');
  }
  if (text.length > limits.text) return refuse(`${quote(path)} has ${text.length} characters; at most ${limits.text} are read`, 'make it shorter');
  if (isUnsafe(text.replace(/[\n\t\r]/gu, ' '))) return refuse(`${quote(path)} holds characters that are invisible or control the screen`, 'delete them from the file');
  return text;
}

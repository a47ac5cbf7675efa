import { loadSchema, loadTypeNames } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { parseChangePlan } from '../../src/language/parse.ts';
import { staticAsks } from '../../src/plan/asks.ts';
import { plan } from '../../src/plan/planner.ts';
import { namedTypes, namings } from '../../src/plan/diff/relations.ts';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import type { Finding } from '../../src/domain/finding.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { plainConfiguration, planningNow } from './planning-samples.ts';

/** What `aiplan plan` says of a file in an account in which every id that the file names is live. */
export function planOnce(text: string): { readonly findings: readonly Finding[]; readonly reviewable: boolean } {
  const { changePlan, draft, findings } = parseChangePlan(text, {
    file: 'plan.yaml',
    schemas: loadSchema,
    types: resourceTypes,
    typeNames: loadTypeNames,
    secrets: { prefixes: [], files: [] },
  });
  if (changePlan === null) {
    const asks =
      draft === null
        ? []
        : staticAsks(draft, { types: resourceTypes, schemas: loadSchema, configuration: plainConfiguration });
    return { findings: [...findings, ...asks], reviewable: false };
  }
  const { plan: planned } = plan({
    changePlan,
    text,
    live: accountOf(changePlan),
    types: resourceTypes,
    schemas: loadSchema,
    configuration: plainConfiguration,
    now: planningNow,
    findings,
  });
  return {
    findings: planned.findings,
    reviewable:
      planned.steps.every(({ blocked }) => !blocked) && !planned.findings.some(({ severity }) => severity === 'error'),
  };
}

function accountOf(changePlan: ChangePlan) {
  const resources = new Map<string, LiveResource>();
  const put = (type: string, identity: string, properties: JsonObject): void => {
    const state = resourceTypes.get(type)?.rules.changeableStates[0] ?? 'present';
    const attributes: JsonObject = {
      Value: 'ami-0123456789abcdef0',
      Interfaces: [{ NetworkInterfaceId: 'eni-1', DeviceIndex: 0, AttachmentId: 'a-1', DeleteOnTermination: true }],
    };
    if (!resources.has(`${type} ${identity}`))
      resources.set(`${type} ${identity}`, {
        type,
        identity,
        incarnation: identity,
        properties,
        attributes,
        systemTags: {},
        state,
        pending: {},
        binding: { dependents: [], protections: [] },
        observed: {
          versions: 3,
          deleteMarkers: 0,
          objects: 3,
          bytes: 30,
          uploads: 0,
          archived: 0,
          largestObject: 10,
          lastWrite: planningNow,
          countedAt: planningNow,
        },
        detailed: true,
      });
  };
  // Images are the account's own, those that a parameter names too.
  const own = { OwnerId: changePlan.target.account };
  put('AWS::EC2::Image', 'ami-0123456789abcdef0', own);
  for (const { type, properties = {} } of changePlan.resources)
    for (const looked of resourceTypes.get(type)?.rules.looksUp?.(properties) ?? [])
      put(looked.type, looked.identity, own);
  for (const { type, id, expect } of changePlan.resources) if (id !== undefined) put(type, id, expect ?? {});
  for (const { type, properties } of changePlan.resources) {
    const schema = loadSchema(type);
    if (schema === undefined || properties === undefined) continue;
    for (const naming of namings(schema, properties))
      for (const named of namedTypes(naming, resourceTypes, loadSchema) ?? []) put(named, naming.value, {});
  }
  const target = {
    account: changePlan.target.account,
    region: changePlan.target.region,
    caller: 'arn',
    endpoint: null,
  };
  return {
    format: 'aiplan/live@1' as const,
    target,
    readAt: planningNow,
    recorded: false,
    resources: [...resources.values()],
    absent: [],
    complete: resourceTypes.all.map(({ type }) => type),
    failures: [],
    calls: {},
    account: {},
  };
}

/**
 * What an agent knows that no error can tell: ids that `aiplan inventory` prints, by type, and what its placeholders
 * stood for.
 */
export interface Knowledge {
  readonly ids: Readonly<Record<string, string>>;
  readonly meant: Readonly<Record<string, string>>;
}

/**
 * The file with each error answered as its help says; nothing else is changed. Throws where an error hands over nothing
 * that can be done.
 */
export function repaired(text: string, findings: readonly Finding[], knowledge: Knowledge): string {
  const whole = findings.find(({ code }) => code === 'cloudformation-template' || code === 'terraform-configuration');
  if (whole !== undefined) return `${whole.help ?? ''}\n`;
  const edits = findings.filter(({ severity, code }) => severity === 'error' || code === 'when-needed');
  // From the end, so that the lines above keep their numbers; deletions of whole entries last.
  return edits
    .toSorted((a, b) => rank(a) - rank(b) || (b.line ?? 0) - (a.line ?? 0) || (b.column ?? 0) - (a.column ?? 0))
    .reduce(
      (file, finding) => answer(file, finding, knowledge),
      text
        .split('\n')
        .map((line, index) => `${index + 1}\u0000${line}`)
        .join('\n'),
    )
    .split('\n')
    .map((line) => line.replace(/^\d+\u0000/u, ''))
    .join('\n');
}

const rank = ({ code, message }: Finding): number =>
  code === 'yaml-syntax' && message.startsWith('tabs')
    ? -1
    : code === 'type-not-supported' || code === 'type-read-only'
      ? 1
      : 0;

/** Lines carry the number that they had, so that an edit finds its line after others. */
class Lines {
  readonly lines: string[];
  constructor(file: string) {
    this.lines = file.split('\n');
  }
  at(line: number): number {
    return this.lines.findIndex((text) => text.startsWith(`${line}\u0000`));
  }
  text(index: number): string {
    return (this.lines[index] ?? '').replace(/^\d+\u0000/u, '');
  }
  set(index: number, text: string): void {
    this.lines[index] = `${/^\d+\u0000/u.exec(this.lines[index] ?? '')?.[0] ?? ''}${text}`;
  }
  /** First and last line of an entry under `resources:`. */
  entry(address: string): readonly [number, number] {
    const start = this.lines.findIndex((_, index) => this.text(index).startsWith(`  ${address}:`));
    let end = start + 1;
    while (end < this.lines.length && (/^ {3,}/u.test(this.text(end)) || this.text(end).trim() === '')) end += 1;
    return [start, end];
  }
  remove(address: string): void {
    const [start, end] = this.entry(address);
    if (start >= 0) this.lines.splice(start, end - start);
  }
  insert(index: number, added: readonly string[]): void {
    this.lines.splice(index, 0, ...added);
  }
  toString(): string {
    return this.lines.join('\n');
  }
}

const indented = (lines: string, by: number): string[] =>
  lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `${' '.repeat(by)}${line}`);

function answer(
  file: string,
  { code, line, column, step, message, help = '' }: Finding,
  { ids, meant }: Knowledge,
): string {
  const all = new Lines(file);
  const at = all.at(line ?? -1);
  const own = all.text(at);
  const [first = ''] = help.split('\n');
  const typeOf = (address: string): string => {
    const [from, to] = all.entry(address);
    return (
      Array.from({ length: to - from }, (_, index) => all.text(from + index))
        .join('\n')
        .match(/type: *(\S+)/u)?.[1] ?? ''
    );
  };
  const intoEntry = (lines: readonly string[]): void => {
    all.insert(all.entry(step ?? '')[0] + 1, lines);
  };
  const intoProperties = (address: string, lines: readonly string[]): void => {
    const [from, to] = all.entry(address);
    const index =
      Array.from({ length: to - from }, (_, offset) => from + offset).find(
        (index) => all.text(index).trim() === 'properties:',
      ) ?? -2;
    if (index < 0) throw new Error(`no properties in ${address}`);
    all.insert(index + 1, lines);
  };
  const replaceLine = (text: string): void => {
    all.set(at, `${/^ *(?:- )?/u.exec(own)?.[0] ?? ''}${text}`);
  };
  switch (code) {
    case 'missing-field':
      if (step === null) all.insert(1, [first]);
      else if (/needs {2}?id\b|needs {2}id|needs id/u.test(message)) intoEntry([`    id: ${ids[typeOf(step)] ?? ''}`]);
      else intoEntry([`    ${first}`]);
      break;
    case 'unnamed-removal':
      if (help.includes('\n')) intoEntry(help.split('\n').slice(1));
      break;
    case 'reason-needed':
    case 'when-needed':
      intoEntry([help.split('\n')[1] ?? '']);
      break;
    case 'unquoted-number':
      all.set(at, own.replace(/account: *\d+/u, help.replace(/^put it in quotes: */u, '')));
      break;
    case 'missing-property':
      intoProperties(step ?? '', [`      ${first}`]);
      break;
    case 'literal-secret':
    case 'refused-value':
    case 'invalid-name':
      replaceLine(first);
      break;
    case 'value-not-allowed':
      replaceLine(first);
      break;
    case 'wrong-type':
      all.set(at, own.slice(0, (column ?? 1) - 1) + help.replace(/^write */u, ''));
      break;
    case 'unknown-type':
    case 'unknown-property': {
      const [wrong, right] = [...message.matchAll(/"([^"]+)"/gu)].map((found) => found[1] ?? '');
      if (right === undefined) all.lines.splice(at, 1);
      else all.set(at, own.replace(wrong ?? '', right));
      break;
    }
    case 'unknown-field':
      all.lines.splice(at, 1);
      break;
    case 'property-not-supported': {
      const named = /by id: {2}(\w+): \[/u.exec(help)?.[1];
      if (named === undefined) throw new Error(`nothing to do for: ${message}`);
      all.set(at, own.replace(/\w+(?=:)/u, named));
      break;
    }
    case 'wildcard-id':
      all.set(at, `    id: ${ids[typeOf(step ?? '')] ?? ''}`);
      break;
    case 'placeholder': {
      const found =
        /\$\{[^}]*\}|\{\{[^}]*\}\}/u.exec(own.slice((column ?? 1) - 1)) ?? /\$\{[^}]*\}|\{\{[^}]*\}\}/u.exec(own);
      all.set(at, own.replace(found?.[0] ?? '', meant[found?.[0] ?? ''] ?? ''));
      break;
    }
    case 'yaml-syntax':
      if (message.startsWith('tabs'))
        all.lines.forEach((_, index) =>
          all.set(
            index,
            all.text(index).replace(/^\t+/u, (tabs) => '  '.repeat(tabs.length)),
          ),
        );
      else replaceLine(first);
      break;
    case 'markdown-fence':
      for (const number of [...help.matchAll(/\d+/gu)].map(([found]) => Number(found)).toReversed())
        all.lines.splice(all.at(number), 1);
      break;
    case 'type-read-only': {
      const [from, to] = all.entry(step ?? '');
      all.lines.splice(from, to - from, (help.split('\n')[1] ?? '').replace('…', ids[typeOf(step ?? '')] ?? ''));
      break;
    }
    case 'type-not-supported': {
      const [, target = '', gone = ''] =
        /to the properties of (\S+), and delete the entr(?:y|ies) (.*):$/u.exec(first) ?? [];
      if (target !== '') intoProperties(target, indented(help.slice(first.length + 1), 4));
      for (const address of target === '' ? [step ?? ''] : gone.split(' and ')) all.remove(address);
      break;
    }
    default:
      throw new Error(`no answer to ${code}: ${message}`);
  }
  return all.toString();
}

import type { ChangePlan, ResourceEntry } from '../domain/change-plan.ts';
import type { Finding } from '../domain/finding.ts';
import type { ResourceTypes } from '../domain/resource-type.ts';
import type { Schemas } from '../domain/schema.ts';
import { judgeDeletions } from './deletions.ts';
import { findCycles } from './functions/cycles.ts';
import { readEntry, type EntryContext } from './entry.ts';
import { readHeader } from './header.ts';
import { limits } from './reader/limits.ts';
import { entryOf, kindOf, type MapNode } from './reader/node.ts';
import { quote, type Problems } from './reader/problems.ts';
import { readTree } from './reader/read.ts';
import { judgeReferences, referencesOf, type EntryReference } from './functions/references.ts';
import type { Where } from './functions/pseudo-parameters.ts';
import { writeSkeleton, type Skeleton } from './foreign/skeleton.ts';
import { isTemplate, templateSkeleton } from './foreign/cloudformation-template.ts';
import { isHcl, terraformSkeleton } from './foreign/terraform.ts';
import type { Lookups, PendingReference, SecretSources } from './functions/values-context.ts';

export interface ParseOptions {
  /** The file's name, for messages about the file as a whole. */
  readonly file: string;
  readonly schemas: Schemas;
  readonly types: ResourceTypes;
  /** Reads the file of a `!Text`, relative to the change plan; throws where it cannot. Absent: `!Text` is an error. */
  readonly readText?: (path: string) => string;
  /** Names that `!Env` and `!File` may use beside AIPLAN_SECRET_…; absent: judged later. */
  readonly secrets?: SecretSources;
  /** Every type that AWS has, so that one which aiplan does not know can be told from a misspelt one. */
  readonly typeNames?: () => ReadonlySet<string>;
}

export interface ParsedChangePlan {
  /** Null where any finding is an error. */
  readonly changePlan: ChangePlan | null;
  /**
   * As far as it could be read, errors or not; null where nothing could. A value that could not be read is `{ $unknown:
   * 'unread' }`.
   */
  readonly draft: ChangePlan | null;
  /** All findings, in the order of the file. */
  readonly findings: readonly Finding[];
}

/**
 * Reads and validates a change plan (YAML 1.2 or JSON). Never throws on any text; every problem of the file is a
 * finding with code, place and what to do.
 */
export function parseChangePlan(text: string, options: ParseOptions): ParsedChangePlan {
  const terraform = isHcl(text) ? terraformSkeleton(text, options.types, options.schemas) : undefined;
  if (terraform !== undefined)
    return foreign(
      'terraform-configuration',
      `${quote(options.file)} is a Terraform configuration; a change plan names each resource with type, action and properties`,
      terraform,
    );
  const { tree, problems } = readTree(text);
  const changePlan = tree === undefined ? null : readPlan(tree, options, problems);
  return { changePlan: problems.failed ? null : changePlan, draft: changePlan, findings: problems.findings };
}

/** A file of another tool: one error, with the change plan that it comes to. */
function foreign(code: string, message: string, skeleton: Skeleton): ParsedChangePlan {
  return {
    changePlan: null,
    draft: null,
    findings: [{ code, severity: 'error', step: null, message, line: 1, column: 1, help: writeSkeleton(skeleton) }],
  };
}

function readPlan(
  tree: Exclude<ReturnType<typeof readTree>['tree'], undefined>,
  options: ParseOptions,
  problems: Problems,
): ChangePlan | null {
  if (tree.kind !== 'map' || tree.tag !== null) {
    if (tree.kind !== 'bad')
      problems.error(
        'not-a-change-plan',
        tree.at,
        `${quote(options.file)} holds ${kindOf(tree)}; a change plan is a map`,
        'aiplan: 1\nname: my-change\n…',
      );
    return null;
  }
  if (isTemplate(tree)) {
    problems.error(
      'cloudformation-template',
      tree.at,
      `${quote(options.file)} is a CloudFormation template; a change plan names each resource with type, action and properties`,
      writeSkeleton(templateSkeleton(tree, options.types, options.schemas)),
    );
    return null;
  }
  const header = readHeader(tree, problems);
  return { ...header, resources: readResources(tree, { ...header.target, plan: header.name }, options, problems) };
}

function readResources(
  plan: MapNode,
  where: Where,
  options: ParseOptions,
  problems: Problems,
): readonly ResourceEntry[] {
  const node = entryOf(plan, 'resources')?.node;
  if (node === undefined || node.kind === 'bad') return [];
  if (node.kind !== 'map' || node.tag !== null) {
    problems.error(
      'wrong-type',
      node.at,
      `resources is ${kindOf(node)}; a map from address to entry is expected`,
      'resources:\n  Address:\n    type: AWS::S3::Bucket\n    action: read\n    id: name',
    );
    return [];
  }
  if (node.entries.length === 0)
    problems.error('no-resources', node.at, 'resources is empty: there is nothing to do', 'name at least one resource');
  if (node.entries.length > limits.resources) {
    problems.error(
      'too-many-resources',
      node.at,
      `the plan names ${node.entries.length} resources; at most ${limits.resources} are allowed`,
      'split the plan',
    );
    return [];
  }
  const references: PendingReference[] = [];
  const dependencies: EntryContext['dependencies'] = [];
  const lookups: Lookups = new Map();
  const context: EntryContext = {
    problems,
    schemas: options.schemas,
    types: options.types,
    readText: options.readText,
    secrets: options.secrets,
    references,
    dependencies,
    where,
    addresses: new Set(node.entries.map(({ key }) => key)),
    lookups,
    resources: node.entries,
    typeNames: options.typeNames,
  };
  const entries = node.entries.map((entry) => readEntry(entry, context));
  const byAddress = new Map(entries.map((entry) => [entry.address, entry]));
  judgeDeletions(entries, node, options, problems);
  judgeReferences(references, byAddress, options.schemas, options.types, problems);
  judgeDependencies(dependencies, byAddress, problems);
  judgeIdentities(entries, node, options, problems);
  judgeCycles(entries, byAddress, options.schemas, node, problems);
  return [...entries, ...lookupEntries(lookups, problems)];
}

/** A look-up of a value reads like an entry that the author wrote with `action: read`. */
const lookupEntries = (lookups: Lookups, problems: Problems): readonly ResourceEntry[] =>
  [...lookups].map(([address, { type, id, at }]) => ({
    address,
    type,
    action: 'read',
    id,
    dependsOn: [],
    source: problems.places.at(at),
    positions: {},
    lookup: true,
  }));

function judgeDependencies(
  dependencies: EntryContext['dependencies'],
  entries: ReadonlyMap<string, ResourceEntry>,
  problems: Problems,
): void {
  for (const { address, on, at } of dependencies) {
    if (entries.has(on)) continue;
    const about = problems.about(address);
    about.error(
      'unknown-address',
      at,
      `depends_on: there is no entry ${quote(on)}${about.meant(on, entries.keys())}`,
      'name an address of this file',
    );
  }
}

/**
 * One id, one address: nothing is acted upon twice, and nothing is created under a name that another entry acts upon.
 */
function judgeIdentities(
  entries: readonly ResourceEntry[],
  node: MapNode,
  { types }: ParseOptions,
  problems: Problems,
): void {
  const known = new Map<string, ResourceEntry>();
  entries.forEach((entry, index) => {
    const nameProperty = types.get(entry.type)?.rules.nameProperty;
    const name = nameProperty === undefined || entry.action !== 'create' ? undefined : entry.properties?.[nameProperty];
    const identity = entry.id ?? (typeof name === 'string' ? name : undefined);
    if (identity === undefined || entry.type === '') return;
    const key = `${entry.type} ${identity}`;
    const other = known.get(key);
    if (other === undefined) {
      known.set(key, entry);
      return;
    }
    problems
      .about(entry.address)
      .error(
        'duplicate-id',
        node.entries[index]?.at ?? null,
        `${quote(identity)} is already the ${entry.type} of ${quote(other.address)} in line ${other.source.line}: one id, one address`,
        'merge the two entries, or write two plans',
      );
  });
}

function judgeCycles(
  entries: readonly ResourceEntry[],
  byAddress: ReadonlyMap<string, ResourceEntry>,
  schemas: Schemas,
  node: MapNode,
  problems: Problems,
): void {
  // Of what is there already, the identity and what else AWS assigned need no step to have run.
  const isNeeded = ({ address, path }: EntryReference): boolean => {
    const target = byAddress.get(address);
    return (
      target?.action !== 'update' ||
      (path !== null && schemas(target.type)?.attributes[path.split('.', 1)[0] ?? path] === undefined)
    );
  };
  const needs = (entry: ResourceEntry): readonly string[] =>
    referencesOf(entry)
      .filter(isNeeded)
      .map(({ address }) => address);
  const arrows = new Map(
    entries.map((entry) => [
      entry.address,
      [...new Set([...entry.dependsOn, ...needs(entry)])].filter((address) => byAddress.has(address)),
    ]),
  );
  for (const circle of findCycles(arrows)) {
    const first = circle[0] ?? '';
    const shown = circle.length > 50 ? [...circle.slice(0, 50), `… ${circle.length - 50} more …`] : circle;
    problems
      .about(first)
      .error(
        'reference-cycle',
        node.entries.find(({ key }) => key === first)?.at ?? null,
        `${[...shown, first].join(' → ')} is a circle: each needs the next`,
        'break it: take out one reference or depends_on',
      );
  }
}

import { readOrFail } from '../../history/rollback-reading.ts';
import { writeEntry } from '../../language/write.ts';
import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import type { LiveResource, ReadFailure } from '../../domain/live.ts';
import type { ReadResult, ResourceType } from '../../domain/resource-type.ts';
import { row, span } from '../../views/base/rows.ts';
import { several } from '../../views/base/units.ts';
import { printJson, tell } from '../context/output.ts';
import type { CommandContext } from '../context/command-context.ts';

/**
 * `aiplan inventory [TYPE] [--tag …]`: live resources as entries ready to paste. One that cannot be read, or not
 * wholly, is listed as that and stops nothing; a type that cannot be listed at all makes it end with an error, because
 * then nobody knows what there is.
 */
export async function inventory(
  context: CommandContext,
  type: string | undefined,
  { tag = [] }: { tag?: readonly string[] },
): Promise<ExitCode> {
  const types = type === undefined ? context.types.all : [known(context, type)];
  const wanted = tag.map((text) => {
    const at = text.indexOf('=');
    if (at < 1)
      throw new UserError('bad-tag', `"${text}" is not NAME=VALUE`, { help: 'for example --tag team=platform' });
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  const aws = await context.reader();
  const found = await Promise.all(
    types.map((candidate) => readOrFail(candidate, aws, { identities: [], all: true, detailed: new Set() })),
  );
  const matches = found
    .flatMap(({ resources }) => resources)
    .filter((live) => {
      const rules = context.types.get(live.type)?.rules;
      const tags = live.properties['Tags'] as Readonly<Record<string, string>> | undefined;
      return rules?.goneStates.includes(live.state) !== true && wanted.every(([name, value]) => tags?.[name] === value);
    });
  const detailed = await detail(context, matches);
  const failures = [...found.flatMap((result) => result.failures), ...detailed.failures];
  show(context, detailed.resources, failures);
  return failures.some(({ identity }) => identity === null) ? exitCodes.error : exitCodes.done;
}

/**
 * `aiplan import TYPE ID…`: these resources as entries; every one must exist, and those that cannot be read are listed
 * as that. Throws where none can be.
 */
export async function importCommand(
  context: CommandContext,
  type: string,
  identities: readonly string[],
): Promise<ExitCode> {
  const resourceType = known(context, type);
  const result = await resourceType.read(await context.reader(), {
    identities,
    all: false,
    detailed: new Set(identities),
  });
  const failure = result.failures.find(({ identity }) => identity === null) ?? result.failures[0];
  if (failure !== undefined && (failure.identity === null || result.resources.length === 0))
    throw new UserError(
      'read-failed',
      `cannot read ${failure.type} "${failure.identity ?? ''}": ${failure.code}: ${failure.message}`,
      { help: `reading needs ${resourceType.iam.read.join(', ')}` },
    );
  const living = result.resources.filter((live) => !resourceType.rules.goneStates.includes(live.state));
  const missing = identities.filter(
    (identity) =>
      ![...living, ...result.failures].some((known) => known.identity?.toLowerCase() === identity.toLowerCase()),
  );
  if (missing.length > 0)
    throw new UserError('not-found', `AWS has no ${type} ${missing.map((identity) => `"${identity}"`).join(', ')}`, {
      help: 'check the identity, account and region',
    });
  show(context, living, result.failures);
  return exitCodes.done;
}

function known(context: CommandContext, type: string): ResourceType {
  const found = context.types.get(type);
  if (found === undefined)
    throw new UserError('unknown-type', `"${type}" is not a type that aiplan knows`, {
      help: context.types.all.map((candidate) => candidate.type).join(', '),
    });
  return found;
}

async function detail(
  context: CommandContext,
  resources: readonly LiveResource[],
): Promise<Pick<ReadResult, 'resources' | 'failures'>> {
  const aws = await context.reader();
  const results = await Promise.all(
    context.types.all.map(async (type) => {
      const identities = resources.filter((live) => live.type === type.type).map((live) => live.identity);
      return identities.length === 0
        ? { resources: [], failures: [] }
        : readOrFail(type, aws, { identities, all: false, detailed: new Set(identities) });
    }),
  );
  return {
    resources: results.flatMap((result) => result.resources),
    failures: results.flatMap((result) => result.failures),
  };
}

/**
 * The resources, and what of them could not be read: on standard error, and in JSON as `unreadable` of the resource,
 * which may have nothing else.
 */
function show(context: CommandContext, resources: readonly LiveResource[], failures: readonly ReadFailure[]): void {
  const used = new Set<string>();
  const entries = resources.map((live) => ({ address: addressOf(live, used), live }));
  const said = [
    ...new Map(
      failures.map((failure) => [
        `${failure.type} ${failure.identity ?? ''}: ${failure.code}: ${failure.message}`,
        failure,
      ]),
    ).values(),
  ];
  const unreadable = (type: string, id: string | null): { readonly unreadable?: readonly string[] } => {
    const why = said
      .filter((failure) => failure.type === type && failure.identity === id)
      .map(({ code, message }) => `${code}: ${message}`);
    return why.length === 0 ? {} : { unreadable: why };
  };
  tell(
    context.io,
    context.options,
    said.map(({ type, identity, code, message }) =>
      row(
        0,
        span(`could not read ${type}${identity === null ? '' : ` ${identity}`}`, 'destroy'),
        `: ${code}: ${message}`,
      ),
    ),
    'error',
  );
  if (context.options.json === true) {
    const shown = new Set(resources.map(({ type, identity }) => `${type} ${identity}`));
    const others = new Map(
      said
        .filter(({ type, identity }) => !shown.has(`${type} ${identity ?? ''}`))
        .map(({ type, identity }) => [
          `${type} ${identity ?? ''}`,
          { type, id: identity, ...unreadable(type, identity) },
        ]),
    );
    printJson(context.io, [
      ...entries.map(({ address, live }) => ({
        address,
        type: live.type,
        id: live.identity,
        properties: live.properties,
        ...unreadable(live.type, live.identity),
      })),
      ...others.values(),
    ]);
  } else {
    context.io.stdout.write(
      entries
        .map(({ address, live }) =>
          writeEntry(
            address,
            live,
            context.types.get(live.type)?.managed === true ? 'update' : 'read',
            context.types.get(live.type)?.rules,
          ),
        )
        .join('\n'),
    );
    tell(context.io, context.options, [row(0, span(several(entries.length, 'resource'), 'muted'))]);
  }
}

/** A unique PascalCase address from the Name tag or the identity. */
function addressOf(live: LiveResource, used: Set<string>): string {
  const tags = live.properties['Tags'] as Readonly<Record<string, string>> | undefined;
  const base =
    (tags?.['Name'] ?? live.identity)
      .split(/[^A-Za-z0-9]+/u)
      .filter((word) => word !== '')
      .map((word) => word[0]!.toUpperCase() + word.slice(1))
      .join('') || 'Resource';
  const start = /^[A-Za-z]/u.test(base) ? base : `R${base}`;
  let address = start;
  for (let count = 2; used.has(address); count += 1) address = `${start}${count}`;
  used.add(address);
  return address;
}

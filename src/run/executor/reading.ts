import type { AwsReader } from '../../domain/call.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { ResourceType } from '../../domain/resource-type.ts';
import { StepFailed } from './interruptions.ts';

/**
 * A resource that is to be read wholly; `properties` names what it is read for, so that S3 counts the objects of a
 * bucket only where they matter.
 */
export interface Wanted {
  readonly identity: string;
  readonly properties?: ReadonlySet<string>;
}

/**
 * The result of reading one resource: null where AWS showed that it does not exist; an error where it could not be
 * read, which is neither (law 9).
 */
export type Told =
  | { readonly ok: true; readonly live: LiveResource | null }
  | { readonly ok: false; readonly error: unknown };

/**
 * Reads one resource with everything that AWS tells about it. Null where AWS showed that it does not exist. Throws
 * StepFailed for a read that failed, which is neither (law 9). `now` in milliseconds since 1970.
 */
export async function readWholly(
  session: AwsReader,
  type: ResourceType,
  identity: string,
  now: number,
): Promise<LiveResource | null> {
  const told = (await readTogether(session, type, [{ identity }], now))(identity);
  if (told.ok) return told.live;
  throw told.error;
}

/**
 * The same for several resources of a type by one reading; answers what it told of each. Never throws. `now` in
 * milliseconds since 1970.
 */
export async function readTogether(
  session: AwsReader,
  type: ResourceType,
  wanted: readonly Wanted[],
  now: number,
): Promise<(identity: string) => Told> {
  const identities = [...new Set(wanted.map(({ identity }) => identity))];
  try {
    const properties = propertiesOf(wanted);
    const { resources, absent, failures } = await type.read(session, {
      identities,
      all: false,
      detailed: new Set(identities),
      now: new Date(now).toISOString(),
      ...(properties.size === 0 ? {} : { properties }),
    });
    return (identity) => {
      const live = resources.find((resource) => resource.identity === identity);
      if (live !== undefined) return { ok: true, live };
      if (absent.includes(identity)) return { ok: true, live: null };
      const failure =
        failures.find((each) => each.identity === identity) ??
        failures.find((each) => each.identity === null) ??
        failures[0];
      return {
        ok: false,
        error: new StepFailed(
          `${type.type} ${identity} cannot be read${failure === undefined ? '' : ` (${failure.code}: ${failure.message})`}`,
        ),
      };
    };
  } catch (error) {
    return () => ({ ok: false, error });
  }
}

/** A resource that somebody wants for everything is read for everything. */
function propertiesOf(wanted: readonly Wanted[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, ReadonlySet<string>>();
  for (const { identity, properties = new Set<string>() } of wanted)
    found.set(identity, new Set([...(found.get(identity) ?? []), ...properties]));
  for (const { identity, properties } of wanted) if (properties === undefined) found.delete(identity);
  return found;
}

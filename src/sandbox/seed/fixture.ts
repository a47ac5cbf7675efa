import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { UserError } from '../../base/error.ts';

/** AWS's own input of a call, without what the fixture writes apart. */
type Input = Readonly<Record<string, unknown>>;
export type Tags = Readonly<Record<string, string>>;

interface Aged {
  /** ISO 8601 duration before now, such as `P2Y5M`. */ readonly age?: string;
  readonly tags?: Tags;
}

interface FixtureImage extends Aged {
  readonly Name: string;
  readonly Architecture: 'x86_64' | 'arm64';
  readonly RootDeviceName: string;
  readonly RootSize: number;
}
export interface FixtureRule {
  readonly IpProtocol: string;
  readonly FromPort?: number;
  readonly ToPort?: number;
  readonly CidrIp?: string;
  readonly group?: string;
  readonly Description?: string;
}
interface FixtureGroup extends Aged {
  readonly GroupName: string;
  readonly Description: string;
  readonly ingress?: readonly FixtureRule[];
}
export interface FixtureDatabase extends Aged {
  readonly DBInstanceIdentifier: string;
  readonly groups?: readonly string[];
  /** Ages of automated snapshots. */
  readonly automatedSnapshots?: readonly string[];
  readonly snapshots?: readonly (Aged & { readonly DBSnapshotIdentifier: string })[];
}
interface FixtureVolume extends Aged {
  readonly Device: string;
  readonly Size: number;
  readonly VolumeType: string;
}
export interface FixtureInstance extends Aged {
  readonly ImageId: string;
  readonly SubnetId: string;
  readonly groups?: readonly string[];
  readonly blockDevices?: readonly (Input & { readonly DeviceName: string })[];
  readonly volumes?: Readonly<Record<string, FixtureVolume>>;
  readonly userData?: string;
}
export interface FixtureObjects {
  readonly count: number;
  readonly prefix: string;
  readonly suffix: string;
  readonly bytes: number;
  /** The oldest object's age; the others lie evenly between it and now. */
  readonly age: string;
  readonly extraVersions?: { readonly every: number; readonly versions: number };
  /** So many of the last ones are deleted: in a versioned bucket by a marker. */
  readonly deleted?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}
export interface FixtureBucket extends Aged {
  readonly Bucket: string;
  readonly versioning?: 'Enabled' | 'Suspended';
  readonly policy?: readonly Input[];
  readonly lifecycle?: readonly Input[];
  readonly cors?: readonly Input[];
  readonly logging?: Input;
  readonly objects?: FixtureObjects;
}

type Named<Item> = Readonly<Record<string, Item>>;

/** The content of a fixture's `account.yaml`. */
export interface Fixture {
  readonly fixture: 1;
  readonly name: string;
  readonly region: string;
  readonly images?: Named<FixtureImage>;
  readonly network?: {
    readonly Vpc: Aged & { readonly CidrBlock: string };
    readonly subnets: Named<Aged & { readonly CidrBlock: string; readonly AvailabilityZone: string }>;
  };
  readonly securityGroups?: Named<FixtureGroup>;
  readonly dbSubnetGroups?: Named<{
    readonly DBSubnetGroupName: string;
    readonly DBSubnetGroupDescription: string;
    readonly subnets: readonly string[];
    readonly tags?: Tags;
  }>;
  readonly dbParameterGroups?: Named<{
    readonly DBParameterGroupName: string;
    readonly DBParameterGroupFamily: string;
    readonly Description: string;
    readonly parameters?: Tags;
    readonly tags?: Tags;
  }>;
  readonly databases?: Named<FixtureDatabase>;
  readonly instances?: Named<FixtureInstance>;
  readonly buckets?: Named<FixtureBucket>;
}

const FILE = 'account.yaml';

/** Reads a fixture's folder. Throws UserError `no-such-fixture` or `bad-fixture`. */
export async function loadFixture(folder: string): Promise<Fixture> {
  let text: string;
  try {
    text = await readFile(join(folder, FILE), 'utf8');
  } catch (cause) {
    throw new UserError('no-such-fixture', `"${folder}" has no ${FILE}`, {
      help: 'Name a folder such as fixtures/course-platform.',
      cause,
    });
  }
  try {
    const value = parse(text) as Fixture;
    if (value?.fixture !== 1 || typeof value.region !== 'string')
      throw new Error('it must begin with "fixture: 1" and name a region');
    return value;
  } catch (cause) {
    throw new UserError(
      'bad-fixture',
      `${join(folder, FILE)}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** Puts identities into the places of `${Name}`. Throws UserError `unknown-name`. */
export const fill = (text: string, names: Readonly<Record<string, string>>): string =>
  text.replace(/\$\{(\w+)\}/gu, (_, name: string) => {
    const value = names[name];
    if (value === undefined)
      throw new UserError('unknown-name', `the fixture has no "${name}"`, {
        help: `It has: ${Object.keys(names).sort().join(', ')}.`,
      });
    return value;
  });

/** The change plans beside a fixture, with the identities of what was seeded, by file name. */
export async function fillPlans(
  folder: string,
  names: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const plans = join(folder, 'plans');
  const files = (await readdir(plans)).filter((name) => name.endsWith('.yaml')).sort();
  return Object.fromEntries(
    await Promise.all(
      files.map(async (name) => [name, fill(await readFile(join(plans, name), 'utf8'), names)] as const),
    ),
  );
}

/** The time so long before `now` (an ISO 8601 duration of years to seconds). Throws UserError `bad-age`. */
export function before(now: Date, age: string): Date {
  const match = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/u.exec(age);
  if (match === null || !/\d/u.test(age))
    throw new UserError('bad-age', `"${age}" is not a duration`, { help: 'Write for example P2Y5M, P6D or PT2H.' });
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((digits) => Number(digits ?? 0));
  const time = new Date(now);
  time.setUTCDate(1);
  time.setUTCFullYear(now.getUTCFullYear() - years, now.getUTCMonth() - months);
  // The 31st of a month that has none is its last day.
  const last = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + 1, 0)).getUTCDate();
  time.setUTCDate(Math.min(now.getUTCDate(), last));
  return new Date(time.getTime() - (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000);
}

import { loadFixture } from './seed/fixture.ts';
import { closeSeed, control, openSeed } from './seed/context.ts';
import { seedBuckets } from './seed/buckets.ts';
import { seedDatabases } from './seed/databases.ts';
import { seedInstances } from './seed/instances.ts';
import { seedNetwork } from './seed/network.ts';

export interface Seeded {
  readonly region: string;
  readonly account: string;
  /** Identity by the fixture's name, with `Account` and `Region`; what `fill` puts into a plan. */
  readonly names: Readonly<Record<string, string>>;
}

/**
 * Makes everything that a fixture describes, in an emulator on this machine. Throws UserError `no-such-fixture`,
 * `bad-fixture`, `not-a-sandbox` or `seed-failed`, and the SDK's errors.
 */
export async function seed(
  endpoint: string,
  folder: string,
  options: { readonly account?: string } = {},
): Promise<Seeded> {
  const fixture = await loadFixture(folder);
  const account = options.account ?? '123456789012';
  const context = await openSeed(endpoint, fixture.region);
  try {
    Object.assign(context.names, { Account: account, Region: fixture.region });
    await seedNetwork(context, fixture);
    await Promise.all([
      seedDatabases(context, fixture),
      seedInstances(context, fixture),
      seedBuckets(context, fixture),
    ]);
    await control(context, 'age', context.ages);
    return { region: fixture.region, account, names: { ...context.names } };
  } finally {
    closeSeed(context);
  }
}

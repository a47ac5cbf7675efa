import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { importCommand, inventory } from '../../src/cli/commands/inventory.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import { AwsError, UserError } from '../../src/base/error.ts';
import type { ResourceTypes } from '../../src/domain/resource-type.ts';
import { BOX, createMemoryWorld, DATABASE, GROUP, NOTE } from '../helpers/memory-world.ts';
import { unreadable, withType } from '../helpers/unreadable.ts';

const seeds = [
  [DATABASE, 'db'],
  [GROUP, 'g-1'],
  [BOX, 'box'],
  [NOTE, 'note'],
] as const;
const memory = createMemoryWorld({
  seed: [
    ...seeds.map(([type, identity]) => ({ type, identity })),
    ...seeds.map(([type, identity]) => ({ type, identity: `${identity}-closed` })),
  ],
});

function worldOf(types: ResourceTypes, json = true) {
  const said = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    new PassThrough().on('data', (chunk: Buffer) => {
      said[name] += String(chunk);
    });
  const io = { stdout: stream('stdout'), stderr: stream('stderr'), environment: {} };
  return {
    said,
    world: {
      io,
      options: { json },
      types,
      schemas: memory.schemas,
      reader: async () => memory.session,
    } as unknown as CommandContext,
  };
}
interface Listed {
  readonly type: string;
  readonly id: string | null;
  readonly properties?: object;
  readonly unreadable?: readonly string[];
}
const listed = ({ stdout }: { readonly stdout: string }): readonly Listed[] => JSON.parse(stdout) as readonly Listed[];

describe('a resource that cannot be read', () => {
  it.each(seeds)('is listed as that in an inventory, and hides nothing: %s', async (type, identity) => {
    const types = unreadable(memory.types, type, `${identity}-closed`);
    const { world, said } = worldOf(types);
    expect(await inventory(world, undefined, {})).toBe(0);
    expect(listed(said).map(({ id }) => id)).toEqual(expect.arrayContaining(seeds.map(([, id]) => id)));
    expect(listed(said).filter((one) => one.unreadable !== undefined)).toEqual([
      expect.objectContaining({
        type,
        id: `${identity}-closed`,
        unreadable: [`AccessDenied: nobody may read ${identity}-closed`],
      }),
    ]);
    const text = worldOf(types, false);
    expect(await inventory(text.world, undefined, {})).toBe(0);
    expect(text.said.stderr).toContain(`could not read ${type} ${identity}-closed: AccessDenied`);
  });

  it('is listed in an import of several, and is the error where it is all that was asked for', async () => {
    const types = unreadable(memory.types, DATABASE, 'db-closed');
    const { world, said } = worldOf(types);
    expect(await importCommand(world, DATABASE, ['db', 'db-closed'])).toBe(0);
    expect(listed(said).map(({ id, unreadable: why }) => [id, why === undefined])).toEqual([
      ['db', true],
      ['db-closed', false],
    ]);
    const none = withType(types, DATABASE, (type) => ({
      ...type,
      read: async (aws, query) => ({ ...(await type.read(aws, query)), resources: [] }),
    }));
    await expect(importCommand(worldOf(none).world, DATABASE, ['db-closed'])).rejects.toThrow(
      'nobody may read db-closed',
    );
    await expect(importCommand(worldOf(types).world, DATABASE, ['db', 'never'])).rejects.toThrow(UserError);
  });

  it('is something else than a type that cannot be listed: then nobody knows what there is', async () => {
    const denied = new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 'rds:DescribeDatabases',
      message: 'no',
      executed: 'no',
    });
    const { world, said } = worldOf(
      withType(memory.types, DATABASE, (type) => ({
        ...type,
        read: async () => {
          throw denied;
        },
      })),
    );
    expect(await inventory(world, undefined, {})).toBe(1);
    expect(listed(said)).toContainEqual({
      type: DATABASE,
      id: null,
      unreadable: ['AccessDenied: rds:DescribeDatabases: no'],
    });
    expect(listed(said).map(({ id }) => id)).toContain('box');
  });
});

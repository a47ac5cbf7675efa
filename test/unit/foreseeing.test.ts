import { describe, expect, it } from '@jest/globals';
import { openVault } from '../../providers/s3/capture-bucket/vault.ts';
import { foreseen } from '../../src/cli/planning/foreseen-findings.ts';
import type { CommandContext } from '../../src/cli/context/command-context.ts';
import type { AwsReader } from '../../src/domain/call.ts';
import type { ResourceEntry } from '../../src/domain/change-plan.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { benchOf, changePlanOf, entryOf, testConfiguration } from '../helpers/apply-world.ts';
import { account, region, store as bucket } from '../helpers/bucket-fixture.ts';
import { memoryS3 } from '../helpers/memory-s3.ts';
import { createMemoryWorld, DATABASE, NOTE } from '../helpers/memory-world.ts';

/**
 * What a plan says that apply would refuse, in an account with a capture bucket that keeps one text; and the reads of
 * that bucket.
 */
async function told(
  resource: (kept: JsonObject) => ResourceEntry,
): Promise<{ readonly codes: readonly string[]; readonly asked: readonly string[] }> {
  const s3 = memoryS3([bucket]);
  const kept = await openVault(s3, { account, region, endpoint: null, bucket }, 'run-1').keepSecret(
    'Db',
    'Password',
    'hunter22',
  );
  const bench = benchOf(createMemoryWorld());
  const { target, types, schemas, session } = bench.world;
  const asked: string[] = [];
  const reader: AwsReader = {
    counts: {},
    read: (call) => {
      if (call.service !== 's3' || call.input['Bucket'] !== bucket) return session.read(call);
      asked.push(call.operation);
      return s3.read(call);
    },
  };
  const world = {
    types,
    schemas,
    configuration: { ...testConfiguration, capture: { ...testConfiguration.capture, bucket } },
    target: async () => target,
    reader: async () => reader,
    io: { clock: bench.clock, environment: {}, current: '/' },
  } as unknown as CommandContext;
  const planned = await bench.plan(changePlanOf([resource(kept as unknown as JsonObject)]));
  return { codes: (await foreseen(world, planned)).map(({ code, message }) => `${code}: ${message}`), asked };
}

describe('what a plan reads of the capture bucket', () => {
  it('is what a restore needs: a text that the run kept there is found, and not read', async () => {
    const { codes, asked } = await told((kept) =>
      entryOf('Db', DATABASE, {
        action: 'create',
        properties: { DatabaseName: 'courses', Engine: 'postgres', Class: 'db.small', Password: kept },
      }),
    );
    expect([codes, asked]).toEqual([[], ['HeadBucket', 'HeadObject']]);
  });

  it('is nothing for what is new', async () => {
    expect(
      await told(() => entryOf('New', NOTE, { action: 'create', properties: { NoteName: 'new', Text: 'new' } })),
    ).toEqual({ codes: [], asked: [] });
  });
});

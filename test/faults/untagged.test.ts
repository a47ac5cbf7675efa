import { describe, expect, it } from '@jest/globals';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { matrixOf } from '../helpers/fault-head.ts';
import { matrixText } from '../helpers/fault-matrix.ts';
import type { Effect } from '../helpers/fault-points.ts';
import { createMemoryWorld, GROUP, LINK, NETWORK } from '../helpers/memory-world.ts';

const start = (): Bench =>
  benchOf(
    createMemoryWorld({
      seed: [
        { type: NETWORK, identity: 'net-1', properties: { Range: '10.0.0.0/16' } },
        { type: NETWORK, identity: 'net-2', properties: { Range: '10.1.0.0/16' } },
        { type: NETWORK, identity: 'net-3', properties: { Range: '10.2.0.0/16' } },
        { type: GROUP, identity: 'g-old', properties: { GroupName: 'old', NetworkId: 'net-2' } },
        { type: LINK, identity: 'link|net-2', properties: { GroupId: 'g-old', NetworkId: 'net-2' } },
        { type: GROUP, identity: 'g-bystander', properties: { GroupName: 'bystander', NetworkId: 'net-3' } },
        { type: LINK, identity: 'link|net-3', properties: { GroupId: 'g-bystander', NetworkId: 'net-3' } },
      ],
    }),
  );
const plan = changePlanOf([
  entryOf('Old', GROUP, { action: 'delete', id: 'g-old', expect: { GroupName: 'old' } }),
  entryOf('OldLink', LINK, { action: 'delete', id: 'link|net-2', expect: { GroupId: 'g-old' } }),
  entryOf('Link', LINK, { action: 'create', properties: { GroupId: { Ref: 'Group' }, NetworkId: 'net-1' } }),
  entryOf('Group', GROUP, { action: 'create', properties: { GroupName: 'made', NetworkId: 'net-1' } }),
]);

describe('types without tags and with identities of two parts, under every fault', () => {
  it.each([
    ['calls', ['call']],
    ['lines of the journal, the capture bucket and reads', ['line', 'vault', 'renew', 'read']],
  ] as const)(
    'at %s, can be undone, and can be resumed',
    async (name, kinds) => {
      const matrix = await matrixOf(start, plan, kinds as readonly Effect[]);
      process.stdout.write(matrixText(`untagged: faults at ${name}`, matrix));
      expect(matrix.wrong).toEqual([]);
      expect(matrix.cells).toBe(matrix.pairs - matrix.impossible);
      expect(matrix.cells).toBeGreaterThan(50);
    },
    120_000,
  );
});

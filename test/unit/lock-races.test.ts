import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderStore } from '../../src/store/folder-store.ts';
import { audited, raced, slept } from '../helpers/store-races.ts';
import { storeChildren, type Children } from '../helpers/store-children.ts';
import type { ChildStore } from '../helpers/store-child.ts';

describe('processes that share a local store', () => {
  let folder: string;
  let children: Children;
  let store: ChildStore;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'aiplan-races-'));
    store = { kind: 'folder', folder: join(folder, 'store'), spool: join(folder, 'spool') };
    children = await storeChildren();
  });
  afterAll(async () => {
    await children.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('race for the lock 50 times: exactly one has it each time', async () => {
    expect(await raced(children, store, 50)).toEqual(Array.from({ length: 50 }, () => [true, 'locked']));
  });

  it('that sleep while another takes over send nothing more', async () => {
    const pace = { heartbeat: 50, gap: 200, silent: 400 };
    await slept(
      children,
      store,
      pace,
      folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host: 'there', pace }),
    );
  });

  it('write one audit log', async () => {
    const log = folderStore({ folder: join(folder, 'store'), spool: join(folder, 'spool'), host: 'here' });
    await audited(children, store, log, 20);
  });
});

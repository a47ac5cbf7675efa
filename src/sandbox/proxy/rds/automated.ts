import { randomBytes } from 'node:crypto';
import type { Upstream } from '../protocol/correction.ts';
import type { EmulatorState } from '../protocol/emulator-state.ts';
import { copyOf, textAt } from '../protocol/xml.ts';
import { databaseOf, memoryOf, nameOf, snapshotsIn } from './memory.ts';

/** AWS's name of an automated snapshot: `rds:NAME-YYYY-MM-DD-HH-MM`. */
const shownName = (instance: string, time: Date): string =>
  `rds:${instance}-${time.toISOString().slice(0, 16).replace(/[T:]/gu, '-')}`;

/**
 * Takes an automated snapshot under a name that the emulator cannot give twice. The emulator names them by the minute,
 * and breaks a restore within the minute of the original's creation. Answers the name as AWS shows it.
 */
export async function takeAutomatedSnapshot(
  world: EmulatorState,
  send: Upstream,
  instance: string,
  time: Date,
): Promise<string> {
  const name = nameOf(instance);
  const database = await databaseOf({ send }, name);
  const inside = `automated-${randomBytes(8).toString('hex')}`;
  await send('rds', 'CreateDBSnapshot', { DBInstanceIdentifier: name, DBSnapshotIdentifier: inside });
  let at = time;
  while (world.automated.has(shownName(name, at))) at = new Date(at.getTime() + 60_000);
  const shown = shownName(name, at);
  const { resourceId } = memoryOf(world, name);
  world.automated.set(shown, { shown, inside, instance: name, resourceId });
  world.databaseSnapshots.set(shown, { resourceId, fields: {}, source: copyOf(database) });
  return shown;
}

/** Replaces the automated snapshot that the emulator made with an instance by one that cannot collide. */
export async function replaceOwnSnapshot(world: EmulatorState, send: Upstream, instance: string): Promise<void> {
  const name = nameOf(instance);
  for (const snapshot of snapshotsIn(await send('rds', 'DescribeDBSnapshots', { DBInstanceIdentifier: name }))) {
    const identifier = textAt(snapshot, 'DBSnapshotIdentifier');
    if (identifier.startsWith('rds:')) await send('rds', 'DeleteDBSnapshot', { DBSnapshotIdentifier: identifier });
  }
  if (Number(textAt(await databaseOf({ send }, name), 'BackupRetentionPeriod')) > 0)
    await takeAutomatedSnapshot(world, send, name, new Date());
}

/** Deletes every automated snapshot of an incarnation. */
export async function dropAutomated(world: EmulatorState, send: Upstream, resourceId: string): Promise<void> {
  for (const snapshot of world.automated.values()) {
    if (snapshot.resourceId !== resourceId) continue;
    await send('rds', 'DeleteDBSnapshot', { DBSnapshotIdentifier: snapshot.inside });
    world.automated.delete(snapshot.shown);
    world.databaseSnapshots.delete(snapshot.shown);
  }
}

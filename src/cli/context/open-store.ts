import { join } from 'node:path';
import type { Configuration } from '../../domain/configuration.ts';
import type { Store } from '../../domain/records/store.ts';
import { folderStore } from '../../store/folder-store.ts';
import { closeToOthers } from '../../store/objects/files.ts';
import type { Folders } from '../../store/objects/folders.ts';
import { withMachineLock } from '../../store/locks/machine-lock.ts';
import { s3Place } from '../../store/objects/s3-place.ts';
import { s3Store } from '../../store/s3-store.ts';
import type { GlobalOptions, Io } from './io.ts';

/**
 * The store of the configuration. Nothing is opened or asked before something is asked of it; one in S3 goes to the
 * same endpoint as all services, with the profile and region of the configuration or else those of the command.
 */
export function openStore(io: Io, options: GlobalOptions, folders: Folders, configuration: Configuration): Store {
  // Others of the machine have no business there; folders of an older version, or of another tool, may be open to them.
  for (const folder of [
    folders.state,
    ...(configuration.store === null || configuration.store.startsWith('s3://') ? [] : [configuration.store]),
  ])
    closeToOthers(folder);
  return withMachineLock(placedStore(io, options, folders, configuration), { host: io.host });
}

function placedStore(
  io: Io,
  options: GlobalOptions,
  folders: Folders,
  { store, storeRegion, storeProfile }: Configuration,
): Store {
  if (store === null || !store.startsWith('s3://')) {
    return folderStore({
      folder: store ?? join(folders.state, 'store'),
      spool: join(folders.cache, 'spool'),
      host: io.host,
    });
  }
  const profile = storeProfile ?? options.profile;
  const connect = async () => {
    const { resolveEndpoint, resolveRegion } = await import('../../../providers/aws/session/target.ts');
    const { openStoreBucket } = await import('../../../providers/aws/session/store-session.ts');
    return openStoreBucket({
      ...s3Place(store),
      endpoint: resolveEndpoint(io.environment, options.endpoint),
      region: await resolveRegion(io.environment, storeRegion ?? options.region, profile),
      ...(profile === undefined ? {} : { profile }),
      writer: Buffer.from(io.random(12)).toString('hex'),
    });
  };
  return s3Store({ place: store, connect, spool: join(folders.state, 'spool'), host: io.host });
}

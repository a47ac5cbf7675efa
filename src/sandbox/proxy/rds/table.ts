import type { QueryCorrection } from '../protocol/correction.ts';
import { automatedBackups, deleteInstance } from './delete.ts';
import { groupsAndAccount } from './groups.ts';
import { createInstance, describeInstances, shownInstances } from './instances.ts';
import { modifyInstance, shifts } from './modify.ts';
import { orderable } from './orderable.ts';
import { databaseRefusals } from './refusals.ts';
import { restore } from './restore.ts';
import { tagLimit } from '../protocol/tag-limit.ts';
import { roles } from './roles.ts';
import { databaseSnapshots } from './snapshots.ts';

/** In order: a correction sees what the ones above it made of a request. */
export const rdsCorrections: readonly QueryCorrection[] = [
  ...tagLimit('rds'),
  ...orderable,
  restore,
  createInstance,
  describeInstances,
  ...databaseRefusals,
  modifyInstance,
  ...shifts,
  ...roles,
  deleteInstance,
  automatedBackups,
  ...databaseSnapshots,
  ...groupsAndAccount,
  shownInstances,
];

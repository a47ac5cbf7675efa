#!/usr/bin/env node
// Makes a fresh clone ready: dependencies, schemas, the bundle, the emulator. Says nothing where there is nothing to
// do.
import { pathToFileURL } from 'node:url';
import { ensureBuild } from './build.mjs';
import { ensureEmulator, waysOn } from './emulator.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { requireNode } from './lib/node-version.mjs';
import { runMain } from './lib/report.mjs';

/**
 * Does all set-up that is due. Answers the Python that has the emulator, or why there is none: most of aiplan works
 * without. Throws Stop where something cannot be had.
 */
export async function setUp() {
  requireNode();
  await ensureDependencies();
  await ensureBuild();
  return ensureEmulator();
}

/** The one line for somebody who has no emulator. */
export const missingEmulator = (reason) => `No AWS emulator: ${reason}. ${waysOn}`;

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runMain(async () => {
    const { reason } = await setUp();
    if (reason !== undefined) process.stderr.write(`${missingEmulator(reason)}\n`);
  });
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';

/**
 * Holds a text against a file of `fixtures/golden`. `AIPLAN_UPDATE_GOLDEN=1` writes the file anew; look at the
 * difference before it is committed.
 */
export function expectGolden(name: string, text: string): void {
  const file = fileURLToPath(new URL(`../../fixtures/golden/${name}`, import.meta.url));
  if (process.env['AIPLAN_UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, 'utf8'));
}

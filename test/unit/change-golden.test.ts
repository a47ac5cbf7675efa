import { readdirSync, readFileSync, existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { referencesOf } from '../../src/language/functions/references.ts';
import { parse } from '../helpers/change-types.ts';

const folder = fileURLToPath(new URL('../../fixtures/plans/', import.meta.url));
const files = (kind: string): string[] =>
  readdirSync(join(folder, kind)).filter((name) => /\.(?:ya?ml|json)$/u.test(name) && !name.includes('.expected.'));

/** Compares with the file beside the plan; AIPLAN_UPDATE_GOLDEN=1 writes it. */
function golden(file: string, actual: string): void {
  if (process.env['AIPLAN_UPDATE_GOLDEN'] === '1') writeFileSync(file, actual);
  expect(existsSync(file)).toBe(true);
  expect(actual).toBe(readFileSync(file, 'utf8'));
}

describe('bad plans: every error of the file, with place, value, allowed values and lines to paste', () => {
  it.each(files('bad'))('%s', (name) => {
    const { changePlan, findings } = parse(readFileSync(join(folder, 'bad', name), 'utf8'), { file: name });
    expect(changePlan).toBeNull();
    const text = findings
      .map(
        ({ line, column, severity, code, step, message, help }) =>
          `${name}:${line}:${column} ${severity} ${code}${step === null ? '' : ` [${step}]`}\n  ${message}\n${(
            help ?? ''
          )
            .split('\n')
            .map((row) => `    ${row}\n`)
            .join('')}`,
      )
      .join('');
    golden(join(folder, 'bad', `${name}.expected.txt`), text);
    expect(text).not.toContain('hunter2');
  });
});

describe('good plans', () => {
  it.each(files('good'))('%s', (name) => {
    const { changePlan, findings } = parse(readFileSync(join(folder, 'good', name), 'utf8'), { file: basename(name) });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    const resources = changePlan?.resources.map(({ positions: _positions, source: _source, ...entry }) => ({
      ...entry,
      references: referencesOf({ ...entry, positions: {}, source: { line: 0, column: 0 } }),
    }));
    golden(join(folder, 'good', `${name}.expected.json`), `${JSON.stringify({ ...changePlan, resources }, null, 2)}\n`);
  });
});

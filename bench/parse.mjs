#!/usr/bin/env node
// How long 10,000 resources take to parse and validate, and how much memory; prints, judges nothing.
// node bench/parse.mjs [resources]
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const count = Number(process.argv[2] ?? 10_000);
const entry = [
  (n) =>
    `  Db${n}:\n    type: AWS::RDS::DBInstance\n    action: update\n    id: db-${n}\n    when: now\n    properties:\n      DBInstanceClass: db.m7g.large\n      BackupRetentionPeriod: 14\n      Tags: { team: platform, owner: x${n} }\n`,
  (n) =>
    `  Group${n}:\n    type: AWS::EC2::SecurityGroup\n    action: update\n    id: sg-${n.toString(16).padStart(17, '0')}\n    properties:\n      SecurityGroupIngress:\n        - { IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/8 }\n        - { IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 10.0.0.0/8 }\n      Tags: { owner: null }\n`,
  (n) =>
    `  Bucket${n}:\n    type: AWS::S3::Bucket\n    action: create\n    properties:\n      BucketName: site-${n}\n      VersioningConfiguration:\n        Status: Enabled\n      Tags:\n        team: platform\n`,
  (n) =>
    `  Instance${n}:\n    type: AWS::EC2::Instance\n    action: delete\n    id: i-${n.toString(16).padStart(17, '0')}\n    reason: Session Manager replaced it\n    expect: { Tags: { Name: bastion }, InstanceType: t3.micro }\n`,
];
const yaml = `aiplan: 1\nname: bench\nintent: Measure\ntarget: { account: "123456789012", region: eu-west-1 }\nresources:\n${Array.from({ length: count }, (_, n) => entry[n % entry.length](n)).join('')}`;

const folder = mkdtempSync(join(tmpdir(), 'aiplan-bench-'));
try {
  const source = 'virtual:entry';
  const bundle = await rolldown({
    input: source,
    platform: 'node',
    resolve: { mainFields: ['module', 'main'] },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === source ? id : null),
        load: (id) =>
          id === source
            ? [
                'src/language/parse.ts',
                'src/language/plain-json.ts',
                'test/helpers/change-types.ts',
                'providers/aws/schema.ts',
              ]
                .map((file) => `export * from ${JSON.stringify(join(root, file))};`)
                .join('\n')
            : null,
      },
    ],
  });
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: 'bench.mjs' });
  cpSync(join(root, 'providers/aws/schemas'), join(folder, 'schemas'), { recursive: true });
  const { parseChangePlan, toLanguage, standInTypes, loadSchema } = await import(
    pathToFileURL(join(folder, 'bench.mjs')).href
  );

  const measure = (name, text) => {
    const start = performance.now();
    const { changePlan, findings } = parseChangePlan(text, { file: 'bench', types: standInTypes, schemas: loadSchema });
    const milliseconds = performance.now() - start;
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    process.stdout.write(
      `${name.padEnd(34)} ${(text.length / 1e6).toFixed(1)} MB  ${milliseconds.toFixed(0).padStart(6)} ms  ${(process.memoryUsage().rss / 1e6).toFixed(0).padStart(5)} MB resident  ${changePlan?.resources.length ?? 0} resources, ${errors} errors\n`,
    );
    return changePlan;
  };
  const plan = measure('YAML, first', yaml);
  measure('YAML, again', yaml);
  measure('JSON', JSON.stringify(toLanguage(plan)));
  for (const type of ['AWS::S3::Bucket', 'AWS::RDS::DBInstance']) {
    const fresh = await import(`${pathToFileURL(join(folder, 'bench.mjs')).href}?${type}`);
    const start = performance.now();
    fresh.loadSchema(type);
    process.stdout.write(`load ${type.padEnd(29)} ${(performance.now() - start).toFixed(1)} ms\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

// Preloaded into a measured program (`--import`): notes every request, every write to disk that is waited for and every
// phase of a run, and writes it all to descriptor 3 as the process ends. Times are milliseconds of one clock,
// `processor` is milliseconds so far.
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { ClientRequest } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';

const requests = [];
const disk = [];
const phases = [];
const now = () => performance.now();

/** `ec2:CreateTags` from the body of a query protocol, `s3:GET tagging` from the address. */
function operationOf(request, body) {
  const action = /^Action=(\w+)/u.exec(body)?.[1];
  if (action !== undefined)
    return `${/\/([a-z0-9-]+)\/aws4_request/u.exec(String(request.getHeader('authorization')))?.[1] ?? 'aws'}:${action}`;
  const { pathname, searchParams } = new URL(request.path, 'http://localhost');
  const part = pathname === '/' ? 'buckets' : [...searchParams].find(([, value]) => value === '')?.[0];
  return `s3:${request.method}${part === undefined ? '' : ` ${part}`}`;
}

const { end } = ClientRequest.prototype;
ClientRequest.prototype.end = function (chunk, ...rest) {
  const body =
    typeof chunk === 'string' || chunk instanceof Uint8Array ? String(Buffer.from(chunk).subarray(0, 200)) : '';
  const request = { operation: operationOf(this, body), begin: now(), end: null };
  requests.push(request);
  const done = () => {
    request.end ??= now();
  };
  this.once('response', (response) => {
    response.once('end', done);
  });
  this.once('close', done);
  return end.call(this, chunk, ...rest);
};

const noteWrite = (text) => {
  const phase =
    typeof text === 'string' && text.length < 1_000 ? /"kind":"phase","phase":"(\w+)"/u.exec(text)?.[1] : undefined;
  if (phase !== undefined || (typeof text === 'string' && /"kind":"end"/u.test(text.slice(0, 1_000)))) {
    const { user, system } = process.cpuUsage();
    phases.push({ phase: phase ?? 'end', at: now(), processor: (user + system) / 1_000 });
  }
};

const handle = await open(fileURLToPath(import.meta.url));
const prototype = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ['writeFile', 'sync']) {
  const original = prototype[name];
  prototype[name] = async function (...words) {
    if (name === 'writeFile') noteWrite(words[0]);
    const begin = now();
    try {
      return await original.apply(this, words);
    } finally {
      disk.push({ begin, end: now(), synced: name === 'sync' });
    }
  };
}
const { fsyncSync } = fs;
fs.fsyncSync = (descriptor) => {
  const begin = now();
  fsyncSync(descriptor);
  disk.push({ begin, end: now(), synced: true });
};
syncBuiltinESMExports();

process.on('exit', () => {
  for (const request of requests) request.end ??= now();
  fs.writeSync(3, JSON.stringify({ requests, disk, phases }));
});

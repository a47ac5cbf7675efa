import { Writable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { isObject, type Json, type JsonObject } from '../../../base/json.ts';
import { objectIn } from './json.ts';
import { at, parseXml, writeXml, type Element } from './xml.ts';

/** An answer that is kept instead of sent, so that it can be spoiled, or given again. */
export class HeldAnswer extends Writable {
  status = 200;
  headers: Readonly<Record<string, string>> = {};
  readonly #chunks: Buffer[] = [];

  writeHead(status: number, headers: Readonly<Record<string, string>> = {}): this {
    this.status = status;
    this.headers = headers;
    return this;
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    done();
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** It stands for a response: what answers only writes a head and a body. */
  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

/** Headers without the length, which a changed body no longer has. */
const lengthless = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-length'));

/** Sends what was held. */
export function sendHeld(
  { status, headers, body }: Pick<HeldAnswer, 'status' | 'headers' | 'body'>,
  response: ServerResponse,
): void {
  // An answer to HEAD has the length of a body that it does not have.
  response
    .writeHead(status, body.length === 0 ? headers : { ...lengthless(headers), 'content-length': String(body.length) })
    .end(body);
}

/** Sends half of what was held, with the length of the whole, and breaks the connection. */
export function sendHalf({ status, headers, body }: HeldAnswer, response: ServerResponse): void {
  response.writeHead(status, { ...lengthless(headers), 'content-length': String(Math.max(2, body.length)) });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}

/** Sends bytes that are no answer of any service. */
export function sendGarbled({ status }: HeldAnswer, response: ServerResponse): void {
  response.writeHead(status, { 'content-type': 'text/xml' }).end('<Answer><reque\u0000stId>\ufffd</Nothing>');
}

/** The same answer without the elements of one name; without any body where the whole of it is that element. */
export function leaveOut(
  { status, headers, body }: Pick<HeldAnswer, 'status' | 'headers' | 'body'>,
  element: string,
): Pick<HeldAnswer, 'status' | 'headers' | 'body'> {
  if (status >= 400) return { status, headers, body };
  const root = parseXml(body.toString('utf8'));
  if (root.name === element)
    return { status, headers: { ...lengthless(headers), 'content-length': '0' }, body: Buffer.alloc(0) };
  const prune = (node: Element): void => {
    node.children = node.children.filter(({ name }) => name !== element);
    for (const child of node.children) prune(child);
  };
  prune(root);
  return { status, headers, body: Buffer.from(writeXml(root)) };
}

/** The identities that an answer names as made: the texts of its identity elements. */
export function madeBy(body: string): readonly string[] {
  return [
    ...body.matchAll(
      /<(?:instanceId|volumeId|groupId|snapshotId|imageId|DBInstanceIdentifier|DBSnapshotIdentifier)>([^<]+)</gu,
    ),
  ].flatMap(([, id]) => id ?? []);
}

/** An answer without the elements of lists that are about one of these identities. */
export function without(body: string, identities: ReadonlySet<string>): string {
  if (body.trimStart().startsWith('{')) return JSON.stringify(withoutIn(objectIn(body), identities));
  const root = parseXml(body);
  const isAbout = ({ children }: Element): boolean =>
    children.some(
      ({ children: inner, text, name }) =>
        inner.length === 0 && /(?:Id|Identifier|Name)$/u.test(name) && identities.has(text),
    );
  const prune = (node: Element): void => {
    node.children = node.children.filter(
      (child) =>
        !(
          child.children.length > 0 &&
          isAbout(child) &&
          /^(?:item|member|DBInstance|DBSnapshot|Bucket)$/u.test(child.name)
        ),
    );
    for (const child of node.children) prune(child);
  };
  prune(root);
  // A reservation of which every instance is left out is left out too.
  const reservations = at(root, 'reservationSet');
  if (reservations !== undefined)
    reservations.children = reservations.children.filter(
      (item) => (at(item, 'instancesSet')?.children.length ?? 0) > 0,
    );
  return writeXml(root);
}

/** The same of a JSON document: lists without the objects of which a member is one of these names. */
const withoutIn = (answer: JsonObject, identities: ReadonlySet<string>): JsonObject =>
  Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? (value as readonly Json[]).filter(
            (item) =>
              !isObject(item) || !Object.values(item).some((one) => typeof one === 'string' && identities.has(one)),
          )
        : value,
    ]),
  );

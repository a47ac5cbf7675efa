/** A malformed value of the SSH protocol. */
export class NotSsh extends Error {}

/**
 * Reads the values of a binary text of the SSH protocol in their order (RFC 4251, section 5). Every method throws
 * NotSsh at the end of the text.
 */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new NotSsh('it ends too early');
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  byte(): number {
    return this.take(1).readUInt8(0);
  }

  count(): number {
    return this.take(4).readUInt32BE(0);
  }

  string(): Buffer {
    return this.take(this.count());
  }

  /** A name: printable ASCII alone. */
  name(): string {
    const text = this.string().toString('latin1');
    if (!/^[\x21-\x7e]*$/u.test(text)) throw new NotSsh('a name in it is not plain ASCII');
    return text;
  }

  /** A number that is not negative, in its shortest form, without the leading zero byte. */
  number(): Buffer {
    const bytes = this.string();
    const [first = 0, second = 0] = bytes;
    if (bytes.length === 0 || (first & 0x80) !== 0 || (first === 0 && (bytes.length === 1 || (second & 0x80) === 0)))
      throw new NotSsh('a number in it is not in its shortest form');
    return first === 0 ? bytes.subarray(1) : bytes;
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new NotSsh('something follows its end');
  }
}

/** A string of the SSH protocol: its length, then its bytes. */
export function sshString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const encoder = new TextEncoder();
const LIST_LENGTH = 900;

/**
 * A hostile broker on 127.0.0.1: it answers the command `answers` with a list of 900 strings of
 * `stringBytes` each, or with `reply`, and everything else like a Redis server at the start of a
 * connection.
 */
export class FloodingBroker implements AsyncDisposable {
  readonly hostname = "127.0.0.1";
  readonly port: number;
  /** Bytes of the lists that the clients have taken. */
  sentBytes = 0;
  /** Lists that are being sent. */
  floods = 0;
  readonly #answers: string;
  readonly #string: Uint8Array;
  readonly #reply: string | undefined;
  readonly #listener: Deno.TcpListener;
  readonly #serving = new Set<Promise<void>>();

  constructor({ answers, stringBytes = 0, reply }: {
    readonly answers: string;
    readonly stringBytes?: number;
    readonly reply?: string;
  }) {
    this.#answers = answers;
    this.#reply = reply;
    this.#string = encoder.encode(`$${stringBytes}\r\n${"x".repeat(stringBytes)}\r\n`);
    this.#listener = Deno.listen({ hostname: this.hostname, port: 0 });
    this.port = this.#listener.addr.port;
    void this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await Promise.all(this.#serving);
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      const serving = this.#serve(connection).catch(() => {}).finally(() => {
        connection.close();
        this.#serving.delete(serving);
      });
      this.#serving.add(serving);
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    const chunk = new Uint8Array(65_536);
    for (let read = await connection.read(chunk); read; read = await connection.read(chunk)) {
      const text = new TextDecoder().decode(chunk.subarray(0, read)).toUpperCase();
      const isFlooded = text.includes(`\r\n${this.#answers}\r\n`);
      const commands = text.match(/^\*\d+\r\n\$\d+\r\n\w+/gm) ?? [];
      const replies = commands.filter((command) => !command.endsWith(this.#answers))
        .map((command) => command.endsWith("PING") ? "+PONG\r\n" : "+OK\r\n");
      await writeAll(connection, encoder.encode(replies.join("")));
      if (!isFlooded) continue;
      if (this.#reply === undefined) await this.#flood(connection);
      else await writeAll(connection, encoder.encode(this.#reply));
    }
  }

  async #flood(connection: Deno.Conn): Promise<void> {
    this.floods++;
    try {
      await writeAll(connection, encoder.encode(`*${LIST_LENGTH}\r\n`));
      for (let count = 0; count < LIST_LENGTH; count++) {
        await writeAll(connection, this.#string, (bytes) => this.sentBytes += bytes);
      }
    } finally {
      this.floods--;
    }
  }
}

async function writeAll(
  connection: Deno.Conn,
  bytes: Uint8Array,
  onWritten: (bytes: number) => void = () => {},
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const written = await connection.write(bytes.subarray(at));
    onWritten(written);
    at += written;
  }
}

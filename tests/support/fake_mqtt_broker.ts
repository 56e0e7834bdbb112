/** Answers CONNECT and SUBSCRIBE with the reason codes that a test sets (MQTT 5, 2.4). */
export class FakeMqttBroker implements AsyncDisposable {
  /** Reason code of CONNACK. */
  connackCode = 0;
  /** Reason code of each SUBACK. */
  subackCode = 1;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #served: Promise<void>;

  constructor() {
    this.#served = this.#serve();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Sends DISCONNECT with a reason code to every client, and closes the connections. */
  async disconnect(reasonCode: number): Promise<void> {
    for (const connection of this.#connections) {
      await connection.write(new Uint8Array([0xe0, 2, reasonCode, 0]));
      connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await this.#served;
  }

  async #serve(): Promise<void> {
    const answered: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      answered.push(
        this.#answer(connection).finally(() => {
          this.#connections.delete(connection);
          close(connection);
        }),
      );
    }
    await Promise.all(answered);
  }

  async #answer(connection: Deno.Conn): Promise<void> {
    let received = new Uint8Array();
    const chunk = new Uint8Array(65_536);
    for (;;) {
      const count = await connection.read(chunk).catch(() => null);
      if (count === null) return;
      received = new Uint8Array([...received, ...chunk.subarray(0, count)]);
      for (let packet = packetIn(received); packet; packet = packetIn(received)) {
        received = received.slice(packet.bytes);
        const reply = this.#replyTo(packet.type, packet.body);
        if (reply) await connection.write(new Uint8Array(reply)).catch(() => {});
      }
    }
  }

  #replyTo(type: number, body: Uint8Array): number[] | undefined {
    if (type === 1) return [0x20, 3, 0, this.connackCode, 0];
    return type === 8 ? [0x90, 4, body[0]!, body[1]!, 0, this.subackCode] : undefined;
  }
}

function packetIn(bytes: Uint8Array) {
  let [length, at] = [0, 1];
  do {
    if (at >= bytes.length) return undefined;
    length += (bytes[at]! & 0x7f) * 128 ** (at - 1);
  } while (bytes[at++]! & 0x80);
  if (bytes.length < at + length) return undefined;
  return { type: bytes[0]! >> 4, body: bytes.subarray(at, at + length), bytes: at + length };
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

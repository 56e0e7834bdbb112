/** Answers CONNECT, SUBSCRIBE and PUBLISH with what a test sets (MQTT 5, 2.4). */
export class FakeMqttBroker implements AsyncDisposable {
  /** Reason code of CONNACK. */
  connackCode = 0;
  /** Reason code of each SUBACK. */
  subackCode = 1;
  /** Largest packet that CONNACK announces, in bytes. @default none */
  maxPacketBytes: number | undefined;
  /** Whether the packets of a client that has connected are read. */
  readsFrom: (clientId: string) => boolean = () => true;
  /** Acknowledges messages with QoS 1. */
  acknowledges = true;
  /** The bodies of the PUBLISH packets with QoS 1. */
  readonly published: Uint8Array[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #served: Promise<void>;
  readonly #ending = Promise.withResolvers<void>();

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
    this.#ending.resolve();
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
      received = concat(received, chunk.subarray(0, count));
      for (let packet = packetIn(received); packet; packet = packetIn(received)) {
        received = received.slice(packet.bytes);
        const reply = this.#replyTo(packet);
        if (reply) await connection.write(new Uint8Array(reply)).catch(() => {});
        if (packet.type === 1 && !this.readsFrom(clientIdOf(packet.body))) {
          return await this.#ending.promise;
        }
      }
    }
  }

  #replyTo({ type, qos, body }: Packet): number[] | undefined {
    if (type === 1) {
      const max = this.maxPacketBytes;
      const properties = max === undefined
        ? []
        : [0x27, max >>> 24, (max >>> 16) & 0xff, (max >>> 8) & 0xff, max & 0xff];
      return [0x20, 3 + properties.length, 0, this.connackCode, properties.length, ...properties];
    }
    if (type === 3 && qos === 1) {
      this.published.push(body);
      const at = 2 + (body[0]! << 8) + body[1]!;
      return this.acknowledges ? [0x40, 2, body[at]!, body[at + 1]!] : undefined;
    }
    return type === 8 ? [0x90, 4, body[0]!, body[1]!, 0, this.subackCode] : undefined;
  }
}

interface Packet {
  readonly type: number;
  /** Of a PUBLISH. */
  readonly qos: number;
  readonly body: Uint8Array;
  /** Length with its header. */
  readonly bytes: number;
}

function packetIn(bytes: Uint8Array): Packet | undefined {
  let [length, at] = [0, 1];
  do {
    if (at >= bytes.length) return undefined;
    length += (bytes[at]! & 0x7f) * 128 ** (at - 1);
  } while (bytes[at++]! & 0x80);
  if (bytes.length < at + length) return undefined;
  return {
    type: bytes[0]! >> 4,
    qos: (bytes[0]! >> 1) & 3,
    body: bytes.slice(at, at + length),
    bytes: at + length,
  };
}

/** Returns the client id of a CONNECT without properties of 128 bytes or more. */
function clientIdOf(body: Uint8Array): string {
  // Protocol name of six bytes, version, flags, keepalive, properties.
  const at = 10 + 1 + body[10]!;
  const length = (body[at]! << 8) + body[at + 1]!;
  return new TextDecoder().decode(body.subarray(at + 2, at + 2 + length));
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

/** A command as its words. */
export type WireCommand = readonly string[];

/** Returns the bytes of a reply in RESP, or undefined to stay silent. */
export type Replier = (command: WireCommand) => string | undefined;

/** Sends bytes to one connection. */
type Send = (text: string) => Promise<void>;

/** Replies like a Redis server to what a client sends at the start, and to what the tests send. */
const DEFAULT_REPLIES: Readonly<Record<string, string>> = {
  PING: "+PONG\r\n",
  PUBLISH: ":1\r\n",
  SPUBLISH: ":1\r\n",
};

const latin1Decoder = new TextDecoder("latin1");

/** Returns a bulk string in RESP. */
export function bulk(text: string): string {
  return `$${new TextEncoder().encode(text).length}\r\n${text}\r\n`;
}

/** Returns an array in RESP of encoded elements. */
export function array(...elements: readonly string[]): string {
  return `*${elements.length}\r\n${elements.join("")}`;
}

/** Returns a message in RESP3 that no command asked for. */
export function push(...elements: readonly string[]): string {
  return `>${elements.length}\r\n${elements.join("")}`;
}

/** Returns a map in RESP3 of encoded keys and values. */
export function map(...pairs: readonly (readonly [string, string])[]): string {
  return `%${pairs.length}\r\n${pairs.flat().join("")}`;
}

/**
 * A server on 127.0.0.1 that speaks the protocol of Redis, with replies that the test controls. It
 * counts its connections, so that a test sees one that is left open.
 */
export class FakeRedis implements AsyncDisposable {
  readonly hostname: string;
  readonly port: number;
  /** All commands so far, with the name in upper case. */
  readonly commands: WireCommand[] = [];
  /** Replies to a command; undefined for the default reply, "" for silence. */
  reply: Replier = () => undefined;
  /** Sent to each new connection, which is then closed. */
  farewell: string | undefined;
  #opened = 0;
  /** Connections by the channels to which they subscribe; undefined if nothing is delivered. */
  #subscribers: Map<string, Set<Send>> | undefined;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #listener: Deno.TcpListener;

  constructor(hostname = "127.0.0.1") {
    this.hostname = hostname;
    this.#listener = Deno.listen({ hostname: this.hostname, port: 0 });
    this.port = this.#listener.addr.port;
    this.#accept();
  }

  /** Number of connections accepted so far. */
  get opened(): number {
    return this.#opened;
  }

  /** Number of connections that are open. */
  get open(): number {
    return this.#connections.size;
  }

  /** Returns the commands so far with this name. */
  commandsNamed(name: string): WireCommand[] {
    return this.commands.filter(([first]) => first === name);
  }

  /** From now on, delivers what is published to the connections that subscribe to the channel. */
  deliverMessages(): void {
    this.#subscribers = new Map();
  }

  /** Closes all connections. New ones are still accepted. */
  cut(): void {
    for (const connection of this.#connections) close(connection);
  }

  /** Sends bytes to all connections without a command. */
  async send(text: string): Promise<void> {
    for (const connection of this.#connections) await connection.write(encode(text));
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#opened++;
      this.#connections.add(connection);
      this.#serve(connection).catch(() => {}).finally(() => {
        close(connection);
        this.#connections.delete(connection);
      });
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    if (this.farewell !== undefined) return void await connection.write(encode(this.farewell));
    const send = async (reply: string) => void await connection.write(encode(reply));
    let text = "";
    const chunk = new Uint8Array(65_536);
    for (let read = await connection.read(chunk); read; read = await connection.read(chunk)) {
      text += latin1(chunk.subarray(0, read));
      for (let command = nextCommand(text); command; command = nextCommand(text)) {
        text = text.slice(command.length);
        await this.#answer(command.words, send);
      }
    }
  }

  async #answer([name = "", ...words]: WireCommand, send: Send): Promise<void> {
    const command = [name.toUpperCase(), ...words];
    this.commands.push(command);
    const reply = this.reply(command) ?? this.#deliver(command, send) ??
      DEFAULT_REPLIES[command[0] ?? ""] ?? "+OK\r\n";
    if (reply !== "") await send(reply);
  }

  /** Replies to what subscribers, publishers and consumers of a queue send. */
  #deliver([name, ...words]: WireCommand, send: Send): string | undefined {
    const subscribers = this.#subscribers;
    if (!subscribers) return undefined;
    const [first = "", second = ""] = words;
    const countOf = (channel: string) => subscribers.get(channel)?.size ?? 0;
    switch (name) {
      case "SUBSCRIBE":
        for (const each of words) subscribers.getOrInsertComputed(each, () => new Set()).add(send);
        return words.map((each) => push(bulk("subscribe"), bulk(each), ":1\r\n")).join("");
      case "PUBLISH":
        for (const receiver of subscribers.get(first) ?? []) {
          receiver(push(bulk("message"), bulk(first), bulk(second)))
            .catch(() => subscribers.get(first)?.delete(receiver)); // it is closed
        }
        return `:${countOf(first)}\r\n`;
      case "PUBSUB":
        return first === "NUMSUB" ? array(bulk(second), `:${countOf(second)}\r\n`) : ":0\r\n";
      case "EXISTS":
        return ":0\r\n";
      case "BRPOP":
        return ""; // no command arrives
      default:
        return undefined;
    }
  }
}

/** Parses the command at the start of `text`, an array of bulk strings; undefined if incomplete. */
function nextCommand(text: string): { words: WireCommand; length: number } | undefined {
  const words: string[] = [];
  const head = /^\*(\d+)\r\n/.exec(text);
  if (!head) return undefined;
  let at = head[0].length;
  for (let count = Number(head[1]); count > 0; count--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
    if (!size) return undefined;
    const start = at + size[0].length;
    const end = start + Number(size[1]);
    if (text.length < end + 2) return undefined;
    words.push(text.slice(start, end));
    at = end + 2;
  }
  return { words, length: at };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** One character for each byte, so that lengths in the protocol are lengths of the text. */
function latin1(bytes: Uint8Array): string {
  return latin1Decoder.decode(bytes);
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It is already closed.
  }
}

/** Returns the reply to CLUSTER SLOTS of masters that share the slots evenly. */
export function clusterSlots(masters: readonly FakeRedis[]): string {
  const size = Math.ceil(16_384 / masters.length);
  return array(...masters.map(({ hostname, port }, at) =>
    array(
      `:${at * size}\r\n`,
      `:${Math.min(16_384, (at + 1) * size) - 1}\r\n`,
      array(bulk(hostname), `:${port}\r\n`, bulk(`node-${at}`)),
    )
  ));
}

/** Lets fake servers reply like the masters of one cluster. */
export function joinCluster(masters: readonly FakeRedis[]): void {
  for (const master of masters) {
    master.reply = ([name, word = ""]) =>
      name === "CLUSTER" && word.toUpperCase() === "SLOTS" ? clusterSlots(masters) : undefined;
  }
}

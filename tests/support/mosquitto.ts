import { type IClientOptions, type IPublishPacket, MqttClient } from "mqtt";
import { connect as connectTcp } from "node:net";
import { acceptsConnections, ServerProcess } from "./server_process.ts";
import { waitFor } from "./wait.ts";

export interface StartMosquittoOptions {
  /** More lines of its configuration, such as `allow_anonymous false`. @default anonymous access */
  readonly config?: readonly string[];
  /** User names and passwords. */
  readonly users?: Readonly<Record<string, string>>;
}

/** Starts an MQTT broker on 127.0.0.1 until it is disposed. */
export async function startMosquitto(options: StartMosquittoOptions = {}): Promise<Mosquitto> {
  const broker = new Mosquitto(options);
  await broker.restart();
  return broker;
}

/** Eclipse Mosquitto, which needs `apt-get install mosquitto`. */
export class Mosquitto extends ServerProcess {
  readonly #clients: Observer[] = [];

  constructor({ config = [], users }: StartMosquittoOptions) {
    super({ name: "mosquitto" });
    const lines = [
      `listener ${this.port} 127.0.0.1`,
      ...config,
      ...users ? ["allow_anonymous false", `password_file ${this.#writeUsers(users)}`] : [],
      ...users || config.some((line) => line.startsWith("allow_anonymous"))
        ? []
        : ["allow_anonymous true"],
      `log_dest file ${this.logPath}`,
      "persistence false",
      "user root",
    ];
    Deno.writeTextFileSync(`${this.folder}/mosquitto.conf`, lines.join("\n") + "\n");
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Starts it again on the same port, without what it had retained. */
  async restart(): Promise<void> {
    await this.start(["mosquitto", "-c", `${this.folder}/mosquitto.conf`], acceptsConnections);
  }

  /** Subscribes an independent client to a filter; it is closed with the broker. */
  async observe(filter = "#", options: IClientOptions = {}): Promise<Observer> {
    const observer = await Observer.of(this.port, filter, options);
    this.#clients.push(observer);
    return observer;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    await super[Symbol.asyncDispose]();
  }

  #writeUsers(users: Readonly<Record<string, string>>): string {
    const path = `${this.folder}/users`;
    Deno.writeTextFileSync(
      path,
      Object.entries(users).map(([name, password]) => `${name}:${password}\n`).join(""),
    );
    const { success } = new Deno.Command("mosquitto_passwd", { args: ["-U", path] }).outputSync();
    if (!success) throw new Error("mosquitto_passwd failed");
    return path;
  }
}

/** A message that an observer has received. */
export interface ObservedMessage {
  readonly topic: string;
  readonly text: string;
  readonly packet: IPublishPacket;
}

/** A client that collects messages. */
export class Observer implements AsyncDisposable {
  readonly messages: ObservedMessage[] = [];
  readonly #client: MqttClient;

  static async of(port: number, filter: string, options: IClientOptions): Promise<Observer> {
    const client = new MqttClient(() => connectTcp({ host: "127.0.0.1", port }), {
      protocolVersion: 5,
      clientId: `observer-${crypto.randomUUID()}`,
      reconnectPeriod: 0,
      timerVariant: "native",
      ...options,
    });
    const observer = new Observer(client);
    client.on("error", () => {});
    await waitFor("the observer's connection", () => client.connected);
    await client.subscribeAsync(filter, { qos: 1 });
    return observer;
  }

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on("message", (topic, payload, packet) => {
      this.messages.push({ topic, text: payload.toString(), packet });
    });
  }

  all(topic: string): ObservedMessage[] {
    return this.messages.filter((message) => message.topic === topic);
  }

  last(topic: string): ObservedMessage | undefined {
    return this.all(topic).at(-1);
  }

  /** Waits for a message on `topic` that `accepts`. */
  async first(
    topic: string,
    accepts: (message: ObservedMessage) => boolean = () => true,
    timeoutMs = 20_000,
  ): Promise<ObservedMessage> {
    return await waitFor(`a message on ${topic}`, () => this.all(topic).find(accepts), {
      timeoutMs,
    });
  }

  /** Publishes a message and waits for its acknowledgement. */
  async publish(topic: string, text: string, retain = false): Promise<void> {
    await this.#client.publishAsync(topic, text, { qos: 1, retain });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { stream } = this.#client;
    if (stream.destroyed) return;
    const closed = new Promise((resolve) => stream.once("close", resolve));
    stream.destroy();
    await closed;
  }
}

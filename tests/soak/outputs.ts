import { clock } from "../support/messages.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { temporaryFolder } from "../support/folders.ts";
import { startRedis } from "../support/redis_server.ts";

/** Called with the topic and the text of each message that arrived. */
export type OnMessage = (topic: string, text: string) => void;

/** Arguments that select an output, whose messages an independent client reads. */
export interface SoakOutput extends AsyncDisposable {
  readonly args: readonly string[];
}

const topicOf = (channel: string) => channel.split(":").at(-1)!;

/** The outputs by their names. */
export const OUTPUTS: Readonly<Record<string, (onMessage: OnMessage) => Promise<SoakOutput>>> = {
  /** Channels of Redis, with a subscriber to the metrics and the frames. */
  redis: async (onMessage) => {
    const redis = await startRedis();
    const subscriber = redis.client();
    subscriber.on("message", (channel: string, text: string) => onMessage(topicOf(channel), text));
    const topics = ["core_metrics", "edge_metrics", "frame"];
    await subscriber.subscribe(...topics.map((topic) => `physiology:${topic}`));
    return {
      args: [`--redis_port=${redis.port}`],
      [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
    };
  },

  /** Keys and histories of Redis, which are read every 200 ms. */
  key_value: async (onMessage) => {
    const redis = await startRedis();
    const client = redis.client();
    const stop = new AbortController();
    const poll = async () => {
      const after = new Map([["core_metrics", "0-0"], ["edge_metrics", "0-0"]]);
      while (!stop.signal.aborted) {
        const streams = [...after.keys()].map((topic) => `physiology:${topic}:history`);
        const reply = await client.xread("STREAMS", ...streams, ...after.values());
        for (const [stream, entries] of (reply ?? []) as [string, [string, string[]][]][]) {
          const topic = stream.split(":")[1]!;
          for (const [, fields] of entries) onMessage(topic, fields[1]!);
          after.set(topic, entries.at(-1)![0]);
        }
        if (await client.get("physiology:frame")) onMessage("frame", "");
        await clock.sleep(200, stop.signal);
      }
    };
    const polled = poll();
    return {
      args: [`--redis_port=${redis.port}`, "--noredis_use_pubsub"],
      async [Symbol.asyncDispose]() {
        stop.abort();
        await polled;
        await redis[Symbol.asyncDispose]();
      },
    };
  },

  /** Files, which are read as they grow. */
  file: (onMessage) => {
    const folder = temporaryFolder();
    const stop = new AbortController();
    const followed = Promise.all(
      ["core_metrics", "edge_metrics"].map((topic) =>
        follow(`${folder.path}/${topic}.jsonl`, {
          onLine: (line) => onMessage(topic, line),
          signal: stop.signal,
        })
      ),
    );
    return Promise.resolve({
      args: ["--streaming_backend=file", `--file_base_directory=${folder.path}`],
      async [Symbol.asyncDispose]() {
        stop.abort();
        await followed;
        folder[Symbol.dispose]();
      },
    });
  },

  /**
   * MQTT beside the channels of Redis, of which only the messages of MQTT are counted. Each metric of
   * Redis has a subscriber too: it would wait for one, in memory.
   */
  mqtt: async (onMessage) => {
    const [redis, broker] = [await startRedis(), await startMosquitto()];
    await redis.client().subscribe("physiology:core_metrics", "physiology:edge_metrics");
    const observer = await broker.observe("physiology/physiology/+");
    const stop = new AbortController();
    const poll = async () => {
      while (!stop.signal.aborted) {
        for (const { topic, text } of observer.messages.splice(0)) {
          onMessage(topic.split("/").at(-1)!, text);
        }
        await clock.sleep(200, stop.signal);
      }
    };
    const polled = poll();
    return {
      args: [`--redis_port=${redis.port}`, `--mqtt_url=${broker.url}`],
      async [Symbol.asyncDispose]() {
        stop.abort();
        await polled;
        await broker[Symbol.asyncDispose]();
        await redis[Symbol.asyncDispose]();
      },
    };
  },
};

/** Calls `onLine` with each line that is appended to a file. */
async function follow(
  path: string,
  { onLine, signal }: { readonly onLine: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const buffer = new Uint8Array(1 << 16);
  const decoder = new TextDecoder();
  let file: Deno.FsFile | undefined;
  let rest = "";
  while (!signal.aborted) {
    file ??= await Deno.open(path).catch(() => undefined);
    const length = await file?.read(buffer) ?? 0;
    const lines = (rest + decoder.decode(buffer.subarray(0, length), { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
    if (length === 0) await clock.sleep(200, signal);
  }
  file?.close();
}

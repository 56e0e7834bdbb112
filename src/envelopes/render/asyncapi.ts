import { COMMAND_QUEUES, type Topic, TOPIC_TABLE, TOPICS } from "../fields/table.ts";
import { STREAM } from "./asyncapi_stream.ts";
import { envelopeSchema, type JsonSchema } from "./json_schema.ts";

/** Schema of a recording command, as clients push it. */
const COMMAND: JsonSchema = {
  type: "object",
  description: "Starts or stops a recording.",
  properties: {
    recording: { type: "boolean", description: "True to start, false to stop." },
    session_id: {
      type: "string",
      minLength: 1,
      maxLength: 128,
      description: "Identifier of the session; generated if absent.",
    },
  },
  required: ["recording"],
};

/** The key of a queue in the document, where a colon is not allowed. */
function queueKey(queue: string): string {
  return queue.replaceAll(":", "_");
}

function perQueue<T>(make: (queue: string) => T): Record<string, T> {
  return Object.fromEntries(COMMAND_QUEUES.map((queue) => [queueKey(queue), make(queue)]));
}

const PREFIX = {
  description: "Prefix of all channels and keys of one server (`--redis_key_prefix`).",
  default: "physiology",
};

const REDIS = [{ $ref: "#/servers/redis" }];

/** AsyncAPI 3 description of every channel and queue, with an example per message. */
export function asyncApi(
  { version, examples }: {
    readonly version: string;
    readonly examples: Readonly<Record<Topic, unknown>>;
  },
): object {
  const perTopic = <T>(make: (topic: Topic) => T) =>
    Object.fromEntries(TOPICS.map((topic) => [topic, make(topic)]));
  return {
    asyncapi: "3.0.0",
    info: {
      title: "physiology_server",
      version,
      description: "Pulse and breathing measured by a camera, published to Redis in real time.",
      license: { name: "Apache-2.0" },
    },
    defaultContentType: "application/json",
    servers: {
      redis: {
        host: "localhost:6379",
        protocol: "redis",
        description: "The Redis server that `--redis_host` and `--redis_port` name.",
      },
      ...STREAM.servers,
    },
    channels: {
      ...perTopic((topic) => ({
        address: `{prefix}:${topic}`,
        servers: REDIS,
        title: TOPIC_TABLE[topic].title,
        description: TOPIC_TABLE[topic].cadence,
        parameters: { prefix: PREFIX },
        messages: { [topic]: { $ref: `#/components/messages/${topic}` } },
      })),
      ...perQueue((queue) => ({
        address: `{prefix}:${queue}`,
        servers: REDIS,
        title: "Recording commands",
        description: "A Redis list: clients push with LPUSH, the server takes with BRPOP.",
        parameters: { prefix: PREFIX },
        messages: { command: { $ref: "#/components/messages/command" } },
      })),
      ...STREAM.channels,
    },
    operations: {
      ...perTopic((topic) => ({
        action: "send",
        channel: { $ref: `#/channels/${topic}` },
        summary: `PUBLISH {prefix}:${topic}`,
      })),
      ...perQueue((queue) => ({
        action: "receive",
        channel: { $ref: `#/channels/${queueKey(queue)}` },
        summary: `BRPOP {prefix}:${queue}`,
      })),
      ...STREAM.operations,
    },
    components: {
      messages: {
        ...perTopic((topic) => ({
          name: topic,
          title: TOPIC_TABLE[topic].title,
          summary: TOPIC_TABLE[topic].cadence,
          payload: { $ref: `#/components/schemas/${topic}` },
          examples: [{ name: topic, payload: examples[topic] }],
        })),
        command: {
          name: "command",
          title: "Recording command",
          payload: { $ref: "#/components/schemas/command" },
          examples: [{ name: "start", payload: { recording: true, session_id: "visit-7" } }],
        },
        ...STREAM.messages,
      },
      schemas: { ...schemasOf(), command: COMMAND, ...STREAM.schemas },
    },
  };
}

/** The schemas of all topics, their definitions beside them under the topic's name. */
function schemasOf(): Record<string, unknown> {
  const schemas: Record<string, unknown> = {};
  for (const topic of TOPICS) {
    const { $schema: _, $defs = {}, ...schema } = envelopeSchema(topic);
    const moved = (value: unknown) =>
      JSON.parse(
        JSON.stringify(value).replaceAll(`"#/$defs/`, `"#/components/schemas/${topic}_`),
      );
    schemas[topic] = moved(schema);
    for (const [name, definition] of Object.entries($defs as object)) {
      schemas[`${topic}_${name}`] = moved(definition);
    }
  }
  return schemas;
}

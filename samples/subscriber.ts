/**
 * Prints the messages of a physiology_server.
 *
 *     deno run --allow-net --allow-env samples/subscriber.ts --redis_host=localhost
 *
 * `--start=SESSION` and `--stop` push a recording command first. `--redis_tls_ca_path=ca.pem`
 * connects with TLS; it and `--redis_password_file` require `--allow-read`. The values of the flags
 * can also come from the environment: `PHYSIOLOGY_REDIS_HOST` and so on.
 */
import { parseArgs } from "node:util";
// deno-lint-ignore no-import-prefix -- a file to copy works without the import map of this project
import { Redis } from "npm:ioredis@6.0.0";

const env = (name: string, value = "") => Deno.env.get(`PHYSIOLOGY_REDIS_${name}`) ?? value;
const { values: options } = parseArgs({
  options: {
    redis_host: { type: "string", default: env("HOST", "localhost") },
    redis_port: { type: "string", default: env("PORT", "6379") },
    redis_username: { type: "string", default: env("USERNAME") },
    redis_password: { type: "string", default: env("PASSWORD") },
    redis_password_file: { type: "string", default: env("PASSWORD_FILE") },
    redis_database: { type: "string", default: env("DATABASE", "0") },
    redis_key_prefix: { type: "string", default: env("KEY_PREFIX", "physiology") },
    redis_tls_ca_path: { type: "string", default: env("TLS_CA_PATH") },
    start: { type: "string" },
    stop: { type: "boolean", default: false },
  },
});

interface Rate {
  strict?: { value: number; confidence: number };
}
interface CoreMetrics {
  pulse?: Rate;
  breathing?: Rate;
  withheld?: { pulse?: string; breathing?: string };
}
type Envelope =
  | { type: "core_metrics"; timestamp: number; payload: CoreMetrics }
  | { type: "edge_metrics"; timestamp: number; payload: { signal: Record<string, number> } }
  | { type: "status"; timestamp: number; payload: { name: string; message: string; hint: string } }
  | { type: "frame"; timestamp: number; payload: { data: string; width: number; height: number } }
  | {
    type: "recording_state";
    timestamp: number;
    payload: { recording: boolean; session_id?: string };
  };

function rateText(rate: Rate | undefined, withheld = "unknown"): string {
  if (!rate?.strict) return `withheld (${withheld})`;
  return `${rate.strict.value.toFixed(1)}/min (${Math.round(rate.strict.confidence * 100)} %)`;
}

function describe(envelope: Envelope): string {
  switch (envelope.type) {
    case "core_metrics": {
      const { pulse, breathing, withheld } = envelope.payload;
      return `pulse ${rateText(pulse, withheld?.pulse)}, ` +
        `breathing ${rateText(breathing, withheld?.breathing)}`;
    }
    case "edge_metrics":
      return JSON.stringify(envelope.payload.signal);
    case "status":
      return `${envelope.payload.name}: ${envelope.payload.message} ${envelope.payload.hint}`
        .trim();
    case "frame":
      return `${envelope.payload.width}x${envelope.payload.height}, ` +
        `${Math.round(envelope.payload.data.length * 3 / 4)} bytes`;
    case "recording_state":
      return envelope.payload.recording
        ? `started ${envelope.payload.session_id ?? ""}`
        : "stopped";
  }
}

const password = options.redis_password_file
  ? Deno.readTextFileSync(options.redis_password_file).replace(/\r?\n$/, "")
  : options.redis_password;
const caPath = options.redis_tls_ca_path;
const connection = {
  host: options.redis_host,
  port: Number(options.redis_port),
  db: Number(options.redis_database),
  ...(options.redis_username ? { username: options.redis_username } : {}),
  ...(password ? { password } : {}),
  ...(caPath ? { tls: { ca: Deno.readTextFileSync(caPath) } } : {}),
};
const prefix = options.redis_key_prefix;

if (options.start !== undefined || options.stop) {
  const commands = new Redis(connection);
  const command = options.stop
    ? { recording: false }
    : { recording: true, ...(options.start ? { session_id: options.start } : {}) };
  await commands.lpush(`${prefix}:command_queue`, JSON.stringify(command));
  await commands.quit();
}

// A subscriber sends nothing and would not notice a dead connection. The status is published at
// least every 5 s, so a longer silence means that the connection is dead.
const subscriber = new Redis({ ...connection, socketTimeout: 15_000 });
subscriber.on("error", (error) => console.error(`Redis: ${error.message}`));
subscriber.on("message", (_channel, text) => {
  const envelope = JSON.parse(text) as Envelope;
  const latencyMs = Date.now() - envelope.timestamp / 1000;
  console.log(`${envelope.type} ${latencyMs.toFixed(0)} ms ago: ${describe(envelope)}`);
});
await subscriber.subscribe(
  ...["core_metrics", "edge_metrics", "status", "frame", "recording_state"]
    .map((topic) => `${prefix}:${topic}`),
);

/** The demonstration behind `scripts/demo`: broker, server, and a terminal view of the stream. */
import { redisOptions } from "../src/transports/redis/settings.ts";
import { RedisReader } from "../src/transports/redis/reader.ts";
import { EXIT, ExitError, UsageError } from "../src/base/errors.ts";
import { type Configuration, FLAGS, load } from "../src/app/flags.ts";
import { silentLog } from "../src/telemetry/log.ts";
import { DemoView } from "./demo_view.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const HELP = `scripts/demo [--flag=value ...]

Runs the server and draws what a subscriber receives. The flags are those of physiology_server
(scripts/physiology_server --help). Without an input it takes the simulated camera, without a Redis
a redis-server of its own, without a port for gRPC any free one.

  scripts/demo --use_camera
  scripts/demo --input_video_path=clip.avi --redis_host=192.168.1.100
  scripts/demo --duration=30`;
const encoder = new TextEncoder();

/** What is run, checked before anything is started. */
interface Plan {
  readonly args: readonly string[];
  readonly settings: Configuration["settings"];
  readonly ownBroker: boolean;
}

/** @throws {ExitError} for flags, environment or files that the server would not take */
function planOf(given: readonly string[]): Plan {
  // As check-config they need no input yet.
  const { command, settings: { camera, video, simulate }, originOf } = load(
    ["check-config", ...given],
  );
  if (command !== "check-config") throw new UsageError("Cannot show that: the demo only serves");
  const isGiven = (name: string) => {
    const entry = FLAGS.entries.find(({ flag }) => flag.name === name);
    return entry !== undefined && originOf(entry).kind !== "default";
  };
  const args = [...given];
  const hasInput = camera.use || video.inputPath !== undefined || simulate.enabled;
  if (!hasInput) args.push("--simulate");
  const ownBroker = !["redis_host", "redis_port", "redis_sentinels"].some(isGiven);
  if (ownBroker) args.push("--redis_host=127.0.0.1", `--redis_port=${freePort()}`);
  if (!isGiven("port")) args.push(`--port=${freePort()}`);
  const { settings } = load(args);
  if (settings.publish.backend !== "redis" || !settings.redis.usePubsub) {
    throw new UsageError("Cannot show that: the demo listens to Redis's channels");
  }
  return { args, settings, ownBroker };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function startBroker(port: number): Deno.ChildProcess {
  return new Deno.Command("redis-server", {
    args: ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

function startServer(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(`${ROOT}scripts/physiology_server`, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Hands over the lines that the server logs. */
async function readLines(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as TransformStream)) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    parts.forEach(take);
  }
}

/** Redraws in place on a terminal; elsewhere prints a line a second, as a log likes it. */
function draw(view: DemoView, previousRows: number): number {
  if (!Deno.stdout.isTerminal()) {
    Deno.stdout.writeSync(encoder.encode(view.line() + "\n"));
    return 0;
  }
  const rows = view.rows();
  const home = previousRows > 0 ? `\x1b[${previousRows}A` : "";
  const text = home + rows.map((row) => `\x1b[2K${row}\n`).join("");
  // A row that wrapped would put the next picture in the wrong place.
  Deno.stdout.writeSync(encoder.encode(`\x1b[?7l${text}\x1b[?7h`));
  return rows.length;
}

async function main(given: readonly string[]): Promise<number> {
  const { args, settings: { redis }, ownBroker } = planOf(given);
  const { promise: asked, resolve: ask } = Promise.withResolvers<"asked">();
  // A closed terminal must leave neither server nor broker behind.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => ask("asked"));
  }
  const view = new DemoView({ redis, command: args });
  const broker = ownBroker ? startBroker(redis.port) : undefined;
  const server = startServer(args);
  const tail: string[] = [];
  const logged = readLines(server.stderr, (line) => {
    tail.push(line);
    tail.splice(0, tail.length - 20);
    if (/ (warning|error) /.test(line)) view.note(line);
  });
  await using feed = new RedisReader({
    redis: redisOptions(redis),
    log: silentLog,
    onMessage: (_channel, message) => view.take(message),
  });
  feed.subscribePattern(`${redis.keyPrefix}:*`).catch(() => {}); // waits for the broker to be there

  let rows = 0;
  const show = () => {
    try {
      rows = draw(view, rows);
    } catch {
      ask("asked"); // `... | head` has seen enough
    }
  };
  console.log(view.intro().join("\n"));
  show();
  const redraw = setInterval(show, Deno.stdout.isTerminal() ? 250 : 1000);

  const ended = await Promise.race([asked, server.status]);
  clearInterval(redraw);
  if (ended === "asked") server.kill("SIGTERM");
  const { code } = await server.status;
  await logged;
  if (broker) {
    try {
      broker.kill("SIGTERM");
    } catch {
      // Ctrl-C reached it as well, and it has ended
    }
    await broker.status;
  }
  if (code !== 0) {
    console.error(`The server ended with status ${code}:\n${tail.join("\n")}`);
  }
  return code;
}

if (Deno.args.includes("--help")) {
  console.log(HELP);
  Deno.exit(EXIT.ok);
}
try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  if (!(error instanceof ExitError)) throw error;
  console.error(`demo: ${error.describe()}`);
  Deno.exit(error.exitStatus);
}

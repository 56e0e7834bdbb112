/** The program of `scripts/demo`: runs Redis and the server and shows the stream in a terminal. */
import { videoInputOf } from "../src/capture/ffmpeg/flags.ts";
import { redisOptions } from "../src/transports/redis/settings.ts";
import { RedisReader } from "../src/transports/redis/reader.ts";
import { pageUrlsOf } from "../src/app/up/addresses.ts";
import { findBroker, type FoundBroker } from "../src/app/up/find_broker.ts";
import { freePort } from "../src/app/up/ports.ts";
import { openStateFolder } from "../src/app/up/state_folder.ts";
import { keepSecret } from "../src/base/kept_secret.ts";
import { EXIT, ExitError, UsageError } from "../src/base/errors.ts";
import { type Configuration, FLAGS, load } from "../src/app/flags.ts";
import { silentLog } from "../src/telemetry/log.ts";
import { DemoView } from "./demo_view.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const HELP = `scripts/demo [--flag=value ...]

Runs the server and shows what a subscriber receives. The flags are those of physiology_server
(scripts/physiology_server --help). The defaults differ: the input is the simulated camera, the
broker is a Valkey of its own, and the ports of the page and of gRPC are any free ones.

  scripts/demo --use_camera
  scripts/demo --input_video_path=clip.avi --redis_host=192.168.1.100 --redis_tls
  scripts/demo --duration=30`;
const encoder = new TextEncoder();

/** The server's arguments, checked before anything is started. */
interface DemoConfiguration {
  readonly args: readonly string[];
  readonly settings: Configuration["settings"];
  /** The port of the broker to start; undefined if flags name another one. */
  readonly brokerPort?: number;
}

/**
 * Completes the arguments of the user with an input, a broker and the ports of page and gRPC.
 *
 * @throws {ExitError} for flags, environment or files that the server refuses
 */
function configurationOf(userArgs: readonly string[]): DemoConfiguration {
  // The command print-config requires no input.
  const { command, settings: { camera, video, simulate }, originOf } = load(
    ["print-config", ...userArgs],
  );
  if (command !== "print-config") {
    throw new UsageError("Cannot run a command in the demo: use flags of the server only");
  }
  const isSet = (name: string) => {
    const entry = FLAGS.entries.find(({ flag }) => flag.name === name);
    return entry !== undefined && originOf(entry).kind !== "default";
  };
  const args = [...userArgs];
  const hasInput = camera.use || videoInputOf(video) !== undefined || simulate.enabled;
  if (!hasInput) args.push("--simulate");
  const ownBroker = !["redis_host", "redis_port", "redis_sentinels"].some(isSet);
  const brokerPort = freePort();
  if (ownBroker) args.push("--redis_host=127.0.0.1", `--redis_port=${brokerPort}`);
  if (!isSet("port")) args.push(`--port=${freePort()}`);
  if (!isSet("http_port")) args.push(`--http_port=${freePort()}`);
  const { settings } = load(args);
  if (settings.publish.backend !== "redis" || !settings.redis.usePubsub) {
    throw new UsageError(
      "Cannot use this backend in the demo: it requires --streaming_backend=redis with Pub/Sub",
    );
  }
  return { args, settings, ...ownBroker ? { brokerPort } : {} };
}

/** Starts the broker of the demo; undefined if the user names another one. */
async function startBroker(
  port: number | undefined,
  folder: string,
): Promise<FoundBroker | undefined> {
  return port === undefined
    ? undefined
    : await findBroker({ folder, log: silentLog, port, own: true });
}

/** The environment of the server: the secrets that its arguments do not set. */
async function environmentOf(
  { server }: Configuration["settings"],
  { folder, broker }: { readonly folder: string; readonly broker: FoundBroker | undefined },
): Promise<Record<string, string>> {
  const token = server.httpToken.isEmpty
    ? (await keepSecret(folder, "http_token")).value
    : undefined;
  return {
    ...token !== undefined && { PHYSIOLOGY_HTTP_TOKEN: token },
    ...broker?.password && { PHYSIOLOGY_REDIS_PASSWORD: broker.password.value },
  };
}

function startServer(args: readonly string[], env: Record<string, string>): Deno.ChildProcess {
  return new Deno.Command(`${ROOT}scripts/physiology_server`, {
    args: [...args],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Calls `take` for each line of the stream. */
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

/** Redraws in place on a terminal; otherwise prints one line. Returns the number of rows drawn. */
function draw(view: DemoView, previousRows: number): number {
  if (!Deno.stdout.isTerminal()) {
    Deno.stdout.writeSync(encoder.encode(view.line() + "\n"));
    return 0;
  }
  const rows = view.rows();
  const home = previousRows > 0 ? `\x1b[${previousRows}A` : "";
  const text = home + rows.map((row) => `\x1b[2K${row}\n`).join("");
  // Without wrapping, so that the cursor moves up by the number of rows.
  Deno.stdout.writeSync(encoder.encode(`\x1b[?7l${text}\x1b[?7h`));
  return rows.length;
}

async function main(userArgs: readonly string[]): Promise<number> {
  const { args, settings: known, brokerPort } = configurationOf(userArgs);
  const { promise: stopRequested, resolve: stop } = Promise.withResolvers<"stopped">();
  // A closed terminal must leave neither server nor broker behind.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => stop("stopped"));
  }
  const folder = await openStateFolder(Deno.env.toObject());
  await using broker = await startBroker(brokerPort, folder);
  const env = await environmentOf(known, { folder, broker });
  const { settings } = load(args, {
    env: { ...Deno.env.toObject(), ...env },
    readText: Deno.readTextFileSync,
  });
  const { redis } = settings;
  const view = new DemoView({
    redis,
    command: args,
    passwordPath: broker?.password?.path,
    pages: pageUrlsOf(settings),
  });
  const server = startServer(args, env);
  const tail: string[] = [];
  const logged = readLines(server.stderr, (line) => {
    tail.push(line);
    tail.splice(0, tail.length - 20);
    if (/ (warning|error) /.test(line)) view.note(line);
  });
  await using reader = new RedisReader({
    redis: redisOptions(redis),
    log: silentLog,
    onMessage: (_channel, message) => view.take(message),
  });
  reader.subscribePattern(`${redis.keyPrefix}:*`).catch(() => {}); // retries until Redis is reachable

  let rows = 0;
  const show = () => {
    try {
      rows = draw(view, rows);
    } catch {
      stop("stopped"); // stdout is closed, as by `... | head`
    }
  };
  console.log(view.intro().join("\n"));
  show();
  const redraw = setInterval(show, Deno.stdout.isTerminal() ? 250 : 1000);

  const ended = await Promise.race([stopRequested, server.status]);
  clearInterval(redraw);
  if (ended === "stopped") server.kill("SIGTERM");
  const { code } = await server.status;
  await logged;
  if (code !== 0) {
    console.error(`The server exited with status ${code}:\n${tail.join("\n")}`);
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

/** The demonstration behind `scripts/demo`: broker, server, and a terminal view of the stream. */
import { Redis } from "ioredis";
import { DemoView } from "./demo_view.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const INPUT_FLAGS = ["simulate", "use_camera", "input_video_path"];
const encoder = new TextEncoder();

interface DemoArguments {
  readonly server: string[];
  readonly seconds: number | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly prefix: string;
}

function parseArguments(args: readonly string[]): DemoArguments {
  const valueOf = (flag: string): string | undefined => {
    const at = args.findIndex((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`));
    const found = args[at];
    return found?.includes("=") ? found.slice(found.indexOf("=") + 1) : found && args[at + 1];
  };
  const server = args.filter((arg) => !arg.startsWith("--demo_seconds"));
  const hasInput = INPUT_FLAGS.some((flag) => args.some((arg) => arg.startsWith(`--${flag}`)));
  if (!hasInput) server.push("--simulate");
  const seconds = valueOf("demo_seconds");
  const port = valueOf("redis_port");
  return {
    server,
    seconds: seconds === undefined ? undefined : Number(seconds),
    host: valueOf("redis_host"),
    port: port === undefined ? undefined : Number(port),
    prefix: valueOf("redis_key_prefix") ?? "physiology",
  };
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

/** Keeps the last lines that the server logged, to show them where it ends unasked. */
async function keepTail(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as TransformStream)) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    lines.splice(0, lines.length - 20);
  }
}

function subscribe(host: string, port: number, { prefix, view }: {
  prefix: string;
  view: DemoView;
}): Redis {
  const retryStrategy = () => 200;
  const client = new Redis({ host, port, maxRetriesPerRequest: null, retryStrategy });
  client.on("error", () => {}); // it reconnects by itself; the view shows the silence
  client.on("pmessageBuffer", (_pattern, _channel, message) => view.take(message));
  client.psubscribe(`${prefix}:*`).catch(() => {}); // waits for the broker to be there
  return client;
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

async function main(args: readonly string[]): Promise<number> {
  const { server: serverArgs, seconds, host, port: givenPort, prefix } = parseArguments(args);
  const ownBroker = host === undefined && givenPort === undefined;
  const port = givenPort ?? (ownBroker ? freePort() : 6379);
  if (ownBroker) serverArgs.push(`--redis_port=${port}`);
  if (!serverArgs.some((arg) => arg.startsWith("--port"))) serverArgs.push(`--port=${freePort()}`);
  const broker = ownBroker ? startBroker(port) : undefined;
  const server = startServer(serverArgs);
  const tail: string[] = [];
  const logged = keepTail(server.stderr, tail);
  const view = new DemoView({ host: host ?? "127.0.0.1", port, prefix, command: serverArgs });
  const client = subscribe(host ?? "127.0.0.1", port, { prefix, view });

  const { promise: asked, resolve: ask } = Promise.withResolvers<"asked">();
  const stop = () => ask("asked");
  // A closed terminal must leave neither server nor broker behind.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, stop);
  }
  const timer = seconds === undefined ? undefined : setTimeout(stop, seconds * 1000);
  Deno.stdout.writeSync(encoder.encode(view.intro().join("\n") + "\n"));
  let rows = draw(view, 0);
  const redraw = setInterval(
    () => rows = draw(view, rows),
    Deno.stdout.isTerminal() ? 250 : 1000,
  );

  const ended = await Promise.race([asked, server.status]);
  clearInterval(redraw);
  clearTimeout(timer);
  if (ended === "asked") server.kill("SIGTERM");
  const { code } = await server.status;
  await logged;
  client.disconnect();
  if (broker) {
    broker.kill("SIGTERM");
    await broker.status;
  }
  if (code !== 0) {
    console.error(`The server ended with status ${code}:\n${tail.join("\n")}`);
  }
  return code;
}

Deno.exit(await main(Deno.args));

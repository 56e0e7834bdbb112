/**
 * Publish throughput, CPU time and latency with a real redis-server, compared with redis-benchmark,
 * redis-py and a plain socket. Run: deno run -A tests/bench/redis_publish.ts
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { encodeFrameEnvelope } from "../../src/envelopes/envelope.ts";
import { RedisBackend } from "../../src/transports/redis/redis_backend.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { clock, frame } from "../support/messages.ts";
import { optionsFor } from "../support/redis_outbox.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

interface Figures {
  readonly perSecond: number;
  /** User and system CPU time of the publisher per message, in milliseconds. */
  readonly cpuMs: number;
}

const CHANNEL = "physiology:frame";
const PYTHON_PUBLISHER = `
import redis, resource, sys, time
port, size, count = map(int, sys.argv[1:])
client = redis.Redis(port=port)
data = b"x" * size
client.publish("${CHANNEL}", data)
before = resource.getrusage(resource.RUSAGE_SELF); start = time.perf_counter()
for _ in range(count): client.publish("${CHANNEL}", data)
seconds = time.perf_counter() - start; after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(count / seconds, cpu / count * 1000)
`;
const PYTHON_SUBSCRIBERS = `
import selectors, socket, sys
port, count = map(int, sys.argv[1:])
chosen = selectors.DefaultSelector()
for _ in range(count):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(b"SUBSCRIBE ${CHANNEL}\\r\\n")
    chosen.register(s, selectors.EVENT_READ)
print("ready", flush=True)
buffer = bytearray(1 << 20)
while True:
    for key, _ in chosen.select():
        if key.fileobj.recv_into(buffer) == 0: sys.exit()
`;
const PYTHON_LATENCY = `
import redis, sys, time
client = redis.Redis(port=int(sys.argv[1])).pubsub()
client.subscribe("${CHANNEL}")
next(client.listen()); print("ready", flush=True)
waits = []
for message in client.listen():
    now = time.time_ns() // 1000
    head = bytes(message["data"][:80])
    waits.append(now - int(head.split(b'"timestamp":')[1].split(b",")[0]))
    if len(waits) == int(sys.argv[2]): break
waits = sorted(waits[len(waits) // 10:])
print(waits[len(waits) // 2] / 1000, waits[int(len(waits) * 0.99)] / 1000)
`;

/** Publishes `count` messages one after the other, as fast as possible or at `perSecond`. */
async function measure(
  count: number,
  publish: () => Promise<unknown>,
  perSecond = Infinity,
): Promise<Figures> {
  for (let i = 0; i < 50; i++) await publish();
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  for (let i = 0; i < count; i++) {
    const waitMs = startMs + i * 1000 / perSecond - performance.now();
    if (waitMs > 1) await clock.sleep(waitMs);
    await publish();
  }
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startMs) / 1000;
  return { perSecond: count / seconds, cpuMs: (user + system) / 1000 / count };
}

async function physiologyServer(
  server: RedisServer,
  bytes: number,
  count: number,
  perSecond?: number,
): Promise<Figures> {
  await using backend = new RedisBackend(optionsFor(server), { log: silentLog });
  backend.start();
  await waitFor("the connections", () => backend.ready && backend.openForFrames());
  const outgoing = frame(1, Math.floor(bytes * 3 / 4));
  return await measure(count, () => backend.send(outgoing), perSecond);
}

async function plainSocket(server: RedisServer, bytes: number, count: number): Promise<Figures> {
  using connection = await Deno.connect({ hostname: server.hostname, port: server.port });
  connection.setNoDelay();
  const { image } = frame(1, Math.floor(bytes * 3 / 4));
  const reply = new Uint8Array(64);
  return await measure(count, async () => {
    const envelope = encodeFrameEnvelope(image);
    const head =
      `*3\r\n$7\r\nPUBLISH\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n$${envelope.length}\r\n`;
    const command = Buffer.concat([Buffer.from(head), envelope, Buffer.from("\r\n")]);
    for (let at = 0; at < command.length;) at += await connection.write(command.subarray(at));
    await connection.read(reply);
  });
}

async function output(program: string, args: string[], input?: Uint8Array): Promise<string> {
  const child = new Deno.Command(program, {
    args,
    stdin: input ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input) {
    const writer = child.stdin.getWriter();
    await writer.write(input);
    await writer.close();
  }
  const { stdout, stderr } = await child.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

async function redisPy(server: RedisServer, bytes: number, count: number): Promise<Figures> {
  const args = ["-c", PYTHON_PUBLISHER, server.port, bytes, count].map(String);
  const [perSecond = NaN, cpuMs = NaN] = (await output("/usr/bin/python3", args)).split(" ").map(
    Number,
  );
  return { perSecond, cpuMs };
}

async function redisBenchmark(server: RedisServer, bytes: number, count: number): Promise<Figures> {
  const command = `TIMEFORMAT="cpu %U %S"; time redis-benchmark -q --csv -c 1 -n ${count} ` +
    `-p ${server.port} -x PUBLISH ${CHANNEL}`;
  const text = await output("bash", ["-c", command], new Uint8Array(bytes).fill(120));
  const perSecond = Number(/^"[^\n]*?","([\d.]+)"/m.exec(text.split("\n")[1] ?? "")?.[1]);
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(text) ?? [];
  return { perSecond, cpuMs: (Number(user) + Number(system)) * 1000 / count };
}

/** Starts a Python program and waits for its "ready"; the program is killed when disposed. */
async function python(program: string, ...args: (string | number)[]) {
  const child = new Deno.Command("/usr/bin/python3", {
    args: ["-c", program, ...args.map(String)],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  return {
    pid: child.pid,
    rest: async () => {
      let text = "";
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        text += read.value;
      }
      return text;
    },
    [Symbol.asyncDispose]: async () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has exited already
      }
      await child.status;
      await reader.cancel();
    },
  };
}

/** Pins all threads of a process to one CPU core. */
function pinTo(core: number, pid: number): void {
  new Deno.Command("taskset", { args: ["-a", "-c", "-p", `${core}`, `${pid}`], stdout: "null" })
    .outputSync();
}

async function latency(server: RedisServer, fps: number, bytes: number): Promise<string> {
  const count = fps * 4;
  await using subscriber = await python(PYTHON_LATENCY, server.port, count);
  await using backend = new RedisBackend(optionsFor(server), { log: silentLog });
  backend.start();
  await waitFor("the connections", () => backend.ready && backend.openForFrames());
  const startMs = performance.now();
  for (let sent = 0; sent < count + 5; sent++) {
    const waitMs = startMs + sent * 1000 / fps - performance.now();
    if (waitMs > 0) await clock.sleep(waitMs);
    await backend.send(frame(sent, Math.floor(bytes * 3 / 4)));
  }
  const [p50 = NaN, p99 = NaN] = (await subscriber.rest()).split(" ").map(Number);
  return `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
}

function row(name: string, bytes: number, { perSecond, cpuMs }: Figures): void {
  const mb = perSecond * bytes / 1e6;
  console.log(
    `${name.padEnd(34)} ${perSecond.toFixed(0).padStart(7)}/s ${mb.toFixed(0).padStart(6)} MB/s ` +
      `${cpuMs.toFixed(3).padStart(8)} ms CPU`,
  );
}

await using server = await startRedis();
for (const bytes of [100_000, 500_000]) {
  const count = bytes > 200_000 ? 1000 : 3000;
  console.log(`\nPUBLISH of ${bytes / 1000} KB, one after the other, no subscriber`);
  row("physiology_server, with base64", bytes, await physiologyServer(server, bytes, count));
  row("plain socket in Deno, with base64", bytes, await plainSocket(server, bytes, count));
  row("redis-py", bytes, await redisPy(server, bytes, count));
  row("redis-benchmark -c 1", bytes, await redisBenchmark(server, bytes, count));
}
console.log("\ncapture to subscriber (redis-py), 100 KB frames");
for (const fps of [30, 60, 120]) {
  console.log(`${String(fps).padStart(4)} frames/s  ${await latency(server, fps, 100_000)}`);
}
console.log("\nphysiology_server, 100 KB at 30/s, pinned to a core, by number of subscribers");
pinTo(0, Deno.pid);
pinTo(1, server.pid);
// Rounds alternate, so that other load of the machine affects all results alike.
const costs = new Map([0, 1, 20].map((subscribers) => [subscribers, [] as number[]]));
for (let round = 0; round < 3; round++) {
  for (const [subscribers, cpuMs] of costs) {
    await using listeners = subscribers > 0
      ? await python(PYTHON_SUBSCRIBERS, server.port, subscribers)
      : { pid: undefined, [Symbol.asyncDispose]: async () => {} };
    if (listeners.pid) pinTo(1, listeners.pid);
    cpuMs.push((await physiologyServer(server, 100_000, 240, 30)).cpuMs);
  }
}
for (const [subscribers, cpuMs] of costs) {
  const each = cpuMs.map((ms) => ms.toFixed(3)).join(", ");
  console.log(`${String(subscribers).padStart(3)} subscribers  ${each} ms CPU per message`);
}
Deno.exit();

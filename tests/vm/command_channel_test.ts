import assert from "node:assert/strict";
import { TemporaryFolder } from "../support/clips.ts";
import { Random } from "../support/random.ts";
import { CommandChannel, type Link, LinkEnded } from "./command_channel.ts";

const AGENT = new URL("agent.sh", import.meta.url).pathname;

/** The shells of the machines: Debian's shell and programs, or those of busybox. */
type Shell = "sh" | "busybox";

/** Returns a chunk of bytes as it arrives after an unreliable link. */
type Fault = (bytes: Uint8Array) => Uint8Array;
const NO_FAULT: Fault = (bytes) => bytes;

/** Loses 16 bytes, the size of a UART's buffer, in `fraction` of the chunks. */
function losing(random: Random, fraction: number): Fault {
  return (bytes) => {
    if (random.uniform() >= fraction) return bytes;
    const start = Math.floor(random.uniform() * bytes.length);
    return Uint8Array.from([...bytes.subarray(0, start), ...bytes.subarray(start + 16)]);
  };
}

/** Changes one byte in `fraction` of the chunks. */
function damaging(random: Random, fraction: number): Fault {
  return (bytes) => {
    const changed = bytes.slice();
    if (random.uniform() < fraction) {
      changed[Math.floor(random.uniform() * bytes.length)] = Math.floor(random.uniform() * 256);
    }
    return changed;
  };
}

/** The agent as a process on this host, behind a link that may be unreliable. */
class AgentProcess implements Link, AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  readonly #requestFault: Fault;
  readonly #answerFault: Fault;
  #unread = new Uint8Array();

  constructor(
    folder: TemporaryFolder,
    { shell = "sh", requestFault = NO_FAULT, answerFault = NO_FAULT }: {
      shell?: Shell;
      requestFault?: Fault;
      answerFault?: Fault;
    } = {},
  ) {
    this.#requestFault = requestFault;
    this.#answerFault = answerFault;
    const programs = folder.file("bin");
    if (shell === "busybox") {
      Deno.mkdirSync(programs);
      new Deno.Command("/bin/busybox", { args: ["--install", "-s", programs] }).outputSync();
    }
    this.#process = new Deno.Command(shell === "busybox" ? `${programs}/sh` : "sh", {
      args: [AGENT, folder.file("state")],
      ...shell === "busybox" && { env: { PATH: programs } },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.getReader();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#unread.length === 0) {
      const { value, done } = await this.#output.read();
      if (done) return null;
      this.#unread = new Uint8Array(this.#answerFault(value));
    }
    const count = Math.min(buffer.length, this.#unread.length);
    buffer.set(this.#unread.subarray(0, count));
    this.#unread = this.#unread.subarray(count);
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    const delivered = this.#requestFault(bytes);
    if (delivered.length > 0) await this.#input.write(delivered);
    return bytes.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.#process.status;
  }
}

for (const shell of ["sh", "busybox"] as const) {
  Deno.test(`CommandChannel returns the status and the complete output of a command run by ${shell}`, async () => {
    using folder = new TemporaryFolder();
    await using agent = new AgentProcess(folder, { shell });
    const channel = new CommandChannel(agent);
    const run = (command: string) => channel.run(command, 20_000);

    assert.deepEqual(await run("echo one; echo two >&2; exit 3"), {
      status: 3,
      output: "one\ntwo\n",
    });
    assert.deepEqual(await run("true"), { status: 0, output: "" });
    const text = '  a  "b" \\n\t$HOME `id` €  ';
    assert.equal((await run(` printf %s '${text}' `)).output, text);
    await assert.rejects(run("true\ntrue"), TypeError);
    const { output } = await run("seq 20000");
    assert.equal(output, Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join(""));
  });
}

Deno.test("CommandChannel does not wait for background processes of a command", async () => {
  using folder = new TemporaryFolder();
  await using agent = new AgentProcess(folder);
  const channel = new CommandChannel(agent);
  const { output } = await channel.run("sleep 1000 & echo $!", 20_000);
  assert.equal((await channel.run(`kill ${output.trim()}`, 20_000)).status, 0);
});

for (const [verb, faults] of [["loses", losing], ["damages", damaging]] as const) {
  for (const shell of ["sh", "busybox"] as const) {
    Deno.test(`CommandChannel runs each command once with ${shell} over a link that ${verb} bytes`, async () => {
      using folder = new TemporaryFolder();
      const random = new Random(7);
      const fault = faults(random, 0.4);
      const options = { shell, requestFault: fault, answerFault: fault };
      await using agent = new AgentProcess(folder, options);
      const channel = new CommandChannel(agent, { resendMs: 50 });
      const log = folder.file("log");
      for (let i = 0; i < 30; i++) {
        const { output } = await channel.run(`echo ${i} >>${log}; cat ${log}`, 20_000);
        assert.equal(output, Array.from({ length: i + 1 }, (_, j) => `${j}\n`).join(""));
      }
    });
  }
}

Deno.test("CommandChannel does not run a command again after a restart of the agent", async () => {
  using folder = new TemporaryFolder();
  const log = folder.file("log");
  const run = async (command: string) => {
    await using agent = new AgentProcess(folder);
    return await new CommandChannel(agent).run(command, 20_000); // each has the id 1
  };
  const first = await run(`echo once >>${log}; kill -KILL $PPID`).catch((error) => error);
  assert.ok(first instanceof LinkEnded);
  const second = await run("never run");
  assert.deepEqual(second, { status: 255, output: "The agent ended before the command\n" });
  assert.equal(Deno.readTextFileSync(log), "once\n");
});

Deno.test("CommandChannel reports a command without an answer and runs the next one", async () => {
  using folder = new TemporaryFolder();
  await using agent = new AgentProcess(folder);
  const channel = new CommandChannel(agent);
  const release = folder.file("release");
  const late = `until [ -e ${release} ]; do sleep 0.01; done; echo late`;
  await assert.rejects(channel.run(late, 200), { message: `No answer within 200 ms: ${late}` });
  Deno.writeTextFileSync(release, "");
  assert.equal((await channel.run("echo next", 20_000)).output, "next\n");
});

Deno.test("CommandChannel throws LinkEnded if the agent has ended", async () => {
  using folder = new TemporaryFolder();
  await using agent = new AgentProcess(folder);
  const channel = new CommandChannel(agent);
  await assert.rejects(channel.run("kill $PPID", 20_000), LinkEnded);
  await assert.rejects(channel.run("true", 20_000), LinkEnded);
});

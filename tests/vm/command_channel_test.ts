import assert from "node:assert/strict";
import { TemporaryFolder } from "../support/clips.ts";
import { Random } from "../support/random.ts";
import { CommandChannel, type Link, LinkEnded } from "./command_channel.ts";

const AGENT = new URL("agent.sh", import.meta.url).pathname;

/** Debian's shell and programs, or those of busybox: the two that the machines have. */
type Shell = "sh" | "busybox";

/** Bytes as they are after a piece of an unreliable way. */
type Way = (bytes: Uint8Array) => Uint8Array;
const RELIABLE: Way = (bytes) => bytes;

/** Loses, in `share` of the pieces, as many bytes as the buffer of a UART holds. */
function losing(random: Random, share: number): Way {
  return (bytes) => {
    if (random.uniform() >= share) return bytes;
    const at = Math.floor(random.uniform() * bytes.length);
    return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 16)]);
  };
}

/** Changes one byte in `share` of the pieces. */
function damaging(random: Random, share: number): Way {
  return (bytes) => {
    const changed = bytes.slice();
    if (random.uniform() < share) {
      changed[Math.floor(random.uniform() * bytes.length)] = Math.floor(random.uniform() * 256);
    }
    return changed;
  };
}

/** The agent as a process of this machine, at the end of a link that may be unreliable. */
class AgentProcess implements Link, AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  readonly #there: Way;
  readonly #back: Way;
  #rest = new Uint8Array();

  constructor(
    folder: TemporaryFolder,
    { shell = "sh", there = RELIABLE, back = RELIABLE }: {
      shell?: Shell;
      there?: Way;
      back?: Way;
    } = {},
  ) {
    this.#there = there;
    this.#back = back;
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
    while (this.#rest.length === 0) {
      const { value, done } = await this.#output.read();
      if (done) return null;
      this.#rest = new Uint8Array(this.#back(value));
    }
    const count = Math.min(buffer.length, this.#rest.length);
    buffer.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    const left = this.#there(bytes);
    if (left.length > 0) await this.#input.write(left);
    return bytes.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.#process.status;
  }
}

for (const shell of ["sh", "busybox"] as const) {
  Deno.test(`CommandChannel returns the status and the whole output of a command by ${shell}`, async () => {
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

Deno.test("CommandChannel does not wait for a command's children in the background", async () => {
  using folder = new TemporaryFolder();
  await using agent = new AgentProcess(folder);
  const channel = new CommandChannel(agent);
  const { output } = await channel.run("sleep 1000 & echo $!", 20_000);
  assert.equal((await channel.run(`kill ${output.trim()}`, 20_000)).status, 0);
});

for (const [what, way] of [["loses", losing], ["damages", damaging]] as const) {
  for (const shell of ["sh", "busybox"] as const) {
    Deno.test(`CommandChannel runs each command once by ${shell} over a link that ${what} bytes`, async () => {
      using folder = new TemporaryFolder();
      const random = new Random(7);
      const unreliable = way(random, 0.4);
      await using agent = new AgentProcess(folder, { shell, there: unreliable, back: unreliable });
      const channel = new CommandChannel(agent, { resendMs: 50 });
      const log = folder.file("log");
      for (let i = 0; i < 30; i++) {
        const { output } = await channel.run(`echo ${i} >>${log}; cat ${log}`, 20_000);
        assert.equal(output, Array.from({ length: i + 1 }, (_, j) => `${j}\n`).join(""));
      }
    });
  }
}

Deno.test("CommandChannel runs no command again after a restart of the agent", async () => {
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

Deno.test("CommandChannel says which command had no answer, and takes the next", async () => {
  using folder = new TemporaryFolder();
  await using agent = new AgentProcess(folder);
  const channel = new CommandChannel(agent);
  const gate = folder.file("gate");
  const late = `until [ -e ${gate} ]; do sleep 0.01; done; echo late`;
  await assert.rejects(channel.run(late, 200), { message: `Waited 200 ms in vain for: ${late}` });
  Deno.writeTextFileSync(gate, "");
  assert.equal((await channel.run("echo next", 20_000)).output, "next\n");
});

Deno.test("CommandChannel throws LinkEnded when the agent has ended", async () => {
  using folder = new TemporaryFolder();
  await using agent = new AgentProcess(folder);
  const channel = new CommandChannel(agent);
  await assert.rejects(channel.run("kill $PPID", 20_000), LinkEnded);
  await assert.rejects(channel.run("true", 20_000), LinkEnded);
});

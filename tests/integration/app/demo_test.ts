import assert from "node:assert/strict";
import { waitFor } from "../../support/wait.ts";

const DEMO = new URL("../../../scripts/demo", import.meta.url).pathname;

Deno.test("demo refuses the flags that the server refuses, before it starts anything", async () => {
  const { code, stdout, stderr } = await new Deno.Command(DEMO, {
    args: ["--duration=soon"],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 64);
  assert.equal(text(stdout), "");
  assert.match(text(stderr), /Cannot use --duration: it must be a number/);
});

Deno.test("demo without flags shows pulse, breathing rate, frames and recording state", async () => {
  const child = new Deno.Command(DEMO, { stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  let shown = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream() as TransformStream)) {
      shown += text;
    }
  })();
  try {
    for (
      const pattern of [
        /redis-cli -h 127\.0\.0\.1 -p \d+ SUBSCRIBE physiology:core_metrics/,
        /pulse 7\d\.\d beats\/min/,
        /breathing 1[456]\.\d breaths\/min/,
        /recording false/,
        /[1-9]\d*\.\d frames\/s/,
      ]
    ) {
      await waitFor(`${pattern}`, () => pattern.test(shown), { timeoutMs: 60_000 });
    }
  } finally {
    child.kill("SIGTERM");
  }
  assert.equal((await child.status).code, 0);
  await reading;
});

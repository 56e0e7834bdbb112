import assert from "node:assert/strict";

const UNIT = new URL("../../../config/physiology_server.service", import.meta.url).pathname;

const installed = await new Deno.Command("systemd-analyze", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: "physiology_server.service has an exposure of at most 1.2 (systemd-analyze security)",
  ignore: !installed,
  async fn() {
    const { stdout } = await new Deno.Command("systemd-analyze", {
      args: ["security", "--offline=true", "--no-pager", UNIT],
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    const exposure = /Overall exposure level[^:]*: ([\d.]+)/.exec(text)?.[1];
    assert(Number(exposure) <= 1.2, text);
  },
});

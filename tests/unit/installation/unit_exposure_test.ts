import assert from "node:assert/strict";
import { LIBCAMERA_DEVICES } from "../../../src/capture/camera_kind.ts";
import { packageUnit } from "../../../src/installation/package.ts";
import { temporaryFolder } from "../../support/folders.ts";

const configured = (name: string) => new URL(`../../../config/${name}`, import.meta.url).pathname;

/** The exposure of a unit from 0 (none) to 10, and the report. */
async function exposureOf(unit: string): Promise<readonly [number, string]> {
  const { stdout } = await new Deno.Command("systemd-analyze", {
    args: ["security", "--offline=true", "--no-pager", unit],
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  return [Number(/Overall exposure level[^:]*: ([\d.]+)/.exec(text)?.[1]), text];
}

const installed = await new Deno.Command("systemd-analyze", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

for (const name of ["physiology_server.service", "physiology_server@.service"]) {
  Deno.test({
    name: `${name} has an exposure of at most 1.2 (systemd-analyze security)`,
    ignore: !installed,
    async fn() {
      const [exposure, report] = await exposureOf(configured(name));
      assert(exposure <= 1.2, report);
    },
  });
}

Deno.test({
  name: "packageUnit() has an exposure of at most 1.4, as it allows all addresses",
  ignore: !installed,
  async fn() {
    using folder = temporaryFolder();
    const unit = `${folder.path}/physiology_server.service`;
    const devices = LIBCAMERA_DEVICES;
    const template = Deno.readTextFileSync(configured("physiology_server.service"));
    Deno.writeTextFileSync(unit, packageUnit(template, { devices }));
    const [exposure, report] = await exposureOf(unit);
    assert(exposure <= 1.4, report);
  },
});

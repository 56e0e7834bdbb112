import assert from "node:assert/strict";
import { installedServices } from "../../../src/installation/installed.ts";
import { serviceOf } from "../../../src/installation/paths.ts";
import { fakeHost } from "../../support/fake_host.ts";

Deno.test("installedServices() lists the service without a name, and then the instances", () => {
  const [single, bed1, bed2] = [serviceOf(), serviceOf("bed1"), serviceOf("bed2")];
  const host = fakeHost({
    texts: {
      [bed1.unit]: '[Service]\nExecStart=\nExecStart=/p --port=50061 "--log_path=a b"\n',
      [bed2.unit]: "[Service]\n",
      [bed2.redisConfig]: '{"host": "::1"}',
      [single.unit]: "[Unit]\n[Service]\nExecStart=/p --use_camera\n",
    },
  });
  const found = installedServices(host).map(({ service, args, redisConfig }) => ({
    id: service.id,
    args,
    redisConfig,
  }));
  assert.deepEqual(found, [
    { id: single.id, args: ["--use_camera"], redisConfig: undefined },
    { id: bed1.id, args: ["--port=50061", "--log_path=a b"], redisConfig: undefined },
    { id: bed2.id, args: [], redisConfig: '{"host": "::1"}' },
  ]);
});

Deno.test("installedServices() ignores folders without a drop-in of install, and other units", () => {
  const folder = "/etc/systemd/system";
  const host = fakeHost({
    texts: {
      [`${folder}/physiology_server@bed1.service.d/override.conf`]: "",
      [`${folder}/physiology_server@Bed.service.d/install.conf`]: "",
      [`${folder}/other@bed1.service.d/install.conf`]: "",
      [`${folder}/physiology_server@.service`]: "",
    },
  });
  assert.deepEqual(installedServices(host), []);
});

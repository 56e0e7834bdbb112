import assert from "node:assert/strict";
import { readAlertRules, targetPermissions } from "../../../src/alerting/targets.ts";
import { ConfigError } from "../../../src/base/errors.ts";

const RULES = `"rules": [{"name": "a", "condition": "apnea"}]`;

function read(rest: string) {
  return readAlertRules("rules.json", () => `{${RULES},\n${rest}}`);
}

Deno.test("readAlertRules() reads targets of every kind, and what they need", () => {
  const rules = read(`"heartbeat_url": "https://hc.example/ping/1", "repeat_s": 120, "notify": [
    {"kind": "webhook", "url": "https://a.example/x", "secret_file": "/s", "tls_ca_file": "/ca"},
    {"kind": "ntfy", "url": "https://ntfy.example", "topic": "ward", "token_file": "/t"},
    {"kind": "mqtt", "url": "mqtts://broker.example", "username": "u", "password_file": "/p"},
    {"kind": "email", "url": "smtps://mail.example", "from": "a@b.example", "to": ["c@d.example"],
     "password_file": "/m"},
    {"kind": "command", "name": "pager", "program": "/usr/bin/pager", "args": ["-x"],
     "min_priority": "high"}
  ]`);
  assert.deepEqual(
    rules.targets.map(({ name, minPriority }) => `${name} ${minPriority}`),
    ["webhook 1 low", "ntfy 2 low", "mqtt 3 low", "email 4 low", "pager high"],
  );
  assert.equal(rules.repeatS, 120);
  assert.deepEqual(targetPermissions(rules), {
    read: ["/ca", "/s", "/t", "/p", "/m"],
    write: [],
    net: [
      "a.example:443",
      "ntfy.example:443",
      "broker.example:8883",
      "mail.example:465",
      "hc.example:443",
    ],
    run: ["/usr/bin/pager"],
    ffi: false,
  });
});

const webhook = (rest: string) => `"notify": [{"kind": "webhook", ${rest}}]`;
const email = (rest: string) =>
  `"notify": [{"kind": "email", ${rest}, "from": "a@b", "to": ["c@d"]}]`;
const WRONG: readonly [text: string, message: RegExp][] = [
  [`"notify": [{"kind": "webhok"}]`, /:2:21: unknown value "webhok": did you mean "webhook"\?/],
  [
    webhook(`"url": "https://a", "secret": "x"`),
    /unknown key "secret": did you mean "secret_file"/,
  ],
  [
    webhook(`"url": "http://10.0.0.1/"`),
    /others on the network could read what is sent to 10.0.0.1/,
  ],
  [webhook(`"url": "https://user:pw@a/"`), /must be a URL that begins with https:\/\/, without/],
  [webhook(`"url": "file:///etc/passwd"`), /must be a URL that begins with https/],
  [`"notify": [{"kind": "command", "program": "sh"}]`, /must be the absolute path of a program/],
  [`"notify": [{"kind": "mqtt", "url": "mqtt://user:pw@a"}]`, /must be mqtt/],
  [`"notify": [{"kind": "mqtt", "url": "mqtt://10.0.0.1"}]`, /others on the network could read/],
  [email(`"url": "smtp://10.0.0.1", "starttls": false`), /others on the network could read/],
  [email(`"url": "https://a"`), /must be smtps:\/\/HOST:PORT or smtp:\/\/HOST:PORT/],
  [email(`"url": "smtp://user:pw@a"`), /must be smtps/],
  [
    `"notify": [{"kind": "email", "url": "smtp://a", "from": "a@b\\nBcc: x@y", "to": []}]`,
    /must be an e-mail address/,
  ],
  [`"notify": [{"kind": "ntfy", "url": "https://a"}]`, /the key "topic" is missing/],
  [`"heartbeat_url": "http://a.example"`, /others on the network/],
  [`"repeat_s": 1`, /must be a number from 10 to 86400/],
];
for (const [text, message] of WRONG) {
  Deno.test(`readAlertRules() rejects ${text}`, () => {
    assert.throws(() => read(text), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("pw@"));
      return true;
    });
  });
}

Deno.test("readAlertRules() accepts plaintext for this machine, and where it is allowed", () => {
  const urls = [`"http://127.0.0.1:8080/"`, `"http://[::1]/"`];
  for (const url of urls) assert.equal(read(webhook(`"url": ${url}`)).targets.length, 1);
  const allowed = webhook(`"url": "http://10.0.0.1/", "allow_plaintext": true`);
  assert.equal(read(allowed).targets.length, 1);
});

import assert from "node:assert/strict";
import { ChromiumPage, hasChromium } from "../support/chromium.ts";
import { makeCertificates } from "../support/certificates.ts";
import { CollectingLog } from "../support/collecting_log.ts";
import { temporaryFolder } from "../support/folders.ts";
import { startPage, TOKEN } from "../support/http_page.ts";
import { runProgram } from "../support/physiology_server.ts";
import { waitFor } from "../support/wait.ts";

Deno.test("HttpServer compares 20 guesses of a token and no more, in logins and requests, and counts them", async () => {
  const log = new CollectingLog();
  await using page = await startPage({ log });
  const guess = async (number: number) => {
    const login = number % 2 === 0;
    const response = await fetch(page.url + (login ? "/login" : "/v1/devices"), {
      ...login
        ? { method: "POST", body: new URLSearchParams({ token: `guess ${number}` }) }
        : { headers: { authorization: `Bearer guess ${number}` } },
    });
    await response.body?.cancel();
    return response.status;
  };
  const statuses: number[] = [];
  for (let number = 0; number < 300; number += 50) {
    const guesses = Array.from({ length: 50 }, (_, at) => guess(number + at));
    statuses.push(...await Promise.all(guesses));
  }
  const compared = statuses.filter((status) => status === 401).length;
  assert(compared >= 20 && compared <= 22, `${compared} guesses`);
  assert.deepEqual([...new Set(statuses)].toSorted(), [401, 429]);
  const right = await fetch(page.url, { headers: { authorization: `Bearer ${TOKEN}` } });
  await right.body?.cancel();
  assert.equal(right.status, 429, "the right token is not compared either");
  const failures = page.counters.get("http_login_failures_total", { reason: "limited" });
  assert.equal(failures, 300 - compared + 1);
  assert.equal(log.linesWith("Refused a wrong token").length, 1);
});

Deno.test("HttpServer goes on serving a user who is logged in while others guess", async () => {
  await using page = await startPage();
  const login = () =>
    fetch(`${page.url}/login`, {
      method: "POST",
      body: new URLSearchParams({ token: TOKEN }),
      redirect: "manual",
    });
  const response = await login();
  await response.body?.cancel();
  const cookie = response.headers.get("set-cookie")!.split(";")[0]!;
  for (let number = 0; number < 30; number++) {
    const guess = await fetch(page.url, { headers: { authorization: "Bearer guess" } });
    await guess.body?.cancel();
  }
  const again = await fetch(page.url, { headers: { cookie } });
  await again.body?.cancel();
  assert.equal(again.status, 200);
});

for (const scheme of ["http", "https"] as const) {
  Deno.test({
    name: `HttpServer lets a user in who types the token in Chromium, by ${scheme}`,
    ignore: !hasChromium(),
    async fn() {
      using folder = temporaryFolder();
      const { server } = makeCertificates(folder.path);
      const tls = {
        cert: Deno.readTextFileSync(server.cert),
        key: Deno.readTextFileSync(server.key),
      };
      await using page = await startPage(scheme === "https" ? { tls } : {});
      await using browser = await ChromiumPage.open({ ignoreCertificates: true });
      await browser.goto(page.url);
      const shows = (selector: string) =>
        waitFor(
          selector,
          () => browser.evaluate<boolean>(`document.querySelector("${selector}") !== null`),
        );
      await shows("input[name=token]");
      await browser.evaluate(`document.querySelector("input[name=token]").focus()`);
      await browser.type("a wrong token, typed");
      await browser.press("Enter");
      await waitFor("the refusal", async () => {
        const text = `document.querySelector("[role=alert]")?.textContent ?? ""`;
        return (await browser.evaluate<string>(text)).includes("Wrong token");
      });
      await browser.evaluate(`document.querySelector("input[name=token]").focus()`);
      await browser.type(TOKEN);
      await browser.press("Enter");
      await shows("#connection");
      const { cookies } = await browser.send("Network.getCookies") as {
        cookies: { name: string; secure: boolean; httpOnly: boolean; sameSite: string }[];
      };
      assert.deepEqual(
        cookies.map(({ secure, httpOnly, sameSite }) => [secure, httpOnly, sameSite]),
        [
          [scheme === "https", true, "Strict"],
        ],
      );
      assert.equal(await browser.evaluate("document.cookie"), "");
    },
  });
}

for (
  const [what, argv, missing] of [
    [
      "serve with a short token",
      ["check-config", "--simulate", "--http_port=1", "--http_token=1234"],
      /16 characters/,
    ],
    [
      "serve beyond loopback without TLS",
      [
        "check-config",
        "--simulate",
        "--http_port=1",
        "--http_address=0.0.0.0",
        `--http_token=${TOKEN}`,
      ],
      /without TLS: add --http_tls_cert_path and --http_tls_key_path, or --http_allow_plaintext/,
    ],
    ["dashboard with a short token", ["dashboard", "--token=1234"], /16 characters/],
    [
      "dashboard beyond loopback without TLS",
      ["dashboard", "--listen=0.0.0.0", `--token=${TOKEN}`],
      /without TLS: add --http_tls_cert_path/,
    ],
  ] as const
) {
  Deno.test(`${what} is refused with one line that names what to add`, async () => {
    const { code, stderr } = await runProgram(argv);
    assert.equal(code, 64);
    assert.match(stderr, missing);
    assert.equal(stderr.trim().split("\n").length, 1);
  });
}

import assert from "node:assert/strict";
import { SessionFolder } from "../../../src/web/sessions.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { startPage, TOKEN } from "../../support/http_page.ts";

const BEARER = { authorization: `Bearer ${TOKEN}` };

async function open(path: string) {
  const page = await startPage({ sessions: new SessionFolder(path) });
  const get = async (name: string, headers: Record<string, string> = BEARER) => {
    const response = await fetch(`${page.url}/v1/sessions${name}`, { headers });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { get, [Symbol.asyncDispose]: () => page[Symbol.asyncDispose]() };
}

Deno.test("SessionFolder lists the sessions that record has written, the newest first", async () => {
  using folder = temporaryFolder();
  const names = ["metrics_a.jsonl", "metrics_a.json", "metrics_b é.csv", "other.json"];
  names.forEach((name, at) => {
    Deno.writeTextFileSync(`${folder.path}/${name}`, "x".repeat(at));
    Deno.utimeSync(`${folder.path}/${name}`, 1000 + at, 1000 + at);
  });
  Deno.symlinkSync("/etc/passwd", `${folder.path}/metrics_link.csv`);
  Deno.mkdirSync(`${folder.path}/metrics_folder.csv`);
  await using page = await open(folder.path);
  const { text } = await page.get("");
  assert.deepEqual(JSON.parse(text), {
    sessions: [
      { session_id: "b é", modified: 1002e6, files: [{ name: "metrics_b é.csv", bytes: 2 }] },
      {
        session_id: "a",
        modified: 1001e6,
        files: [{ name: "metrics_a.json", bytes: 1 }, { name: "metrics_a.jsonl", bytes: 0 }],
      },
    ],
  });
});

Deno.test("SessionFolder serves a file as a download, and only with the token", async () => {
  using folder = temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/metrics_b é.csv`, "a,b\n");
  await using page = await open(folder.path);
  const { status, headers, text } = await page.get("/metrics_b%20%C3%A9.csv");
  assert.deepEqual([status, text], [200, "a,b\n"]);
  assert.equal(headers.get("content-type"), "text/csv; charset=utf-8");
  assert.equal(
    headers.get("content-disposition"),
    "attachment; filename*=UTF-8''metrics_b%20%C3%A9.csv",
  );
  assert.equal((await page.get("/metrics_b%20%C3%A9.csv", {})).status, 401);
});

Deno.test("SessionFolder serves encrypted files as they are", async () => {
  using folder = temporaryFolder();
  Deno.writeFileSync(`${folder.path}/metrics_7f.csv.age`, Uint8Array.of(1, 2));
  Deno.writeTextFileSync(`${folder.path}/metrics_7f.jsonl.sealed`, "");
  await using page = await open(folder.path);
  const { sessions } = JSON.parse((await page.get("")).text);
  assert.deepEqual(sessions.map(({ session_id }: { session_id: string }) => session_id), ["7f"]);
  const { headers, text } = await page.get("/metrics_7f.csv.age");
  assert.deepEqual([headers.get("content-type"), text], ["application/octet-stream", "\x01\x02"]);
  assert.equal((await page.get("/metrics_7f.jsonl.sealed")).status, 404);
});

Deno.test("SessionFolder serves no link, no folder and nothing outside", async () => {
  using folder = temporaryFolder();
  using outside = temporaryFolder();
  Deno.writeTextFileSync(`${outside.path}/metrics_x.csv`, "secret");
  Deno.symlinkSync(`${outside.path}/metrics_x.csv`, `${folder.path}/metrics_link.csv`);
  Deno.mkdirSync(`${folder.path}/metrics_folder.csv`);
  Deno.writeTextFileSync(`${folder.path}/other.csv`, "secret");
  await using page = await open(folder.path);
  const escape = encodeURIComponent(`../${outside.path.split("/").at(-1)}/metrics_x.csv`);
  for (
    const name of [
      "metrics_link.csv",
      "metrics_folder.csv",
      "metrics_none.csv",
      "other.csv",
      escape,
      `metrics_${escape}`,
      "metrics_%2e%2e%2fx.csv",
      "metrics_%00.csv",
      "%",
      "",
    ]
  ) {
    const { status, text } = await page.get(`/${name}`);
    assert.equal(status, 404, `${name}: ${text}`);
    assert.doesNotMatch(text, /secret/);
  }
});

import assert from "node:assert/strict";
import type { Answer, Api } from "../../../../../src/web/page/api.ts";
import { ENGLISH } from "../../../../../src/web/page/messages/en.ts";
import type { WardDevice } from "../../../../../src/web/page/model/ward.ts";
import type { RecordingResult } from "../../../../../src/web/page/protocol.ts";
import { Actions } from "../../../../../src/web/page/view/actions.ts";

const device = (name: string, silent = false) => ({ name, silent }) as WardDevice;

/** Actions whose API gives this answer. */
function start(answer: Answer<unknown>) {
  const announced: string[] = [];
  const forgotten: string[] = [];
  const recorded: (readonly string[])[] = [];
  const api = {
    record: (devices: readonly string[]) => {
      recorded.push(devices);
      return Promise.resolve(answer);
    },
    acknowledge: () => Promise.resolve(answer),
    dismiss: () => Promise.resolve(answer),
  } as unknown as Api;
  const actions = new Actions(api, {
    words: ENGLISH,
    announce: (text) => void announced.push(text),
    forget: (name) => void forgotten.push(name),
  });
  return { actions, announced, forgotten, recorded };
}

function outcomes(...results: readonly (readonly [string, RecordingResult["outcome"]])[]) {
  const value = results.map(([name, outcome]) => ({ device: name, recording: true, outcome }));
  return { state: "ok", value } as const;
}

Deno.test("Actions.record() announces the outcome of one device", async () => {
  for (const outcome of ["confirmed", "silent"] as const) {
    const { actions, announced, recorded } = start(outcomes(["bed-1", outcome]));
    await actions.record([device("bed-1")], { recording: true });
    assert.deepEqual(recorded, [["bed-1"]]);
    assert.deepEqual(announced, [ENGLISH.sending, ENGLISH.outcome[outcome]!("bed-1")]);
  }
});

Deno.test("Actions.record() announces how many of several have confirmed, and three that have not", async () => {
  const { actions, announced } = start(outcomes(
    ["a", "confirmed"],
    ["b", "silent"],
    ["c", "unconfirmed"],
    ["d", "unreachable"],
    ["e", "silent"],
  ));
  await actions.record(["a", "b", "c", "d", "e"].map((name) => device(name)), { recording: true });
  assert.equal(
    announced[1],
    [
      ENGLISH.groupOutcome(1, 5),
      ENGLISH.outcome.silent!("b"),
      ENGLISH.outcome.unconfirmed!("c"),
      ENGLISH.outcome.unreachable!("d"),
    ].join(". "),
  );
});

Deno.test("Actions.record() leaves silent devices out, and sends nothing if there is no other", async () => {
  const { actions, announced, recorded } = start(outcomes(["b", "confirmed"]));
  await actions.record([device("a", true), device("b")], { recording: true });
  assert.deepEqual(recorded, [["b"]]);
  assert.equal(announced[1], ENGLISH.groupOutcome(1, 2));
  announced.length = 0;
  await actions.record([device("a", true), device("c", true)], { recording: true });
  assert.deepEqual([recorded.length, announced], [1, [ENGLISH.silentRefused("a")]]);
  await actions.record([], { recording: true });
  assert.equal(announced.length, 1);
});

Deno.test("Actions announce a server that does not answer", async () => {
  const { actions, announced, forgotten } = start({ state: "failed" });
  await actions.record([device("a")], { recording: true });
  await actions.acknowledge({});
  await actions.dismiss("a");
  assert.deepEqual(announced, [
    ENGLISH.sending,
    ENGLISH.commandFailed,
    ENGLISH.acknowledgeFailed,
    ENGLISH.dismissFailed,
  ]);
  assert.deepEqual(forgotten, []);
});

Deno.test("Actions.dismiss() forgets a device that the server has removed, or does not know", async () => {
  for (
    const [answer, isForgotten] of [
      [{ state: "ok", value: {} }, true],
      [{ state: "failed", status: 404 }, true],
      [{ state: "failed", status: 409 }, false],
    ] as const
  ) {
    const { actions, announced, forgotten } = start(answer);
    await actions.dismiss("a");
    await actions.acknowledge({});
    assert.deepEqual(forgotten, isForgotten ? ["a"] : []);
    assert.equal(announced.includes(ENGLISH.dismissFailed), !isForgotten);
    assert.equal(announced.includes(ENGLISH.acknowledgeFailed), answer.state === "failed");
  }
});

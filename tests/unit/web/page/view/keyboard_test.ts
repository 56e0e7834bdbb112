import assert from "node:assert/strict";
import { replaced } from "../../../../support/replace.ts";

const ACTIONS = [
  ...["filter", "troubleOnly", "acknowledge", "record", "sound", "wall", "help", "close"],
  "enterGrid",
] as const;

interface Module {
  readonly listenToKeys: (actions: Readonly<Record<typeof ACTIONS[number], () => void>>) => void;
}
// Imported without its types, which are those of the DOM.
const PATH = new URL("../../../../../src/web/page/view/keyboard.ts", import.meta.url);
const { listenToKeys } = await import(PATH.href) as Module;

class FakeElement {
  constructor(readonly tag: string) {}

  matches(selector: string): boolean {
    return selector.split(", ").includes(this.tag);
  }
}

/** The page of a browser, which has a listener for keys. */
function openPage() {
  const called: string[] = [];
  const body = new FakeElement("body");
  const page = { body, hasDialog: false };
  let listener: (event: unknown) => void = () => assert.fail("no listener");
  const document = {
    body,
    addEventListener: (type: string, added: typeof listener) => {
      assert.equal(type, "keydown");
      listener = added;
    },
    querySelector: (selector: string) => selector === "dialog[open]" && page.hasDialog ? {} : null,
  };
  const globals = globalThis as unknown as Record<string, unknown>;
  const stack = new DisposableStack();
  stack.use(replaced(globals, "document", document));
  stack.use(replaced(globals, "HTMLElement", FakeElement));
  listenToKeys(
    Object.fromEntries(
      ACTIONS.map((name) => [name, () => called.push(name)]),
    ) as unknown as Parameters<
      typeof listenToKeys
    >[0],
  );
  /** Presses a key; returns what was called, and whether the browser's own action is prevented. */
  const press = (key: string, event: object = {}) => {
    let isPrevented = false;
    const preventDefault = () => isPrevented = true;
    listener({ key, target: body, preventDefault, ...event });
    return [...called.splice(0), ...isPrevented ? ["prevented"] : []];
  };
  return { page, press, [Symbol.dispose]: () => stack[Symbol.dispose]() };
}

Deno.test("listenToKeys() calls the action of each key, in place of that of the browser", () => {
  using opened = openPage();
  for (
    const [key, action] of [
      ["/", "filter"],
      ["t", "troubleOnly"],
      ["a", "acknowledge"],
      ["r", "record"],
      ["s", "sound"],
      ["w", "wall"],
      ["?", "help"],
      ["Escape", "close"],
      ["ArrowDown", "enterGrid"],
      ["ArrowRight", "enterGrid"],
    ] as const
  ) {
    assert.deepEqual(opened.press(key), [action, "prevented"], key);
  }
  assert.deepEqual(opened.press("x"), []);
});

Deno.test("listenToKeys() leaves keys with a modifier, and those that are handled already", () => {
  using opened = openPage();
  for (const name of ["ctrlKey", "metaKey", "altKey", "defaultPrevented"]) {
    assert.deepEqual(opened.press("r", { [name]: true }), [], name);
  }
});

Deno.test("listenToKeys() leaves keys to an open dialog, and all but Escape to a field", () => {
  using opened = openPage();
  for (const tag of ["input", "select", "textarea"]) {
    const target = new FakeElement(tag);
    assert.deepEqual(opened.press("r", { target }), [], tag);
    assert.deepEqual(opened.press("Escape", { target }), ["close", "prevented"], tag);
  }
  assert.deepEqual(opened.press("r", { target: new FakeElement("button") }), [
    "record",
    "prevented",
  ]);
  opened.page.hasDialog = true;
  assert.deepEqual(opened.press("r"), []);
});

Deno.test("listenToKeys() leaves arrow keys to what has the focus", () => {
  using opened = openPage();
  const target = new FakeElement("button");
  assert.deepEqual(opened.press("ArrowDown", { target }), []);
  assert.deepEqual(opened.press("ArrowDown"), ["enterGrid", "prevented"]);
});

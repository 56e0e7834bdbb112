/** What the keys of the page do; see `keys` of the catalogues. */
export interface KeyActions {
  readonly filter: () => void;
  readonly troubleOnly: () => void;
  readonly acknowledge: () => void;
  readonly record: () => void;
  readonly sound: () => void;
  readonly wall: () => void;
  readonly help: () => void;
  /** Escape. */
  readonly close: () => void;
  /** An arrow key while no device has the focus. */
  readonly enterGrid: () => void;
}

const KEYS: Readonly<Record<string, keyof KeyActions>> = {
  "/": "filter",
  t: "troubleOnly",
  a: "acknowledge",
  r: "record",
  s: "sound",
  w: "wall",
  "?": "help",
  Escape: "close",
  ArrowDown: "enterGrid",
  ArrowRight: "enterGrid",
};

/** Calls the action of each key, unless a field or a dialog takes it. */
export function listenToKeys(actions: KeyActions): void {
  document.addEventListener("keydown", (event) => {
    const action = KEYS[event.key];
    const { target } = event;
    if (!action || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const isField = target instanceof HTMLElement && target.matches("input, select, textarea");
    if (isField && event.key !== "Escape") return;
    if (action === "enterGrid" && target !== document.body) return;
    event.preventDefault();
    actions[action]();
  });
}

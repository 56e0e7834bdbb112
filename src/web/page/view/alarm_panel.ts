import type { Catalogue } from "../messages/catalogue.ts";
import type { Alarm } from "../protocol.ts";
import type { Actions } from "./actions.ts";
import { arrange, button, element, setAttribute, setText } from "./dom.ts";
import { detailHash, PRIORITY_MARKS } from "./tile.ts";

/** The list of alarms, with their acknowledgement. */
export class AlarmPanel {
  readonly root: HTMLElement;
  readonly #words: Catalogue;
  readonly #actions: Actions;
  readonly #list: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #all: HTMLButtonElement;
  readonly #rows = new Map<string, AlarmRow>();

  constructor({ words, actions }: { readonly words: Catalogue; readonly actions: Actions }) {
    this.#words = words;
    this.#actions = actions;
    this.#list = element("ul");
    this.#empty = element("p", {}, words.noAlarms);
    this.#all = button(
      { class: "acknowledge-all" },
      () => void actions.acknowledge({}),
      words.acknowledgeAll,
    );
    this.root = element(
      "section",
      { id: "alarm-panel", "aria-label": words.alarms, hidden: true },
      this.#list,
      this.#empty,
      this.#all,
      element("p", { class: "disclaimer" }, words.disclaimer),
    );
  }

  update(alarms: readonly Alarm[]): void {
    const keys = new Set(alarms.map(keyOf));
    for (const key of this.#rows.keys()) if (!keys.has(key)) this.#rows.delete(key);
    arrange(this.#list, alarms.map((alarm) => this.#rowOf(alarm)));
    this.#empty.hidden = alarms.length > 0;
    this.#all.hidden = !alarms.some(({ acknowledged }) => !acknowledged);
  }

  #rowOf(alarm: Alarm): HTMLElement {
    const key = keyOf(alarm);
    let row = this.#rows.get(key);
    if (!row) this.#rows.set(key, row = new AlarmRow(alarm, this.#words, this.#actions));
    row.update(alarm);
    return row.root;
  }
}

class AlarmRow {
  readonly root: HTMLLIElement;
  readonly #words: Catalogue;
  readonly #message = element("span", { class: "message" });
  readonly #state = element("span", { class: "state" });
  readonly #button: HTMLButtonElement;

  constructor({ device, rule, priority, cause }: Alarm, words: Catalogue, actions: Actions) {
    this.#words = words;
    this.#button = button(
      { "aria-label": words.acknowledgeOf(device, words.alarmCause(cause)) },
      () => void actions.acknowledge({ device, rule }),
      words.acknowledge,
    );
    const mark = element(
      "span",
      { class: "mark" },
      PRIORITY_MARKS[priority],
      element("span", { class: "hidden-text" }, ` ${words.priority[priority]} `),
    );
    const link = element("a", { href: detailHash(device) }, device);
    this.root = element(
      "li",
      { "data-trouble": priority, "data-device": device },
      mark,
      link,
      this.#message,
      this.#state,
      this.#button,
    );
  }

  update({ cause, state, acknowledged }: Alarm): void {
    setText(this.#message, this.#words.alarmCause(cause));
    setText(this.#state, this.#words.alarmState[acknowledged ? "acknowledged" : state]);
    setAttribute(this.root, "data-acknowledged", acknowledged ? "" : undefined);
    this.#button.hidden = acknowledged;
  }
}

function keyOf({ device, rule, priority }: Alarm): string {
  return JSON.stringify([device, rule, priority]);
}

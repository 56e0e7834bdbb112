import { CATALOGUES } from "../messages/select.ts";
import type { Catalogue } from "../messages/catalogue.ts";
import type { Ward } from "../model/ward.ts";
import { audiblePriority } from "../model/alarm_sound.ts";
import { button, element, setAttribute, setText } from "./dom.ts";
import type { AlarmSound } from "./sound.ts";

export interface HeaderOptions {
  readonly words: Catalogue;
  readonly sound: AlarmSound;
  readonly onAlarms: () => void;
  readonly onSound: () => void;
  readonly onHelp: () => void;
  readonly onWall: () => void;
  readonly onSessions: () => void;
  readonly onLanguage: (tag: string) => void;
}

/** Title, connection, alarms, and the buttons for the whole page. */
export class Header {
  readonly root: HTMLElement;
  readonly #words: Catalogue;
  readonly #sound: AlarmSound;
  readonly #title: HTMLElement;
  readonly #connection: HTMLElement;
  readonly #hidden = element("p", { id: "hidden", hidden: true });
  readonly #count = element("p", { class: "count" });
  readonly #alarms: HTMLButtonElement;
  readonly #soundButton: HTMLButtonElement;
  readonly #sessions: HTMLButtonElement;

  constructor(options: HeaderOptions) {
    const { words, sound } = options;
    this.#words = words;
    this.#sound = sound;
    this.#title = element("h1", {}, words.title);
    this.#connection = element("p", { id: "connection", role: "status" });
    this.#alarms = button(
      { class: "alarms", "aria-expanded": "false", "aria-controls": "alarm-panel" },
      options.onAlarms,
    );
    this.#soundButton = button({ class: "sound" }, options.onSound);
    this.#sessions = button({ hidden: true }, options.onSessions, words.sessions);
    const language = element("select", { "aria-label": words.languageSwitch });
    for (const { tag, language: name } of CATALOGUES) {
      language.append(element("option", { value: tag, selected: tag === words.tag }, name));
    }
    language.addEventListener("change", () => options.onLanguage(language.value));
    this.root = element(
      "header",
      {},
      this.#title,
      this.#connection,
      this.#count,
      this.#hidden,
      element("p", { class: "disclaimer" }, words.disclaimer),
      element(
        "div",
        { class: "page-tools" },
        this.#alarms,
        this.#soundButton,
        this.#sessions,
        button({ class: "wall-button" }, options.onWall, words.wallDisplay),
        button({ class: "help", "aria-label": words.help, title: words.help }, options.onHelp, "?"),
        language,
      ),
    );
  }

  update(ward: Ward): void {
    const words = this.#words;
    const { connection, hidden, alarms, page } = ward;
    setText(this.#title, page.title ?? words.title);
    setText(this.#connection, words.connection[connection]);
    setAttribute(this.#connection, "data-state", connection);
    setText(this.#count, words.devices(ward.devices.size));
    this.#hidden.hidden = hidden === 0;
    setText(this.#hidden, words.hidden(hidden));
    const pending = alarms.filter(({ acknowledged }) => !acknowledged).length;
    setText(this.#alarms, alarms.length === 0 ? words.noAlarms : words.alarmCount(alarms.length));
    setAttribute(this.#alarms, "data-trouble", pending > 0 ? audiblePriority(alarms) : undefined);
    const { isOn } = this.#sound;
    setText(this.#soundButton, isOn ? words.soundOn : words.soundOff);
    setAttribute(this.#soundButton, "aria-pressed", String(isOn));
    this.#sessions.hidden = !page.sessions;
  }

  setAlarmsOpen(isOpen: boolean): void {
    this.#alarms.setAttribute("aria-expanded", String(isOpen));
  }
}

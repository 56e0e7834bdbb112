import { Api } from "./api.ts";
import { StreamConnection } from "./connection.ts";
import type { Catalogue } from "./messages/catalogue.ts";
import { audiblePriority } from "./model/alarm_sound.ts";
import { Ward, type WardDevice } from "./model/ward.ts";
import { Actions } from "./view/actions.ts";
import { AlarmPanel } from "./view/alarm_panel.ts";
import { Detail } from "./view/detail.ts";
import { openHelp, openSessions } from "./view/dialogs.ts";
import { arrange, button, element, setText } from "./view/dom.ts";
import { Header } from "./view/header.ts";
import { listenToKeys } from "./view/keyboard.ts";
import { Overview } from "./view/overview.ts";
import {
  isWallDisplay,
  keepScreenOn,
  preferredCatalogue,
  storeLanguage,
  wallAddress,
} from "./view/preferences.ts";
import { Screens } from "./view/screens.ts";
import { AlarmSound } from "./view/sound.ts";

/** Texts change at this interval, in milliseconds; messages arrive more often. */
const UPDATE_MS = 500;
/** Waveforms are drawn at most at this interval, in milliseconds. */
const DRAW_MS = 33;
const DRAW_REDUCED_MS = 1000;
/** From this number of devices on, the page begins with the overview. */
const OVERVIEW_FROM = 3;
const TOPICS = ["core_metrics", "status", "recording_state"];

/** The page: passes messages to the ward, and shows the ward twice a second. */
export class App {
  readonly #words: Catalogue = preferredCatalogue();
  readonly #api = new Api(document.baseURI);
  readonly #ward = new Ward();
  readonly #screens = new Screens();
  readonly #sound = new AlarmSound();
  readonly #isWall = isWallDisplay();
  readonly #actions: Actions;
  readonly #header: Header;
  readonly #alarmPanel: AlarmPanel;
  readonly #overview: Overview;
  readonly #main = element("main");
  readonly #back: HTMLButtonElement;
  readonly #outcome = element("p", { id: "outcome", role: "status" });
  readonly #details = new Map<string, Detail>();
  readonly #stream: StreamConnection;
  readonly #reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  #drawnMs = 0;
  #lastDevice: string | undefined;

  constructor() {
    const words = this.#words;
    document.documentElement.lang = words.tag;
    document.title = words.title;
    document.documentElement.toggleAttribute("data-wall", this.#isWall);
    this.#actions = new Actions(this.#api, {
      words,
      announce: (text) => setText(this.#outcome, text),
      forget: (device) => {
        this.#ward.take({ type: "gone", device }, performance.now());
        this.#update();
      },
    });
    this.#alarmPanel = new AlarmPanel({ words, actions: this.#actions });
    this.#header = new Header({
      words,
      sound: this.#sound,
      onAlarms: () => this.#toggleAlarms(),
      onSound: () => void this.#toggleSound(),
      onHelp: () => openHelp(words),
      onWall: () => this.#toggleWall(),
      onSessions: () => void openSessions(this.#api, words),
      onLanguage: (tag) => {
        storeLanguage(tag);
        location.reload();
      },
    });
    this.#overview = new Overview({
      words,
      actions: this.#actions,
      screens: this.#screens,
      isWall: this.#isWall,
      onVisible: () => this.#subscribe(),
    });
    this.#back = button({ class: "back" }, () => this.#close(), `← ${words.back}`);
    document.body.replaceChildren(
      this.#header.root,
      this.#alarmPanel.root,
      this.#outcome,
      this.#main,
    );
    this.#stream = new StreamConnection({
      url: this.#api.streamUrl,
      onMessage: (message) => {
        this.#ward.take(message, performance.now());
        if (message.type === "alarms" || message.type === "connection") this.#update();
      },
      onFrame: (frame, jpeg) => this.#screens.take(frame, jpeg),
      onOpen: (isOpen) => this.#setOpen(isOpen),
    });
    this.#listen();
    this.#update();
  }

  #listen(): void {
    if (this.#isWall) keepScreenOn();
    setInterval(() => this.#update(), UPDATE_MS);
    addEventListener("hashchange", () => this.#update());
    addEventListener("resize", () => this.#overview.fit());
    document.addEventListener("visibilitychange", () => this.#subscribe());
    for (const control of [this.#overview.filter, this.#overview.troubleOnly]) {
      control.addEventListener("input", () => this.#update());
    }
    listenToKeys({
      filter: () => this.#overview.filter.focus(),
      troubleOnly: () => this.#overview.troubleOnly.click(),
      acknowledge: () => this.#acknowledgeFocused(),
      record: () => this.#recordFocused(),
      sound: () => void this.#toggleSound(),
      wall: () => this.#toggleWall(),
      help: () => openHelp(this.#words),
      close: () => this.#close(),
      enterGrid: () => this.#overview.focus(),
    });
    const animate = (nowMs: number) => {
      const interval = this.#reducedMotion.matches ? DRAW_REDUCED_MS : DRAW_MS;
      if (nowMs - this.#drawnMs >= interval) {
        this.#drawnMs = nowMs;
        for (const detail of this.#details.values()) detail.draw(performance.now());
      }
      // Without waveforms, an animation frame would only cost time.
      if (this.#details.size > 0) requestAnimationFrame(animate);
      else setTimeout(() => requestAnimationFrame(animate), UPDATE_MS);
    };
    requestAnimationFrame(animate);
  }

  /** Names of the devices in detail; empty for the overview. */
  get #inDetail(): readonly string[] {
    const chosen = new URLSearchParams(location.hash.slice(1)).get("device");
    if (chosen !== null && this.#ward.devices.has(chosen)) return [chosen];
    const names = [...this.#ward.devices.keys()];
    return !this.#isWall && names.length < OVERVIEW_FROM ? names.sort() : [];
  }

  /** The device that a key applies to. */
  get #focused(): WardDevice | undefined {
    const [name, ...others] = this.#inDetail;
    if (name === undefined) return this.#overview.focused;
    return others.length === 0 ? this.#ward.viewOf(name, performance.now()) : undefined;
  }

  #update(): void {
    const nowMs = performance.now();
    const views = this.#ward.views(nowMs);
    this.#header.update(this.#ward);
    this.#alarmPanel.update(this.#ward.alarms);
    this.#sound.set(audiblePriority(this.#ward.alarms));
    // Two flashes a second for high, and one in two seconds for medium, within IEC 60601-1-8.
    const { dataset } = document.documentElement;
    const tick = Math.floor(nowMs / UPDATE_MS);
    if (!this.#reducedMotion.matches) {
      dataset["flashHigh"] = tick % 2 === 0 ? "on" : "off";
      dataset["flashMedium"] = tick % 4 < 2 ? "on" : "off";
    }
    const names = this.#inDetail;
    for (const [name, detail] of this.#details) {
      if (!names.includes(name)) this.#closeDetail(name, detail);
    }
    if (names.length > 0 && views.length > 0) {
      const details = names.map((name) => this.#detailOf(name));
      for (const detail of details) detail.update(views.find(({ name }) => name === detail.name)!);
      const isChosen = views.length >= OVERVIEW_FROM;
      arrange(this.#main, [...isChosen ? [this.#back] : [], ...details.map(({ root }) => root)]);
    } else {
      arrange(this.#main, [this.#overview.root]);
      this.#overview.update(views, nowMs);
      void this.#screens.flush();
    }
    this.#subscribe();
  }

  #detailOf(name: string): Detail {
    let detail = this.#details.get(name);
    if (!detail) {
      detail = new Detail(this.#ward.devices.get(name)!, {
        words: this.#words,
        api: this.#api,
        actions: this.#actions,
        hasHistory: this.#ward.page.history,
      });
      this.#details.set(name, detail);
      this.#screens.addLive(name, detail.video);
    }
    return detail;
  }

  #closeDetail(name: string, detail: Detail): void {
    this.#screens.removeLive(name);
    detail.dispose();
    this.#details.delete(name);
  }

  /** Requests the frames of what is visible. */
  #subscribe(): void {
    const live = document.hidden ? [] : this.#inDetail;
    const stills = document.hidden || live.length > 0 ? [] : this.#overview.visible;
    this.#stream.subscribe({
      subscribe: TOPICS,
      devices: ["*"],
      live,
      stills: stills.toSorted(),
    });
  }

  #setOpen(isOpen: boolean): void {
    this.#ward.setOpen(isOpen);
    this.#update();
    void this.#loadPage(isOpen);
  }

  /** Reads what the server offers; a page whose login has expired shows the login. */
  async #loadPage(isOpen: boolean): Promise<void> {
    const answer = await this.#api.page();
    if (answer.state === "ok" && isOpen) this.#ward.page = answer.value;
    if (answer.state === "failed" && answer.status === 401) location.reload();
  }

  /** Escape: closes what is open, from the innermost on. */
  #close(): void {
    if (!this.#alarmPanel.root.hidden) return this.#toggleAlarms();
    const [name] = this.#inDetail;
    if (location.hash.length > 1) {
      this.#lastDevice = name;
      location.hash = "";
      this.#update();
      return this.#overview.focus(this.#lastDevice);
    }
    this.#overview.filter.value = "";
    if (this.#overview.troubleOnly.checked) this.#overview.troubleOnly.click();
    this.#overview.filter.blur();
    this.#update();
  }

  #toggleAlarms(): void {
    const { root } = this.#alarmPanel;
    root.hidden = !root.hidden;
    this.#header.setAlarmsOpen(!root.hidden);
  }

  async #toggleSound(): Promise<void> {
    await this.#sound.toggle();
    this.#update();
  }

  #toggleWall(): void {
    location.href = wallAddress(!this.#isWall);
  }

  #acknowledgeFocused(): void {
    const device = this.#focused?.name;
    if (device !== undefined) void this.#actions.acknowledge({ device });
  }

  #recordFocused(): void {
    const device = this.#focused;
    if (device) void this.#actions.record([device], { recording: device.recording !== true });
  }
}

import type { Catalogue } from "../messages/catalogue.ts";
import type { WardDevice } from "../model/ward.ts";
import type { Actions } from "./actions.ts";
import { button, element, setAttribute, setText } from "./dom.ts";

/** Recording of a device: session, start, stop, and removal of a silent device. */
export class RecordingControls {
  readonly root: HTMLFormElement;
  readonly #words: Catalogue;
  readonly #session: HTMLInputElement;
  readonly #start: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #dismiss: HTMLButtonElement;
  readonly #state: HTMLElement;
  #view: WardDevice | undefined;

  constructor(name: string, { words, actions }: {
    readonly words: Catalogue;
    readonly actions: Actions;
  }) {
    this.#words = words;
    this.#session = element("input", {
      maxlength: "128",
      autocomplete: "off",
      placeholder: words.sessionPlaceholder,
      "aria-label": `${words.session} ${name}`,
    });
    this.#start = element(
      "button",
      { class: "start", "aria-label": words.record(name) },
      words.recordShort,
    );
    this.#stop = button({ class: "stop", "aria-label": words.stop(name) }, () => {
      if (this.#view?.recording !== false) this.#send(actions, false);
    }, words.stopShort);
    this.#dismiss = button(
      { class: "dismiss", hidden: true },
      () => void actions.dismiss(name),
      words.dismiss(name),
    );
    this.#state = element("p", { class: "recording" }, words.recordingUnknown);
    const session = element("label", {}, `${words.session} `, this.#session);
    this.root = element(
      "form",
      { class: "controls" },
      session,
      this.#start,
      this.#stop,
      this.#dismiss,
      this.#state,
    );
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#view?.recording !== true) this.#send(actions, true);
    });
  }

  update(view: WardDevice): void {
    this.#view = view;
    const { recording, session, silent } = view;
    // `disabled` would move the focus away from the button that was just pressed.
    setAttribute(this.#start, "aria-disabled", String(silent || recording === true));
    setAttribute(this.#stop, "aria-disabled", String(silent || recording === false));
    this.#dismiss.hidden = !silent;
    setAttribute(this.#state, "data-on", recording === true && !silent ? "" : undefined);
    const words = this.#words;
    const on = session ? words.recordingSession(session) : words.recording;
    setText(
      this.#state,
      silent || recording === undefined
        ? words.recordingUnknown
        : recording
        ? on
        : words.notRecording,
    );
  }

  #send(actions: Actions, recording: boolean): void {
    if (!this.#view) return;
    const session = recording ? this.#session.value.trim() : "";
    void actions.record([this.#view], { recording, ...session ? { session } : {} });
  }
}

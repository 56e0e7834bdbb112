import type { Api } from "../api.ts";
import type { Catalogue } from "../messages/catalogue.ts";
import { button, element } from "./dom.ts";

/** A dialog with a title and a button to close it; Escape closes it too. */
function openDialog(title: string, words: Catalogue, ...content: readonly Node[]): void {
  const dialog = element(
    "dialog",
    { "aria-label": title },
    element("h2", {}, title),
    ...content,
    button({}, () => dialog.close(), words.close),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Shows the keys. */
export function openHelp(words: Catalogue): void {
  const rows = words.keys.flatMap(([key, effect]) => [
    element("dt", {}, element("kbd", {}, key)),
    element("dd", {}, effect),
  ]);
  const disclaimer = element("p", { class: "disclaimer" }, words.disclaimer);
  openDialog(words.help, words, element("dl", { class: "keys" }, ...rows), disclaimer);
}

/** Shows the recorded sessions, to download. */
export async function openSessions(api: Api, words: Catalogue): Promise<void> {
  const answer = await api.sessions();
  const sentence = answer.state === "failed"
    ? words.sessionsFailed
    : answer.value.length === 0
    ? words.noSessions
    : "";
  const sessions = answer.state === "ok" ? answer.value : [];
  const rows = sessions.map(({ session_id, modified, files }) => {
    const time = new Date(modified / 1000).toLocaleString(words.tag);
    const links = files.flatMap(({ name, bytes }) => {
      const href = api.url(`v1/sessions/${encodeURIComponent(name)}`).href;
      const kind = name.slice(name.lastIndexOf(".") + 1);
      const label = words.download(name);
      const link = element("a", { href, download: name, "aria-label": label }, kind);
      return [" ", link, ` ${(bytes / 1e6).toFixed(1)} MB`];
    });
    return element("li", {}, element("b", {}, session_id), ` ${time}`, ...links);
  });
  openDialog(
    words.sessions,
    words,
    element("p", {}, sentence),
    element("ul", { class: "sessions" }, ...rows),
  );
}

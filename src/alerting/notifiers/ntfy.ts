import type { Priority } from "../../alarms/rules.ts";
import { definedPaths } from "../../config/permissions.ts";
import { readSecretFile } from "../../config/secret_file.ts";
import { type Alert, sentenceOf } from "../alert.ts";
import { HttpPoster, httpTarget } from "../http_target.ts";
import type { NotifierKind } from "../notifier.ts";

/** Priorities of ntfy, of which 5 rings without a pause and 3 is the default. */
const PRIORITIES: Readonly<Record<Priority, number>> = { high: 5, medium: 4, low: 3 };

/** Publishes each alert to a topic of ntfy, which shows it on phones. */
export const ntfy: NotifierKind = (object) => {
  const target = httpTarget(object);
  const topic = object.require("topic").string({
    regex: /^[\w-]{1,64}$/,
    description: "a topic of 1 to 64 letters, digits, hyphens or underscores",
  });
  const tokenPath = object.get("token_file")?.string();
  return {
    permissions: { ...target.permissions, read: definedPaths(target.caPath, tokenPath) },
    open: () => {
      const token = tokenPath === undefined ? undefined : readSecretFile(tokenPath);
      const poster = new HttpPoster(target);
      const headers: Record<string, string> = token
        ? { authorization: `Bearer ${token.reveal()}` }
        : {};
      return Promise.resolve({
        send: (alert, signal) =>
          poster.post(JSON.stringify(messageOf(topic, alert)), headers, signal),
        [Symbol.asyncDispose]: () => Promise.resolve(poster[Symbol.dispose]()),
      });
    },
  };
};

/** The JSON of https://docs.ntfy.sh/publish/#publish-as-json. */
function messageOf(topic: string, alert: Alert) {
  const isEnd = alert.event === "ended";
  return {
    topic,
    title: alert.device,
    message: sentenceOf(alert),
    priority: isEnd ? 3 : PRIORITIES[alert.priority],
    tags: [isEnd ? "white_check_mark" : "rotating_light", alert.rule],
  };
}

import type { NotifierKind } from "../notifier.ts";
import { command } from "./command.ts";
import { email } from "./email.ts";
import { mqtt } from "./mqtt.ts";
import { ntfy } from "./ntfy.ts";
import { webhook } from "./webhook.ts";

/** Every kind of target, by its name in the file of rules. */
export const NOTIFIERS: Readonly<Record<string, NotifierKind>> = {
  webhook,
  ntfy,
  mqtt,
  email,
  command,
};

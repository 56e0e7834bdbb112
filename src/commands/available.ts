import { commandInfo, type CommandName, COMMANDS } from "../config/command_names.ts";
import { LOADERS } from "./table.ts";

/** The commands that this build has and that a person would type, in the order of help. */
export function availableCommands(): readonly CommandName[] {
  return (Object.keys(COMMANDS) as CommandName[])
    .filter((name) => LOADERS[name] !== undefined && !commandInfo(name).hidden);
}

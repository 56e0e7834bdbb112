import type { Fault } from "./fault.ts";
import { PASSWORD, type Rig } from "./rig.ts";

/** Faults of the broker. */
export const BROKER_FAULTS: readonly Fault[] = [
  {
    name: "broker-killed",
    cause: "redis-server is killed (SIGKILL) and started again, ten times.",
    rounds: 10,
    seconds: 3,
    shortSeconds: 0.1,
    begin: ({ broker }) => broker.kill(),
    end: ({ broker }) => broker.restart(),
  },
  {
    name: "broker-frozen",
    cause: "redis-server is stopped (SIGSTOP) and continued.",
    shortSeconds: 2.5,
    begin: ({ broker }) => broker.freeze(),
    end: ({ broker }) => broker.thaw(),
  },
  {
    name: "read-only",
    cause: "Redis becomes a read-only replica (keys and streams; PUBLISH works on replicas).",
    rig: { keyValue: true },
    begin: (rig) => command(rig, "REPLICAOF", "127.0.0.1", "1"),
    end: (rig) => command(rig, "REPLICAOF", "NO", "ONE"),
  },
  {
    name: "out-of-memory",
    cause: "maxmemory is reached with noeviction (keys and streams; PUBLISH needs no memory).",
    rig: { keyValue: true },
    begin: (rig) =>
      command(rig, "CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1"),
    end: (rig) => command(rig, "CONFIG", "SET", "maxmemory", "0"),
  },
  {
    name: "password-set",
    cause: "The ACL gets a password and drops all clients; ends with the password in the " +
      "configuration file and SIGHUP.",
    begin: (rig) =>
      rig.administer(async (admin) => {
        await admin.call("ACL", "SETUSER", "default", "resetpass", `>${PASSWORD}`);
        for (const type of ["normal", "pubsub"]) {
          await admin.call("CLIENT", "KILL", "TYPE", type, "SKIPME", "yes");
        }
      }),
    end: (rig) => {
      rig.configure({ password: PASSWORD });
      rig.server.kill("SIGHUP");
    },
  },
  {
    name: "client-pause",
    cause: "CLIENT PAUSE holds back every PUBLISH, but answers PING.",
    shortSeconds: 2.5,
    begin: (rig) => command(rig, "CLIENT", "PAUSE", "3600000", "WRITE"),
    end: (rig) => command(rig, "CLIENT", "UNPAUSE"),
  },
];

async function command(rig: Rig, name: string, ...args: readonly string[]): Promise<void> {
  await rig.administer((admin) => admin.call(name, ...args));
}

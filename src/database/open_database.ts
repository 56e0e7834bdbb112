import type { Database } from "./database.ts";
import type { DatabaseSettings } from "./flags.ts";
import type { Target } from "./target.ts";

/** Returns the database that the settings name; its module is loaded only then. */
export async function createDatabase(
  target: Target,
  { password, tlsCaPath }: Pick<DatabaseSettings, "password" | "tlsCaPath">,
): Promise<Database> {
  switch (target.kind) {
    case "postgres": {
      const { PostgresDatabase } = await import("./postgres.ts");
      return new PostgresDatabase({ target, password: password.reveal(), tlsCaPath });
    }
    case "sqlite": {
      const { SqliteDatabase } = await import("./sqlite.ts");
      return new SqliteDatabase(target.path);
    }
    case "influx": {
      const { InfluxDatabase } = await import("./influx_http.ts");
      return new InfluxDatabase({ target, token: password.reveal(), tlsCaPath });
    }
    case "influx-file": {
      const { InfluxFile } = await import("./influx_file.ts");
      return new InfluxFile(target.path);
    }
  }
}

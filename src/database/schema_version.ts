import { ConfigError } from "../base/errors.ts";

/**
 * Returns the migrations that a schema of this version lacks.
 *
 * @throws {ConfigError} if a newer program has migrated it
 */
export function pendingMigrations<Migration>(
  migrations: readonly Migration[],
  version: number,
): readonly Migration[] {
  if (version > migrations.length) {
    throw new ConfigError(
      `Cannot use the database: its schema has version ${version}, and this program supports up to ` +
        `${migrations.length}: use the newer program that has migrated it`,
    );
  }
  return migrations.slice(version);
}

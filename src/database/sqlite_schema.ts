import { columnsOf, type TableName } from "./tables.ts";

/**
 * The migrations, in order; the position of a migration plus one is the version (`PRAGMA
 * user_version`) after it. One that was released never changes. Times are in microseconds since the
 * Unix epoch.
 */
export const SQLITE_MIGRATIONS: readonly string[] = [
  `CREATE TABLE measurements (
    device TEXT NOT NULL,
    time INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    session_id TEXT,
    subject INTEGER,
    pulse REAL,
    pulse_confidence REAL,
    pulse_withheld TEXT,
    breathing REAL,
    breathing_confidence REAL,
    breathing_withheld TEXT,
    apnea INTEGER,
    hrv_rmssd_ms REAL,
    hrv_sdnn_ms REAL,
    hrv_mean_nn_ms REAL,
    hrv_confidence REAL,
    latency_ms REAL,
    PRIMARY KEY (device, boot_id, sequence)
  ) WITHOUT ROWID;
  CREATE INDEX measurements_device_time ON measurements (device, time);
  CREATE TABLE statuses (
    device TEXT NOT NULL,
    time INTEGER NOT NULL,
    code INTEGER NOT NULL,
    name TEXT,
    message TEXT,
    session_id TEXT,
    PRIMARY KEY (device, time, code)
  ) WITHOUT ROWID;
  CREATE TABLE recordings (
    device TEXT NOT NULL,
    time INTEGER NOT NULL,
    recording INTEGER NOT NULL,
    session_id TEXT,
    resumed INTEGER,
    PRIMARY KEY (device, time)
  ) WITHOUT ROWID;`,
  `CREATE TABLE hourly (
    device TEXT NOT NULL,
    hour INTEGER NOT NULL,
    measurements INTEGER NOT NULL,
    pulse_count INTEGER NOT NULL,
    pulse_sum REAL NOT NULL,
    pulse_min REAL,
    pulse_max REAL,
    breathing_count INTEGER NOT NULL,
    breathing_sum REAL NOT NULL,
    breathing_min REAL,
    breathing_max REAL,
    hrv_rmssd_count INTEGER NOT NULL,
    hrv_rmssd_sum REAL NOT NULL,
    PRIMARY KEY (device, hour)
  ) WITHOUT ROWID;
  CREATE VIEW measurements_hourly AS SELECT
    device, datetime(hour / 1000000, 'unixepoch') AS hour, measurements,
    pulse_count, pulse_sum / nullif(pulse_count, 0) AS pulse_mean, pulse_min, pulse_max,
    breathing_count, breathing_sum / nullif(breathing_count, 0) AS breathing_mean,
    breathing_min, breathing_max,
    hrv_rmssd_sum / nullif(hrv_rmssd_count, 0) AS hrv_rmssd_mean_ms
  FROM hourly;
  INSERT INTO hourly SELECT device, time - time % 3600000000 AS hour, count(*),
    count(pulse), coalesce(sum(pulse), 0), min(pulse), max(pulse),
    count(breathing), coalesce(sum(breathing), 0), min(breathing), max(breathing),
    count(hrv_rmssd_ms), coalesce(sum(hrv_rmssd_ms), 0)
  FROM measurements GROUP BY device, hour;`,
];

/** Returns the statement that inserts a row with its values in the order of the columns. */
export function insertStatement(table: TableName): string {
  const names = columnsOf(table).map(([name]) => name);
  return `INSERT INTO ${table} (${names.join(", ")})
    VALUES (${names.map(() => "?").join(", ")}) ON CONFLICT DO NOTHING`;
}

/** Adds a group of new measurements to its hourly row. */
export const ADD_TO_HOURLY = `INSERT INTO hourly VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (device, hour) DO UPDATE SET
    measurements = measurements + excluded.measurements,
    pulse_count = pulse_count + excluded.pulse_count,
    pulse_sum = pulse_sum + excluded.pulse_sum,
    pulse_min = min(coalesce(pulse_min, excluded.pulse_min), coalesce(excluded.pulse_min, pulse_min)),
    pulse_max = max(coalesce(pulse_max, excluded.pulse_max), coalesce(excluded.pulse_max, pulse_max)),
    breathing_count = breathing_count + excluded.breathing_count,
    breathing_sum = breathing_sum + excluded.breathing_sum,
    breathing_min = min(coalesce(breathing_min, excluded.breathing_min),
      coalesce(excluded.breathing_min, breathing_min)),
    breathing_max = max(coalesce(breathing_max, excluded.breathing_max),
      coalesce(excluded.breathing_max, breathing_max)),
    hrv_rmssd_count = hrv_rmssd_count + excluded.hrv_rmssd_count,
    hrv_rmssd_sum = hrv_rmssd_sum + excluded.hrv_rmssd_sum`;

import { columnsOf, type ColumnType, type TableName, TABLES } from "./tables.ts";

/**
 * The migrations of the schema `physiology`, in order; the position of a migration plus one is the
 * version after it. One that was released never changes.
 */
export const POSTGRES_MIGRATIONS: readonly string[] = [
  `CREATE TABLE physiology.measurements (
    device text NOT NULL,
    time timestamptz NOT NULL,
    boot_id text NOT NULL,
    sequence bigint NOT NULL,
    session_id text,
    subject integer,
    pulse double precision,
    pulse_confidence double precision,
    pulse_withheld text,
    breathing double precision,
    breathing_confidence double precision,
    breathing_withheld text,
    apnea boolean,
    hrv_rmssd_ms double precision,
    hrv_sdnn_ms double precision,
    hrv_mean_nn_ms double precision,
    hrv_confidence double precision,
    latency_ms double precision,
    PRIMARY KEY (device, boot_id, sequence)
  );
  CREATE INDEX measurements_device_time ON physiology.measurements (device, time);
  CREATE INDEX measurements_time ON physiology.measurements USING brin (time);
  CREATE TABLE physiology.statuses (
    device text NOT NULL,
    time timestamptz NOT NULL,
    code integer NOT NULL,
    name text,
    message text,
    session_id text,
    PRIMARY KEY (device, time, code)
  );
  CREATE TABLE physiology.recordings (
    device text NOT NULL,
    time timestamptz NOT NULL,
    recording boolean NOT NULL,
    session_id text,
    resumed boolean,
    PRIMARY KEY (device, time)
  );`,
  `CREATE TABLE physiology.hourly (
    device text NOT NULL,
    hour timestamptz NOT NULL,
    measurements bigint NOT NULL,
    pulse_count bigint NOT NULL,
    pulse_sum double precision NOT NULL,
    pulse_min double precision,
    pulse_max double precision,
    breathing_count bigint NOT NULL,
    breathing_sum double precision NOT NULL,
    breathing_min double precision,
    breathing_max double precision,
    hrv_rmssd_count bigint NOT NULL,
    hrv_rmssd_sum double precision NOT NULL,
    PRIMARY KEY (device, hour)
  );
  CREATE VIEW physiology.measurements_hourly AS SELECT
    device, hour, measurements,
    pulse_count, pulse_sum / nullif(pulse_count, 0) AS pulse_mean, pulse_min, pulse_max,
    breathing_count, breathing_sum / nullif(breathing_count, 0) AS breathing_mean,
    breathing_min, breathing_max,
    hrv_rmssd_sum / nullif(hrv_rmssd_count, 0) AS hrv_rmssd_mean_ms
  FROM physiology.hourly;
  ${addToHourly("physiology.measurements")};`,
];

const JSON_TYPES: Readonly<Record<ColumnType, string>> = {
  // As a number: the fraction of a bigint would be an error.
  time: "double precision",
  text: "text",
  integer: "bigint",
  number: "double precision",
  boolean: "boolean",
};

/**
 * Returns the statement that inserts the rows of a table, from the parameter `$1`, a JSON array of
 * objects. Measurements that are new are added to the hourly rows by the same statement.
 */
export function insertStatement(table: TableName): string {
  const columns = columnsOf(table);
  const names = columns.map(([name]) => name).join(", ");
  const values = columns.map(([name, { type }]) =>
    // Exact to the microsecond, which to_timestamp() with a fraction is not.
    type === "time" ? `timestamptz 'epoch' + ${name} * interval '1 microsecond'` : name
  ).join(", ");
  const record = columns.map(([name, { type }]) => `${name} ${JSON_TYPES[type]}`).join(", ");
  const insert = `INSERT INTO physiology.${table} (${names})
    SELECT ${values} FROM json_to_recordset($1::text::json) AS record (${record})
    ORDER BY ${TABLES[table].key.join(", ")}
    ON CONFLICT DO NOTHING`;
  if (table !== "measurements") return insert;
  return `WITH inserted AS (${insert} RETURNING device, time, pulse, breathing, hrv_rmssd_ms)
    ${addToHourly("inserted")}`;
}

/** Returns the statement that adds the measurements of a relation to the hourly rows. */
function addToHourly(relation: string): string {
  return `INSERT INTO physiology.hourly AS total (device, hour, measurements,
      pulse_count, pulse_sum, pulse_min, pulse_max,
      breathing_count, breathing_sum, breathing_min, breathing_max,
      hrv_rmssd_count, hrv_rmssd_sum)
    SELECT device, date_trunc('hour', time, 'UTC') AS hour, count(*),
      count(pulse), coalesce(sum(pulse), 0), min(pulse), max(pulse),
      count(breathing), coalesce(sum(breathing), 0), min(breathing), max(breathing),
      count(hrv_rmssd_ms), coalesce(sum(hrv_rmssd_ms), 0)
    FROM ${relation} GROUP BY device, hour ORDER BY device, hour
    ON CONFLICT (device, hour) DO UPDATE SET
      measurements = total.measurements + excluded.measurements,
      pulse_count = total.pulse_count + excluded.pulse_count,
      pulse_sum = total.pulse_sum + excluded.pulse_sum,
      pulse_min = least(total.pulse_min, excluded.pulse_min),
      pulse_max = greatest(total.pulse_max, excluded.pulse_max),
      breathing_count = total.breathing_count + excluded.breathing_count,
      breathing_sum = total.breathing_sum + excluded.breathing_sum,
      breathing_min = least(total.breathing_min, excluded.breathing_min),
      breathing_max = greatest(total.breathing_max, excluded.breathing_max),
      hrv_rmssd_count = total.hrv_rmssd_count + excluded.hrv_rmssd_count,
      hrv_rmssd_sum = total.hrv_rmssd_sum + excluded.hrv_rmssd_sum`;
}

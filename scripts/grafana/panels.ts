import type { DataSourceRef, GraphFieldConfig, GridPos, Panel } from "@grafana/schema";

/** `T` with the texts of its enumerations instead of their members, which exist only at run time. */
export type Plain<T> = T extends string ? `${T}`
  : T extends readonly (infer Item)[] ? Plain<Item>[]
  : T extends object ? { [Key in keyof T]: Plain<T[Key]> }
  : T;

type PlainPanel = Plain<Panel>;

/** One query of a panel. */
export interface Query {
  readonly expr: string;
  /** Text of the legend, with labels in double braces. */
  readonly legend: string;
}

export interface PanelOptions {
  readonly title: string;
  readonly description: string;
  readonly position: GridPos;
  readonly queries: readonly Query[];
  readonly unit: string;
  /** @default 1 */
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly mappings?: NonNullable<NonNullable<PlainPanel["fieldConfig"]>["defaults"]["mappings"]>;
}

const DATA_SOURCE: DataSourceRef = { type: "prometheus", uid: "${datasource}" };

/** One large value, or a dash while there is none. */
export function stat(options: PanelOptions): PlainPanel {
  return panel("stat", options, {
    instant: true,
    custom: {},
    options: {
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      colorMode: "none",
      graphMode: "none",
      textMode: "value",
    },
  });
}

/** Curves over time, which are interrupted while there is no value. */
export function timeSeries(options: PanelOptions): PlainPanel {
  const custom: Plain<GraphFieldConfig> = {
    drawStyle: "line",
    lineInterpolation: "linear",
    spanNulls: false,
    showPoints: "auto",
  };
  return panel("timeseries", options, {
    instant: false,
    custom,
    options: {
      legend: { displayMode: "list", placement: "bottom", showLegend: true },
      tooltip: { mode: "multi", sort: "none" },
    },
  });
}

/** States over time as colored bars, which are interrupted while there is no state. */
export function stateTimeline(options: PanelOptions): PlainPanel {
  return panel("state-timeline", options, {
    instant: false,
    custom: { spanNulls: false, fillOpacity: 80 },
    options: { mergeValues: true, showValue: "auto", rowHeight: 0.8 },
  });
}

interface PanelKind {
  /** True for the present value, false for a range of time. */
  readonly instant: boolean;
  readonly custom: Record<string, unknown>;
  readonly options: Record<string, unknown>;
}

function panel(
  type: string,
  { title, description, position, queries, unit, decimals = 1, min, max, mappings = [] }:
    PanelOptions,
  { instant, custom, options }: PanelKind,
): PlainPanel {
  return {
    type,
    title,
    description,
    gridPos: position,
    datasource: DATA_SOURCE,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: DATA_SOURCE,
      expr,
      legendFormat: legend,
      instant,
      range: !instant,
    })),
    fieldConfig: {
      defaults: {
        unit,
        decimals,
        noValue: "–",
        mappings,
        custom,
        ...min === undefined ? {} : { min },
        ...max === undefined ? {} : { max },
      },
      overrides: [],
    },
    options,
  };
}

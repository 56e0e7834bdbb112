"""Envelopes as tables of pandas."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any, Dict, Iterable, List, Optional

from ._envelopes import CoreMetricsEnvelope, Envelope


def to_pandas(envelopes: Iterable[Envelope], path: Optional[str] = None) -> Any:
    """Returns a `pandas.DataFrame` with one row for each capture time, in UTC.

    It needs the package `pandas` (the extra `physiology-client[pandas]`).

    :param path: Selects a series or a group of the payload, such as "pulse.trace",
        "breathing.strict" or "signal". A sample that was corrected later has its last value. By
        default, the table has the values to show to a person: `pulse`, `pulse_confidence`,
        `breathing` and `breathing_confidence`, NaN while they are withheld, and the reasons
        `withheld_pulse` and `withheld_breathing`.
    """
    rows: Dict[int, Dict[str, Any]] = {}
    for envelope in envelopes:
        if path is None:
            if envelope.type == "core_metrics":
                rows[envelope.timestamp] = _shown(envelope)
        else:
            for row in _rows(envelope, path):
                rows[row.pop("timestamp")] = row
    pandas: Any = importlib.import_module("pandas")
    times = sorted(rows)
    index = pandas.DatetimeIndex(pandas.to_datetime(times, unit="us", utc=True), name="time")
    columns = list(_shown(None)) if path is None else None
    return pandas.DataFrame([rows[each] for each in times], index=index, columns=columns)


def _shown(envelope: Optional[CoreMetricsEnvelope]) -> Dict[str, Any]:
    row: Dict[str, Any] = {}
    for vital in ("pulse", "breathing"):
        group = getattr(envelope.payload, vital) if envelope else None
        strict = group.strict if group else None
        row[vital] = strict.value if strict else None
        row[f"{vital}_confidence"] = strict.confidence if strict else None
    withheld = envelope.payload.withheld if envelope else None
    row["withheld_pulse"] = withheld.pulse if withheld else None
    row["withheld_breathing"] = withheld.breathing if withheld else None
    return row


def _rows(envelope: Envelope, path: str) -> List[Dict[str, Any]]:
    value: Any = envelope.payload
    for name in path.split("."):
        value = getattr(value, name, None)
    if value is None:
        return []
    if isinstance(value, tuple):
        return [_columns(item) for item in value]
    row = _columns(value) if dataclasses.is_dataclass(value) else {"value": value}
    return [{**row, "timestamp": envelope.timestamp}]


def _columns(value: Any) -> Dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}

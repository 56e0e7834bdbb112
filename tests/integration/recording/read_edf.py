"""Prints what MNE reads of an EDF+ file as JSON: usage: read_edf.py FILE."""

import json
import sys

import mne


def signals(path, names):
    raw = mne.io.read_raw_edf(path, include=names, verbose="error")
    return raw, {name: list(values) for name, values in zip(raw.ch_names, raw.get_data())}


path = sys.argv[1]
raw, waveforms = signals(path, ["Pleth", "Resp chest"])
_, rates = signals(path, ["Pulse", "Pulse confidence", "Resp rate", "Resp confidence"])
json.dump(
    {
        "version": mne.__version__,
        "start": raw.info["meas_date"].timestamp(),
        "rate": raw.info["sfreq"],
        "signals": waveforms | rates,
        "annotations": [[float(a["onset"]), str(a["description"])] for a in raw.annotations],
    },
    sys.stdout,
)

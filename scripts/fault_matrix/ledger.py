"""Judges the core metrics that a subscriber receives; knows only what CONTRACT and docs promise.

`metadata.sequence` counts the messages of one run of a server (`metadata.boot_id`) from 0. A
message that is delivered late or again carries `metadata.replayed`.
"""


class Series:
    """The core metrics of one run of a server."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.seen = set()
        self.newest_live = (-1, 0)  # sequence and timestamp
        self.newest_replayed = -1

    @property
    def missing(self):
        """Number of sequences below the newest that have not arrived in any form."""
        return max(self.seen, default=-1) + 1 - len(self.seen)


class Ledger:
    """Counts deviations in the order of arrival, and the ages of what arrives.

    The ages and the recovery are those of `prefix`; deviations count for every prefix.
    """

    def __init__(self, prefix):
        self.prefix = prefix
        self.runs = {}  # boot id -> Series
        self.doubled_unmarked = self.doubled_marked = self.out_of_order = self.foreign = 0
        self.newest_us = None  # newest timestamp of the prefix
        self.oldest_us = 0  # greatest age of the newest core metric since `begin`
        self.settled_us = 0  # the same since `settle`
        self.end_us = self.end_kind = self.recovery_us = None

    def begin(self, now_us):
        """A fault begins at `now_us`, in microseconds since the Unix epoch."""
        self.oldest_us = self.settled_us = 0
        self.end_us = self.recovery_us = None

    def settle(self, now_us):
        """From now on `settled_us` is measured: the server had time to adapt to a slow link."""
        self.settled_us = 0

    def end(self, now_us, kind="captured"):
        """The cause of the fault has ended.

        Recovery is the arrival of the first live core metric that was captured after `now_us`; of
        the first that arrives if `kind` is "arrived", for servers whose clock is wrong.
        """
        self.end_us, self.end_kind, self.recovery_us = now_us, kind, None

    def take(self, channel, envelope, now_us):
        """Takes a message that arrived at `now_us`."""
        prefix, _, kind = channel.rpartition(":")
        if envelope["type"] != kind:
            self.foreign += 1
        metadata = envelope["payload"].get("metadata", {})
        if kind != "core_metrics":
            run = self.runs.get(metadata.get("boot_id"))
            self.foreign += run is not None and run.prefix != prefix
            return
        run = self.runs.setdefault(metadata["boot_id"], Series(prefix))
        self.foreign += run.prefix != prefix
        stamp, replayed = envelope["timestamp"], metadata.get("replayed", False)
        self._order(run, metadata["sequence"], stamp, replayed)
        run.seen.add(metadata["sequence"])
        if prefix == self.prefix:
            self._age(stamp, replayed, now_us)

    def _order(self, run, sequence, stamp, replayed):
        if sequence in run.seen:
            self.doubled_marked += replayed
            self.doubled_unmarked += not replayed
        elif replayed:
            self.out_of_order += sequence < run.newest_replayed
            run.newest_replayed = max(run.newest_replayed, sequence)
        else:
            newest, newest_stamp = run.newest_live
            self.out_of_order += sequence < newest or stamp <= newest_stamp
            run.newest_live = (max(newest, sequence), max(newest_stamp, stamp))

    def _age(self, stamp, replayed, now_us):
        self.watch(now_us)
        self.newest_us = max(self.newest_us or 0, stamp)
        is_live = not replayed and self.end_us is not None and (
            self.end_kind == "arrived" or stamp >= self.end_us)
        if is_live and self.recovery_us is None:
            self.recovery_us = now_us - self.end_us

    def watch(self, now_us):
        """Notes the age of the newest core metric."""
        if self.newest_us is not None:
            age = now_us - self.newest_us
            self.oldest_us = max(self.oldest_us, age)
            self.settled_us = max(self.settled_us, age)

    def report(self, now_us):
        self.watch(now_us)
        return {
            "received": sum(len(run.seen) for run in self.runs.values()),
            "missing": sum(run.missing for run in self.runs.values()),
            "doubledUnmarked": self.doubled_unmarked,
            "doubledMarked": self.doubled_marked,
            "outOfOrder": self.out_of_order,
            "foreign": self.foreign,
            "oldestMs": self.oldest_us / 1000,
            "settledMs": self.settled_us / 1000,
            "recoveryMs": None if self.recovery_us is None else self.recovery_us / 1000,
        }

"""Tests of the parts that need no connection: python3 -m unittest discover tests."""

import asyncio
import math
import unittest

from physiology_client import (
    AsyncPhysiologyClient,
    EnvelopeError,
    Latest,
    Source,
    decode_envelope,
    to_dict,
    to_pandas,
)
from physiology_client._inbox import Inbox, Repetitions
from physiology_client._partition import slot_of, tagged_prefix, untagged_prefix
from physiology_client.source import Connected


def core(sequence=0, *, timestamp=None, boot_id="a", pulse=None, replayed=False, device="bed-1",
         trace=()):
    groups = {}
    if pulse is not None:
        groups["strict"] = {"value": pulse, "confidence": 0.9, "window_s": 10.0}
    if trace:
        groups["trace"] = [{"timestamp": at, "value": value} for at, value in trace]
    payload = {
        **({"pulse": groups} if groups else {}),
        "withheld": {"breathing": "no_chest", **({} if pulse else {"pulse": "motion"})},
        "metadata": {
            "sequence": sequence, "boot_id": boot_id, "frame_timestamp": 1, "frame_count": 1,
            "latency_ms": 1.5, **({"replayed": True} if replayed else {}),
        },
    }
    timestamp = 1_000_000 * (sequence + 1) if timestamp is None else timestamp
    data = {"type": "core_metrics", "timestamp": timestamp, "payload": payload}
    return decode_envelope(data, device)


def state(recording, timestamp):
    payload = {"recording": recording}
    return decode_envelope({"type": "recording_state", "timestamp": timestamp, "payload": payload})


def frame(sequence, device="bed-1"):
    payload = {"data": "/9g=", "width": 1, "height": 1, "format": "jpeg", "sequence": sequence}
    return decode_envelope({"type": "frame", "timestamp": sequence, "payload": payload}, device)


class PartitionTest(unittest.TestCase):
    def test_names_the_partition_of_the_server(self):
        for prefix in ("{p68}:ward-1", "{p110}:ward-2", "{p165}:bed-4"):
            device = untagged_prefix(prefix)
            self.assertEqual(tagged_prefix(device, 128), prefix)
            self.assertEqual(tagged_prefix(device, 0), device)
            self.assertEqual(slot_of(f"{prefix}:frame"), slot_of(f"{prefix}:status:history"))
        self.assertEqual(tagged_prefix("ward-*", 128), "{p*}:ward-*")


class DecodeTest(unittest.TestCase):
    def test_ignores_unknown_keys_and_passes_on_unknown_reasons(self):
        data = to_dict(core(pulse=72.5))
        data["payload"]["withheld"]["breathing"] = "a_later_reason"
        data["payload"]["a_later_key"] = 1
        envelope = decode_envelope(data)
        self.assertEqual(envelope.payload.withheld.breathing, "a_later_reason")
        self.assertEqual(envelope.payload.pulse.strict.value, 72.5)

    def test_names_the_key_of_a_wrong_value(self):
        for path, value, message in [
            (("metadata", "sequence"), 1.5, "metadata: sequence: Not an integer: 1.5"),
            (("metadata", "sequence"), True, "metadata: sequence: Not an integer: True"),
            (("metadata", "replayed"), False, "metadata: replayed: Not true: False"),
            (("pulse", "strict"), None, "pulse: strict: Not an object: None"),
            (("pulse", "strict"), {"confidence": 1}, "pulse: strict: The key value is missing"),
            (("pulse", "trace"), {}, "pulse: trace is not an array: {}"),
            (("withheld", "pulse"), 3, "withheld: pulse: Not a string: 3"),
        ]:
            data = to_dict(core(pulse=72.5))
            data["payload"][path[0]][path[1]] = value
            with self.subTest(message), self.assertRaises(EnvelopeError) as raised:
                decode_envelope(data)
            self.assertEqual(str(raised.exception), message)

    def test_refuses_what_is_no_envelope(self):
        for data, message in [
            ({}, "The key type is missing"),
            ({"type": "unknown"}, "Unknown type of envelope: unknown"),
            ({"type": "status", "timestamp": 1}, "The key payload is missing"),
        ]:
            with self.assertRaises(EnvelopeError) as raised:
                decode_envelope(data)
            self.assertEqual(str(raised.exception), message)

    def test_decodes_the_image_of_a_frame(self):
        self.assertEqual(frame(1).payload.data, b"\xff\xd8")
        self.assertEqual(to_dict(frame(1))["payload"]["data"], "/9g=")


class LatestTest(unittest.TestCase):
    def setUp(self):
        self.now = 100.0
        self.latest = Latest(5.0, lambda: self.now)

    def test_is_stale_before_the_first_message_and_after_a_silence(self):
        self.assertTrue(self.latest.is_stale)
        self.assertIsNone(self.latest.age_s)
        self.latest.take(core(pulse=72.5))
        self.now += 5.0
        self.assertEqual(self.latest.pulse.value, 72.5)
        self.assertIsNone(self.latest.reason("pulse"))
        self.assertEqual(self.latest.reason("breathing"), "no_chest")
        self.now += 0.1
        self.assertIsNone(self.latest.pulse)
        self.assertEqual(self.latest.reason("pulse"), "stale")
        self.assertAlmostEqual(self.latest.age_s, 5.1)

    def test_has_the_reason_of_a_withheld_value(self):
        self.latest.take(core(0, pulse=72.5))
        self.latest.take(core(1))
        self.assertIsNone(self.latest.pulse)
        self.assertEqual(self.latest.reason("pulse"), "motion")
        with self.assertRaises(ValueError):
            self.latest.reason("temperature")

    def test_shows_no_value_that_was_measured_before_the_connection(self):
        self.latest.take(core(7, pulse=72.5), late=True)
        self.assertEqual(self.latest.core_metrics.timestamp, 8_000_000)
        self.assertIsNone(self.latest.pulse)
        self.assertEqual(self.latest.reason("pulse"), "stale")

    def test_does_not_go_back_to_a_replayed_message(self):
        self.latest.take(core(7, pulse=72.5))
        self.latest.take(core(3, pulse=50.0), late=True)
        self.assertEqual(self.latest.pulse.value, 72.5)

    def test_follows_a_clock_that_was_set_back(self):
        self.latest.take(core(7, pulse=72.5))
        self.latest.take(core(0, boot_id="b", pulse=60.0))
        self.assertEqual(self.latest.pulse.value, 60.0)

    def test_has_the_newer_of_recording_state_and_status(self):
        def status(timestamp, recording):
            payload = {"code": 0, "name": "OK", "message": "Good.", "hint": "", "since": 1,
                       "sequence": 1, "recording": recording}
            return decode_envelope({"type": "status", "timestamp": timestamp, "payload": payload})

        self.assertIsNone(self.latest.recording)
        self.latest.take(status(5, False))
        self.assertIs(self.latest.recording, False)
        self.latest.take(state(True, 6))
        self.assertIs(self.latest.recording, True)
        self.latest.take(status(7, False))
        self.assertIs(self.latest.recording, False)


class InboxTest(unittest.TestCase):
    def test_keeps_the_newest_frame_of_each_device_and_all_metrics(self):
        async def run():
            inbox = Inbox(10)
            for envelope in (frame(1), core(0), frame(1, "bed-2"), frame(2), core(1), frame(3)):
                await inbox.put(envelope)
            read = [await inbox.get() for _ in range(4)]
            self.assertEqual(read, [core(0), frame(1, "bed-2"), core(1), frame(3)])
            self.assertEqual(inbox.dropped, 2)

        asyncio.run(run())

    def test_drops_the_oldest_while_nothing_is_read(self):
        async def run():
            inbox = Inbox(3)
            for n in range(5):
                await inbox.put(core(n))
            self.assertEqual([(await inbox.get()).payload.metadata.sequence for _ in range(3)],
                             [2, 3, 4])
            self.assertEqual(inbox.dropped, 2)

        asyncio.run(run())

    def test_makes_the_connection_wait_for_a_program_that_reads(self):
        async def run():
            inbox = Inbox(2)
            await inbox.put(core(0))
            await inbox.get()
            writing = asyncio.ensure_future(self.fill(inbox))
            read = [(await inbox.get()).payload.metadata.sequence for _ in range(10)]
            await writing
            self.assertEqual(read, list(range(10)))
            self.assertEqual(inbox.dropped, 0)

        asyncio.run(run())

    @staticmethod
    async def fill(inbox):
        for n in range(10):
            await inbox.put(core(n))


class RepetitionsTest(unittest.TestCase):
    def test_recognizes_messages_by_run_and_sequence(self):
        repetitions = Repetitions()
        self.assertTrue(repetitions.is_new(core(1)))
        self.assertFalse(repetitions.is_new(core(1, replayed=True)))
        self.assertTrue(repetitions.is_new(core(1, boot_id="b")))
        self.assertTrue(repetitions.is_new(core(1, device="bed-2")))
        self.assertTrue(repetitions.is_new(core(2)))

    def test_recognizes_states_by_their_time(self):
        repetitions = Repetitions()
        self.assertTrue(repetitions.is_new(state(True, 1)))
        self.assertFalse(repetitions.is_new(state(True, 1)))
        self.assertTrue(repetitions.is_new(state(False, 2)))

    def test_forgets_the_oldest(self):
        repetitions = Repetitions(3)
        for n in range(4):
            repetitions.is_new(core(n))
        self.assertFalse(repetitions.is_new(core(1)))
        self.assertTrue(repetitions.is_new(core(0)))


class SwallowingSource(Source):
    """Its connection swallows a cancellation, as wait_for() of Python 3.11 can."""

    errors = (OSError,)

    async def connect(self, topics=None):
        yield Connected()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(3600)


class AsyncPhysiologyClientTest(unittest.TestCase):
    def test_ends_although_its_connection_swallows_a_cancellation(self):
        async def run():
            async with AsyncPhysiologyClient(SwallowingSource()) as client:
                while not client.connected:
                    await asyncio.sleep(0)

        asyncio.run(asyncio.wait_for(run(), 10))


class PandasTest(unittest.TestCase):
    def test_has_the_values_to_show_and_the_reasons(self):
        table = to_pandas([core(1), core(0, pulse=72.5)])
        self.assertEqual(list(table.index.strftime("%H:%M:%S")), ["00:00:01", "00:00:02"])
        self.assertEqual(str(table.index.tz), "UTC")
        self.assertEqual(table["pulse"].iloc[0], 72.5)
        self.assertTrue(math.isnan(table["pulse"].iloc[1]))
        self.assertEqual(list(table["withheld_pulse"].dropna()), ["motion"])

    def test_has_the_last_value_of_a_corrected_sample(self):
        first = core(0, trace=[(1_000_000, 0.1), (1_100_000, 0.2)])
        second = core(1, trace=[(1_100_000, 0.3), (1_200_000, 0.4)])
        table = to_pandas([first, second, state(True, 5)], "pulse.trace")
        self.assertEqual(list(table["value"]), [0.1, 0.3, 0.4])
        self.assertEqual(table.index[1].microsecond, 100_000)

    def test_has_a_row_for_each_message_with_a_group(self):
        table = to_pandas([core(0), core(1, pulse=70.0)], "pulse.strict")
        self.assertEqual(list(table["value"]), [70.0])
        self.assertEqual(list(to_pandas([core(4)], "metadata.sequence")["value"]), [4])

    def test_has_columns_without_rows(self):
        self.assertEqual(list(to_pandas([]).columns)[:2], ["pulse", "pulse_confidence"])
        self.assertEqual(len(to_pandas([], "pulse.trace")), 0)


if __name__ == "__main__":
    unittest.main()

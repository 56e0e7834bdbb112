"""Names of the channels and keys of servers with `--redis_partitions`."""

from __future__ import annotations

import binascii
import itertools
import re

_SLOTS = 16384


def tagged_prefix(key_prefix: str, partitions: int) -> str:
    """What the names of a device begin with: `{p68}:ward-1` instead of `ward-1`.

    :param key_prefix: of the device; a pattern matches devices of all partitions
    :param partitions: of the server; 0 for none
    """
    if partitions == 0:
        return key_prefix
    if any(character in key_prefix for character in "*?["):
        return f"{{p*}}:{key_prefix}"
    wanted = slot_of(key_prefix) * partitions // _SLOTS
    tags = (f"p{number}" for number in itertools.count())
    tag = next(tag for tag in tags if slot_of(tag) * partitions // _SLOTS == wanted)
    return f"{{{tag}}}:{key_prefix}"


def untagged_prefix(prefix: str) -> str:
    """The key prefix of the device, without its partition."""
    return re.sub(r"^\{p\d+\}:", "", prefix)


def slot_of(key: str) -> int:
    """The hash slot of a key or sharded channel in a Redis Cluster."""
    tag = re.match(r"[^{]*\{([^}]+)\}", key)
    return binascii.crc_hqx((tag[1] if tag else key).encode(), 0) % _SLOTS

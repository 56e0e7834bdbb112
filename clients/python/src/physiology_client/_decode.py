"""Reads JSON values with the types that the messages document."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, TypeVar

T = TypeVar("T")


class EnvelopeError(ValueError):
    """A message differs from what physiology_server documents."""


def required(data: Mapping[str, Any], key: str, decode: Callable[[Any], T]) -> T:
    """:raises EnvelopeError: if the key is missing or its value has another type"""
    if key not in data:
        raise EnvelopeError(f"The key {key} is missing")
    return _named(key, decode, data[key])


def optional(data: Mapping[str, Any], key: str, decode: Callable[[Any], T]) -> Optional[T]:
    """Returns None if the key is missing."""
    return _named(key, decode, data[key]) if key in data else None


def items(data: Mapping[str, Any], key: str, decode: Callable[[Any], T]) -> Tuple[T, ...]:
    """Returns the items of an array, none if the key is missing."""
    value = data.get(key, [])
    if not isinstance(value, list):
        raise EnvelopeError(f"{key} is not an array: {value!r}")
    return tuple(_named(key, decode, item) for item in value)


def _named(key: str, decode: Callable[[Any], T], value: Any) -> T:
    try:
        return decode(value)
    except EnvelopeError as error:
        raise EnvelopeError(f"{key}: {error}") from None


def mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise EnvelopeError(f"Not an object: {value!r}")
    return value


def number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise EnvelopeError(f"Not a number: {value!r}")
    return float(value)


def integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise EnvelopeError(f"Not an integer: {value!r}")
    return value


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise EnvelopeError(f"Neither true nor false: {value!r}")
    return value


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise EnvelopeError(f"Not a string: {value!r}")
    return value


def choice(value: Any) -> Any:
    """A string of which later versions of the server may have more values."""
    return text(value)


def true(value: Any) -> Any:
    if value is not True:
        raise EnvelopeError(f"Not true: {value!r}")
    return value


def from_base64(value: Any) -> bytes:
    """Bytes from base64; the frames of a WebSocket are bytes already."""
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(text(value), validate=True)
    except binascii.Error as error:
        raise EnvelopeError(f"Not base64: {error}") from None


def to_dict(value: Any) -> Dict[str, Any]:
    """Returns an envelope, or a part of one, as it is in JSON, without absent values.

    The bytes of an image become base64.
    """
    values = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    return {
        name: _to_json(each)
        for name, each in values
        if each is not None and each != () and (name != "device" or each != "")
    }


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    return to_dict(value) if dataclasses.is_dataclass(value) else value

"""Reads devices through the web page of a server or of `physiology_server dashboard`."""

from __future__ import annotations

import asyncio
import importlib
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import (
    Any,
    AsyncIterator,
    Dict,
    Optional,
    Sequence,
    Set,
    Tuple,
    Type,
    Union,
)

from ._envelopes import TOPICS, Topic
from .source import (
    DEFAULT_TOPICS,
    Command,
    Connected,
    Received,
    RecordingError,
    Source,
)

# Longest message; a frame of 4K is smaller.
MAX_BYTES = 16 * 1024 * 1024


class WebSocketSource(Source):
    """Devices behind the page of a server (`--http_port`) or of `dashboard`.

    It needs the package `websockets` (the extra `physiology-client[websocket]`).

    :param url: of the page: `https://ward.example:8443/`
    :param token: that of the page (`--http_token_file`)
    :param devices: names or patterns such as `ward-*`
    :param tls_ca_path: a file with the CA certificates to trust, instead of those of the system
    """

    def __init__(
        self,
        url: str,
        *,
        token: Optional[str] = None,
        devices: Sequence[str] = ("*",),
        topics: Sequence[Topic] = DEFAULT_TOPICS,
        tls_ca_path: Optional[str] = None,
    ) -> None:
        scheme, rest = url.split("://", 1)
        if scheme not in ("http", "https", "ws", "wss"):
            raise ValueError(f"url must begin with https:// or http://: current value is {url}")
        secure = scheme in ("https", "wss")
        self._websockets: Any = importlib.import_module("websockets")
        self.topics = tuple(topics)
        self.devices = tuple(devices)
        self._page = f"{'https' if secure else 'http'}://{rest}".rstrip("/") + "/"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._tls = ssl.create_default_context(cafile=tls_ca_path) if secure else None

    @property
    def errors(self) -> Tuple[Type[BaseException], ...]:
        return (self._websockets.WebSocketException, OSError, asyncio.TimeoutError)

    async def connect(
        self, topics: Optional[Sequence[Topic]] = None
    ) -> AsyncIterator[Union[Connected, Received]]:
        # Version 14 renamed the parameter.
        major = int(importlib.import_module("websockets.version").version.split(".")[0])
        headers = "additional_headers" if major >= 14 else "extra_headers"
        url = "ws" + self._page[len("http") :] + "v1/stream"
        options = {headers: self._headers, "ssl": self._tls, "max_size": MAX_BYTES}
        times = {"open_timeout": 5, "ping_interval": 5, "ping_timeout": 10, "close_timeout": 1}
        async with self._websockets.connect(url, **times, **options) as socket:
            subscription = {
                "subscribe": list(self.topics if topics is None else topics),
                "devices": list(self.devices),
            }
            await socket.send(json.dumps(subscription))
            yield Connected()
            frame: Optional[Received] = None
            heard: Set[str] = set()  # devices whose kept messages have all arrived
            while True:
                message = await socket.recv()
                if isinstance(message, bytes):
                    if frame:
                        yield _with_image(frame, message)
                    frame = None
                    continue
                data = json.loads(message)
                device = str(data.pop("device", ""))
                if data.get("type") == "heard":
                    heard.add(device)
                elif data.get("type") == "frame":
                    frame = Received(device, data)
                elif data.get("type") in TOPICS:
                    yield Received(device, data, kept=device not in heard)

    async def record(self, command: Command) -> None:
        device = command.device or (self.devices[0] if len(self.devices) == 1 else "")
        if not device or any(character in device for character in "*?["):
            raise ValueError("A recording needs the name of its device")
        body: Dict[str, Any] = {"device": device, "recording": command.recording}
        if command.session_id:
            body["session_id"] = command.session_id
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(None, self._post, body, command.timeout_s)
        results = answer.get("results") or [{}]
        outcome = str(results[0].get("outcome", "refused"))
        if outcome != "confirmed":
            raise RecordingError(outcome, str(answer.get("error", f"{device}: {outcome}")))

    def _post(self, body: Dict[str, Any], timeout_s: float) -> Dict[str, Any]:
        request = urllib.request.Request(
            self._page + "v1/recording",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **self._headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s, context=self._tls) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            try:
                answer = json.load(error)
            except ValueError:
                raise RecordingError("refused", f"The page answered {error.code}") from None
        except OSError as error:
            raise RecordingError("unreachable", f"The page is not reachable: {error}") from error
        return answer if isinstance(answer, dict) else {}


def _with_image(frame: Received, message: bytes) -> Received:
    """A frame with the JPEG of the binary message that follows it."""
    timestamp = int.from_bytes(message[:8], "big")
    payload = {**frame.data["payload"], "data": message[8:]}
    return Received(frame.device, {**frame.data, "timestamp": timestamp, "payload": payload})

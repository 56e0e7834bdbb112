"""The flags of programs that read Redis, and `python -m physiology_client watch`."""

from __future__ import annotations

import argparse
import os
import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ._envelopes import Topic
from .client import PhysiologyClient
from .latest import Latest
from .redis_source import Mode, RedisSource
from .source import DEFAULT_TOPICS, Source
from .websocket_source import WebSocketSource


def add_redis_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds flags whose defaults come from the environment: PHYSIOLOGY_REDIS_HOST and so on."""

    def default(name: str, value: Optional[str] = None) -> Optional[str]:
        return os.environ.get(f"PHYSIOLOGY_REDIS_{name}", value)

    parser.add_argument("--redis_host", default=default("HOST", "localhost"))
    parser.add_argument("--redis_port", type=int, default=default("PORT", "6379"))
    parser.add_argument(
        "--redis_key_prefix",
        default=default("KEY_PREFIX", "physiology"),
        help="of the server; a pattern such as 'ward-*' reads many",
    )
    parser.add_argument(
        "--redis_partitions",
        type=int,
        default=default("PARTITIONS", "0"),
        help="of the server",
    )
    parser.add_argument(
        "--redis_sentinels",
        default=default("SENTINELS", ""),
        metavar="HOST:PORT,HOST:PORT",
        help="Sentinels that know the server",
    )
    parser.add_argument(
        "--redis_sentinel_name",
        default=default("SENTINEL_NAME", "mymaster"),
        help="of the server at the Sentinels",
    )
    parser.add_argument("--redis_username", default=default("USERNAME"), help="name of an ACL user")
    parser.add_argument("--redis_password", default=default("PASSWORD"))
    parser.add_argument("--redis_password_file", default=default("PASSWORD_FILE"))
    parser.add_argument("--redis_database", type=int, default=default("DATABASE", "0"))
    parser.add_argument(
        "--redis_tls_ca_path", default=default("TLS_CA_PATH"), help="connect with TLS, trust this CA"
    )
    parser.add_argument("--sharded", action="store_true", help="read sharded pub/sub")
    parser.add_argument("--key_value", action="store_true", help="read a server in key-value mode")


def redis_connection(options: argparse.Namespace) -> Dict[str, Any]:
    """The parameters of `redis.Redis` that the flags of `add_redis_arguments` select."""
    ca_path = options.redis_tls_ca_path
    return {
        "host": options.redis_host,
        "port": options.redis_port,
        "username": options.redis_username,
        "password": password_of(options),
        "db": options.redis_database,
        **({"ssl": True, "ssl_ca_certs": ca_path} if ca_path else {}),
    }


def _addresses(text: str) -> List[Tuple[str, str]]:
    """The hosts and ports of a list HOST:PORT,HOST:PORT."""
    parts = [each.rpartition(":") for each in text.split(",") if each]
    return [(host.strip("[]"), port) for host, _, port in parts]


def redis_source(
    options: argparse.Namespace,
    topics: Sequence[Topic] = DEFAULT_TOPICS,
    since_ms: Optional[int] = None,
) -> RedisSource:
    """The source that the flags of `add_redis_arguments` select."""
    mode: Mode = "history" if options.key_value else "sharded" if options.sharded else "pubsub"
    return RedisSource(
        options.redis_host,
        options.redis_port,
        key_prefix=options.redis_key_prefix,
        username=options.redis_username,
        password=password_of(options),
        database=options.redis_database,
        tls_ca_path=options.redis_tls_ca_path,
        topics=topics,
        mode=mode,
        partitions=options.redis_partitions,
        sentinels=[(host, int(port)) for host, port in _addresses(options.redis_sentinels)],
        sentinel_name=options.redis_sentinel_name,
        since_ms=since_ms,
    )


def password_of(options: argparse.Namespace) -> Optional[str]:
    """The password of the flags, from its file if there is one."""
    if options.redis_password_file:
        with open(options.redis_password_file) as file:
            return file.read().rstrip("\r\n")
    password: Optional[str] = options.redis_password
    return password


def describe(latest: Latest) -> str:
    """One line: pulse and breathing, or why they are absent."""
    texts = []
    for vital, unit in (("pulse", "beats/min"), ("breathing", "breaths/min")):
        strict = latest.pulse if vital == "pulse" else latest.breathing
        texts.append(
            f"{vital} {strict.value:.1f} {unit} ({strict.confidence:.0%})"
            if strict
            else f"{vital} withheld: {latest.reason(vital) or 'unknown'}"
        )
    if latest.recording:
        texts.append("recording")
    return ", ".join(texts)


def watch(options: argparse.Namespace) -> None:
    """Prints a line for each device every `--interval` seconds, until Ctrl-C."""
    source: Source = redis_source(options)
    if options.url:
        token = os.environ.get("PHYSIOLOGY_HTTP_TOKEN")
        source = WebSocketSource(options.url, token=token)
    with PhysiologyClient(source) as client:
        while True:
            time.sleep(options.interval)
            if not client.connected:
                print("not connected", flush=True)
            for device, latest in sorted(client.devices.items()):
                print(f"{device}: {describe(latest)}", flush=True)


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(prog="physiology_client")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("watch", help="print pulse and breathing")
    add_redis_arguments(command)
    command.add_argument("--url", help="read this page of a server instead of Redis; the token "
                         "comes from PHYSIOLOGY_HTTP_TOKEN")
    command.add_argument("--interval", type=float, default=1.0, help="seconds between lines")
    try:
        watch(parser.parse_args(arguments))
    except KeyboardInterrupt:
        pass

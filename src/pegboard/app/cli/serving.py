"""`pegboard serve`."""

import argparse
import asyncio
import contextlib
import sys


def serve(parsed: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    from pegboard.app.cli.running import settings_of
    from pegboard.app.server import run
    from pegboard.app.server import serve as serve_forever
    from pegboard.kernel import logs
    from pegboard.kernel.settings import ServerSettings

    options = ("host", "port", "tls_cert", "tls_key", "public_url", "allow_egress", "processes", "role")
    settings = settings_of(parsed, **{name: getattr(parsed, name) for name in options})
    logs.configure(settings[ServerSettings].log_level, sys.stderr)
    announce = None
    if parsed.demo:
        from pegboard.app import demo

        announce = demo.announce_demo
    with contextlib.suppress(asyncio.CancelledError):  # asked to end before it was up
        run(serve_forever(settings, announce))
    return 0

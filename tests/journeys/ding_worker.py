"""A process that does nothing but what DINGs have due: several of them share a database, and are killed and stopped."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from pegboard.app.registry import MODULES
from pegboard.app.wiring import wired
from pegboard.kernel.settings import load
from pegboard.modules.ding.module import MODULE


async def main(database_url: str, data: str, lease_s: float) -> None:
    """Work until killed."""
    sections = {module.name: module.settings for module in MODULES if module.settings is not None}
    overrides: dict[str, dict[str, Any]] = {
        "server": {"data": Path(data), "database_url": database_url, "database_pool": 8},
        "ding": {"lease_s": lease_s, "call_timeout_s": lease_s / 2, "settle_after_s": 1.0, "batch": 100},
    }
    async with wired(load(None, {}, sections, overrides=overrides), database_url) as parts:
        [make] = MODULE.workers
        await make(parts).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))

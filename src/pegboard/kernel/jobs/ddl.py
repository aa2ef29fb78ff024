"""What the application's role may do with the queue beyond adding to it, column by column. The migration runs
it.
"""

from collections.abc import Iterator


def guard() -> Iterator[str]:
    """The DDL, to be run after the walls of the tables are raised.

    Enough to enqueue with a key and to write that a job is done as long as its lease holds; no payload can be
    read.
    """
    yield "GRANT SELECT (id, org_id, name, run_at, state, key, lease_epoch) ON jobs TO pegboard_app"
    yield ("GRANT UPDATE (run_at, state, finished_at, lease_owner, lease_until, last_error) ON jobs TO pegboard_app")

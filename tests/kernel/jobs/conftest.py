from tests.kernel.jobs.queue_fixtures import queue

__all__ = ["queue"]

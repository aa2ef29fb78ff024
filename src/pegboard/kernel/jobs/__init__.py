"""Durable background work and timers on PostgreSQL.

A job is a row; running it and writing that it is done is one transaction, so its effect happens exactly once.
"""

from pegboard.kernel.jobs.job import Job, JobContext, LeaseLost, Recurring, Retry
from pegboard.kernel.jobs.queue import (
    DeadLetter,
    JobNotFound,
    dead_letters,
    discard,
    enqueue,
    job_counts,
    retry_dead,
)
from pegboard.kernel.jobs.runner import JobRunner

__all__ = [
    "DeadLetter",
    "Job",
    "JobContext",
    "JobNotFound",
    "JobRunner",
    "LeaseLost",
    "Recurring",
    "Retry",
    "dead_letters",
    "discard",
    "enqueue",
    "job_counts",
    "retry_dead",
]

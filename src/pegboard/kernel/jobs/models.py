"""Tables of the job queue."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from pegboard.kernel.db.tables import shared_table
from pegboard.kernel.jobs.ddl import guard

jobs = shared_table(
    "jobs",
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("name", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("run_at", DateTime(timezone=True), nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("max_attempts", Integer),
    Column("lease_owner", Text),
    Column("lease_until", DateTime(timezone=True)),
    Column("lease_epoch", BigInteger, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("last_error", Text),
    Column("key", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("finished_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('pending', 'running', 'done', 'dead')", name="state"),
    Index("ix_jobs_due", "org_id", "run_at", "id", postgresql_where=text("state = 'pending'")),
    Index("ix_jobs_next", "run_at", postgresql_where=text("state = 'pending'")),
    Index("ix_jobs_leases", "lease_until", postgresql_where=text("state = 'running'")),
    Index("ix_jobs_done", "finished_at", postgresql_where=text("state = 'done'")),
    Index("ix_jobs_dead", "finished_at", "id", postgresql_where=text("state = 'dead'")),
    Index(
        "uq_jobs_key",
        "org_id",
        "name",
        "key",
        unique=True,
        postgresql_where=text("state = 'pending' AND key IS NOT NULL"),
    ),
    reason="Runners take the due work of all organisations; a job enters its organisation to run.",
    # What a request needs beyond that, it gets column by column: see ddl.py.
    app=("insert",),
)
jobs.info["ddl"] = tuple(guard())

recurring_jobs = shared_table(
    "recurring_jobs",
    Column("name", Text, primary_key=True),
    Column("every_s", Integer, nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True)),
    reason="When each recurring job is due next; no organisation's data.",
    app=(),
)

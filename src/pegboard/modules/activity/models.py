"""Tables of `activity`: counts of periods, and, while a period is open, marks that tell people apart without saying
who they are.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, ForeignKeyConstraint, Index, Integer, Text, text

from pegboard.kernel.db import tenant_table


def _word(name: str, **options: Any) -> Column[Any]:
    return Column(name, Text(collation="C"), **options)


def _within_period(name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["org_id", "length", "starts"],
        ["activity_periods.org_id", "activity_periods.length", "activity_periods.starts"],
        name=name,
        ondelete="CASCADE",
    )


policies = tenant_table(
    "activity_policies",
    Column("enabled", Boolean, nullable=False),
    Column("revision", BigInteger, nullable=False),
)

periods = tenant_table(
    "activity_periods",
    _word("length", primary_key=True),
    Column("starts", Date, primary_key=True),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    _word("salt"),  # null: the period is folded, and nobody can make a mark for it any more
    Index("ix_activity_periods_open", "org_id", "ends_at", postgresql_where=text("salt IS NOT NULL")),
)

counts = tenant_table(
    "activity_counts",
    _word("length", primary_key=True),
    Column("starts", Date, primary_key=True),
    _word("act", primary_key=True),
    Column("version", Integer, nullable=False),
    Column("acts", BigInteger, nullable=False),
    Column("people", Integer),  # null: the period is still open
    _within_period("fk_activity_counts_period"),
)

marks = tenant_table(
    "activity_marks",
    _word("length", primary_key=True),
    Column("starts", Date, primary_key=True),
    _word("act", primary_key=True),
    _word("mark", primary_key=True),
    _within_period("fk_activity_marks_period"),
)

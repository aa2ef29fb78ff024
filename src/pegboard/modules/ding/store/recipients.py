"""Recipients: what happens next with each, and how far it has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pegboard.kernel.db import Row, UnitOfWork, sql
from pegboard.kernel.ids import MemberId
from pegboard.modules.ding.views import RecipientRow, RecipientState

INSERT = sql("""
    INSERT INTO ding_recipients (org_id, ding_id, member_id, round, outside, due_at)
    SELECT CAST(:org_id AS uuid), CAST(:ding_id AS uuid), member_id, CAST(:round AS int), :outside, :due_at
    FROM unnest(CAST(:member_ids AS uuid[])) AS member_id
    ON CONFLICT DO NOTHING RETURNING member_id
""")
# Those who were named when it was written.
START = sql("""
    UPDATE ding_recipients SET outside = :outside, due_at = :due_at
    WHERE org_id = :org_id AND ding_id = :ding_id AND state = 'pending'
""")
COUNT = sql("SELECT count(*) FROM ding_recipients WHERE org_id = :org_id AND ding_id = :ding_id")
# Whoever holds a recipient's row decides: an acknowledgement waits for a step that is being done, and the step that
# comes after it finds nothing due.
ACKNOWLEDGE = sql("""
    UPDATE ding_recipients
    SET state = 'acknowledged', acknowledged_at = :now, delivered_at = coalesce(delivered_at, :now),
        reply = CAST(:reply AS text), due_at = NULL, rev = rev + 1
    WHERE org_id = :org_id AND ding_id = :ding_id AND member_id = :member_id AND told_at IS NOT NULL
      AND acknowledged_at IS NULL AND state <> 'cancelled'
""")
REPLY = sql("""
    UPDATE ding_recipients SET reply = :reply, rev = rev + 1
    WHERE org_id = :org_id AND ding_id = :ding_id AND member_id = :member_id
      AND acknowledged_at IS NOT NULL AND reply IS NULL
""")
DELIVERED = sql("""
    UPDATE ding_recipients SET state = 'delivered', delivered_at = :now, rev = rev + 1
    WHERE org_id = :org_id AND ding_id = :ding_id AND member_id = :member_id
      AND state IN ('pending', 'undelivered') AND told_at IS NOT NULL
""")
CANCEL = sql("""
    UPDATE ding_recipients SET state = 'cancelled', due_at = NULL, rev = rev + 1
    WHERE org_id = :org_id AND ding_id = :ding_id AND acknowledged_at IS NULL AND state <> 'cancelled'
    RETURNING member_id, told_at
""")
CANCEL_FOR = sql("""
    UPDATE ding_recipients SET state = 'cancelled', due_at = NULL, rev = rev + 1
    WHERE org_id = :org_id AND member_id = :member_id AND acknowledged_at IS NULL AND state <> 'cancelled'
    RETURNING ding_id
""")
REMIND = sql("""
    UPDATE ding_recipients
    SET state = CASE WHEN state = 'undelivered' THEN 'pending' ELSE state END, round = :round, step = 0,
        outside = :outside, due_at = :due_at, tries = 0, lease_epoch = lease_epoch + 1,
        rev = rev + CASE WHEN state = 'undelivered' THEN 1 ELSE 0 END
    WHERE org_id = :org_id AND ding_id = :ding_id AND acknowledged_at IS NULL AND state <> 'cancelled'
    RETURNING member_id
""")

# --- reading ---------------------------------------------------------------------------------------------------------

OF_MEMBER = sql("""
    SELECT * FROM ding_recipients WHERE org_id = :org_id AND ding_id = ANY(CAST(:ding_ids AS uuid[]))
      AND member_id = :member_id
""")
PAGE = sql("""
    SELECT * FROM ding_recipients
    WHERE org_id = :org_id AND ding_id = :ding_id AND member_id > :after
      AND (CAST(:states AS text[]) IS NULL OR state = ANY(CAST(:states AS text[])))
    ORDER BY member_id LIMIT :limit
""")
AMONG = sql("""
    SELECT * FROM ding_recipients
    WHERE org_id = :org_id AND ding_id = :ding_id AND member_id = ANY(CAST(:member_ids AS uuid[])) ORDER BY member_id
""")
# The revision tells which of two pictures is the later one: no change leaves the sum as it was.
COUNTS = sql("""
    SELECT ding_id, state, count(*) AS people, sum(rev) AS revision FROM ding_recipients
    WHERE org_id = :org_id AND ding_id = ANY(CAST(:ding_ids AS uuid[])) GROUP BY ding_id, state
""")
OPEN_FOR = sql("""
    SELECT count(*) FROM ding_recipients
    WHERE org_id = :org_id AND member_id = :member_id AND told_at IS NOT NULL
      AND acknowledged_at IS NULL AND state <> 'cancelled'
""")

# --- what is due -----------------------------------------------------------------------------------------------------

_PLACE = "ding_id, member_id, state, told_at, delivered_at, round, step, due_at, lease_epoch, tries, rev"
_DUE = f"""
    SELECT {_PLACE} FROM ding_recipients
    WHERE org_id = :org_id AND due_at <= :now AND {{lane}}
    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
"""
DUE_NEAR = sql(_DUE.format(lane="NOT outside"))
DUE_OUTSIDE = sql(_DUE.format(lane="outside"))
# A worker that was away longer than its lease finds another epoch, and changes nothing.
_ADVANCE = sql("""
    UPDATE ding_recipients r
    SET state = v.state, step = v.step, outside = v.outside, due_at = v.due_at, tries = v.tries,
        lease_epoch = v.lease_epoch, told_at = v.told_at, delivered_at = v.delivered_at, rev = v.rev
    FROM unnest(CAST(:ding_ids AS uuid[]), CAST(:member_ids AS uuid[]), CAST(:states AS text[]),
                CAST(:steps AS int[]), CAST(:outsides AS boolean[]), CAST(:due_ats AS timestamptz[]),
                CAST(:tries AS int[]), CAST(:lease_epochs AS bigint[]), CAST(:told_ats AS timestamptz[]),
                CAST(:delivered_ats AS timestamptz[]), CAST(:revs AS int[]))
         AS v (ding_id, member_id, state, step, outside, due_at, tries, lease_epoch, told_at, delivered_at, rev)
    WHERE r.org_id = :org_id AND r.ding_id = v.ding_id AND r.member_id = v.member_id
""")
# Holds the row for whoever is about to call, or to write down what came of a call.
HOLD_CLAIMED = sql(f"""
    SELECT {_PLACE} FROM ding_recipients
    WHERE org_id = :org_id AND ding_id = :ding_id AND member_id = :member_id
      AND lease_epoch = :lease_epoch AND due_at IS NOT NULL FOR UPDATE
""")
HOLD = sql(f"""
    SELECT {_PLACE} FROM ding_recipients
    WHERE org_id = :org_id AND ding_id = :ding_id AND member_id = :member_id FOR UPDATE
""")


@dataclass(slots=True, kw_only=True)
class Place:
    """Where one recipient stands: what was read under the lock of their row, to be changed and written back."""

    ding_id: UUID
    member_id: MemberId
    state: RecipientState
    told_at: datetime | None
    delivered_at: datetime | None
    round: int
    step: int
    due_at: datetime | None
    lease_epoch: int
    tries: int
    rev: int
    before: tuple[RecipientState, datetime | None]
    outside: bool = False

    @classmethod
    def of(cls, row: Row) -> "Place":
        """From a row that is locked."""
        return cls(before=(row["state"], row["told_at"]), **dict(row.items()))

    @property
    def changed(self) -> bool:
        """Whether the sender sees something else than before."""
        return self.before != (self.state, self.told_at)

    def shown(self) -> RecipientRow:
        """What is seen of it once it is written back. Nobody acknowledges while the row is held."""
        return RecipientRow(
            ding_id=self.ding_id,
            member_id=self.member_id,
            state=self.state,
            told_at=self.told_at,
            delivered_at=self.delivered_at,
            acknowledged_at=None,
            reply=None,
            rev=self.rev + self.changed,
        )


async def write_back(uow: UnitOfWork, places: Iterable[Place]) -> None:
    """Store where these stand now. Their rows are held by this transaction."""
    ordered: Sequence[Place] = sorted(places, key=lambda place: (place.ding_id, place.member_id))
    if not ordered:
        return
    await uow.execute(
        _ADVANCE,
        ding_ids=[place.ding_id for place in ordered],
        member_ids=[place.member_id for place in ordered],
        states=[place.state for place in ordered],
        steps=[place.step for place in ordered],
        outsides=[place.outside for place in ordered],
        due_ats=[place.due_at for place in ordered],
        tries=[place.tries for place in ordered],
        lease_epochs=[place.lease_epoch for place in ordered],
        told_ats=[place.told_at for place in ordered],
        delivered_ats=[place.delivered_at for place in ordered],
        revs=[place.rev + place.changed for place in ordered],
    )

"""Triggers that keep the audit log growing only. The migration runs them after the walls are raised."""

from collections.abc import Iterator

# Each table brings it along, for their order is nobody's concern.
_REFUSE_CHANGE = """
        CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the audit log only grows: % of % refused', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'insufficient_privilege';
        END $$
"""


def guard_log() -> Iterator[str]:
    """No change and no removal of entries, whoever tries (the owner would have to drop the trigger first)."""
    yield _REFUSE_CHANGE
    yield """
        CREATE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()
    """


def guard_personal() -> Iterator[str]:
    """Personal data may be erased, never rewritten."""
    yield _REFUSE_CHANGE
    yield """
        CREATE TRIGGER audit_personal_never_changes BEFORE UPDATE OR TRUNCATE ON audit_personal
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()
    """


def guard_heads() -> Iterator[str]:
    """A head only moves on."""
    yield _REFUSE_CHANGE
    yield """
        CREATE TRIGGER audit_heads_stay BEFORE DELETE OR TRUNCATE ON audit_heads
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()
    """
    yield """
        CREATE FUNCTION audit_head_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.org_id <> OLD.org_id OR NEW.seq <= OLD.seq THEN
                RAISE EXCEPTION 'the head of an audit chain only moves on'
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
            RETURN NEW;
        END $$
    """
    yield """
        CREATE TRIGGER audit_heads_move_on BEFORE UPDATE ON audit_heads
        FOR EACH ROW EXECUTE FUNCTION audit_head_moves_on()
    """

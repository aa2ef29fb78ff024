"""Queries on what somebody who leaves leaves behind."""

from pegboard.kernel.db import sql

REMOVE_PLACES = sql("""
    DELETE FROM member_departments WHERE org_id = :org_id AND member_id = :member_id RETURNING department_id
""")
REMOVE_ROLES = sql("DELETE FROM role_members WHERE org_id = :org_id AND member_id = :member_id RETURNING role_id")
LED = sql("""
    SELECT d.id, d.name, d.own_group FROM department_leaders leader
    JOIN departments d ON d.org_id = :org_id AND d.id = leader.department_id
    WHERE leader.org_id = :org_id AND leader.member_id = :member_id ORDER BY d.id
""")
HAND_OVER_LEADERSHIPS = sql("""
    INSERT INTO department_leaders (org_id, department_id, member_id, position)
    SELECT org_id, department_id, CAST(:to_id AS uuid), position FROM department_leaders
    WHERE org_id = :org_id AND member_id = :member_id
    ON CONFLICT DO NOTHING
""")
REPORTS = sql("""
    SELECT id FROM members WHERE org_id = :org_id AND manager_id = :member_id ORDER BY id FOR UPDATE
""")
# Everybody above somebody, up to whom nobody manages.
LINE_ABOVE = sql("""
    WITH RECURSIVE line (id) AS (
        SELECT CAST(:member_id AS uuid)
        UNION
        SELECT m.manager_id FROM members m JOIN line ON m.org_id = :org_id AND m.id = line.id
        WHERE m.org_id = :org_id AND m.manager_id IS NOT NULL)
    SELECT id FROM line
""")
SET_MANAGERS = sql("""
    UPDATE members m SET manager_id = given.manager_id, revision = m.revision + 1
    FROM unnest(CAST(:ids AS uuid[]), CAST(:manager_ids AS uuid[])) AS given (id, manager_id)
    WHERE m.org_id = :org_id AND m.id = given.id
""")
CLEAR_MANAGER = sql("UPDATE members SET manager_id = NULL WHERE org_id = :org_id AND id = :id")

"""Queries on administrators and what they may do."""

from pegboard.kernel.db import sql

ACTOR = sql("""
    SELECT m.userid, m.name, m.state, m.account_id, o.state AS org_state, a.kind,
           array(SELECT p.power FROM administrator_powers p
                 WHERE p.org_id = :org_id AND p.member_id = m.id) AS powers,
           array(SELECT s.department_id FROM administrator_departments s
                 WHERE s.org_id = :org_id AND s.member_id = m.id) AS departments,
           EXISTS (SELECT FROM administrator_departments s
                   JOIN departments d ON d.org_id = :org_id AND d.id = s.department_id
                   WHERE s.org_id = :org_id AND s.member_id = m.id AND d.parent_id IS NULL) AS has_root
    FROM members m
    JOIN organisations o ON o.id = m.org_id
    LEFT JOIN administrators a ON a.org_id = :org_id AND a.member_id = m.id
    WHERE m.org_id = :org_id AND m.id = :member_id
""")
FIND = sql("""
    SELECT a.kind, array(SELECT p.power FROM administrator_powers p
                         WHERE p.org_id = :org_id AND p.member_id = a.member_id ORDER BY p.power) AS powers,
           array(SELECT s.department_id FROM administrator_departments s
                 WHERE s.org_id = :org_id AND s.member_id = a.member_id ORDER BY s.department_id) AS departments
    FROM administrators a WHERE a.org_id = :org_id AND a.member_id = :member_id
""")
LIST = sql("""
    SELECT m.id AS member_id, m.userid, m.name, a.kind,
           array(SELECT p.power FROM administrator_powers p
                 WHERE p.org_id = :org_id AND p.member_id = a.member_id ORDER BY p.power) AS powers,
           array(SELECT s.department_id FROM administrator_departments s
                 WHERE s.org_id = :org_id AND s.member_id = a.member_id ORDER BY s.department_id) AS departments
    FROM administrators a JOIN members m ON m.org_id = :org_id AND m.id = a.member_id
    WHERE a.org_id = :org_id AND (CAST(:userid AS text) IS NULL OR m.userid = :userid)
    ORDER BY CASE a.kind WHEN 'owner' THEN 1 WHEN 'super' THEN 2 ELSE 3 END, m.userid
""")
SCOPE_NAMES = sql("""
    SELECT id, name FROM departments WHERE org_id = :org_id AND id = ANY(CAST(:ids AS uuid[])) ORDER BY name, id
""")
PUT = sql("""
    INSERT INTO administrators (org_id, member_id, kind) VALUES (:org_id, :member_id, :kind)
    ON CONFLICT (org_id, member_id) DO UPDATE SET kind = excluded.kind
""")
CLEAR_POWERS = sql("DELETE FROM administrator_powers WHERE org_id = :org_id AND member_id = :member_id")
CLEAR_DEPARTMENTS = sql("DELETE FROM administrator_departments WHERE org_id = :org_id AND member_id = :member_id")
INSERT_POWERS = sql("""
    INSERT INTO administrator_powers (org_id, member_id, power)
    SELECT CAST(:org_id AS uuid), CAST(:member_id AS uuid), power FROM unnest(CAST(:powers AS text[])) AS power
""")
INSERT_DEPARTMENTS = sql("""
    INSERT INTO administrator_departments (org_id, member_id, department_id)
    SELECT CAST(:org_id AS uuid), CAST(:member_id AS uuid), id FROM unnest(CAST(:departments AS uuid[])) AS id
""")
DELETE = sql("DELETE FROM administrators WHERE org_id = :org_id AND member_id = :member_id")

"""Queries on members: single ones, and the sets that an import writes."""

from pegboard.kernel.db import sql

# --- who is who ----------------------------------------------------------------------------------------------------

PEOPLE = sql("""
    SELECT id, userid, name, avatar_file_id, title, state FROM members
    WHERE org_id = :org_id AND id = ANY(CAST(:ids AS uuid[]))
""")
BY_USERIDS = sql("""
    SELECT id, userid, name, avatar_file_id, title, state FROM members
    WHERE org_id = :org_id AND userid = ANY(CAST(:userids AS text[]))
""")
MOBILES = sql("""
    SELECT id, mobile FROM members
    WHERE org_id = :org_id AND id = ANY(CAST(:ids AS uuid[])) AND mobile IS NOT NULL
""")
ALL_ACTIVE = sql("SELECT id FROM members WHERE org_id = :org_id AND state = 'active' ORDER BY id")
DETAIL = sql("""
    SELECT m.*, boss.userid AS manager_userid, boss.name AS manager_name, a.kind
    FROM members m
    LEFT JOIN members boss ON boss.org_id = :org_id AND boss.id = m.manager_id
    LEFT JOIN administrators a ON a.org_id = :org_id AND a.member_id = m.id
    WHERE m.org_id = :org_id AND m.userid = :userid
""")
# The one who changes a member holds the row; the kind decides who may.
LOCK = sql("""
    SELECT m.*, a.kind FROM members m LEFT JOIN administrators a ON a.org_id = :org_id AND a.member_id = m.id
    WHERE m.org_id = :org_id AND m.userid = :userid
    FOR UPDATE OF m
""")
ID_OF = sql("SELECT id FROM members WHERE org_id = :org_id AND userid = :userid AND state <> 'left'")
IS_TAKEN = sql("SELECT EXISTS (SELECT FROM members WHERE org_id = :org_id AND userid = :userid)")
PLACES = sql("""
    SELECT place.department_id, d.name, place.main, place.position,
           EXISTS (SELECT FROM department_leaders leader
                   WHERE leader.org_id = :org_id AND leader.department_id = place.department_id
                     AND leader.member_id = place.member_id) AS leader
    FROM member_departments place
    JOIN departments d ON d.org_id = :org_id AND d.id = place.department_id
    WHERE place.org_id = :org_id AND place.member_id = :member_id
    ORDER BY place.main DESC, d.position, d.id
""")
DEPARTMENTS_OF = sql("""
    SELECT department_id FROM member_departments
    WHERE org_id = :org_id AND member_id = :member_id ORDER BY main DESC, department_id
""")
# Up the line of managers from somebody: whether it comes to somebody else.
REPORTS_TO = sql("""
    WITH RECURSIVE line (id) AS (
        SELECT CAST(:from_id AS uuid)
        UNION
        SELECT m.manager_id FROM members m JOIN line ON m.org_id = :org_id AND m.id = line.id
        WHERE m.org_id = :org_id AND m.manager_id IS NOT NULL)
    SELECT EXISTS (SELECT FROM line WHERE id = :to_id)
""")

# --- writing -------------------------------------------------------------------------------------------------------

INSERT_MANY = sql("""
    INSERT INTO members (org_id, id, account_id, userid, name, pinyin, initials, mobile, email, title, job_number,
                         work_place, hired_on, state, created_at, joined_at)
    SELECT CAST(:org_id AS uuid), * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:account_ids AS uuid[]), CAST(:userids AS text[]), CAST(:names AS text[]),
        CAST(:pinyins AS text[]), CAST(:initials AS text[]), CAST(:mobiles AS text[]), CAST(:emails AS text[]),
        CAST(:titles AS text[]), CAST(:job_numbers AS text[]), CAST(:work_places AS text[]),
        CAST(:hired_ons AS date[]), CAST(:states AS text[]), CAST(:created_ats AS timestamptz[]),
        CAST(:joined_ats AS timestamptz[]))
""")
UPDATE = sql("""
    UPDATE members
    SET name = :name, pinyin = :pinyin, initials = :initials, mobile = :mobile, email = :email, title = :title,
        job_number = :job_number, avatar_file_id = CAST(:avatar_file_id AS uuid), work_place = :work_place,
        hired_on = CAST(:hired_on AS date), manager_id = CAST(:manager_id AS uuid), hide_mobile = :hide_mobile,
        extension = CAST(:extension AS jsonb), revision = revision + 1
    WHERE org_id = :org_id AND id = :id
""")
SET_STATE = sql("""
    UPDATE members SET state = :state, revision = revision + 1,
        joined_at = coalesce(joined_at, CASE WHEN :state = 'active' THEN CAST(:at AS timestamptz) END),
        left_at = CASE WHEN :state = 'left' THEN CAST(:at AS timestamptz) END
    WHERE org_id = :org_id AND id = :id
""")
TOUCH = sql("UPDATE members SET revision = revision + 1 WHERE org_id = :org_id AND id = :id")
SET_MANAGERS = sql("""
    UPDATE members m SET manager_id = given.manager_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:manager_ids AS uuid[])) AS given (id, manager_id)
    WHERE m.org_id = :org_id AND m.id = given.id
""")

ADD_PLACES = sql("""
    INSERT INTO member_departments (org_id, member_id, department_id, main, position)
    SELECT CAST(:org_id AS uuid), * FROM unnest(
        CAST(:member_ids AS uuid[]), CAST(:department_ids AS uuid[]), CAST(:mains AS boolean[]),
        CAST(:positions AS integer[]))
""")
REMOVE_PLACES = sql("""
    DELETE FROM member_departments
    WHERE org_id = :org_id AND member_id = :member_id AND department_id = ANY(CAST(:department_ids AS uuid[]))
""")
CLEAR_MAIN = sql("""
    UPDATE member_departments SET main = false WHERE org_id = :org_id AND member_id = :member_id AND main
""")
SET_MAIN = sql("""
    UPDATE member_departments SET main = true
    WHERE org_id = :org_id AND member_id = :member_id AND department_id = :department_id
""")
REMOVE_LEADERSHIPS = sql("DELETE FROM department_leaders WHERE org_id = :org_id AND member_id = :member_id")
REMOVE_ROLES = sql("DELETE FROM role_members WHERE org_id = :org_id AND member_id = :member_id")

FORGET_TERMS = sql("DELETE FROM member_terms WHERE org_id = :org_id AND member_id = ANY(CAST(:member_ids AS uuid[]))")
ADD_TERMS = sql("""
    INSERT INTO member_terms (org_id, kind, term, member_id)
    SELECT CAST(:org_id AS uuid), * FROM unnest(
        CAST(:kinds AS smallint[]), CAST(:terms AS text[]), CAST(:member_ids AS uuid[]))
""")

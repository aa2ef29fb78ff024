"""Queries of an import: everything in sets, since a list has up to 100,000 people."""

from pegboard.kernel.db import sql

# --- what there is ---------------------------------------------------------------------------------

# Without a join of members with members: right after an import nobody has counted them for the planner yet.
KNOWN = sql("""
    SELECT id, userid, mobile, email, manager_id FROM members
    WHERE org_id = :org_id AND userid > CAST(:after AS text) AND state <> 'left'
    ORDER BY userid LIMIT :limit
""")
TREE = sql("SELECT id, parent_id, name, position FROM departments WHERE org_id = :org_id")
INSIDE = sql("""
    SELECT DISTINCT descendant_id AS id FROM department_ancestors
    WHERE org_id = :org_id AND ancestor_id = ANY(CAST(:subtrees AS uuid[]))
""")
# Locked in the order of their ids, as everybody does who locks several.
LOCK_BY_USERIDS = sql("""
    SELECT id, account_id, userid, name, mobile, email, title, job_number, manager_id, state FROM members
    WHERE org_id = :org_id AND userid = ANY(CAST(:userids AS text[]))
    ORDER BY id FOR UPDATE
""")
# The main one first.
PLACES = sql("""
    SELECT member_id, department_id, main FROM member_departments
    WHERE org_id = :org_id AND member_id = ANY(CAST(:member_ids AS uuid[]))
    ORDER BY member_id, main DESC, department_id
""")
ADMINISTRATORS = sql("SELECT member_id, kind FROM administrators WHERE org_id = :org_id")
HOLDERS = sql("""
    SELECT account_id, userid, state FROM members
    WHERE org_id = :org_id AND account_id = ANY(CAST(:account_ids AS uuid[]))
""")
LAST_POSITIONS = sql("""
    SELECT department_id, max(position) AS position FROM member_departments
    WHERE org_id = :org_id AND department_id = ANY(CAST(:department_ids AS uuid[])) GROUP BY department_id
""")

# --- departments -----------------------------------------------------------------------------------

# One statement for all levels: the foreign key to the parent is looked at when it ends.
ADD_DEPARTMENTS = sql("""
    INSERT INTO departments (org_id, id, parent_id, name, position)
    SELECT CAST(:org_id AS uuid), * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:parent_ids AS uuid[]), CAST(:names AS text[]),
        CAST(:positions AS integer[]))
""")
ADD_PAIRS = sql("""
    INSERT INTO department_ancestors (org_id, ancestor_id, descendant_id, depth)
    SELECT CAST(:org_id AS uuid), * FROM unnest(
        CAST(:ancestor_ids AS uuid[]), CAST(:descendant_ids AS uuid[]), CAST(:depths AS smallint[]))
""")

# --- people ----------------------------------------------------------------------------------------

ADD_MEMBERS = sql("""
    INSERT INTO members (org_id, id, account_id, userid, name, pinyin, initials, mobile, email, title,
                         manager_id, state, created_at, joined_at)
    SELECT CAST(:org_id AS uuid), p.*, CAST(:at AS timestamptz),
           CASE WHEN p.state = 'active' THEN CAST(:at AS timestamptz) END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:account_ids AS uuid[]), CAST(:userids AS text[]),
                CAST(:names AS text[]), CAST(:pinyins AS text[]), CAST(:initials AS text[]),
                CAST(:mobiles AS text[]), CAST(:emails AS text[]), CAST(:titles AS text[]),
                CAST(:manager_ids AS uuid[]), CAST(:states AS text[]))
         AS p (id, account_id, userid, name, pinyin, initials, mobile, email, title, manager_id, state)
""")
UPDATE_MEMBERS = sql("""
    UPDATE members m
    SET name = p.name, pinyin = p.pinyin, initials = p.initials, mobile = p.mobile, email = p.email,
        title = p.title, manager_id = p.manager_id, account_id = p.account_id, state = p.state,
        revision = m.revision + 1,
        joined_at = CASE WHEN p.state = 'active' AND m.state = 'left' THEN CAST(:at AS timestamptz)
                         ELSE m.joined_at END,
        left_at = CASE WHEN p.state = 'left' THEN m.left_at END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:account_ids AS uuid[]), CAST(:names AS text[]),
                CAST(:pinyins AS text[]), CAST(:initials AS text[]), CAST(:mobiles AS text[]),
                CAST(:emails AS text[]), CAST(:titles AS text[]), CAST(:manager_ids AS uuid[]),
                CAST(:states AS text[]))
         AS p (id, account_id, name, pinyin, initials, mobile, email, title, manager_id, state)
    WHERE m.org_id = :org_id AND m.id = p.id
""")
REMOVE_PLACES = sql("""
    DELETE FROM member_departments place
    USING unnest(CAST(:member_ids AS uuid[]), CAST(:department_ids AS uuid[]))
          AS gone (member_id, department_id)
    WHERE place.org_id = :org_id AND place.member_id = gone.member_id
      AND place.department_id = gone.department_id
""")
CLEAR_MAINS = sql("""
    UPDATE member_departments SET main = false
    WHERE org_id = :org_id AND member_id = ANY(CAST(:member_ids AS uuid[])) AND main
""")
SET_MAINS = sql("""
    UPDATE member_departments place SET main = true
    FROM unnest(CAST(:member_ids AS uuid[]), CAST(:department_ids AS uuid[]))
         AS chosen (member_id, department_id)
    WHERE place.org_id = :org_id AND place.member_id = chosen.member_id
      AND place.department_id = chosen.department_id AND NOT place.main
""")

"""Queries on departments. The closure holds every pair (one above, one below), a department itself with depth 0."""

from pegboard.kernel.db import sql

# Whoever changes the shape of the tree holds its root: two moves at once could make a circle of it.
LOCK_TREE = sql("SELECT id FROM departments WHERE org_id = :org_id AND parent_id IS NULL FOR NO KEY UPDATE")
ROOT = sql("SELECT id FROM departments WHERE org_id = :org_id AND parent_id IS NULL")
FIND = sql("SELECT * FROM departments WHERE org_id = :org_id AND id = :id")
FIND_MANY = sql("SELECT * FROM departments WHERE org_id = :org_id AND id = ANY(CAST(:ids AS uuid[]))")
LOCK = sql("SELECT * FROM departments WHERE org_id = :org_id AND id = :id FOR UPDATE")
# Holds departments in place (they cannot be deleted) while somebody is put into them.
HOLD = sql("""
    SELECT id FROM departments WHERE org_id = :org_id AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR KEY SHARE
""")
LAST_POSITION = sql("""
    SELECT coalesce(max(position), 0) FROM departments WHERE org_id = :org_id AND parent_id = CAST(:parent_id AS uuid)
""")

INSERT = sql("""
    INSERT INTO departments (org_id, id, parent_id, name, position)
    VALUES (:org_id, :id, CAST(:parent_id AS uuid), :name, :position)
""")
INSERT_PAIRS = sql("""
    INSERT INTO department_ancestors (org_id, ancestor_id, descendant_id, depth)
    SELECT org_id, ancestor_id, CAST(:id AS uuid), depth + 1 FROM department_ancestors
    WHERE org_id = :org_id AND descendant_id = CAST(:parent_id AS uuid)
    UNION ALL
    SELECT CAST(:org_id AS uuid), CAST(:id AS uuid), CAST(:id AS uuid), 0
""")
UPDATE = sql("""
    UPDATE departments
    SET name = :name, position = :position, hidden = :hidden, restricted = :restricted, own_group = :own_group,
        parent_id = CAST(:parent_id AS uuid), revision = revision + 1
    WHERE org_id = :org_id AND id = :id
""")
SET_CONVERSATION = sql("""
    UPDATE departments SET conversation_id = CAST(:conversation_id AS uuid) WHERE org_id = :org_id AND id = :id
""")
DELETE = sql("DELETE FROM departments WHERE org_id = :org_id AND id = :id")

# --- the closure ---------------------------------------------------------------------------------------------------

IS_BELOW = sql("""
    SELECT EXISTS (SELECT FROM department_ancestors
                   WHERE org_id = :org_id AND ancestor_id = :id AND descendant_id = :other_id)
""")
DEPTH = sql("SELECT max(depth) FROM department_ancestors WHERE org_id = :org_id AND descendant_id = :id")
HEIGHT = sql("SELECT max(depth) FROM department_ancestors WHERE org_id = :org_id AND ancestor_id = :id")
CUT_OFF = sql("""
    DELETE FROM department_ancestors pair
    USING department_ancestors above, department_ancestors below
    WHERE pair.org_id = :org_id AND above.org_id = :org_id AND below.org_id = :org_id
      AND above.descendant_id = :id AND above.depth > 0 AND below.ancestor_id = :id
      AND pair.ancestor_id = above.ancestor_id AND pair.descendant_id = below.descendant_id
""")
JOIN_ON = sql("""
    INSERT INTO department_ancestors (org_id, ancestor_id, descendant_id, depth)
    SELECT above.org_id, above.ancestor_id, below.descendant_id, above.depth + below.depth + 1
    FROM department_ancestors above CROSS JOIN department_ancestors below
    WHERE above.org_id = :org_id AND below.org_id = :org_id
      AND above.descendant_id = :parent_id AND below.ancestor_id = :id
""")
SUBTREE = sql("""
    SELECT descendant_id FROM department_ancestors WHERE org_id = :org_id AND ancestor_id = :id
""")
BELOW = sql("""
    SELECT ancestor_id, descendant_id FROM department_ancestors
    WHERE org_id = :org_id AND ancestor_id = ANY(CAST(:ids AS uuid[])) AND depth > 0
""")
# Whether any of the departments stands outside of the subtrees; true for no departments at all.
ANY_OUTSIDE = sql("""
    SELECT coalesce(bool_or(NOT EXISTS (
        SELECT FROM department_ancestors
        WHERE org_id = :org_id AND descendant_id = wanted.id AND ancestor_id = ANY(CAST(:subtrees AS uuid[])))), true)
    FROM unnest(CAST(:ids AS uuid[])) AS wanted (id)
""")
WAYS = sql("""
    SELECT pair.descendant_id AS id, array_agg(above.id ORDER BY pair.depth DESC) AS ids,
           array_agg(above.name ORDER BY pair.depth DESC) AS names
    FROM department_ancestors pair
    JOIN departments above ON above.org_id = :org_id AND above.id = pair.ancestor_id
    WHERE pair.org_id = :org_id AND pair.descendant_id = ANY(CAST(:ids AS uuid[]))
    GROUP BY pair.descendant_id
""")

# --- counts and people ---------------------------------------------------------------------------------------------

CHILD_COUNTS = sql("""
    SELECT parent_id AS id, count(*) AS count FROM departments
    WHERE org_id = :org_id AND parent_id = ANY(CAST(:ids AS uuid[])) GROUP BY parent_id
""")
MEMBER_COUNTS = sql("""
    SELECT id, count(*) AS count FROM (
        SELECT DISTINCT pair.ancestor_id AS id, place.member_id
        FROM department_ancestors pair
        JOIN member_departments place ON place.org_id = :org_id AND place.department_id = pair.descendant_id
        WHERE pair.org_id = :org_id AND pair.ancestor_id = ANY(CAST(:ids AS uuid[]))) AS someone
    GROUP BY id
""")
OWN_MEMBER_COUNT = sql("""
    SELECT count(*) FROM member_departments WHERE org_id = :org_id AND department_id = :id
""")
MEMBERS = sql("""
    SELECT m.id FROM member_departments place
    JOIN members m ON m.org_id = :org_id AND m.id = place.member_id
    WHERE place.org_id = :org_id AND place.department_id = :id AND m.state IN ('active', 'suspended')
    ORDER BY place.position, m.id
""")
SUBTREE_MEMBERS = sql("""
    SELECT DISTINCT m.id FROM department_ancestors pair
    JOIN member_departments place ON place.org_id = :org_id AND place.department_id = pair.descendant_id
    JOIN members m ON m.org_id = :org_id AND m.id = place.member_id
    WHERE pair.org_id = :org_id AND pair.ancestor_id = :id AND m.state IN ('active', 'suspended')
    ORDER BY m.id
""")
LEADERS = sql("""
    SELECT leader.department_id, m.id AS member_id, m.userid, m.name
    FROM department_leaders leader JOIN members m ON m.org_id = :org_id AND m.id = leader.member_id
    WHERE leader.org_id = :org_id AND leader.department_id = ANY(CAST(:ids AS uuid[])) AND m.state <> 'left'
    ORDER BY leader.department_id, leader.position, m.id
""")
CLEAR_LEADERS = sql("DELETE FROM department_leaders WHERE org_id = :org_id AND department_id = :id")
INSERT_LEADERS = sql("""
    INSERT INTO department_leaders (org_id, department_id, member_id, position)
    SELECT CAST(:org_id AS uuid), CAST(:id AS uuid), leader.member_id, leader.position
    FROM unnest(CAST(:member_ids AS uuid[])) WITH ORDINALITY AS leader (member_id, position)
""")
VISIBLE = sql("""
    SELECT department_id, visible_id FROM department_visible
    WHERE org_id = :org_id AND department_id = ANY(CAST(:ids AS uuid[])) ORDER BY department_id, visible_id
""")
CLEAR_VISIBLE = sql("DELETE FROM department_visible WHERE org_id = :org_id AND department_id = :id")
INSERT_VISIBLE = sql("""
    INSERT INTO department_visible (org_id, department_id, visible_id)
    SELECT CAST(:org_id AS uuid), CAST(:id AS uuid), visible_id
    FROM unnest(CAST(:visible_ids AS uuid[])) AS visible_id
""")

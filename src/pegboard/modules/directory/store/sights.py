"""What of the directory somebody may see, as conditions in statements.

`<m is seen>` and `<d is seen>` in a query stand for the condition on a member `m` or a department `d`; `sight_params`
(policy.py) fills its parameters.
"""

from pegboard.kernel.db import Statement, sql

# The closed subtrees: hidden ones that the member (or nobody, for NULL) does not belong to.
HIDDEN_FROM = sql("""
    SELECT d.id FROM departments d
    WHERE d.org_id = :org_id AND d.hidden AND NOT EXISTS (
        SELECT FROM department_ancestors pair
        JOIN member_departments place ON place.org_id = :org_id AND place.department_id = pair.descendant_id
        WHERE pair.org_id = :org_id AND pair.ancestor_id = d.id AND place.member_id = :member_id)
""")
# For each of the member's departments, the nearest restriction at or above it.
RESTRICTIONS = sql("""
    SELECT near.id, near.restricted,
           array(SELECT v.visible_id FROM department_visible v
                 WHERE v.org_id = :org_id AND v.department_id = near.id) AS visible_ids
    FROM member_departments place
    LEFT JOIN LATERAL (
        SELECT d.id, d.restricted FROM department_ancestors pair
        JOIN departments d ON d.org_id = :org_id AND d.id = pair.ancestor_id
        WHERE pair.org_id = :org_id AND pair.descendant_id = place.department_id AND d.restricted <> 'no'
        ORDER BY pair.depth LIMIT 1) near ON true
    WHERE place.org_id = :org_id AND place.member_id = :member_id
""")

_DEPARTMENT = """(CAST(:sees_all AS boolean) OR EXISTS (
    SELECT FROM department_ancestors up WHERE up.org_id = :org_id AND up.descendant_id = <department>
      AND up.ancestor_id = ANY(CAST(:sees_always AS uuid[]))
) OR (NOT EXISTS (
    SELECT FROM department_ancestors up WHERE up.org_id = :org_id AND up.descendant_id = <department>
      AND up.ancestor_id = ANY(CAST(:sees_not AS uuid[]))
) AND (CAST(:sees_only AS uuid[]) IS NULL OR EXISTS (
    SELECT FROM department_ancestors up WHERE up.org_id = :org_id AND up.descendant_id = <department>
      AND up.ancestor_id = ANY(CAST(:sees_only AS uuid[]))))))"""

_MEMBER = """(CAST(:sees_all AS boolean) OR m.id = CAST(:sees_as AS uuid) OR EXISTS (
    SELECT FROM member_departments seen WHERE seen.org_id = :org_id AND seen.member_id = m.id
      AND <seen.department_id is seen>))"""

# Whoever may see a department only needs the way down to it.
_ON_THE_WAY = """(<d.id is seen> OR EXISTS (
    SELECT FROM department_ancestors down WHERE down.org_id = :org_id AND down.ancestor_id = d.id
      AND (down.descendant_id = ANY(CAST(:sees_only AS uuid[]))
           OR down.descendant_id = ANY(CAST(:sees_always AS uuid[])))
      AND <d.id is not closed>))"""

_NOT_CLOSED = """NOT EXISTS (
    SELECT FROM department_ancestors up WHERE up.org_id = :org_id AND up.descendant_id = d.id
      AND up.ancestor_id = ANY(CAST(:sees_not AS uuid[])))"""


def sighted(query: str) -> Statement:
    """A statement with its conditions of sight filled in."""
    query = query.replace("<m is seen>", _MEMBER).replace("<d is seen>", _ON_THE_WAY)
    query = query.replace("<d.id is not closed>", _NOT_CLOSED)
    for column in ("d.id", "seen.department_id", "main.department_id", "place.department_id"):
        query = query.replace(f"<{column} is seen>", _DEPARTMENT.replace("<department>", column))
    return sql(query)


SEEN_MEMBER = sighted("SELECT EXISTS (SELECT FROM members m WHERE m.org_id = :org_id AND m.id = :id AND <m is seen>)")
SEEN_DEPARTMENTS = sighted("""
    SELECT d.id FROM departments d
    WHERE d.org_id = :org_id AND d.id = ANY(CAST(:ids AS uuid[])) AND <d is seen>
""")
CHILDREN = sighted("""
    SELECT d.* FROM departments d
    WHERE d.org_id = :org_id AND d.parent_id = CAST(:parent_id AS uuid) AND <d is seen>
      AND (CAST(:after_position AS integer) IS NULL
           OR (d.position, d.id) > (CAST(:after_position AS integer), CAST(:after_id AS uuid)))
    ORDER BY d.position, d.id LIMIT :limit
""")

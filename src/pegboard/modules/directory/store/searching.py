"""Queries that list and find members."""

from pegboard.modules.directory.store.sights import sighted

_BRIEF = """m.id, m.userid, m.name, m.avatar_file_id, m.title, m.state, m.pinyin,
           main.department_id AS main_id, main_d.name AS main_name"""
_MAIN = """LEFT JOIN member_departments main ON main.org_id = :org_id AND main.member_id = m.id AND main.main
             AND <main.department_id is seen>
    LEFT JOIN departments main_d ON main_d.org_id = :org_id AND main_d.id = main.department_id"""


def _listing(query: str) -> str:
    return query.replace("<brief>", _BRIEF).replace("<main>", _MAIN)


# Everybody, by pinyin.
ALL = sighted(
    _listing("""
    SELECT <brief> FROM members m
    <main>
    WHERE m.org_id = :org_id AND m.state = ANY(CAST(:states AS text[])) AND <m is seen>
      AND (m.pinyin, m.id) > (CAST(:after_pinyin AS text), CAST(:after_id AS uuid))
    ORDER BY m.pinyin, m.id LIMIT :limit
""")
)
# The people of one department, in its order.
OF_DEPARTMENT = sighted(
    _listing("""
    SELECT <brief>, place.position FROM member_departments place
    JOIN members m ON m.org_id = :org_id AND m.id = place.member_id
    <main>
    WHERE place.org_id = :org_id AND place.department_id = CAST(:department_id AS uuid)
      AND m.state = ANY(CAST(:states AS text[])) AND <m is seen>
      AND (place.position, place.member_id) > (CAST(:after_position AS integer), CAST(:after_id AS uuid))
    ORDER BY place.position, place.member_id LIMIT :limit
""")
)
# The people of a large subtree, by pinyin: going through everybody in that order, the page is soon full.
OF_LARGE_SUBTREE = sighted(
    _listing("""
    SELECT <brief> FROM members m
    <main>
    WHERE m.org_id = :org_id AND m.state = ANY(CAST(:states AS text[])) AND <m is seen>
      AND (m.pinyin, m.id) > (CAST(:after_pinyin AS text), CAST(:after_id AS uuid))
      AND EXISTS (
          SELECT FROM member_departments place
          JOIN department_ancestors pair ON pair.org_id = :org_id AND pair.descendant_id = place.department_id
          WHERE place.org_id = :org_id AND place.member_id = m.id
            AND pair.ancestor_id = CAST(:department_id AS uuid))
    ORDER BY m.pinyin, m.id LIMIT :limit
""")
)
# The people of a small subtree, by pinyin: gathered first, then sorted.
OF_SUBTREE = sighted(
    _listing("""
    WITH inside AS MATERIALIZED (
        SELECT DISTINCT place.member_id FROM department_ancestors pair
        JOIN member_departments place ON place.org_id = :org_id AND place.department_id = pair.descendant_id
        WHERE pair.org_id = :org_id AND pair.ancestor_id = CAST(:department_id AS uuid))
    SELECT <brief> FROM inside
    JOIN members m ON m.org_id = :org_id AND m.id = inside.member_id
    <main>
    WHERE m.org_id = :org_id AND m.state = ANY(CAST(:states AS text[])) AND <m is seen>
      AND (m.pinyin, m.id) > (CAST(:after_pinyin AS text), CAST(:after_id AS uuid))
    ORDER BY m.pinyin, m.id LIMIT :limit
""")
)
# One kind of terms, from behind the last find on (`after_term` is `low` at the beginning: with both as conditions, the
# index would be entered by the wrong one). A member is found once: by the first of their terms in the order of
# kinds and terms; every other word of the query has to be in one of their terms as well. `private` terms count only
# for members whose number may be seen.
FIND = sighted(
    _listing("""
    SELECT <brief>, t.term FROM member_terms t
    JOIN members m ON m.org_id = :org_id AND m.id = t.member_id
    <main>
    WHERE t.org_id = :org_id AND t.kind = CAST(:kind AS smallint)
      AND (t.term, t.member_id) > (CAST(:after_term AS text), CAST(:after_id AS uuid))
      AND t.term < CAST(:high AS text)
      AND m.state = ANY(CAST(:states AS text[])) AND <m is seen>
      AND (CAST(:department_id AS uuid) IS NULL OR EXISTS (
          SELECT FROM member_departments place
          JOIN department_ancestors pair ON pair.org_id = :org_id AND pair.descendant_id = place.department_id
          WHERE place.org_id = :org_id AND place.member_id = m.id AND pair.ancestor_id = CAST(:department_id AS uuid)
            AND (CAST(:recursive AS boolean) OR pair.depth = 0)))
      AND NOT EXISTS (
          SELECT FROM member_terms earlier
          WHERE earlier.org_id = :org_id AND earlier.member_id = t.member_id AND (
              (earlier.kind < CAST(:kind AS smallint) AND earlier.kind <= 1
               AND earlier.term >= CAST(:text_low AS text) AND earlier.term < CAST(:text_high AS text))
              OR (earlier.kind = 2 AND CAST(:kind AS smallint) = 3
                  AND earlier.term >= CAST(:number_low AS text) AND earlier.term < CAST(:number_high AS text))
              OR (earlier.kind = t.kind AND earlier.term < t.term AND earlier.term >= CAST(:low AS text))))
      AND NOT EXISTS (
          SELECT FROM unnest(CAST(:other_lows AS text[]), CAST(:other_highs AS text[])) AS other (low, high)
          WHERE NOT EXISTS (
              SELECT FROM member_terms also WHERE also.org_id = :org_id AND also.member_id = m.id AND also.kind <= 1
                AND also.term >= other.low AND also.term < other.high))
      AND (CAST(:kind AS smallint) < 2 OR m.id = CAST(:sees_as AS uuid) OR CAST(:all_mobiles AS boolean)
           OR (CAST(:open_mobiles AS boolean) AND NOT m.hide_mobile)
           OR EXISTS (
               SELECT FROM member_departments place
               JOIN department_ancestors pair ON pair.org_id = :org_id AND pair.descendant_id = place.department_id
               WHERE place.org_id = :org_id AND place.member_id = m.id
                 AND pair.ancestor_id = ANY(CAST(:mobiles_in AS uuid[]))))
    ORDER BY t.term, t.member_id LIMIT :limit
""")
)

"""Every query of attention."""

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from pegboard.kernel.db import Statement, sql, tenant
from pegboard.modules.attention.models import attention_settings, folder_conversations, folder_views, folders

# --- settings --------------------------------------------------------------------------------------------------------

_s = attention_settings.c
_CHOSEN = ("quiet", "quiet_starts", "quiet_ends", "quiet_days", "zone", "no_numbers", "mention_pierces_mute")

SETTINGS = Statement(
    select(attention_settings).where(tenant(attention_settings), _s.member_id == bindparam("member_id"))
)
QUIET_AMONG = sql("""
    SELECT s.* FROM unnest(CAST(:members AS uuid[])) AS w (member)
    JOIN attention_settings s ON s.org_id = :org_id AND s.member_id = w.member
    WHERE s.quiet
""")
# Nobody has a row before they have chosen something; revision 0 is what they have seen until then.
BEGIN_SETTINGS = Statement(
    upsert(attention_settings)
    .values(org_id=bindparam("org_id"), member_id=bindparam("member_id"), revision=0)
    .on_conflict_do_nothing()
)
LOCK_SETTINGS = Statement(
    select(attention_settings)
    .where(tenant(attention_settings), _s.member_id == bindparam("member_id"))
    .with_for_update()
)
CHANGE_SETTINGS = Statement(
    update(attention_settings)
    .where(tenant(attention_settings), _s.member_id == bindparam("member"))
    .values(revision=_s.revision + 1, **{name: bindparam(f"new_{name}", type_=_s[name].type) for name in _CHOSEN})
)
FORGET_SETTINGS = Statement(
    delete(attention_settings).where(tenant(attention_settings), _s.member_id == bindparam("member_id"))
)

# --- folders ---------------------------------------------------------------------------------------------------------

_f, _fc, _fv = folders.c, folder_conversations.c, folder_views.c
_OF_MEMBER = """
    SELECT f.id, f.owner_id, f.name, f.rules, f.revision, v.position, coalesce(v.collapsed, false) AS collapsed,
           coalesce(v.hidden, false) AS hidden,
           ARRAY(SELECT c.conversation_id FROM folder_conversations c
                 WHERE c.org_id = f.org_id AND c.folder_id = f.id ORDER BY c.conversation_id) AS conversation_ids
    FROM folders f
    LEFT JOIN folder_views v ON v.org_id = f.org_id AND v.folder_id = f.id AND v.member_id = :member_id
    WHERE f.org_id = :org_id AND {whose}
"""

# The member's own and the organisation's; each half walks the index.
FOLDERS_OF = sql(
    "SELECT * FROM ("
    + _OF_MEMBER.format(whose="f.owner_id = :member_id")
    + " UNION ALL "
    + _OF_MEMBER.format(whose="f.owner_id IS NULL")
    + ") AS found ORDER BY position NULLS LAST, owner_id IS NULL, id"
)
LOCK_FOLDER = Statement(
    select(folders)
    .where(
        tenant(folders),
        _f.id == bindparam("id"),
        (_f.owner_id == bindparam("member_id")) | _f.owner_id.is_(None),
    )
    .with_for_update()
)
BY_CLIENT_ID = Statement(
    select(_f.id).where(
        tenant(folders), _f.created_by == bindparam("created_by"), _f.client_id == bindparam("client_id")
    )
)
# Whoever makes a folder for the same place waits here, so that the count holds.
LOCK_PLACE = sql("SELECT pg_advisory_xact_lock(hashtextextended(CAST(:place AS text), 0))")
COUNT_FOLDERS = Statement(
    select(func.count())
    .select_from(folders)
    .where(tenant(folders), _f.owner_id.is_not_distinct_from(bindparam("owner_id", type_=_f.owner_id.type)))
)
INSERT_FOLDER = Statement(
    insert(folders).values(
        {
            name: bindparam(name, type_=_f[name].type)
            for name in ("org_id", "id", "owner_id", "created_by", "client_id", "name", "rules", "created_at")
        }
    )
)
CHANGE_FOLDER = Statement(
    update(folders)
    .where(tenant(folders), _f.id == bindparam("folder"), _f.revision == bindparam("seen_revision"))
    .values(
        name=bindparam("new_name", type_=_f.name.type),
        rules=bindparam("new_rules", type_=_f.rules.type),
        revision=_f.revision + 1,
    )
)
DELETE_FOLDER = Statement(delete(folders).where(tenant(folders), _f.id == bindparam("id")))
DELETE_FOLDERS_OF = Statement(delete(folders).where(tenant(folders), _f.owner_id == bindparam("owner_id")))
DELETE_VIEWS_OF = Statement(delete(folder_views).where(tenant(folder_views), _fv.member_id == bindparam("member_id")))
WITH_DEPARTMENTS = sql("""
    SELECT EXISTS (SELECT FROM folders f
                   WHERE f.org_id = :org_id AND f.rules @> CAST('[{"kind": "department", "subtree": true}]' AS jsonb))
""")

VIEW = sql("""
    INSERT INTO folder_views (org_id, member_id, folder_id, collapsed, hidden)
    VALUES (:org_id, :member_id, :folder_id, coalesce(CAST(:collapsed AS boolean), false),
            coalesce(CAST(:hidden AS boolean), false))
    ON CONFLICT (org_id, member_id, folder_id) DO UPDATE
    SET collapsed = coalesce(CAST(:collapsed AS boolean), folder_views.collapsed),
        hidden = coalesce(CAST(:hidden AS boolean), folder_views.hidden)
""")
# Folders that are gone, or somebody else's, have no place; those that are not named come behind, as if new.
ORDER = sql("""
    WITH placed AS (
        INSERT INTO folder_views (org_id, member_id, folder_id, position)
        SELECT :org_id, :member_id, f.id, w.position
        FROM unnest(CAST(:folders AS uuid[])) WITH ORDINALITY AS w (folder, position)
        JOIN folders f ON f.org_id = :org_id AND f.id = w.folder AND (f.owner_id = :member_id OR f.owner_id IS NULL)
        ORDER BY f.id
        ON CONFLICT (org_id, member_id, folder_id) DO UPDATE SET position = excluded.position
    )
    UPDATE folder_views SET position = NULL
    WHERE org_id = :org_id AND member_id = :member_id AND position IS NOT NULL
      AND NOT folder_id = ANY(CAST(:folders AS uuid[]))
""")

PUT_IN = Statement(
    upsert(folder_conversations)
    .values({name: bindparam(name) for name in ("org_id", "folder_id", "conversation_id")})
    .on_conflict_do_nothing()
)
TAKE_OUT = Statement(
    delete(folder_conversations).where(
        tenant(folder_conversations),
        _fc.folder_id == bindparam("folder_id"),
        _fc.conversation_id == bindparam("conversation_id"),
    )
)
COUNT_IN = Statement(
    select(func.count())
    .select_from(folder_conversations)
    .where(tenant(folder_conversations), _fc.folder_id == bindparam("folder_id"))
)

"""Queries on invitations and on requests to join. Codes are stored as hashes: nobody reads a link out of a backup."""

from pegboard.kernel.db import sql

_IS_OPEN = """i.revoked_at IS NULL AND i.expires_at > CAST(:now AS timestamptz)
      AND (i.max_uses IS NULL OR i.uses < i.max_uses)"""

# NULL subtrees are everywhere. An invitation without a department leads to the root.
_INSIDE = """(CAST(:subtrees AS uuid[]) IS NULL OR EXISTS (
          SELECT FROM department_ancestors pair
          WHERE pair.org_id = :org_id AND pair.descendant_id = <department>
            AND pair.ancestor_id = ANY(CAST(:subtrees AS uuid[]))))"""

INSERT = sql("""
    INSERT INTO invitations (org_id, id, code_hash, inviter_id, department_id, member_id, needs_approval, max_uses,
                             created_at, expires_at)
    VALUES (:org_id, :id, :code_hash, :inviter_id, CAST(:department_id AS uuid), CAST(:member_id AS uuid),
            :needs_approval, :max_uses, :created_at, :expires_at)
""")
BY_CODE = sql(f"""
    SELECT i.*, o.name AS org_name, o.state AS org_state, inviter.name AS inviter_name,
           invited.name AS member_name, invited.userid AS member_userid
    FROM invitations i
    JOIN organisations o ON o.id = i.org_id
    LEFT JOIN members inviter ON inviter.org_id = :org_id AND inviter.id = i.inviter_id
    LEFT JOIN members invited ON invited.org_id = :org_id AND invited.id = i.member_id
    WHERE i.org_id = :org_id AND i.code_hash = :code_hash AND o.state = 'active' AND {_IS_OPEN}
""")
# Counts a use, if there is one left; whoever comes second waits here.
USE = sql(f"""
    UPDATE invitations i SET uses = uses + 1 WHERE i.org_id = :org_id AND i.id = :id AND {_IS_OPEN}
""")
UNUSE = sql("UPDATE invitations SET uses = uses - 1 WHERE org_id = :org_id AND id = :id")
_LISTED = """
    SELECT i.id, i.department_id, d.name AS department_name, i.needs_approval, i.max_uses, i.uses, i.created_at,
           i.expires_at, inviter.userid AS inviter_userid, inviter.name AS inviter_name, invited.userid AS for_userid
    FROM invitations i
    LEFT JOIN departments d ON d.org_id = :org_id AND d.id = i.department_id
    LEFT JOIN members inviter ON inviter.org_id = :org_id AND inviter.id = i.inviter_id
    LEFT JOIN members invited ON invited.org_id = :org_id AND invited.id = i.member_id
    WHERE i.org_id = :org_id"""
LIST = sql(f"""
    {_LISTED} AND i.id > CAST(:after AS uuid) AND {_IS_OPEN} AND {_INSIDE.replace("<department>", "i.department_id")}
    ORDER BY i.id LIMIT :limit
""")
FIND = sql(f"{_LISTED} AND i.id = :id AND {_IS_OPEN} AND {_INSIDE.replace('<department>', 'i.department_id')}")
REVOKE = sql("""
    UPDATE invitations SET revoked_at = :now, expires_at = least(expires_at, CAST(:now AS timestamptz))
    WHERE org_id = :org_id AND id = ANY(CAST(:ids AS uuid[])) AND revoked_at IS NULL
""")
# Links that somebody who leaves has given out, or was given.
OPEN_OF_MEMBER = sql(f"""
    SELECT i.id FROM invitations i
    WHERE i.org_id = :org_id AND (i.inviter_id = :member_id OR i.member_id = :member_id) AND {_IS_OPEN}
""")

FORGET = sql("DELETE FROM invitations WHERE org_id = :org_id AND expires_at < :before")
OLDEST = sql("SELECT min(expires_at) FROM invitations WHERE org_id = :org_id")

# --- requests --------------------------------------------------------------------------------------------------------

WAITING_FOR = sql("""
    SELECT count(*) FROM join_requests
    WHERE org_id = :org_id AND invitation_id = :invitation_id AND state = 'waiting'
""")
# Somebody who waits already goes on waiting.
REQUEST = sql("""
    INSERT INTO join_requests (org_id, id, invitation_id, account_id, name, mobile, email, password_hash, language,
                               department_id, created_at)
    VALUES (:org_id, :id, :invitation_id, CAST(:account_id AS uuid), :name, :mobile, :email, :password_hash, :language,
            CAST(:department_id AS uuid), :created_at)
    ON CONFLICT DO NOTHING
""")
LIST_REQUESTS = sql(f"""
    SELECT r.id, r.name, r.mobile, r.email, r.department_id, d.name AS department_name, r.created_at
    FROM join_requests r
    LEFT JOIN departments d ON d.org_id = :org_id AND d.id = r.department_id
    WHERE r.org_id = :org_id AND r.state = 'waiting' AND r.id > CAST(:after AS uuid)
      AND {_INSIDE.replace("<department>", "r.department_id")}
    ORDER BY r.id LIMIT :limit
""")
LOCK_REQUEST = sql("""
    SELECT * FROM join_requests WHERE org_id = :org_id AND id = :id AND state = 'waiting' FOR UPDATE
""")
DECIDE = sql("""
    UPDATE join_requests SET state = :state, decided_at = :at, password_hash = NULL WHERE org_id = :org_id AND id = :id
""")

# Whoever nobody answers is forgotten in the end, too.
FORGET_REQUESTS = sql("DELETE FROM join_requests WHERE org_id = :org_id AND created_at < :before")
OLDEST_REQUEST = sql("SELECT min(created_at) FROM join_requests WHERE org_id = :org_id")

# --- members ---------------------------------------------------------------------------------------------------------

LOCK_BY_ACCOUNT = sql("""
    SELECT * FROM members WHERE org_id = :org_id AND account_id = CAST(:account_id AS uuid) FOR UPDATE
""")
LOCK_BY_ID = sql("SELECT * FROM members WHERE org_id = :org_id AND id = :id FOR UPDATE")

"""Every query of `identity`. Its tables stand outside row-level security: there is no wall to name here."""

from pegboard.kernel.db import sql

# --- signing in ---------------------------------------------------------------------------------------------

# Somebody who has left every organisation, or is suspended in all of them, finds no account here.
_MAY_SIGN_IN = """
    a.state = 'active' AND (
        EXISTS (SELECT FROM memberships m WHERE m.account_id = a.id AND m.state IN ('invited', 'active'))
        OR NOT EXISTS (SELECT FROM memberships m WHERE m.account_id = a.id)
    )
"""

ACCOUNT_BY_LOGIN = sql(f"""
    SELECT a.id, a.password_hash, a.name, a.mobile, a.email, {_MAY_SIGN_IN} AS may_sign_in
    FROM accounts a
    WHERE a.mobile = ANY(CAST(:mobiles AS text[])) OR a.email = :email
    ORDER BY array_position(CAST(:mobiles AS text[]), a.mobile) LIMIT 1
""")
ACCOUNT_BY_USERID = sql(f"""
    SELECT a.id, a.password_hash, a.name, a.mobile, a.email, {_MAY_SIGN_IN} AS may_sign_in, b.org_id
    FROM sign_in_codes c
    JOIN memberships b ON b.org_id = c.org_id AND b.userid = :userid AND b.state IN ('invited', 'active')
    JOIN accounts a ON a.id = b.account_id
    WHERE c.code = :code
""")
ORG_BY_CODE = sql("SELECT org_id FROM sign_in_codes WHERE code = :code")
IS_KNOWN_DEVICE = sql("""
    SELECT bool_or(account_id = :account_id) FROM known_devices WHERE device_hash = :device_hash
""")
REMEMBER_DEVICE = sql("""
    INSERT INTO known_devices (device_hash, account_id, last_used_at) VALUES (:device_hash, :account_id, :now)
    ON CONFLICT (device_hash, account_id) DO UPDATE SET last_used_at = excluded.last_used_at
""")

# --- guards: counted before evaluated, in one statement, so that parallel guesses queue ----------

RESERVE_GUESS = sql("""
    INSERT INTO sign_in_guards AS g (key, failures, window_start, guesses, last_at)
    VALUES (:key, 1, :window_start, 1, :now)
    ON CONFLICT (key) DO UPDATE SET
        failures = CASE WHEN g.last_at < :forgotten_before THEN 1 ELSE g.failures + 1 END,
        blocked_until = CASE
            WHEN NOT CAST(:delayed AS boolean) THEN NULL
            WHEN g.last_at < :forgotten_before OR g.failures + 1 < :free_failures THEN NULL
            ELSE CAST(:now AS timestamptz) + make_interval(secs => least(
                CAST(:longest_wait_s AS float8),
                CAST(:first_wait_s AS float8)
                    * power(2, least(g.failures + 1 - CAST(:free_failures AS integer), 20))
            ))
        END,
        window_start = excluded.window_start,
        guesses = CASE WHEN g.window_start < excluded.window_start THEN 1 ELSE g.guesses + 1 END,
        last_at = excluded.last_at
    WHERE coalesce(g.blocked_until <= :now, true)
      AND (g.window_start < excluded.window_start OR g.guesses < :allowed)
    RETURNING failures, blocked_until
""")
GUARD = sql("SELECT blocked_until, guesses FROM sign_in_guards WHERE key = :key")
# The right password: the guess was none, and waiting is over. Wrong ones of the day stay counted.
RELEASE_GUESS = sql("""
    UPDATE sign_in_guards
    SET failures = 0, blocked_until = NULL, guesses = greatest(guesses - 1, 0)
    WHERE key = ANY(CAST(:keys AS text[]))
""")
FORGET_GUARDS = sql("DELETE FROM sign_in_guards WHERE last_at < :before")
FORGET_DEVICES = sql("DELETE FROM known_devices WHERE last_used_at < :before")

# --- sessions -----------------------------------------------------------------------------------------------

ADD_SESSION = sql("""
    INSERT INTO sessions (id, account_id, token_hash, csrf_token, org_id, device, ip,
                          created_at, last_used_at, expires_at)
    VALUES (:id, :account_id, :token_hash, :csrf_token, :current_org, :device, :ip, :now, :now, :expires_at)
""")
_PLACES = """
    LEFT JOIN LATERAL (
        SELECT array_agg(m.org_id) AS org_ids, array_agg(m.member_id) AS member_ids,
               array_agg(m.userid) AS userids, array_agg(m.state) AS states
        FROM (
            SELECT org_id, member_id, userid, state FROM memberships
            WHERE account_id = a.id AND state <> 'left'
            ORDER BY last_used_at DESC NULLS LAST, created_at, org_id
        ) m
    ) places ON true
"""
SESSION_HOLDER = sql(f"""
    SELECT s.id, s.account_id, s.org_id, s.csrf_token, s.last_used_at, a.name, a.language,
           places.org_ids, places.member_ids, places.userids, places.states
    FROM sessions s JOIN accounts a ON a.id = s.account_id {_PLACES}
    WHERE s.token_hash = :token_hash AND s.expires_at > :now AND s.last_used_at > :unused_since
      AND {_MAY_SIGN_IN}
""")
TOKEN_HOLDER = sql("""
    SELECT t.id, t.account_id, t.org_id, t.last_used_at, a.name, a.language, m.member_id, m.userid, m.state
    FROM personal_tokens t
    JOIN accounts a ON a.id = t.account_id AND a.state = 'active'
    JOIN memberships m ON m.account_id = t.account_id AND m.org_id = t.org_id
        AND m.member_id = t.member_id AND m.state = 'active'
    WHERE t.token_hash = :token_hash AND t.revoked_at IS NULL AND coalesce(t.expires_at > :now, true)
""")
TOUCH_SESSION = sql("UPDATE sessions SET last_used_at = :now WHERE id = :id AND last_used_at < :now")
TOUCH_TOKEN = sql("UPDATE personal_tokens SET last_used_at = :now WHERE id = :id")
# Data-modifying parts of one statement run to their end even if nobody reads them.
USE_ORGANISATION = sql("""
    WITH used AS (
        UPDATE memberships SET last_used_at = :now WHERE account_id = :account_id AND org_id = :used_org
    )
    UPDATE sessions SET org_id = :used_org WHERE id = :id
""")
SESSIONS_OF = sql("""
    SELECT id, device, ip, created_at, last_used_at FROM sessions
    WHERE account_id = :account_id AND expires_at > :now AND last_used_at > :unused_since
    ORDER BY created_at, id LIMIT :limit
""")
IS_SESSION = sql("SELECT true FROM sessions WHERE id = :id")
END_SESSION = sql("DELETE FROM sessions WHERE id = :id AND account_id = :account_id RETURNING id, account_id")
END_SESSIONS = sql("""
    DELETE FROM sessions
    WHERE account_id = ANY(CAST(:account_ids AS uuid[])) AND coalesce(id <> :except_session, true)
    RETURNING id, account_id
""")
END_SESSIONS_IN_ORG = sql("""
    DELETE FROM sessions s
    WHERE s.account_id = ANY(CAST(:account_ids AS uuid[])) AND coalesce(s.id <> :except_session, true)
      AND (s.org_id = :left_org OR s.org_id IS NULL OR NOT EXISTS (
          SELECT FROM memberships m WHERE m.account_id = s.account_id AND m.state IN ('invited', 'active')))
    RETURNING s.id, s.account_id
""")
ROTATE_SESSION = sql("UPDATE sessions SET token_hash = :token_hash WHERE id = :id")
FORGET_SESSIONS = sql("""
    DELETE FROM sessions WHERE id = ANY (
        SELECT id FROM sessions WHERE expires_at <= :now OR last_used_at <= :unused_since
        LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING id, account_id
""")

# --- personal tokens ----------------------------------------------------------------------------------------

ADD_TOKEN = sql("""
    INSERT INTO personal_tokens (id, account_id, org_id, member_id, name, token_hash, created_at, expires_at)
    SELECT :id, :account_id, :token_org, :member_id, :name, :token_hash, :now, :expires_at
    WHERE (SELECT count(*) FROM personal_tokens
           WHERE account_id = :account_id AND revoked_at IS NULL) < :allowed
""")
TOKENS_OF = sql("""
    SELECT id, org_id, name, created_at, last_used_at, expires_at FROM personal_tokens
    WHERE account_id = :account_id AND revoked_at IS NULL ORDER BY created_at, id
""")
REVOKE_TOKEN = sql("""
    UPDATE personal_tokens SET revoked_at = :now
    WHERE id = :id AND account_id = :account_id AND revoked_at IS NULL
    RETURNING id, account_id, org_id
""")
REVOKE_TOKENS = sql("""
    UPDATE personal_tokens SET revoked_at = :now
    WHERE account_id = ANY(CAST(:account_ids AS uuid[])) AND revoked_at IS NULL
      AND (CAST(:left_org AS uuid) IS NULL OR org_id = :left_org)
      AND coalesce(id <> :except_session, true)
    RETURNING id, account_id, org_id
""")
FORGET_TOKENS = sql("DELETE FROM personal_tokens WHERE revoked_at < :before OR expires_at < :before")

# --- accounts -----------------------------------------------------------------------------------------------

MATCH_ACCOUNTS = sql("""
    SELECT p.number, m.id AS by_mobile, e.id AS by_email
    FROM unnest(CAST(:numbers AS integer[]), CAST(:mobiles AS text[]), CAST(:emails AS text[]))
         AS p(number, mobile, email)
    LEFT JOIN accounts m ON m.mobile = p.mobile COLLATE "C"
    LEFT JOIN accounts e ON e.email = p.email COLLATE "C"
    WHERE m.id IS NOT NULL OR e.id IS NOT NULL
""")
ADD_ACCOUNTS = sql("""
    INSERT INTO accounts (id, name, mobile, email, password_hash, language, created_at, password_changed_at)
    SELECT p.id, p.name, p.mobile, p.email, p.password_hash, p.language, :now,
           CASE WHEN p.password_hash IS NOT NULL THEN CAST(:now AS timestamptz) END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:mobiles AS text[]),
                CAST(:emails AS text[]), CAST(:password_hashes AS text[]), CAST(:languages AS text[]))
         AS p(id, name, mobile, email, password_hash, language)
    ON CONFLICT DO NOTHING
    RETURNING id
""")
FIND_ACCOUNT = sql("SELECT id FROM accounts WHERE mobile = :mobile OR email = :email LIMIT 1")
ACCOUNTS = sql("""
    SELECT id, name, mobile, email, language, password_hash IS NOT NULL AS has_password, created_at
    FROM accounts WHERE id = ANY(CAST(:account_ids AS uuid[]))
""")
PASSWORD_OF = sql("SELECT password_hash, name, mobile, email FROM accounts WHERE id = :account_id")
SET_LANGUAGE = sql("UPDATE accounts SET language = :language WHERE id = :account_id")
SET_PASSWORD = sql("""
    UPDATE accounts SET password_hash = :password_hash, password_changed_at = :now WHERE id = :account_id
""")
# Same password, hashed anew: not if it was changed meanwhile.
REHASH_PASSWORD = sql("""
    UPDATE accounts SET password_hash = :password_hash WHERE id = :account_id AND password_hash = :old_hash
""")
SET_FIRST_PASSWORD = sql("""
    UPDATE accounts SET password_hash = :password_hash, password_changed_at = :now
    WHERE id = :account_id AND password_hash IS NULL
""")
BELONGS_ELSEWHERE = sql("""
    SELECT EXISTS (SELECT FROM memberships
                   WHERE account_id = :account_id AND org_id <> :only_org AND state <> 'left')
        OR NOT EXISTS (SELECT FROM memberships
                       WHERE account_id = :account_id AND org_id = :only_org AND state <> 'left')
    FROM accounts WHERE id = :account_id FOR UPDATE
""")
SET_LOGINS = sql("UPDATE accounts SET mobile = :mobile, email = :email WHERE id = :account_id")

# --- memberships --------------------------------------------------------------------------------------------

ADD_MEMBERSHIPS = sql("""
    INSERT INTO memberships AS m (account_id, org_id, member_id, userid, state, created_at)
    SELECT p.account_id, p.org_id, p.member_id, p.userid, p.state, :now
    FROM unnest(CAST(:account_ids AS uuid[]), CAST(:org_ids AS uuid[]), CAST(:member_ids AS uuid[]),
                CAST(:userids AS text[]), CAST(:states AS text[]))
         AS p(account_id, org_id, member_id, userid, state)
    ON CONFLICT (account_id, org_id) DO UPDATE
        SET member_id = excluded.member_id, userid = excluded.userid, state = excluded.state,
            last_used_at = NULL, created_at = excluded.created_at
        WHERE m.state = 'left'
    RETURNING account_id, org_id
""")
SET_MEMBERSHIP_STATES = sql("""
    UPDATE memberships SET state = :state
    WHERE org_id = :member_org AND member_id = ANY(CAST(:member_ids AS uuid[]))
    RETURNING account_id
""")
SET_USERID = sql("""
    UPDATE memberships SET userid = :userid WHERE org_id = :member_org AND member_id = :member_id
    RETURNING account_id
""")
CONFIRM_MEMBERSHIP = sql("""
    UPDATE memberships SET state = 'active'
    WHERE account_id = :account_id AND org_id = :member_org AND state IN ('invited', 'active')
    RETURNING account_id, org_id, member_id, userid, state
""")
MEMBERSHIPS_OF = sql("""
    SELECT account_id, org_id, member_id, userid, state FROM memberships
    WHERE account_id = :account_id AND state <> 'left'
    ORDER BY last_used_at DESC NULLS LAST, created_at, org_id
""")
MEMBERSHIPS_BY_USERIDS = sql("""
    SELECT account_id, org_id, member_id, userid, state FROM memberships
    WHERE org_id = :member_org AND userid = ANY(CAST(:userids AS text[])) AND state <> 'left'
""")
SET_ORG_CODE = sql("""
    INSERT INTO sign_in_codes (org_id, code) VALUES (:coded_org, :code)
    ON CONFLICT (org_id) DO UPDATE SET code = excluded.code
""")

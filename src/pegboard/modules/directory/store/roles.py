"""Queries on roles."""

from pegboard.kernel.db import sql

LIST = sql("""
    SELECT r.*, (SELECT count(*) FROM role_members rm
                 WHERE rm.org_id = :org_id AND rm.role_id = r.id) AS member_count
    FROM roles r WHERE r.org_id = :org_id AND (CAST(:id AS uuid) IS NULL OR r.id = :id)
    ORDER BY r.group_name, r.name, r.id
""")
LOCK = sql("SELECT * FROM roles WHERE org_id = :org_id AND id = :id FOR UPDATE")
INSERT = sql("INSERT INTO roles (org_id, id, group_name, name) VALUES (:org_id, :id, :group_name, :name)")
UPDATE = sql("""
    UPDATE roles SET group_name = :group_name, name = :name, revision = revision + 1
    WHERE org_id = :org_id AND id = :id
""")
DELETE = sql("DELETE FROM roles WHERE org_id = :org_id AND id = :id")
ADD_MEMBER = sql("""
    INSERT INTO role_members (org_id, role_id, member_id) VALUES (:org_id, :role_id, :member_id) ON CONFLICT DO NOTHING
""")
REMOVE_MEMBER = sql("""
    DELETE FROM role_members WHERE org_id = :org_id AND role_id = :role_id AND member_id = :member_id
""")
OF_MEMBER = sql("""
    SELECT r.id, r.name FROM role_members rm JOIN roles r ON r.org_id = :org_id AND r.id = rm.role_id
    WHERE rm.org_id = :org_id AND rm.member_id = :member_id ORDER BY r.group_name, r.name, r.id
""")

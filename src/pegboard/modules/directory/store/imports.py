"""Queries on imports that run in the background."""

from pegboard.kernel.db import sql

INSERT = sql("""
    INSERT INTO imports (org_id, id, member_id, file_name, language, dry_run, skip_errors, created_at)
    VALUES (:org_id, :id, :member_id, :file_name, :language, :dry_run, :skip_errors, :created_at)
""")
INSERT_FILE = sql("INSERT INTO import_files (org_id, import_id, content) VALUES (:org_id, :import_id, :content)")
FIND = sql("SELECT * FROM imports WHERE org_id = :org_id AND id = :id")
CONTENT = sql("SELECT content FROM import_files WHERE org_id = :org_id AND import_id = :id")
WAITING = sql("""
    SELECT count(*) FROM imports WHERE org_id = :org_id AND member_id = :member_id AND state IN ('queued', 'running')
""")
SET_RUNNING = sql("""
    UPDATE imports SET state = 'running' WHERE org_id = :org_id AND id = :id AND state IN ('queued', 'running')
""")
SET_PROGRESS = sql("""
    UPDATE imports SET rows_done = :rows_done, rows_total = :rows_total
    WHERE org_id = :org_id AND id = :id AND state = 'running'
""")
FINISH = sql("""
    UPDATE imports
    SET state = :state, rows_total = :rows_total, rows_done = :rows_done, members = :members,
        departments = :departments, created = :created, changed = :changed, invited = :invited,
        errors = CAST(:errors AS jsonb), errors_total = :errors_total, finished_at = :finished_at
    WHERE org_id = :org_id AND id = :id AND state IN ('queued', 'running')
""")
DROP_FILE = sql("DELETE FROM import_files WHERE org_id = :org_id AND import_id = :id")

FORGET = sql("DELETE FROM imports WHERE org_id = :org_id AND created_at < :before")
OLDEST = sql("SELECT min(created_at) FROM imports WHERE org_id = :org_id")

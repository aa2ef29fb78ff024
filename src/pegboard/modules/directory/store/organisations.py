"""Queries on organisations."""

from pegboard.kernel.db import sql

INSERT = sql("""
    INSERT INTO organisations (id, code, name, created_at) VALUES (:id, :code, :name, :created_at)
    ON CONFLICT (code) DO NOTHING
""")
FIND = sql("SELECT * FROM organisations WHERE id = :id")
FIND_MANY = sql("SELECT id, code, name, state FROM organisations WHERE id = ANY(CAST(:ids AS uuid[]))")
LOCK = sql("SELECT * FROM organisations WHERE id = :id FOR UPDATE")
UPDATE = sql("""
    UPDATE organisations
    SET name = :name, default_country = :default_country, time_zone = :time_zone,
        settings = CAST(:settings AS jsonb), revision = revision + 1
    WHERE id = :id
""")
ALL_IDS = sql("SELECT id FROM organisations WHERE state = 'active' ORDER BY id")
COUNTRY = sql("SELECT default_country FROM organisations WHERE id = :id")

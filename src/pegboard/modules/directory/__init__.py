"""Organisations, departments, members, roles: who is where, and who may do what."""

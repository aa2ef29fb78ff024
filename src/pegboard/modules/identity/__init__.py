"""Accounts, sessions, tokens: who somebody is, whatever organisations they belong to."""

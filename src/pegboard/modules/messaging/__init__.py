"""Conversations, messages, and who has read them."""

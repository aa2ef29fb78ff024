"""Finished work, counted for the organisation and never for a person."""

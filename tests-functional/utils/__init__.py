"""Helpers that status-go's own tests import."""

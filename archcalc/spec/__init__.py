"""The spec language: text → Tree → Document → Graph."""

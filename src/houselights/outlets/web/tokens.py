"""The secret of one server: known to its pages, to nobody else, and gone with it."""

import secrets


def new_token() -> str:
    return secrets.token_urlsafe(32)

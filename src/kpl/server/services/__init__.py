"""What the server can do: one function a use case, one transaction each, permission in its first lines.

A service takes the `Platform` first, then the `Caller`, then plain values; it answers with a model of
`kpl.schemas`. It knows no request and no response. See `users.py` for the pattern.
"""

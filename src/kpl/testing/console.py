"""What lets a script into the console: a password for a user of a server that was made for it."""

import httpx

PASSWORD = "a password of many words"  # noqa: S105  of servers that live as long as a test


def set_password(link: str, username: str = "admin") -> None:
    """Give a user PASSWORD, by a link that signs in once; nothing to do where it is so already."""
    base, _, secret = link.partition("/sign-in#link=")
    with httpx.Client(base_url=base) as http:
        if http.post("/api/v1/session", json={"username": username, "password": PASSWORD}).is_success:
            return
        session = http.post("/api/v1/session", json={"link_token": secret}).raise_for_status().json()
        http.patch(
            f"/api/v1/users/{username}",
            json={"password": PASSWORD},
            headers={"X-CSRF-Token": session["csrf_token"]},
        ).raise_for_status()

"""Can the server do its work?"""

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kpl.errors import Unavailable
from kpl.server.services.platform import Platform


def check(platform: Platform) -> None:
    """Raise Unavailable when the database cannot be read."""
    try:
        with platform.db.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as err:
        raise Unavailable("The database does not answer.", hint="The server's log has the cause.") from err

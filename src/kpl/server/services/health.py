"""Can the server do its work?"""

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kpl.errors import Unavailable
from kpl.sentence import Sentence
from kpl.server.services.platform import Platform


def check(platform: Platform) -> None:
    """Raise Unavailable when the database cannot be read."""
    try:
        with platform.db.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as err:
        raise Unavailable(
            Sentence("The database does not answer.", "数据库没有应答。"),
            hint=Sentence("The server's log has the cause.", "原因见服务器日志。"),
        ) from err

"""Where studies and reports are received: from senders, and from an archive that is asked."""

from components.reception._fetch import Fetched, fetch
from components.reception._listen import Listening, listen
from components.reception._query import StudyQuery

__all__ = ["Fetched", "Listening", "StudyQuery", "fetch", "listen"]

"""What is known of a backlog, in SQLite or PostgreSQL: tickets with their results, and what they turned out to be.

Two tables (:mod:`analyzer.backlog.store.schema`): ``tickets``, one row a ticket, written whole in one transaction when
its analysis ends; ``outcomes``, one row for each ``resolve``. A ticket whose content and catalogue are those of its row
is not analysed again.
"""

from analyzer.backlog.store.repository import Outcome, Result, Store, StoreError

__all__ = ["Outcome", "Result", "Store", "StoreError"]

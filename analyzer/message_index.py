"""The message catalogue compiled for matching."""

from __future__ import annotations

from analyzer.catalogue import Catalogue
from parsers.message_match import MessageMatcher, Pattern


def build_matcher(catalogue: Catalogue) -> MessageMatcher:
    """Give the matcher of all messages of the catalogue."""
    return MessageMatcher(
        Pattern(message.id, message.role, message.pattern, message.regex, message.whole, message.unless)
        for message in catalogue.messages.values()
    )

"""Redaction: secrets are replaced before anything is read, hosts by stable pseudonyms where that is asked for."""

from analyzer.redaction.hosts import Hosts
from analyzer.redaction.redaction import LEVELS, Redaction

__all__ = ["LEVELS", "Hosts", "Redaction"]

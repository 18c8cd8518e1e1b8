"""Logs of any size in one pass and in little memory: lines that say the same are counted, a few stand for all.

``kind`` is quickly imported; ``reader`` needs numpy and pyarrow and is imported when the first large log turns up.
"""

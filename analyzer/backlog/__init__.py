"""Many tickets: read, analysed, stored, laid out side by side, and what they turned out to be."""

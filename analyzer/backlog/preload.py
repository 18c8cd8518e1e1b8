"""What the server of worker processes loads once, so that each new worker has it: importing this is all."""

import analyzer.assemble
import analyzer.backlog.work
import analyzer.log_stream.reader
import analyzer.pipeline
import analyzer.redaction
import analyzer.report.html  # noqa: F401

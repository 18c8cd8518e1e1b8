"""The Jinja2 environments of the pages: where templates come from and how every text is made safe."""

from __future__ import annotations

import marshal
import sys
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any
from urllib.parse import quote

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
)
from jinja2 import __version__ as jinja_version
from jinja2.bccache import Bucket
from jinja2.exceptions import TemplateError as JinjaError
from markupsafe import Markup, escape

import report_templates
from analyzer import cache as kept
from analyzer.report import safe_text, words
from parsers.lazy_pattern import lazy_pattern

_CODE = lazy_pattern(r"`([^`]{1,200})`")
SHIPPED = Path(report_templates.__file__).parent


_FILTERS = [Path(str(module.__file__)) for module in (safe_text, words)] + [Path(__file__)]
#: characters of one text on an HTML page, so that no name or sentence alone can blow it up
MOST_TEXT = 5000


class TemplateError(ValueError):
    """A template of the user's folder is wrong; the text names it."""


@cache
def html_environment(template_dir: Path | None = None) -> Environment:
    """Templates of HTML pages: texts are escaped, their control characters shown as symbols.

    An environment is made once for each folder: compiling its templates takes longer than filling them.
    """
    environment = _environment("html", template_dir)
    environment.finalize = _visible
    environment.filters["marked"] = _marked
    environment.filters["path"] = lambda path: quote(str(path), errors="replace")  # of a file beside the page
    return environment


@cache
def markdown_environment(template_dir: Path | None = None) -> Environment:
    """Templates of Markdown: a text that no filter made safe is shown as harmless prose."""
    environment = _environment("markdown", template_dir)
    environment.finalize = _as_prose
    environment.filters["code"] = lambda text, most=300: Markup(safe_text.code_span(str(text), most))  # noqa: S704
    environment.filters["fence"] = _fence
    environment.filters["in_html"] = lambda text, most=300: Markup(safe_text.prose_in_html(str(text), most))  # noqa: S704
    environment.filters["codes"] = _codes
    environment.filters["plain_url"] = Markup  # of a Reference: page.SAFE_URL lets nothing through that ends a link
    return environment


class CompiledTemplates(BytecodeCache):
    """Keeps the code of compiled templates in the program's cache folder: compiling takes longer than filling them."""

    def __init__(self, page: str) -> None:
        self._page = page

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code of the same template source, of this Jinja and this Python."""
        blob = kept.read("template", self._key(bucket))
        try:
            code = marshal.loads(blob) if blob is not None else None  # noqa: S302 - only what this user wrote
        except (ValueError, EOFError, TypeError):
            code = None
        bucket.code = code if isinstance(code, CodeType) else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code."""
        if bucket.code is not None:
            kept.write("template", self._key(bucket), marshal.dumps(bucket.code), most=64)

    def _key(self, bucket: Bucket) -> str | None:
        # what filters make of constant text is part of the code
        return kept.key_of_files(_FILTERS, self._page, jinja_version, sys.version, bucket.key, bucket.checksum)


def render(environment: Environment, template: str, **values: Any) -> str:
    """Render a template.

    Raises:
        TemplateError: it is missing, has a syntax error, or uses what does not exist.
    """
    try:
        return environment.get_template(template).render(**values)
    except JinjaError as error:
        where = getattr(error, "name", None) or template
        line = getattr(error, "lineno", None)
        raise TemplateError(f"template {where}{f':{line}' if line else ''}: {error.message or error}") from error


def _environment(page: str, template_dir: Path | None) -> Environment:
    shipped = FileSystemLoader(SHIPPED)
    loaders: list[BaseLoader] = [PrefixLoader({"shipped": shipped}), shipped]
    if template_dir is not None:
        if not template_dir.is_dir():
            raise TemplateError(f"{template_dir}: no such template folder")
        loaders.insert(0, FileSystemLoader(template_dir))
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=CompiledTemplates(page),
    )
    environment.globals["words"] = words
    environment.filters.update(
        percent=words.percent, when=words.when, size=words.size, age=words.age, shorten=safe_text.shorten
    )
    return environment


def _visible(value: object) -> object:
    """What HTML shows of a value; ``Markup`` is ready."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return safe_text.visible(safe_text.shorten(value, MOST_TEXT))
    return value


def _marked(text: str) -> Markup:
    """Escaped text in which `marked` parts stand as code."""
    shown = str(escape(safe_text.visible(safe_text.shorten(text, MOST_TEXT))))
    return Markup(_CODE.sub(r"<code>\1</code>", shown))  # noqa: S704 - escaped in the line above


def _as_prose(value: object) -> object:
    """What Markdown shows of a value that went through no filter."""
    if isinstance(value, Markup) or value is None:
        return value
    if isinstance(value, int | float):
        return value
    return Markup(safe_text.prose(str(value)))  # noqa: S704 - prose() leaves nothing that Markdown or HTML would read


def _fence(text: object, language: str = "text", indent: int = 0, most: int = 1000) -> Markup:
    return Markup(safe_text.fence(str(text), language, " " * indent, most))  # noqa: S704


def _codes(names: Any, most: int = 20) -> Markup:
    """Names as code spans, the first ``most`` of them."""
    shown = list(names)
    text = ", ".join(safe_text.code_span(str(name), 80) for name in shown[:most])
    return Markup(text + (f" and {len(shown) - most} more" if len(shown) > most else ""))  # noqa: S704

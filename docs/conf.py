"""How Sphinx builds the documentation; nothing here needs the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx.ext.napoleon import Config, GoogleDocstring

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "MQ Light for Python"
author = "the developers of MQ Light for Python"
project_copyright = author

extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["tables.css"]

autodoc_typehints = "none"  # the docstrings say what arguments are, with units and ranges
autodoc_member_order = "bysource"
autoclass_content = "both"

# A reference that leads nowhere fails the build. These are names of Python, whose inventory would
# have to be fetched.
nitpick_ignore_regex = [
    (r"py:class", r"collections\.abc\..+"),
    (r"py:exc", r"(OS|Runtime|Type|Value)Error"),
]


def read_sections(  # noqa: PLR0913, PLR0917 - as autodoc calls it
    app: Sphinx,
    what: str,  # noqa: ARG001
    name: str,
    thing: object,
    options: Any,  # noqa: ANN401
    lines: list[str],
) -> None:
    """Understand Args, Returns and Raises, and treat every docstring as that of a function.

    The napoleon extension would take what is before a colon for the type of an attribute.
    """
    docstring = GoogleDocstring(lines, Config(), app, "function", name, thing, options)
    lines[:] = docstring.lines()


def setup(app: Sphinx) -> None:
    """Extend Sphinx."""
    app.connect("autodoc-process-docstring", read_sections)

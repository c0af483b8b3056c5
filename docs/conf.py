"""The site, built without network: sphinx-build -W --keep-going docs docs/_build/html."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS), str(DOCS / "_ext")]

import tinygrad_lab  # noqa: E402  # the line above lets this run from a checkout that isn't installed

project = "tinygrad_lab"
author = copyright = "The tinygrad_lab developers"
version = release = tinygrad_lab.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "myst_nb",
    "mathml",
    "pictures",
    "contents",
    "api",
    "derivation_book",
]
exclude_patterns = ["_build", "_ext", "**/.ipynb_checkpoints"]
nitpicky = True
nitpick_ignore_regex = [("py:class", ".*")]  # types in signatures, most of them other projects'
suppress_warnings = ["ref.python"]  # a type's name without its module, of which there are two
default_role = "literal"  # docstrings put code in single backticks, as Markdown does

autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autosummary_generate = False
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 88

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False
myst_links_external_new_tab = False
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_output_stderr = "remove"  # libraries of C write there what a reader has no use for

math_numfig = False
html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"tinygrad_lab {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False

"""How Sphinx builds the documentation: without the network, and with real signatures of the real classes."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
# Airflow writes its configuration where it is first imported, and that must not be the developer's own home
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="phota-docs-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)

from airflow_provider_phota import __version__  # noqa: E402

project = "airflow-provider-phota"
author = "the authors of airflow-provider-phota"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
#: The docstrings write `code` with single backticks.
default_role = "literal"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
#: Attributes are shown with their class: a dataclass would otherwise describe each of them twice.
napoleon_use_ivar = True

html_theme = "furo"
html_theme_options = {  # for the links that edit a page
    "source_repository": "https://github.com/airflow-provider-phota/airflow-provider-phota",
    "source_branch": "main",
    "source_directory": "docs/",
}
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["wider.css"]
html_js_files = ["keyboard.js"]
html_favicon = "../airflow_provider_phota/emulator/front/static/icon.svg"
html_copy_source = False
html_show_sphinx = False

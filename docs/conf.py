"""How sphinx builds the documentation: `make docs`."""

import os
import sys
import warnings
from pathlib import Path

# Small tensors on few cores: several threads would spend their time waiting for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import public_names
from sphinx.util import logging

import sk_bionic
from sk_bionic.datasets._cache import data_folder

project, author = "sk_bionic", "the sk_bionic developers"
copyright = author
version = release = sk_bionic.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # equations without a network: MathJax is copied into the pages
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["_build", "gallery", "**/GALLERY_HEADER.rst", "figures"]
templates_path = ["_templates"]
default_role = "py:obj"
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
# Not a package of ours that could be linked to without a network.
suppress_warnings = ["config.cache"]

autosummary_generate = True
autosummary_context = {
    "public_members": public_names.public_members,
    "public_objects": public_names.public_objects,
}
numpydoc_show_class_members = False  # the template of a class has its own list
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # the docstrings have them, with shapes and units

html_theme = "pydata_sphinx_theme"
html_title = "sk_bionic"
html_static_path = ["_static"]
html_css_files = ["sk_bionic.css"]
html_show_sourcelink = False
html_sidebars = {"quick_start": [], "index": []}  # nothing lies below them
html_context = {"default_mode": "light"}
html_theme_options = {
    "logo": {"text": "sk_bionic"},
    "show_prev_next": True,
    "navbar_end": ["theme-switcher"],
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}

RECORDED_KNEE = data_folder() / "knee_emg" / "1Nsitting.csv"
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    # Nothing is downloaded: examples on recorded EMG run where the recordings are in the cache.
    "filename_pattern": r"[/\\](plot_|recorded_)" if RECORDED_KNEE.exists() else r"[/\\]plot_",
    "ignore_repr_types": r"matplotlib\.",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sk_bionic",),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "min_reported_time": 1000,
    "reset_modules": ("matplotlib", "gallery_style.apply"),
    "show_memory": False,
    "show_signature": False,
    "image_scrapers": ("matplotlib",),
    "matplotlib_animations": False,
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

API_HEAD = """\
API reference
=============

Every public name, by the module that it is imported from. Methods that estimators inherit from
scikit-learn (`score`, `get_params`, `set_params`, `set_output`, ...) do what they do there.

.. autosummary::
   :toctree: .

"""


def write_api_page():
    """The list of public modules, so that a new one needs no entry anywhere."""
    folder = HERE / "generated"
    folder.mkdir(exist_ok=True)
    page = API_HEAD + "".join(f"   {name}\n" for name in public_names.public_modules())
    if not (folder / "api.rst").exists() or (folder / "api.rst").read_text() != page:
        (folder / "api.rst").write_text(page)


def warn_of_missing_target(app, env, node, contnode):
    """A name that a page (not a docstring) refers to must exist."""
    if node.get("refdomain") == "py" and not env.docname.startswith(("generated", "auto_gallery")):
        message = f"no such name: {node.get('reftarget')}"
        logging.getLogger(__name__).warning(message, location=node)


def setup(app):
    write_api_page()
    app.connect("missing-reference", warn_of_missing_target)

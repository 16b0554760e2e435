"""Fixtures of the tests on CEINMS projects."""

import pytest
from ceinms_projects import Project


@pytest.fixture
def make_project(tmp_path):
    """Factory of projects in a folder of the test's own."""

    def make(**settings):
        return Project(tmp_path, **settings)

    return make

"""What all tests share: the same examples at every run, and nothing written into the home of whoever runs them."""
from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import settings

settings.register_profile("kubelearn", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("kubelearn")

os.environ["PYTHONHASHSEED"] = "0"  # for the processes that tests start


@pytest.fixture(scope="session", autouse=True)
def own_home():
    """kubeconfigs, lesson copies and Jupyter's own files of a test run go to a folder that ends with it."""
    with tempfile.TemporaryDirectory(prefix="kubelearn-tests-", ignore_cleanup_errors=True) as folder:
        names = {"KUBELEARN_HOME": "home", "JUPYTER_DATA_DIR": "jupyter", "JUPYTER_CONFIG_DIR": "jupyter-config", "IPYTHONDIR": "ipython"}
        with pytest.MonkeyPatch.context() as patch:
            for name, place in names.items():
                patch.setenv(name, os.path.join(folder, place))
            yield folder

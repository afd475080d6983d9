"""What all tests share: the same examples at every run, and nothing written into the home of whoever runs them."""
from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

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


ORDER = ("notebook", "browser", "beside")  # after all others: whole machines' worth of work each, and what went on beside all


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: max((ORDER.index(mark.name) + 1 for mark in item.iter_markers() if mark.name in ORDER), default=0))


@pytest.fixture(scope="session", autouse=True)
def begun(request, own_home, tmp_path_factory) -> Iterator[dict[str, Future]]:
    """The work of tests marked beside(work=..., **arguments): work(folder, **arguments), one after another, beside all other tests."""
    marks = {item.nodeid: item.get_closest_marker("beside") for item in request.session.items}
    with ThreadPoolExecutor(1) as pool:
        def begin(work, **arguments) -> Future:
            return pool.submit(work, tmp_path_factory.mktemp("beside"), **arguments)
        futures = {name: begin(**mark.kwargs) for name, mark in marks.items() if mark}
        yield futures
        for future in futures.values():
            future.cancel()


@pytest.fixture
def found(request, begun):
    """What the work of this test has given."""
    return begun[request.node.nodeid].result()

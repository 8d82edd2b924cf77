"""Numerics of the whole test run: float64 unless asked otherwise, seed 0 around every test."""

import hypothesis
import jaxtyping
import pytest
import torch
from beartype import BeartypeConf, beartype

# The same examples in every run, and no limit of time: a busy machine is not a failure.
hypothesis.settings.register_profile("wslbook", deadline=None, derandomize=True)
hypothesis.settings.load_profile("wslbook")

# Checks shapes and types at every call, see addopts; an int is accepted where a float is asked for.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))


def pytest_addoption(parser):
    parser.addoption("--dtype", default="float64", choices=["float32", "float64"])


def pytest_configure(config):
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _numerics(request):
    # Doctests show what a reader sees, so they run in torch's own default.
    doctest = isinstance(request.node, pytest.DoctestItem)
    dtype = "float32" if doctest else request.config.getoption("--dtype")
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
    torch.set_default_dtype(before)


@pytest.fixture
def unhooked():
    """Switch the shape checks of the test run off, to see the errors that a user sees."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)

"""One embedded endpoint for all tests that only need one."""

import pytest

from powertune.local.endpoint import EndpointSettings, LocalEndpoint


@pytest.fixture(scope="session")
def endpoint():
    with LocalEndpoint(EndpointSettings()) as running:
        yield running

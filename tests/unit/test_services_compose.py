"""compose.yaml says the same as the private servers, and gives nothing away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from parkpulse.services import broker
from parkpulse.store import reader

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text()
OWN_PLACES = (
    "listener",
    "password_file",
    "acl_file",
    "pid_file",
    "persistence_location",
    "include_dir",
)


def test_the_broker_has_the_private_ones_limits(tmp_path: Path) -> None:
    private = broker.configuration(tmp_path, 1883, machine_memory_mb=1 << 20)
    lines = [
        line
        for line in private.splitlines()
        if not line.startswith(("#", "per_listener", *OWN_PLACES))
    ]
    assert len(lines) > 10
    missing = [line for line in lines if f"      {line}\n" not in COMPOSE]
    assert missing == []


def test_no_password_has_a_default() -> None:
    variables = re.findall(r"(?<!\$)\$\{(\w+)(.*?)\}", COMPOSE)
    assert variables
    assert {rest for _, rest in variables} == {":?fill in .env"}
    example = (ROOT / ".env.example").read_text()
    asked = set(re.findall(r"^(\w+)=$", example, re.MULTILINE))
    assert asked == {name for name, _ in variables}


def test_every_image_is_pinned() -> None:
    images = re.findall(r"^    image: (\S+)$", COMPOSE, re.MULTILINE)
    assert len(images) == 4
    foreign = [image for image in images if image != "parkpulse"]
    assert [image for image in foreign if not re.search(r":\d+\.\d+", image)] == []


def test_ports_are_published_on_loopback_only() -> None:
    published = re.findall(r'^      - "(\S+:\d+)"$', COMPOSE, re.MULTILINE)
    assert published == ["127.0.0.1:8080:8080", "127.0.0.1:3000:3000"]


@pytest.mark.parametrize("service", ["database", "broker", "parkpulse", "grafana"])
def test_every_service_is_checked_and_comes_back(service: str) -> None:
    block = re.split(r"\n\n|\nvolumes:", COMPOSE.split(f"\n  {service}:\n", 1)[1])[0]
    assert "healthcheck:" in block
    assert "restart: unless-stopped" in block
    assert "volumes:" in block


def test_grafana_gets_the_files_of_this_repository_and_what_they_ask_for() -> None:
    service = yaml.safe_load(COMPOSE)["services"]["grafana"]
    mounts = dict(each.split(":")[:2] for each in service["volumes"] if each[0] == ".")
    assert all((ROOT / source).is_dir() for source in mounts)
    provisioning = ROOT / "dashboards" / "grafana" / "provisioning"
    asked = re.findall(
        r"\$(\w+)", (provisioning / "datasources" / "parkpulse.yaml").read_text()
    )
    assert asked
    assert set(asked) <= set(service["environment"])
    providers = yaml.safe_load(
        (provisioning / "dashboards" / "parkpulse.yaml").read_text()
    )["providers"]
    folders = {target: ROOT / source for source, target in mounts.items()}
    for provider in providers:
        base, _, language = provider["options"]["path"].rpartition("/")
        assert len(list((folders[base] / language).glob("*.json"))) == 8
        assert provider["folderUid"] == f"parkpulse-{language}"


def test_the_role_that_dashboards_read_with_has_its_name() -> None:
    environment = yaml.safe_load(COMPOSE)["services"]["grafana"]["environment"]
    assert environment["PARKPULSE_READER"] == reader.ROLE
    for limit in reader.script(reader.ROLE).splitlines()[2:-1]:
        assert limit.replace('"', "") in COMPOSE

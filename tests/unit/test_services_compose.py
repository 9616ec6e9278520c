"""compose.yaml says the same as the private servers, and gives nothing away."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from parkpulse.services import broker
from parkpulse.settings import Settings
from parkpulse.store import reader

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
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
    block = SERVICES[service]
    assert block["healthcheck"]["test"][0] == "CMD"
    assert block["restart"] == "unless-stopped"
    assert block["volumes"]


@pytest.mark.parametrize("service", ["database", "broker", "parkpulse", "grafana"])
def test_every_service_has_the_least_rights(service: str) -> None:
    block = SERVICES[service]
    assert block["cap_drop"] == ["ALL"]
    assert block["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "pid", "ipc", "network_mode", "devices"} & block.keys()
    # Compose copies a config's text into the container, which must be writable then.
    assert block.get("read_only", False) is ("configs" not in block)
    enters_as_root = service in {"database", "broker"}
    assert ("cap_add" in block) is enters_as_root
    assert set(block.get("cap_add", [])) <= {
        *("CHOWN", "DAC_OVERRIDE", "FOWNER"),
        *("SETGID", "SETUID"),
    }


def test_who_reaches_whom() -> None:
    assert yaml.safe_load(COMPOSE)["networks"]["data"] == {"internal": True}
    members = {name: set(block["networks"]) for name, block in SERVICES.items()}
    assert members == {
        "database": {"data"},
        "broker": {"bus"},
        "parkpulse": {"default", "data", "bus"},
        "grafana": {"default", "data"},
    }
    for name, block in SERVICES.items():
        for other in block.get("depends_on", {}):
            assert members[name] & members[other], (name, other)


def test_what_parkpulse_is_started_with_exists() -> None:
    block = SERVICES["parkpulse"]
    names = {f"PARKPULSE_{name.upper()}" for name in Settings.model_fields}
    assert set(block["environment"]) <= names
    commands = {each.name for each in entry_points(group="parkpulse.commands")}
    assert block["command"][0] in commands
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["parkpulse"]' in dockerfile
    assert set(re.findall(r"^ENV (\w+)=", dockerfile, re.MULTILINE)) <= names
    (_, folder) = block["volumes"][0].split(":")
    assert f"ENV PARKPULSE_HOME={folder}\n" in dockerfile
    (published,) = block["ports"]
    assert published.endswith(":8080:8080")
    assert Settings.model_fields["port"].default == 8080
    assert any("127.0.0.1:8080/api/v1/health" in word for word in _test_of("parkpulse"))


def _test_of(service: str) -> list[str]:
    words: list[str] = SERVICES[service]["healthcheck"]["test"]
    return words


def test_every_name_is_declared_and_used() -> None:
    document = yaml.safe_load(COMPOSE)
    mounted = {
        each.split(":")[0]
        for block in SERVICES.values()
        for each in block["volumes"]
        if each[0] not in "./"
    }
    assert mounted == set(document["volumes"])
    configured = {
        each["source"]
        for block in SERVICES.values()
        for each in block.get("configs", [])
    }
    assert configured == set(document["configs"])


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

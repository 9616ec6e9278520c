"""A Grafana over its HTTP API, and what it refuses in one sentence each."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from grafana_client import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException

from parkpulse.errors import ConfigError, GrafanaError

if TYPE_CHECKING:
    from collections.abc import Iterator

MINIMUM = 11
"""Oldest major version of Grafana that these dashboards are made for."""
_TIMEOUT_S = 20.0
_MISSING = 404
_REASONS = {
    401: "Grafana does not know this token: make one for a service account",
    403: (
        "the token may not do this: give its service account the role Admin, or the"
        " permissions to write data sources, folders, dashboards and contact points"
    ),
    404: "there is no Grafana at this address: correct PARKPULSE_GRAFANA_URL",
    409: "there is something of this name or version already: look into Grafana",
    412: "somebody changed it in Grafana meanwhile: run the command again",
}
Json = dict[str, Any]
"""A document of the API."""


class Remote:
    """What `push` and `diff` need of a Grafana.

    Parameters
    ----------
    url
        Address without user and password.
    token
        Of a service account; goes into a header only.

    Raises
    ------
    ConfigError
        The address is not one, or holds a password.
    """

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = "PARKPULSE_GRAFANA_URL must look like https://grafana.example"
            raise ConfigError(message)
        if parts.username or parts.password or parts.query:
            message = (
                "PARKPULSE_GRAFANA_URL must hold no user, password or parameters: the"
                " token goes into PARKPULSE_GRAFANA_TOKEN"
            )
            raise ConfigError(message)
        path = parts.path.strip("/")
        self._api = GrafanaApi(
            token,
            host=parts.hostname,
            port=parts.port,
            url_path_prefix=f"{path}/" if path else "",
            protocol=parts.scheme,
            timeout=_TIMEOUT_S,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._api.client.s.close()

    def check(self) -> str:
        """Make sure that it is new enough; return its version.

        Raises
        ------
        GrafanaError
            It is too old, or does not answer.
        """
        with _told("its version"):
            version = str(self._api.version or "")
        major = version.partition(".")[0]
        if not major.isdigit() or int(major) < MINIMUM:
            message = (
                f"Grafana {version or '?'} is too old: these dashboards need {MINIMUM}"
                " or newer"
            )
            raise GrafanaError(message)
        return version

    def source(self, uid: str) -> Json | None:
        """Read a data source."""
        with _told(f"data source {uid}"):
            return _or_none(lambda: self._api.datasource.get_datasource_by_uid(uid))

    def source_works(self, uid: str) -> bool:
        """Whether Grafana can read with the password that it has."""
        with _told(f"data source {uid}"):
            try:
                found = self._api.datasource.health(uid)
            except GrafanaClientError as error:
                if error.status_code in _REASONS:
                    raise
                return False
        return str(found.get("status", "OK")).upper() == "OK"

    def create_source(self, wanted: Json) -> None:
        """Make a data source."""
        with _told(f"data source {wanted['name']}"):
            self._api.datasource.create_datasource(wanted)

    def update_source(self, wanted: Json) -> None:
        """Change a data source; `version` is the one that was read."""
        with _told(f"data source {wanted['name']}"):
            self._api.datasource.update_datasource_by_uid(wanted["uid"], wanted)

    def folder(self, uid: str) -> Json | None:
        """Read a folder."""
        with _told(f"folder {uid}"):
            return _or_none(lambda: self._api.folder.get_folder(uid))

    def create_folder(self, uid: str, title: str) -> None:
        """Make a folder."""
        with _told(f"folder {title}"):
            self._api.folder.create_folder(title, uid=uid)

    def rename_folder(self, uid: str, title: str, version: int) -> None:
        """Give a folder its title; `version` is the one that was read."""
        with _told(f"folder {title}"):
            self._api.folder.update_folder(uid, title=title, version=version)

    def dashboard(self, uid: str) -> Json | None:
        """Read a dashboard with what Grafana knows about it: `dashboard`, `meta`."""
        with _told(f"dashboard {uid}"):
            return _or_none(lambda: self._api.dashboard.get_dashboard(uid))

    def last_change(self, uid: str) -> Json:
        """Read who changed a dashboard last, and what they said: `message`."""
        with _told(f"dashboard {uid}"):
            found = self._api.dashboard_versions.get_dashboard_versions_by_uid(uid)
        listed = found.get("versions", []) if isinstance(found, dict) else found
        return max(listed, key=lambda each: int(each["version"]), default={})

    def write_dashboard(self, document: Json, folder: str, message: str) -> None:
        """Make or change a dashboard; its `version` is the one that was read."""
        with _told(f"dashboard {document['title']}"):
            self._api.dashboard.update_dashboard(
                {
                    "dashboard": document,
                    "folderUid": folder,
                    "message": message,
                    "overwrite": False,
                }
            )

    def contact_point(self, name: str) -> Json | None:
        """Read a contact point by its name."""
        with _told(f"contact point {name}"):
            found = self._api.alertingprovisioning.get_contactpoints(name)
        return next((each for each in found if each["name"] == name), None)

    def create_contact_point(self, wanted: Json) -> None:
        """Make a contact point that people may still edit in Grafana."""
        with _told(f"contact point {wanted['name']}"):
            self._api.alertingprovisioning.create_contactpoint(
                wanted, disable_provenance=True
            )

    def update_contact_point(self, uid: str, wanted: Json) -> None:
        """Change a contact point."""
        with _told(f"contact point {wanted['name']}"):
            self._api.alertingprovisioning.update_contactpoint(
                uid, wanted, disable_provenance=True
            )


def _or_none(ask: Any) -> Json | None:  # noqa: ANN401 - the client has no types
    try:
        found: Json = ask()
    except GrafanaClientError as error:
        if error.status_code == _MISSING:
            return None
        raise
    return found


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn the client's errors into one sentence of ours."""
    try:
        yield
    except GrafanaException as error:
        reason = _REASONS.get(error.status_code)
        if reason is None:
            reason = f"Grafana answered {error.status_code or 'nothing'}"
        message = f"{what}: {reason}"
        raise GrafanaError(message, error.status_code) from error
    except OSError as error:  # what the client's transport raises
        message = f"{what}: Grafana cannot be reached at PARKPULSE_GRAFANA_URL"
        raise GrafanaError(message) from error

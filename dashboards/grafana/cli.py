"""`parkpulse grafana`: the dashboards of Grafana, and the role that reads for them."""

from __future__ import annotations

from pathlib import Path

import click

from dashboards.grafana import documents


@click.group()
def grafana() -> None:
    """Bring dashboards into a Grafana, and make the role that reads for them."""


@grafana.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--page", default=documents.PAGE, show_default=True, help="Our page.")
def export_files(folder: Path, page: str) -> None:
    """Write dashboards and provisioning files into FOLDER."""
    found = documents.write(folder, page)
    print(f"{len(found)} files written into {folder}.")

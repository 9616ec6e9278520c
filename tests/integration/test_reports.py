"""Reports over HTTP and by command: read back, frozen, the same bytes again."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import openpyxl
import pypdf
import pytest
from click.testing import CliRunner

from parkpulse.model import instants
from parkpulse.model.certificates import AttributeSpec
from parkpulse.model.periods import Calendar
from parkpulse.reports.cli import report
from parkpulse.store import certificates, kpis
from parkpulse.store.kpis import Key, Record, Revision

if TYPE_CHECKING:
    from pathlib import Path

    from parkpulse.model.kpi import KpiName
    from parkpulse.model.periods import Period
    from tests.plugins.fix_api import Site

PATH = "/parks/harbour/reports"
FIGURES: dict[KpiName, float] = {"pue": 1.2, "ref": 0.31, "cue_location": 0.6}
PERIODS: list[tuple[Period, int]] = [("year", 1), *(("month", m) for m in range(1, 13))]
CALENDAR = Calendar("Asia/Shanghai")
YEAR = CALENDAR.span("year", instants.to_us(datetime(2025, 6, 1, tzinfo=UTC)))
OF_YEAR = {"kind": "inspection", "period": "2025", "data_centre": "dc1", "actor": "Li"}
TYPE = {"content-type": "application/json"}


def record(
    kpi: KpiName, period: Period, month: int, value: float, meter: int, target: int
) -> Record:
    start = CALENDAR.midnight(date(2025, month, 1))
    span = CALENDAR.span(period, start)
    evidence: dict[str, Any] = {"meters": [[meter, 120e3 * value, 12.0, 3e7]]}
    if kpi in {"pue", "ref"}:
        evidence |= {"target": target, "in_scope": True}
    elapsed = span.end - span.start
    return Record(
        key=Key(period, span.start, span.end, kpi, 1 if kpi == "pue" else 0),
        value=value,
        numerator_kwh=120e3 * value,
        numerator_estimated_kwh=12.0,
        denominator_kwh=120e3,
        denominator_estimated_kwh=0.0,
        covered_us=round(elapsed * 0.99),
        estimated_us=0,
        elapsed_us=elapsed,
        gap_start_us=None,
        gap_end_us=None,
        coverage=0.99,
        verdict="compliant" if period == "year" else "interim: below target",
        target={"pue": 1.25, "ref": 0.25}.get(kpi),
        state="closed",
        revision=0,
        evidence=json.dumps(evidence),
    )


@pytest.fixture
def centre(site: Site, harbour: object) -> int:
    """A year of figures with a certificate; id of the data centre."""
    assert harbour
    with site.lab.database.transaction() as conn:
        ((key, meter),) = conn.execute(
            "select d.id, m.id from data_centre d join meter m"
            " on m.data_centre_id = d.id"
        ).fetchall()
        targets = dict(conn.execute("select kpi, id from target").fetchall())
        rows = [
            record(kpi, period, month, value, meter, targets.get(kpi, 0))
            for kpi, value in FIGURES.items()
            for period, month in PERIODS
        ]
        kpis.write(conn, key, rows)
        spec = AttributeSpec(
            "GEC-7",
            "certificate",
            12_000.0,
            date(2025, 1, 1),
            date(2025, 7, 1),
            date(2025, 1, 1),
            date(2026, 1, 1),
            "=registry",
            retired_on=date(2025, 8, 1),
        )
        certificates.apply(conn, key, [spec])
    return int(key)


def make(site: Site, **body: str) -> dict[str, Any]:
    answer = site.request(
        "POST", f"/api/v1{PATH}", content=json.dumps(body), headers=TYPE
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fetch(site: Site, name: str, language: str) -> bytes:
    answer = site.request("GET", f"/api/v1{PATH}/{name}", params={"language": language})
    assert answer.status_code == 200, answer.text
    return answer.content


def text_of(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return "".join("".join(page.extract_text() for page in pages).split())


def embedded(pdf: bytes) -> set[str]:
    """Families of all fonts of the first page; each must be in the file."""
    page: Any = pypdf.PdfReader(io.BytesIO(pdf)).pages[0]
    descriptors = [
        font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        for font in page["/Resources"]["/Font"].values()
    ]
    for each in descriptors:
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & each.get_object().keys()
    return {each["/FontName"].partition("+")[2] for each in descriptors}


def cells(book: bytes) -> dict[str, list[tuple[Any, ...]]]:
    read = openpyxl.load_workbook(io.BytesIO(book))
    return {sheet.title: list(sheet.values) for sheet in read.worksheets}


def revise(site: Site, centre: int) -> None:
    """Correct the year's PUE after it was closed."""
    with site.lab.database.transaction() as conn:
        key = Key("year", YEAR.start, YEAR.end, "pue", 1)
        conn.execute(
            "update kpi set value = 1.3, verdict = 'not compliant', revision = 1"
            " where kpi = 'pue' and period = 'year'"
        )
        change = Revision(key, 1, 1.2, 1.3, 0.99, 0.99, "late data")
        kpis.add_revisions(conn, centre, [change])


@pytest.mark.usefixtures("centre")
def test_an_inspection_in_chinese_is_read_back(site: Site) -> None:
    made = make(site, **OF_YEAR)
    assert (made["made_by"], made["revised"]) == ("Li", 0)
    pdf = fetch(site, f"{made['id']}.pdf", "zh")
    said = text_of(pdf)
    for words in (
        "数据中心能效报告",
        "电能利用效率PUE·1(UPS输出):达标。1.200,满足目标<1.250。",
        "可再生能源使用比例REF:达标。31.00%,满足目标≥25.00%。",
        "测点与计量表计",
        "电网受电",
        "数据覆盖率",
        "99.00%",
        "GEC-7",
        "绿证",
        "已关闭的结果没有变动",
        "分子与分母都只计全部必需电表同时覆盖的时间",
        "ISO/IEC30134-2",
        "GB40879-2021",
        "模拟数据",
        made["id"],
        made["content_sha256"],
    ):
        assert words in said, words
    assert embedded(pdf) == {"WenQuanYiMicroHei"}


@pytest.mark.usefixtures("centre")
def test_a_workbook_holds_numbers_and_no_formulas(site: Site) -> None:
    made = make(site, **OF_YEAR)
    zh = cells(fetch(site, f"{made['id']}.xlsx", "zh"))
    pue = next(row for row in zh["周期指标"] if row[0] == "电能利用效率 PUE")
    assert pue[2] == pytest.approx(1.2)
    en = cells(fetch(site, f"{made['id']}.xlsx", "en"))
    months = [row for row in en["Months"] if str(row[0]).startswith("2025-")]
    assert len(months) == 12
    assert months[0][1] == pytest.approx(144e3)
    assert months[0][6] == pytest.approx(72e3)
    certificate = next(row for sheet in en.values() for row in sheet if "GEC-7" in row)
    assert certificate[8] == "=registry"


def test_a_report_stays_as_it_was_made(site: Site, centre: int) -> None:
    made = make(site, **OF_YEAR)
    names = [f"{made['id']}.{form}" for form in ("pdf", "xlsx")]
    first = [fetch(site, name, "zh") for name in names]
    revise(site, centre)
    assert site.get(f"{PATH}/{made['id']}")["revised"] == 1
    with site.lab.database.transaction() as conn:
        # Written anew, from what was frozen.
        assert conn.execute("delete from report_file").rowcount == 2
    assert [fetch(site, name, "zh") for name in names] == first
    later = make(site, **OF_YEAR)
    assert later["revised"] == 0
    assert later["content_sha256"] != made["content_sha256"]
    said = text_of(fetch(site, f"{later['id']}.pdf", "en"))
    assert "notcompliant.1.300missesthetarget<1.250" in said
    assert "latedata" in said


def test_a_park_by_month_and_quarter(site: Site, centre: int) -> None:
    assert centre
    month = make(site, kind="monthly", period="2025-03", actor="Li")
    said = text_of(fetch(site, f"{month['id']}.pdf", "zh"))
    for words in ("园区月报", "成长型园区", "感知覆盖", "告警与响应", "台账平衡"):
        assert words in said, words
    assert "1.200" in said
    quarter = make(site, kind="quarterly", period="2025-Q1", actor="Li")
    book = cells(fetch(site, f"{quarter['id']}.xlsx", "en"))
    total = next(row for row in book["Energy and carbon"] if row[0] == "Hall")
    assert total[1] == pytest.approx(3 * 144e3)
    assert total[3] == pytest.approx(1.2)


@pytest.mark.usefixtures("centre")
def test_list_of_reports(site: Site) -> None:
    first = make(site, kind="monthly", period="2025-03", actor="Li")
    second = make(site, **OF_YEAR)
    assert [row["id"] for row in site.items(PATH)] == [second["id"], first["id"]]
    assert [row["id"] for row in site.items(PATH, sort="made_at")] == [
        first["id"],
        second["id"],
    ]
    assert [row["id"] for row in site.items(PATH, kind="monthly")] == [first["id"]]
    page = site.get(PATH, limit=1)
    rest = site.get(PATH, limit=1, cursor=page["next"])
    assert [row["id"] for row in rest["items"]] == [first["id"]]
    tag = site.request("GET", f"/api/v1{PATH}/{first['id']}.xlsx").headers["etag"]
    again = site.request(
        "GET", f"/api/v1{PATH}/{first['id']}.xlsx", headers={"if-none-match": tag}
    )
    assert again.status_code == 304
    site.problem(f"{PATH}/00000000-0000-0000-0000-000000000000.pdf", 404)


@pytest.mark.usefixtures("centre")
@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({**OF_YEAR, "period": "2025-13"}, "/period", "unknown_period"),
        ({**OF_YEAR, "period": "0000"}, "/period", "unknown_period"),
        ({**OF_YEAR, "period": "2199"}, "/period", "period_to_come"),
        ({**OF_YEAR, "kind": "monthly", "period": "2025-03"}, "/data_centre", None),
        ({"kind": "inspection", "period": "2025", "actor": "Li"}, "/data_centre", None),
        ({"kind": "monthly", "period": "2025-03"}, "/actor", "missing"),
    ],
)
def test_what_cannot_be_made(
    site: Site, body: dict[str, str], pointer: str, code: str | None
) -> None:
    answer = site.request(
        "POST", f"/api/v1{PATH}", content=json.dumps(body), headers=TYPE
    )
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert error["code"] == (code or "wrong_subject")


@pytest.mark.usefixtures("centre")
def test_the_command_makes_lists_and_shows(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("PARKPULSE_DATABASE_URL", database_url)
    run = CliRunner()
    options = ["--data-centre", "dc1", "--by", "Li", "--json"]
    made = run.invoke(report, ["make", "harbour", "inspection", "2025-11-30", *options])
    assert made.exit_code == 0, made.output
    key = json.loads(made.stdout)["id"]
    listed = run.invoke(report, ["list", "harbour"])
    assert key in listed.output
    out = tmp_path / "report.pdf"
    shown = run.invoke(report, ["show", "harbour", key, "--out", str(out)])
    assert shown.exit_code == 0, shown.output
    assert out.read_bytes() == fetch(site, f"{key}.pdf", "zh")

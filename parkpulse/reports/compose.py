"""What a report says, in a language."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.model import report
from parkpulse.model.report import Inspection
from parkpulse.reports import inspection, park
from parkpulse.reports.document import Document, Words

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from parkpulse.model.report import Content, Language, ReportKind, Subject

_SHOWN_DIGITS = 16


class Issued(NamedTuple):
    """A report as it is kept."""

    id: UUID
    kind: ReportKind
    made_at: datetime
    content: str
    """JSON."""


def document(issued: Issued, language: Language) -> Document:
    """Say a report in a language; the same report always in the same words."""
    content = report.decode(issued.content)
    subject = content.subject
    words = Words(language, subject.zone)
    digest = report.digest(issued.content)
    return Document(
        language=language,
        title=words.text(issued.kind),
        subtitle=_subtitle(content, words),
        sentences=_sentences(content, words),
        warnings=_warnings(subject, words),
        facts=[*_facts(content, words), *_provenance(issued, digest, words)],
        sections=(
            inspection.sections(content, words)
            if isinstance(content, Inspection)
            else park.sections(content, words)
        ),
        footer=(
            f"{words.text('report')} {issued.id} · SHA-256 {digest[:_SHOWN_DIGITS]}…"
        ),
        mark=words.text("simulated_mark") if subject.simulated else "",
        page=words.text("page_of"),
    )


def _subtitle(content: Content, words: Words) -> str:
    of = (
        content.data_centre_name
        if isinstance(content, Inspection)
        else content.subject.name
    )
    return f"{words.name(of)} · {content.subject.period}"


def _sentences(content: Content, words: Words) -> list[str]:
    if isinstance(content, Inspection):
        return inspection.sentences(content, words)
    return park.sentences(content, words)


def _warnings(subject: Subject, words: Words) -> list[str]:
    found = [words.text("simulated")] if subject.simulated else []
    return found if subject.is_over else [*found, words.text("not_over")]


def _facts(content: Content, words: Words) -> list[tuple[str, str]]:
    subject = content.subject
    found = [
        (words.text("park"), f"{words.name(subject.name)} ({subject.park})"),
        (words.text("grade"), words.of("grade", subject.grade)),
    ]
    if isinstance(content, Inspection):
        found += inspection.facts(content, words)
    zone = words.text("zone", zone=subject.zone)
    span = f"{words.moment(subject.start)} – {words.moment(subject.end)}, {zone}"
    return [
        *found,
        (words.text("period"), span),
        (words.text("as_of"), words.moment(subject.now)),
    ]


def _provenance(issued: Issued, digest: str, words: Words) -> list[tuple[str, str]]:
    return [
        (words.text("made_at"), words.moment(issued.made_at)),
        (words.text("report"), str(issued.id)),
        (words.text("digest"), digest),
    ]

"""report.html: one file with everything in it, and what a reader can do with it in a browser."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DATA, write_run, write_search

from agnews_tune.report.convergence import RULES
from agnews_tune.report.mistakes import find_mistakes
from agnews_tune.report.page import write_page
from agnews_tune.report.reading import Part, Report, read_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
SECONDS = 1000  # in Playwright's milliseconds
IDLE = "Bokeh.documents.every((one) => one.is_idle)"


class Reader(HTMLParser):
    """Collects the tags, ids and texts of a page, and its scripts apart."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and self.scripts:
            self.scripts[-1] += data
        else:
            self.texts.append(data)

    def handle_endtag(self, _tag: str) -> None:
        self.lasttag = ""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 9 experiments with 2 seeds and its page."""
    folder = write_run(tmp_path_factory.mktemp("results") / "made", experiments=9, seeds=2)
    write_page(read_report(folder))
    return folder


def test_nothing_in_the_page_is_elsewhere(run: Path) -> None:
    """No element names an address, and the policy forbids every request and foreign script."""
    page = Reader(run / "report.html")
    addresses = [value for name, value in page.attributes if name in {"src", "href", "srcset"}]
    (policy,) = [value for _, value in page.attributes if value and "default-src" in value]
    hashes = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in page.scripts[1:]
    ]

    assert ["data:,", "#content"] == addresses
    assert [] == re.findall(r"url\(|@import", "".join(page.texts))
    assert (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}' 'sha256-{hashes[1]}'; "
        "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    ) == policy


def test_60_experiments_of_5_seeds_fit(tmp_path: Path) -> None:
    """The page stays below 5 MB and names every experiment, in tables and curves."""
    report = read_report(write_run(tmp_path, experiments=60, seeds=5, rows=50))
    path = write_page(report)
    page = Reader(path)
    names = {line.experiment.name for line in report.parts[0].analysis.lines}
    drawn = {
        curve["experiment"]
        for plot in json.loads(page.scripts[0])["curves"]
        for curve in plot["curves"]
    }

    assert 60 == len(names)
    assert path.stat().st_size < 5_000_000
    assert names <= set(page.texts)
    assert names == drawn


def test_what_records_say_is_text(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """Markup in the name of the run, data names, changes, failures and rows stays what it is."""
    from agnews_tune.records.writing import write_failure

    folder = tmp_path / "a&b<i>"
    write_run(folder, experiments=1, rows=20)
    write_record(folder, "hostile", data=DATA | {"name": HOSTILE, "fingerprint": "other"})
    write_record(folder, "changed", result=None, change=HOSTILE)
    write_failure(write_record(folder, "failed", result=None), HOSTILE)
    report = read_report(folder)
    first, second = report.parts
    mistakes = find_mistakes(first.analysis, 3, [HOSTILE] * 20)
    page = Reader(write_page(Report(folder, [Part(first.analysis, mistakes), second])))

    assert 3 == page.tags.count("script")
    assert not {"i", "img"} & set(page.tags)
    assert HOSTILE in page.texts
    assert f"{HOSTILE}: 9,000 train, 1,000 validation, 2,500 test rows" in page.texts
    assert f"failed: failed-seed0: {HOSTILE}" in page.texts
    assert any(text.startswith("row ") and f": {HOSTILE}\n    " in text for text in page.texts)


def test_each_data_has_a_part_of_its_own(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """Ids stay unique, and every label and region names one of them."""
    for name in ("one", "two"):
        write_record(tmp_path, name, data=DATA | {"name": name, "fingerprint": name})
    page = Reader(write_page(read_report(tmp_path)))
    named = {value for name, value in page.attributes if name in {"aria-labelledby", "for"}}

    assert 2 == page.tags.count("article")
    assert len(page.ids) == len(set(page.ids))
    assert named <= set(page.ids)


def test_run_without_a_result_has_a_page(write_record: Callable[..., Path], tmp_path: Path) -> None:
    """It says so, and draws nothing before the first epoch."""
    write_record(tmp_path, "rnn", history=[], result=None)
    page = Reader(write_page(read_report(tmp_path)))

    assert "No trial is finished yet." in page.texts
    assert "figure" not in page.tags
    assert {"curves": [], "tried": []} == json.loads(page.scripts[0])


def test_page_of_a_finished_trial_that_says_nothing(
    write_record: Callable[..., Path], tmp_path: Path
) -> None:
    """It has no parent, no rival, no target and too few epochs to judge."""
    write_record(tmp_path, "rnn")
    page = Reader(write_page(read_report(tmp_path)))

    assert "Nothing to compare yet." in page.texts


def test_page_says_how_training_was_judged(run: Path) -> None:
    """The rules stand in place of the note that refers to them."""
    texts = Reader(run / "report.html").texts

    assert RULES in texts
    assert not any("stand in report.html" in text for text in texts)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser to look at the page: {CHROMIUM} is missing")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: "Browser", run: Path) -> Iterator[Callable[..., "Page"]]:
    """Open the page of a run; it must cause no error and no request but for itself."""
    faults: list[str] = []
    requests: list[str] = []
    expected: set[str] = set()
    opened: list[Page] = []

    def open_(folder: Path = run, plots: int = 2, **options: Any) -> "Page":
        expected.add((folder / "report.html").as_uri())
        page = browser.new_page(**options)
        opened.append(page)
        page.set_default_timeout(60 * SECONDS)
        page.on("console", lambda one: faults.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto((folder / "report.html").as_uri())
        wait_until(page, f"Bokeh.documents.length === {plots}")
        wait_until(page, IDLE)
        return page

    yield open_
    for page in opened:
        page.close()
    assert [] == faults
    assert expected == set(requests)


def wait_until(page: "Page", condition: str) -> None:
    """Ask again and again: ``wait_for_function`` takes eval, which the page forbids itself."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(SECONDS / 10)
    pytest.fail(f"not within a minute: {condition}")


def column(page: "Page", name: str) -> list[str]:
    """Return the visible cells of a column of the main table, from the top."""
    return page.evaluate(
        """(name) => {
          const table = document.querySelector(".experiments table");
          const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
          return [...table.tBodies[0].rows]
            .filter((row) => !row.hidden)
            .map((row) => row.cells[names.indexOf(name)].textContent.trim());
        }""",
        name,
    )


def curves(page: "Page") -> set[str]:
    """Return the curves that are on in every plot, as ``rnn-max train``."""
    shown = page.evaluate(
        """() => Bokeh.documents.map((one) => one.roots()[0].renderers
          .filter((renderer) => renderer.visible)
          .map((renderer) => [renderer.data_source.get_column("experiment")[0], renderer.tags[1]])
          .map((names) => names.join(" ")))"""
    )
    assert set(shown[0]) == set(shown[1])
    return set(shown[0])


def colours(page: "Page") -> list[str]:
    """Return the colours of the page, its text and the texts and lines of a plot."""
    return page.evaluate(
        """() => {
          const { color, backgroundColor } = getComputedStyle(document.body);
          const [axis] = Bokeh.documents[0].roots()[0].below;
          return [backgroundColor, color, axis.major_label_text_color, axis.axis_line_color];
        }"""
    )


def test_table_is_sorted_by_keyboard(open_page: Callable[..., "Page"]) -> None:
    """Enter on a column's name sorts up, then down, then brings the grid's order back."""
    page = open_page()
    in_order = column(page, "experiment")
    header = page.get_by_role("columnheader", name="test acc", exact=True).first
    button = header.get_by_role("button")
    button.focus()
    for state in ("ascending", "descending", None):
        page.keyboard.press("Enter")
        cells = [float(cell.split()[0]) for cell in column(page, "test acc")]
        expected = sorted(cells, reverse=state == "descending") if state else cells
        assert state == header.get_attribute("aria-sort")
        assert expected == cells
    assert in_order == column(page, "experiment")


def test_figures_are_sorted_by_value(open_page: Callable[..., "Page"]) -> None:
    """Thousands, intervals, deviations and small p-values have one; what has none comes last."""
    page = open_page()
    for is_figure, *in_order in (
        (True, "812", "4,038,916", "12,038,916"),
        (True, "3,4,3", "4,3,5", "10,3"),
        (True, "0.8990 ± 0.0020", "0.9058 ± 0.0010"),
        (True, "-1.13 [-2.08, -0.19]", "+0.95 [+0.40, +1.49]", "+3.20 [+2.46, +3.94]"),
        (True, "3.2e-10", "7e-05", "0.023", "1", ""),
        (True, "0.5", "nan"),
        (False, "epochs: 5", "epochs: 10", "pooling: mean", ""),
    ):
        received = page.evaluate(
            "([cells, isFigure]) => cells.sort((one, other) => compare(one, other, isFigure, 1))",
            [in_order[::-1], is_figure],
        )
        assert in_order == received


def test_filter_leaves_rows_that_have_every_word(open_page: Callable[..., "Page"]) -> None:
    """The count is told, and the buttons switch only what is left."""
    page = open_page()
    page.get_by_role("searchbox", name="Filter").fill("LSTM mean")
    status = page.get_by_role("status").inner_text()
    left = column(page, "experiment")
    page.get_by_role("button", name="None").click()

    assert "2 of 9 shown" == status
    assert ["lstm-mean", "lstm-3layer"] == left
    assert not any(name.startswith(("lstm-mean ", "lstm-3layer ")) for name in curves(page))
    assert "rnn-max validation" in curves(page)


def test_ticks_switch_curves(open_page: Callable[..., "Page"]) -> None:
    """One an experiment, with the space bar too; one for train; buttons for all and none."""
    page = open_page()
    at_first = {name.partition(" ")[0] for name in curves(page)}
    page.get_by_role("button", name="None").click()
    none = curves(page)
    page.get_by_role("checkbox", name="gru-max").focus()
    page.keyboard.press("Space")
    one = curves(page)
    page.get_by_role("checkbox", name="Train curves").click()
    without_train = curves(page)
    page.get_by_role("button", name="All").click()

    assert 6 == len(at_first)
    assert set() == none
    assert {"gru-max train", "gru-max validation"} == one
    assert {"gru-max validation"} == without_train
    assert {f"{name} validation" for name in column(page, "experiment")} == curves(page)


def test_mouse_over_a_curve_names_its_experiment(open_page: Callable[..., "Page"]) -> None:
    """Epoch and value stand beside it."""
    page = open_page()
    page.get_by_role("button", name="None").click()
    page.get_by_role("checkbox", name="gru-max").click()
    page.get_by_role("figure").first.scroll_into_view_if_needed()
    wait_until(page, IDLE)
    page.wait_for_timeout(0.5 * SECONDS)  # the axes follow what is on
    x, y = page.evaluate(
        """() => {
          const [plot] = Bokeh.documents.map((one) => one.roots()[0])
            .filter((one) => one.left[0].axis_label === "accuracy");
          const view = Bokeh.index.find_one(plot);
          const { data_source: source } = plot.renderers
            .find((one) => one.visible && one.tags[1] === "validation");
          const { x, y } = view.canvas_view.el.getBoundingClientRect();
          return [
            x + view.frame.x_scale.compute(source.get_column("epoch")[2]),
            y + view.frame.y_scale.compute(source.get_column("mean")[2]),
          ];
        }"""
    )
    page.mouse.move(x - 20, y - 20)
    page.mouse.move(x, y)
    page.locator(".bk-Tooltip").wait_for()
    tooltip = page.locator(".bk-Tooltip").evaluate("(one) => one.shadowRoot.textContent")

    assert re.search(r"gru-maxepoch 3: validation accuracy 0\.\d{4} \(0\.\d{4} to ", tooltip)


def test_search_is_drawn(open_page: Callable[..., "Page"], tmp_path: Path) -> None:
    """A point for each drawn experiment, hollow where it was stopped, whatever curves are on."""
    write_page(read_report(write_search(tmp_path / "made")))
    page = open_page(tmp_path / "made", plots=6)
    page.get_by_role("button", name="None").click()
    tried = page.evaluate(
        """() => Bokeh.documents.map((one) => one.roots()[0])
          .filter((plot) => plot.left[0].axis_label === "validation accuracy")
          .map((plot) => [
            plot.below[0].axis_label,
            plot.renderers.map(({ visible }) => visible),
            plot.renderers[0].data_source.get_column("value"),
            plot.renderers[0].data_source.get_column("fill").map((fill) => fill === null),
          ])"""
    )

    hollow = [True, True, False, False, False]
    assert [
        ["hidden_dim", [True], [8, 16, 24, 32, 48], hollow],
        ["dropout", [True], [0.3, 0.1, 0.5, 0.2, 0.4], hollow],
        ["pooling", [True], ["max", "max", "mean", "mean", "mean"], hollow],
        ["num_layers", [True], [2, 2, 2, 2, 2], hollow],
    ] == tried
    assert 6 == page.get_by_role("figure").count()
    assert ["Search"] == [
        text for text in page.get_by_role("heading").all_text_contents() if "earch" in text
    ]


def test_dark_follows_the_system_and_the_button(open_page: Callable[..., "Page"]) -> None:
    """Page and plots change together, back and forth, and the button says which it is."""
    page = open_page(color_scheme="light")
    button = page.get_by_role("button", name="Dark")
    light = colours(page)
    button.click()
    by_button, pressed = colours(page), button.get_attribute("aria-pressed")
    button.click()
    back = colours(page)
    system = open_page(color_scheme="dark")

    assert "rgb(255, 255, 255)" == light[0]
    assert "rgb(22, 25, 29)" == by_button[0]
    assert not set(light) & set(by_button)
    assert "true" == pressed
    assert light == back
    assert by_button == colours(system)
    system.emulate_media(color_scheme="light")
    wait_until(system, "document.getElementById('dark').ariaPressed === 'false'")
    assert light == colours(system)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_the_page(open_page: Callable[..., "Page"], scheme: str) -> None:
    """WCAG asks for 4.5:1."""
    ratios = open_page(color_scheme=scheme).evaluate(
        """() => {
          const luminance = (colour) => colour.match(/[0-9]+/g).slice(0, 3)
            .map((part) => part / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
            .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
          const behind = (element) => {
            const { backgroundColor } = getComputedStyle(element);
            const isClear = backgroundColor.endsWith(", 0)");
            return isClear ? behind(element.parentElement) : backgroundColor;
          };
          return ["h1", "p", ".note", "figcaption", "th button", "td", "#dark", ".skip", "footer"]
            .map((name) => document.querySelector(name))
            .map((one) => [getComputedStyle(one).color, behind(one)].map(luminance).sort())
            .map(([low, high]) => (high + 0.05) / (low + 0.05));
        }"""
    )

    assert 9 == len(ratios)
    assert min(ratios) >= 4.5


def test_phone_scrolls_the_table_and_not_the_page(open_page: Callable[..., "Page"]) -> None:
    """Table regions take the focus, so that the arrow keys scroll them; plots fit the width."""
    page = open_page(viewport={"width": 390, "height": 844})
    region = page.get_by_role("region").first
    region.focus()
    page.keyboard.press("ArrowRight")
    wait_until(page, "document.activeElement.scrollLeft > 0")

    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert page.get_by_role("figure").first.bounding_box()["width"] <= 390


def test_first_tab_skips_to_the_content(open_page: Callable[..., "Page"]) -> None:
    """The link is seen once it has the focus."""
    page = open_page()
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to the content")

    assert link.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert "content" == page.evaluate("document.activeElement.id")


def test_words_and_ticks_hold_when_one_returns_to_the_page(
    open_page: Callable[..., "Page"],
) -> None:
    """A browser puts them back, after the page is loaded."""
    page = open_page()
    page.get_by_role("button", name="None").click()
    page.get_by_role("checkbox", name="gru-max").click()
    page.get_by_role("searchbox", name="Filter").fill("LSTM mean")
    page.goto("about:blank")
    page.go_back()

    assert "LSTM mean" == page.get_by_role("searchbox", name="Filter").input_value()
    assert "2 of 9 shown" == page.get_by_role("status").inner_text()
    assert {"gru-max train", "gru-max validation"} == curves(page)

"""The page at `/` in a real browser, over a server of its own: Debian's chromium, driven by Playwright."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

OLDER_RUNS = Path(__file__).parents[1] / "runs_of_0.1"
CSV = OLDER_RUNS / "series.csv"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SEEN = """selector => {
    const element = document.querySelector(selector), style = getComputedStyle(element);
    const shade = color => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d");
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const light = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(part => {
            part /= 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
    };
    return [shade(style.color), shade(getComputedStyle(document.body).backgroundColor)];
}"""

THINNED = """() => {
    const values = Array.from({length: 200000}, (_, step) => Math.sin(step / 500));
    values.fill(null, 1000, 9000);
    [values[77777], values[131072]] = [9, -9];
    const points = thinned(values, 0, values.length, 800), steps = new Set(points.map(point => point?.[0]));
    return [...[0, 77777, 131072, 199999].map(step => steps.has(step)), points.length <= 3200, points.includes(null)];
}"""

pytestmark = pytest.mark.browser


class Server:
    """`seq2seq serve` in a process of its own."""

    def __init__(self, *arguments, port=None):
        if port is None:
            with closing(socket.create_server(("127.0.0.1", 0))) as free:
                port = free.getsockname()[1]
        self.port, self.url = port, f"http://127.0.0.1:{port}/"
        command = [sys.executable, "scripts/serve.py", *map(str, arguments)]
        self.process = subprocess.Popen([*command, "--port", str(port)], cwd=Path(__file__).parents[2])
        while not self.is_ready():
            assert self.process.poll() is None
            time.sleep(0.1)

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def ask(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


@pytest.fixture(scope="module")
def server(browser, pumps_run):
    started = Server(*(OLDER_RUNS / name for name in ("translation", "autoencoder", "forecaster", "stream")), pumps_run)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright drives the browser")
    if not CHROMIUM:
        pytest.skip("there is no chromium here: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def window(browser):
    """A function that opens the page; what it complains of, and whom it asks beside its server, fails the test."""
    complaints, contexts = [], []

    def opened(url, **how):
        context = browser.new_context(**how)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security" in said.text else None)
        own = (url.split("#")[0], "data:")
        page.on("request", lambda asked: asked.url.startswith(own) or complaints.append(asked.url))
        page.goto(url)
        page.wait_for_selector("main h2, #door:visible")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def translated(page, text="d g b\nh d"):
    page.fill("textarea", text)
    page.fill("[name=beam]", "4")
    page.fill("[name=best]", "2")
    page.click("text=Translate")
    page.wait_for_selector("article table")


def drop(page, file):
    """Drop a file on the place for it, as a hand would."""
    given = page.evaluate_handle(
        "([name, text]) => { const all = new DataTransfer(); all.items.add(new File([text], name)); return all; }",
        [file.name, file.read_text()],
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": given})


def sideways(page):
    """How many pixels of the page are beyond its right edge."""
    return page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth")


def test_translations_are_those_of_the_server(server, window):
    page = window(server.url + "#translation")
    translated(page)
    asked = {"model": "translation", "texts": ["d g b", "h d"], "beam_size": 4, "n_best": 2}
    answers = server.ask("v1/translate", asked)["translations"]
    shown = [article.locator("li > span:first-child").all_inner_texts() for article in page.locator("article").all()]
    assert shown == [[each["text"] for each in answer["n_best"]] for answer in answers]
    assert all(re.fullmatch(r"score -?\d.*", score) for score in page.locator("li .number").all_inner_texts())


def test_the_map_of_attention_answers_the_mouse(server, window):
    page = window(server.url + "#translation")
    translated(page)
    asked = {"model": "translation", "texts": ["d g b", "h d"], "beam_size": 4, "n_best": 2, "attention": True}
    seen = server.ask("v1/translate", asked)["translations"][0]["attention"]
    page.locator("article").first.locator("tbody tr").nth(1).locator("td").nth(2).hover()
    share = round(seen["weights"][1][2] * 100)
    told = page.locator("article").first.locator("[role=status]").inner_text()
    assert told.startswith(f"{seen['target'][1]} looks at {seen['source'][2]} with {share} %")


def test_translating_takes_no_mouse(server, window):
    page = window(server.url + "#translation")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "texts":
            break
    page.keyboard.type("d g b")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("article table")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "TD":
            break
    first = page.locator("article [role=status]").inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    told = page.locator("article [role=status]").inner_text()
    assert told.startswith(label) and told != first


def test_a_dropped_file_is_scored_and_its_events_listed(server, window, pumps_run, pumps_files):
    page = window(f"{server.url}#{pumps_run.name}")
    drop(page, pumps_files / "test.csv")
    page.wait_for_selector(".plot svg:has(.line)")
    titles = page.locator("figcaption strong").all_inner_texts()
    assert titles[:3] == ["flow", "heat", "score"] and len(titles) == 4
    assert page.locator("select[name=series] option").all_inner_texts() == ["north", "south"]
    assert "threshold" in page.locator("figcaption").nth(2).inner_text()
    assert page.locator(".plot .span").count() >= 4  # an event is shaded in each panel
    page.locator("main table button").first.click()
    assert page.locator(".plot").get_attribute("aria-valuetext").startswith("2024-")
    assert page.is_visible("text=Show all")


def test_keys_move_along_a_series(server, window):
    page = window(server.url + "#autoencoder")
    page.set_input_files("[name=file]", CSV)
    page.wait_for_selector(".plot svg:has(.line)")
    lines = CSV.read_text().splitlines()
    page.focus(".plot")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    told = page.locator(".plot").get_attribute("aria-valuetext")
    assert told.startswith(lines[-2].split(",")[0])
    page.keyboard.press("Home")
    assert page.locator(".plot").get_attribute("aria-valuenow") == "0"
    page.keyboard.press("+")
    assert page.is_visible("text=Show all")
    page.keyboard.press("Escape")
    assert not page.is_visible("text=Show all")


def test_a_forecast_has_its_interval_and_naive_ones_beside(server, window):
    page = window(server.url + "#forecaster")
    page.fill("[name=steps]", "6")
    page.set_input_files("[name=file]", CSV)
    page.wait_for_selector(".plot svg:has(.line)")
    legend = page.locator("figcaption").first.inner_text()
    assert all(name in legend for name in ("measured", "forecast", "interval for 90 %", "last value"))
    page.click("summary")
    assert page.locator("details tbody tr").count() == 6
    page.focus(".plot")
    page.keyboard.press("End")
    assert "forecast" in page.locator(".plot").get_attribute("aria-valuetext")


def test_a_stream_is_drawn_as_it_comes(server, window, tmp_path):
    (tmp_path / "few.csv").write_text("\n".join(CSV.read_text().splitlines()[:9]) + "\n")
    page = window(server.url + "#stream")
    page.fill("[name=pace]", "50")
    page.set_input_files("main section:first-of-type [name=file]", tmp_path / "few.csv")
    page.wait_for_selector(".plot[aria-valuemax='8']")  # the last forecast is of a step that has not come
    assert "forecast of it" in page.locator("figcaption").first.inner_text()
    page.wait_for_selector("[name=play]:has-text('Play')")
    page.fill("[name='value flow']", "0.5")
    page.fill("[name='value heat']", "fifty")
    page.click("text=Send")
    assert page.inner_text("main [role=alert]") == "heat: fifty is no number."


def test_a_refusal_is_told_in_the_words_of_the_server(server, window, tmp_path):
    (tmp_path / "other.csv").write_text("time,speed\n2024-01-01,1\n2024-01-02,2\n")
    page = window(server.url + "#autoencoder")
    page.set_input_files("[name=file]", tmp_path / "other.csv")
    page.wait_for_selector("main .error:visible")
    told = page.inner_text("main .error:visible")
    assert "flow" in told and "\n" not in told and str(OLDER_RUNS) not in told


def test_a_server_that_is_gone_is_told_and_found_again(exported, window):
    server = Server(exported("characters"))
    try:
        page = window(server.url)
        page.fill("textarea", "d g b")
        server.stop()
        page.click("text=Translate")
        page.wait_for_selector("#health:visible")
        assert page.inner_text("main [role=alert]") == "The server did not answer."
        server = Server(exported("characters"), port=server.port)
        page.wait_for_selector("#health", state="hidden")
        assert page.input_value("textarea") == "d g b"
        page.click("text=Translate")
        page.wait_for_selector("article li")
    finally:
        server.stop()


def test_a_server_with_a_token_is_asked_with_it(exported, window):
    server = Server(exported("stream"), "--token", "a-secret")
    try:
        page = window(server.url)
        for given in ("wrong", "a-secret"):
            assert page.is_visible("#door")
            page.fill("#door [type=password]", given)
            with page.expect_response("**/v1/models"):
                page.click("text=Enter")
        page.wait_for_selector("h2")
        assert not page.is_visible("#door")
        page.set_input_files("main section:first-of-type [name=file]", CSV)  # a stream cannot send a header
        page.wait_for_selector(".plot svg:has(.line)")
        page.set_input_files("main section:last-of-type [name=file]", CSV)
        page.wait_for_selector("main section:last-of-type .plot svg:has(.line)")
    finally:
        server.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(server, window, scheme):
    page = window(server.url, color_scheme=scheme)
    for selector in ("h2", ".facts", "label", "footer a"):
        text, ground = page.evaluate(SEEN, selector)
        assert (ground < 0.1) == (scheme == "dark")
        assert (max(text, ground) + 0.05) / (min(text, ground) + 0.05) > 4.5  # as WCAG 2.2 asks of text


def test_a_phone_shows_all_without_moving_sideways(server, window):
    page = window(server.url + "#translation", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    translated(page, "a b c d e f g h a b c d")
    assert sideways(page) == 0
    for model in ("autoencoder", "forecaster"):
        page.click(f"nav >> text={model}")
        page.wait_for_selector(f"h2:text-is('{model}')")
        page.set_input_files("[name=file]", CSV)
        page.wait_for_selector(".plot svg:has(.line)")
        assert sideways(page) == 0


def test_thinning_loses_no_extreme(server, window):
    page = window(server.url)
    kept = page.evaluate(THINNED)
    assert kept == [True] * 6

# SPDX-License-Identifier: Apache-2.0
"""The page of a node in a browser: what it shows and draws, wide, narrow and in the dark, by keyboard, against hostile names.
Screenshots are in build/page-screenshots. Not in the daily run: python3 -m pytest -m browser tests/system/test_page.py"""

import base64
import json
import pathlib
import shutil

import pytest

import processes
import pypi
from processes import wait_until

pytestmark = pytest.mark.browser

SCREENSHOTS = pathlib.Path(__file__).resolve().parents[2] / "build/page-screenshots"
HOSTILE = "<img src=x onerror=document.title='taken'>"
CONFIG = """
[node]
name = west
[tcp-listener main]
address = 127.0.0.1:0
[tcp-connection east]
address = 127.0.0.1:{port}
[tcp-connection nobody]
address = 127.0.0.1:9
[service {hostile}]
type = echo
[http]
address = 127.0.0.1:0
"""


@pytest.fixture(scope="module")
def selenium():
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        processes.cannot_run("no chromium and chromium-driver here")
    pypi.load("selenium", pypi.BROWSER)
    from selenium import webdriver

    return webdriver


@pytest.fixture
def browser(selenium, tmp_path):
    """browser(width, height, dark=) → a driver."""
    started = []

    def start(width=1280, height=1000, dark=False):
        options = selenium.ChromeOptions()
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={tmp_path}/profile-{len(started)}"):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        d = selenium.Chrome(options=options, service=selenium.ChromeService(shutil.which("chromedriver")))
        started.append(d)
        d.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        d.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        return d

    yield start
    for d in started:
        d.quit()


@pytest.fixture
def west(node):
    """The address of the page of a node that has a link, one that does not come up, and a service with a hostile name."""
    east = node("east")
    n = node("west", config=CONFIG.format(port=east.port, hostile=HOSTILE))
    return next(where for what, where in n.listeners if what == "http")


def text(d, selector):
    return d.execute_script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)


def picture(d, name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    whole = d.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(whole["data"]))


def open_page(d, at):
    d.get(f"http://{at}/")
    wait_until(lambda: text(d, "#name") == "west" and "up" in text(d, "#link-table"), "the page shows the node and its link", 30)
    return d


def complaints(d):
    return [e["message"] for e in d.get_log("browser") if e["level"] in ("SEVERE", "WARNING")]


def test_it_shows_the_node_and_names_from_elsewhere_are_text(browser, west):
    d = open_page(browser(), west)
    wait_until(lambda: text(d, "#health") == "1 not up", "the connection to nobody is said", 20)
    assert HOSTILE in text(d, "#service-table")
    assert d.title == "west: ockam-node" and d.execute_script("return document.images.length") == 0
    assert d.execute_script("return document.querySelectorAll('#map circle').length") >= 3
    assert "nobody" in text(d, "#map") and "east" in text(d, "#map") and "nobody" in text(d, "#link-table"), "links have the names of the configuration"
    picture(d, "wide")
    assert complaints(d) == []


def test_a_route_is_traced_and_drawn(browser, west):
    d = open_page(browser(), west)
    assert d.execute_script("return [...document.querySelectorAll('#trace-routes option')].map(o => o.value)").count("/worker/east/service/echo") == 1

    def trace(route):
        d.execute_script("const i = document.querySelector('#trace-route'); i.value = arguments[0]; i.form.requestSubmit()", route)
        wait_until(lambda: text(d, "#trace-outcome") not in ("", "under way …"), "the trace is over", 20)
        return text(d, "#trace-outcome")

    assert trace("/worker/east/service/echo").startswith("answered after ")
    assert "echo" in text(d, "#trace-table") and "east" in text(d, "#trace-table")
    assert d.execute_script("return document.querySelectorAll('#trace-picture rect').length") >= 2
    picture(d, "trace")
    d.execute_script("document.querySelector('#trace-outcome').textContent = ''")
    assert trace("/worker/east/service/none").startswith("died at ")
    assert d.execute_script("return document.querySelectorAll('#trace-picture circle.bad').length") == 1
    picture(d, "trace-died")
    d.execute_script("document.querySelector('#trace-outcome').textContent = ''")
    assert "without a token" in trace("/ip4/127.0.0.1/tcp/9/service/echo")


@pytest.mark.parametrize("name, width, height, dark", [("narrow", 360, 740, False), ("dark", 1280, 1000, True), ("narrow-dark", 360, 740, True)])
def test_it_fits_a_phone_and_the_dark(browser, west, name, width, height, dark):
    d = open_page(browser(width, height, dark), west)
    picture(d, name)
    assert d.execute_script("return document.documentElement.scrollWidth") <= width, "nothing but tables scrolls sideways"
    colour = d.execute_script("return getComputedStyle(document.body).backgroundColor")
    light = sum(int(n) for n in colour.strip("rgb()").split(",")[:3]) > 3 * 128
    assert light != dark


def test_it_is_used_by_keyboard(browser, west):
    from selenium.webdriver.common.keys import Keys

    d = open_page(browser(), west)
    seen = []
    body = d.find_element("tag name", "body")
    for _ in range(12):
        body.send_keys(Keys.TAB) if not seen else d.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(d.execute_script("const e = document.activeElement; return e.id || e.getAttribute('href') || e.tagName"))
    assert seen[0] == "#links" and "trace-route" in seen and "trace-go" in seen, seen
    unnamed = d.execute_script("""return [...document.querySelectorAll('input, button, svg[role=img], section')].filter(
        e => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.labels?.length || e.textContent.trim())).map(e => e.outerHTML.slice(0, 80))""")
    assert unnamed == []


def test_first_paint_is_soon(browser, west):
    d = open_page(browser(), west)
    paint = d.execute_script("return performance.getEntriesByType('paint').find(e => e.name === 'first-contentful-paint')?.startTime")
    (SCREENSHOTS / "first-paint.json").write_text(json.dumps({"first_contentful_paint_ms": paint}))
    assert paint is not None and paint < 2000  # 100 ms on a quiet machine; this one may be busy

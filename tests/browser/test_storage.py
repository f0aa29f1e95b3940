"""IndexedDB keeps the promise that memory keeps in Node, and stays within its bounds."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from instant_project.site import SDK
from tests.browser.person import Person

CASES = (SDK / "tests" / "storage_cases.js").read_text(encoding="utf-8")
IN_PAGE = """async ({ source, name }) => {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const { CASES } = await import(url);
  const { openStorage } = await import('/sdk/storage/indexeddb.js');
  const results = {};
  for (const [title, run] of Object.entries(CASES)) {
    const storage = await openStorage(`${name} ${title}`);
    const [found, expected] = await run(storage);
    storage.close();
    results[title] = [JSON.stringify(found) ?? null, JSON.stringify(expected) ?? null];
  }
  return results;
}"""
BOUNDED = """async ({ name, bounds, answers, share }) => {
  const { openStorage } = await import('/sdk/storage/indexeddb.js');
  const first = await openStorage(name);
  for (const [key, triples] of Object.entries(answers)) {
    await first.put('queries', key, { key, triples: new Array(triples).fill(0) });
    await new Promise((resolve) => setTimeout(resolve, 2)); // uses are ordered by milliseconds
  }
  await first.get('queries', Object.keys(answers)[0]); // the oldest is used again
  if (share) await first.evict(share);
  first.close();
  const second = await openStorage(name, bounds);
  const left = (await second.all('queries')).map(({ key }) => key);
  second.close();
  return left.sort();
}"""


@pytest.fixture
def page(person: Person) -> Page:
    """A page of the server, on which modules can be imported."""
    return person.open("/recipes/")


def test_indexeddb_keeps_the_promise(page: Page) -> None:
    results = page.evaluate(IN_PAGE, {"source": CASES, "name": "cases"})
    assert len(results) >= 7
    wrong = {title: pair for title, pair in results.items() if pair[0] != pair[1]}
    assert wrong == {}


@pytest.mark.parametrize(
    ("bounds", "share", "left"),
    [
        pytest.param({}, None, ["a", "b", "c", "d"], id="within bounds"),
        pytest.param({"answers": 2}, None, ["a", "d"], id="too many: the longest unused go"),
        pytest.param({"triples": 45}, None, ["a", "c", "d"], id="too large together"),
        pytest.param({"ageMs": -1000}, None, [], id="too old"),
        pytest.param({}, 0.5, ["a", "d"], id="no more room: half of them go"),
    ],
)
def test_answers_are_evicted(page: Page, bounds: Any, share: float | None, left: list[str]) -> None:
    answers = {"a": 10, "b": 10, "c": 10, "d": 20}
    found = page.evaluate(
        BOUNDED, {"name": "bounded", "bounds": bounds, "answers": answers, "share": share}
    )
    assert found == left


def test_a_browser_that_allows_no_storage_is_no_reason_to_fail(person: Person) -> None:
    person.context.add_init_script(
        "indexedDB.open = () => { throw new DOMException('No.', 'SecurityError'); };"
    )
    page = person.open("/recipes/")
    kind = page.evaluate(
        """async () => {
          const { openStorage } = await import('/sdk/storage/indexeddb.js');
          return (await openStorage('forbidden')).constructor.name;
        }"""
    )
    assert kind == "MemoryStorage"

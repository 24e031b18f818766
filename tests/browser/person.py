"""A user at a browser, in the words of what people do: start a case, find a task, fill in, answer, complete."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

PHONE = 390
TAKEN = """async () => {
  for (let round = 0; round < 3; round++) await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}"""
"""Until form-js has taken a moment: it does so by effects, each after the page was drawn once more."""
PASSWORD = "fuwuflow"
WORDS = {"zh": {"start": "发起", "complete": "完成", "add": "添加一行"},
         "en": {"start": "Start the case", "complete": "Complete", "add": "Add new"}}


class Person:
    """One signed-in user on one page. Errors that the page's scripts meet are kept in `script_errors`."""

    def __init__(self, page: Page, address: str, user: str) -> None:
        self.page, self.address, self.user = page, address, user
        self.script_errors: list[str] = []
        self.words = WORDS["zh"]
        page.on("pageerror", lambda error: self.script_errors.append(str(error)))

    def sign_in(self, language: str = "zh") -> None:
        """Sign in, and read in `language` from then on."""
        self.page.goto(f"{self.address}/sign-in")
        self.give_password()
        self.page.wait_for_url("**/inbox**")
        if language == "en":
            self.page.locator(".menu-name").click()
            self.page.get_by_role("button", name="English").click()
            expect(self.page.locator("html")).to_have_attribute("lang", "en")
        self.words = WORDS[language]

    def give_password(self) -> None:
        """Fill in and send the sign-in form that is shown."""
        self.page.locator("#user").fill(self.user)
        self.page.locator("#password").fill(PASSWORD)
        self.page.locator(".sign-in-card button").click()

    def choose_large_file(self, selector: str, path: Path) -> None:
        """Choose a file as Chromium reads it, in no time: Playwright copies a file first, and none of more than 50 MB."""
        session = self.page.context.new_cdp_session(self.page)
        root = session.send("DOM.getDocument")["root"]["nodeId"]
        node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        session.send("DOM.setFileInputFiles", {"files": [str(path)], "nodeId": node})

    def go(self, path: str) -> None:
        """Open a page of the site."""
        self.page.goto(self.address + path)

    def start(self, process: str, *, serial: str = "", office: str = "", **values: Any) -> None:
        """Start a case of `process` with the start form; `serial` lets the page find the machine first.

        `office` is for those who must say for which one.
        """
        self.go(f"/start/{process}")
        if office:
            self.page.locator("#office").select_option(label=office)
        if serial:
            self.fill(serial_number=serial)
            expect(self.page.locator("[data-machine]")).not_to_be_empty()
        self.fill(**values)
        self.page.get_by_role("button", name=self.words["start"], exact=True).click()
        expect(self.page).not_to_have_url(re.compile(r"/start"))
        self.page.wait_for_load_state()  # the page that follows forgets what was typed: whoever leaves it sooner finds it again

    def open(self, step: str, *, view: str = "mine", case: str = "") -> None:
        """Open the task called `step` from the inbox, looking again for a while: another's work may still be under way."""
        self.go(f"/inbox?view={view}&q={case}")
        link = self.page.get_by_role("link", name=step, exact=True).first
        for _ in range(20):
            if link.count():
                break
            self.page.wait_for_timeout(200)
            self.page.reload()
        link.click()
        self.sees(step)

    def sees(self, step: str) -> None:
        """The page asks for `step`."""
        expect(self.page.locator("h1.question")).to_have_text(step)

    def fill(self, **values: Any) -> None:
        """Fill in fields by key: text, a number, an option's words, a list of them, True for a box to tick."""
        if values:
            expect(self.page.locator("[data-form-host]")).not_to_have_attribute("aria-busy", "true")
        for key, value in values.items():
            self._fill(self.page.locator("[data-form-host]"), key, value)

    def complete(self, **values: Any) -> None:
        """Fill in, complete, and wait until the case has gone on."""
        self.fill(**values)
        self._send(self.page.get_by_role("button", name=self.words["complete"], exact=True))

    def answer(self, option: str, asked: dict[str, Any] | None = None, **values: Any) -> None:
        """Fill in and answer with the button called `option`; `asked` are the fields that only this answer brings up."""
        self.fill(**values)
        button = self.page.locator("button.answer").filter(has=self.page.get_by_text(option, exact=True))
        if asked:
            button.click()
            expect(self.page.locator("[data-form-says]")).to_be_visible()
            self.fill(**asked)
        self._send(button)

    def _send(self, button: Locator) -> None:
        before = self.page.url.split("?")[0]
        button.click()
        expect(self.page).not_to_have_url(re.compile(rf"^{re.escape(before)}(\?.*)?$|/complete$|/progress"), timeout=20_000)

    def _fill(self, inside: Locator, key: str, value: Any) -> None:
        own = [f'[id{sign}="-field_{key}{row}{dash}"]' for row in ("", "_0", "_1") for sign, dash in (("$", ""), ("*", "-"))]
        field = inside.locator(f".fjs-form-field:has({', '.join(own)})").last
        kind = field.get_attribute("class") or ""
        if "radio" in kind:
            field.get_by_label(str(value), exact=True).check()
        elif "checklist" in kind:
            for label in value:
                field.get_by_label(label, exact=True).check()
        elif "checkbox" in kind:
            field.locator("input").set_checked(bool(value))
        elif "select" in kind:
            field.locator("input, .fjs-select-display").first.click()
            field.locator(".fjs-dropdownlist-item", has_text=str(value)).first.click()
        elif "datetime" in kind:
            self._fill_moment(field, str(value))
        else:
            field.locator("input, textarea").first.fill(str(value))
            field.locator("input, textarea").first.blur()

    def add_row(self, to: str = "", /, **values: Any) -> None:
        """Add a row to the form's list (called `to` where there are several) and fill it in."""
        rows = self.page.get_by_role("group", name=to) if to else self.page.locator(".fjs-form-field-grouplike")
        rows.get_by_role("button", name=self.words["add"]).click()
        for key, value in values.items():
            self._fill(rows, key, value)

    @staticmethod
    def _fill_moment(field: Locator, value: str) -> None:
        """A date as `2026-03-02`, with a time as `2026-03-02 10:00`."""
        day, _, clock = value.partition(" ")
        date = field.locator("input.fjs-input").first
        date.fill(day.replace("-", "/"))
        date.press("Enter")
        if clock:
            field.locator("input.fjs-input").nth(1).fill(clock)
            field.locator("input.fjs-input").nth(1).press("Enter")
        field.evaluate(TAKEN)

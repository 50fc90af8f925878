"""People who read: accounts on the real Label Studio server, made by its invitation link as a hospital would."""

import re
from dataclasses import dataclass
from typing import Any

import httpx

from components.relabeling import label_studio_token
from components.settings import Settings

PASSWORD = "Reading-all-day-1"


@dataclass(frozen=True)
class Person:
    """A reader with an account of their own; `cookies` are what a browser would carry."""

    email: str
    url: str
    token: str
    cookies: dict[str, str]

    def read(self, task: int, answers: dict[str, str], *, boxes: list[dict[str, Any]] | None = None) -> int:
        """Submits a filled form on one task; its annotation's number."""
        made = self._ask("POST", f"/api/tasks/{task}/annotations/", json={"result": form(answers) + (boxes or [])})
        return int(made.json()["id"])

    def change(self, annotation: int, **changes: Any) -> None:
        """Saves an annotation again."""
        self._ask("PATCH", f"/api/annotations/{annotation}/", json=changes)

    def delete(self, annotation: int) -> None:
        """Takes a whole annotation back."""
        self._ask("DELETE", f"/api/annotations/{annotation}/")

    def _ask(self, method: str, path: str, **what: Any) -> httpx.Response:
        headers = {"Authorization": f"Token {self.token}"}
        answer = httpx.request(method, self.url + path, headers=headers, trust_env=False, timeout=60, **what)
        return answer.raise_for_status()


def sign_up(settings: Settings, email: str) -> Person:
    """A new account, made by the invitation link that the server's owner has."""
    owner = {"Authorization": f"Token {label_studio_token(settings).get_secret_value()}"}
    with _browser(settings) as browser:
        invitation = browser.get("/api/invite", headers=owner).raise_for_status().json()["invite_url"]
        return _enter(browser, invitation, email)


def log_in(settings: Settings, email: str) -> Person:
    """The same account again, after the server was started anew."""
    with _browser(settings) as browser:
        return _enter(browser, "/user/login/", email)


def _browser(settings: Settings) -> httpx.Client:
    return httpx.Client(base_url=settings.label_studio.url, trust_env=False, follow_redirects=True, timeout=60)


def _enter(browser: httpx.Client, page: str, email: str) -> Person:
    """Fills the page's form in, as a person at a browser would, and takes the account's own token."""
    csrf = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(page).raise_for_status().text)
    assert csrf is not None
    filled = {"csrfmiddlewaretoken": csrf[1], "email": email, "password": PASSWORD}
    browser.post(page, data=filled, headers={"Referer": str(browser.base_url)}).raise_for_status()
    token = browser.get("/api/current-user/token").raise_for_status().json()["token"]
    cookies = {cookie.name: cookie.value or "" for cookie in browser.cookies.jar}
    return Person(email, str(browser.base_url).rstrip("/"), token, cookies)


def form(answers: dict[str, str]) -> list[dict[str, Any]]:
    """A form as a reader's browser sends it."""
    return [
        {"id": name, "from_name": name, "to_name": "image", "type": "choices", "value": {"choices": [word]}}
        for name, word in answers.items()
    ]


def box(title: str, *, x: float, y: float, width: float, height: float) -> dict[str, Any]:
    """A box as a reader's browser sends it, in percent."""
    place = {"x": x, "y": y, "width": width, "height": height, "rotation": 0}
    return {
        "id": "b1",
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": 80,
        "original_height": 96,
        "image_rotation": 0,
        "value": {**place, "rectanglelabels": [title]},
    }

"""Who may come in: tokens, sessions, a trusted proxy's word; and how often."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request

from analyzer.web.records import Job, Records
from analyzer.web.settings import Settings, is_loopback

_LONGEST_NAME = 200
_MOST_BUCKETS = 10_000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. ``ambient``: the browser says so by itself, so that another site could make it ask."""

    name: str
    support: bool = False
    ambient: str = ""  # what tells its CSRF token from another's; "" for a token in the request's header
    signed_in: bool = False

    def may_see(self, job: Job) -> bool:
        """One's own uploads; all of them for the support group."""
        return self.support or job.owner == self.name


class TooMany(HTTPException):
    """429 with the seconds after which it is worth another try."""

    def __init__(self, detail: str, seconds: float) -> None:
        super().__init__(429, detail, headers={"Retry-After": str(max(1, round(seconds + 0.5)))})


class Rate:
    """A bucket of so many permits a minute for each key."""

    def __init__(self, a_minute: int) -> None:
        self.most, self._each = float(a_minute), 60.0 / a_minute
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        """Use up one permit; raises :class:`TooMany`."""
        now = time.monotonic()
        with self._lock:
            if len(self._buckets) > _MOST_BUCKETS:  # those that are full again need not be remembered
                self._buckets = {name: item for name, item in self._buckets.items() if now - item[1] < 60}
                if len(self._buckets) > _MOST_BUCKETS:
                    self._buckets.clear()
            left, at = self._buckets.get(key, (self.most, now))
            left = min(self.most, left + (now - at) / self._each)
            if left < 1:
                self._buckets[key] = (left, now)
                raise TooMany("too many requests", (1 - left) * self._each)
            self._buckets[key] = (left - 1, now)


class Access:
    """Tells who a request is from, and whether it may do what it asks for."""

    def __init__(self, settings: Settings, records: Records) -> None:
        self.settings, self.records = settings, records
        self._secret = secrets.token_bytes(32)  # CSRF tokens of an earlier run are void: the page is loaded anew
        self._needed = bool(settings.user_header) or not settings.loopback
        self.requests, self.uploads = Rate(settings.request_rate), Rate(settings.upload_rate)
        self.logins = Rate(20)
        self.cookie = "__Host-calico-triage" if settings.secure else "calico-triage"

    @property
    def needed(self) -> bool:
        """Whether users must say who they are: as soon as there was a token, for good."""
        self._needed = self._needed or self.records.any_token()
        return self._needed

    def user(self, request: Request) -> User:
        """Who asks, checked; raises 401, 403 or 429."""
        user = self.who(request)
        if user is None:
            raise HTTPException(401, "sign in, or send a token", headers={"WWW-Authenticate": "Bearer"})
        self.requests.take(user.name)
        if request.method not in SAFE_METHODS:
            self.check_forgery(request, user)
        return user

    def who(self, request: Request) -> User | None:
        """Who asks, by token, by the proxy's header, or by session; None where nobody is known."""
        given = request.headers.get("authorization", "")
        if given:
            kind, _, secret = given.partition(" ")
            token = self.records.token_of(secret.strip()) if kind.lower() == "bearer" else None
            if token is None:
                self.logins.take(_address(request))
                return None
            return User(token.name, token.support)
        if self.settings.user_header and self._from_proxy(request):
            name = request.headers.get(self.settings.user_header, "").strip()
            if name and len(name) <= _LONGEST_NAME and name.isprintable():
                groups = request.headers.get(self.settings.groups_header, "") if self.settings.groups_header else ""
                support = self.settings.support_group in {item.strip() for item in groups.split(",") if item.strip()}
                return User(name, support, ambient=f"proxy:{name}")
        cookie = request.cookies.get(self.cookie)
        if cookie and (token := self.records.session(cookie)):
            return User(token.name, token.support, ambient=f"session:{cookie}", signed_in=True)
        return None if self.needed else User("local", ambient="local")

    def forgery_token(self, user: User) -> str:
        """What a page of ours gives back with each change: no other site can know it."""
        return hmac.new(self._secret, user.ambient.encode(), hashlib.sha256).hexdigest()

    def check_forgery(self, request: Request, user: User, given: str | None = None) -> None:
        """Refuse a change that another site made the browser ask for; raises 403.

        A program that is let in without a session (on the loopback, or by the proxy) needs no CSRF token: browsers
        say that they are browsers, by ``Origin`` or ``Sec-Fetch-Site``.
        """
        if not user.ambient:
            return
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if site not in (None, "same-origin", "none") or (origin is not None and not self._is_ours(origin, request)):
            raise HTTPException(403, "this was asked for by another site")
        if not user.signed_in and origin is None and site is None:
            return
        token = given if given is not None else request.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(token.encode(), self.forgery_token(user).encode()):
            raise HTTPException(403, "the page is out of date: load it again")

    def host_is_ours(self, host: str) -> bool:
        """Whether a name in ``Host`` is one of the server's: another site's name that leads here is not (rebinding)."""
        name = urlsplit(f"//{host}").hostname or ""
        public = urlsplit(self.settings.public_url).hostname
        if public and name == public:
            return True
        return is_loopback(name) if self.settings.loopback else True

    def _is_ours(self, origin: str, request: Request) -> bool:
        parts = urlsplit(origin)
        if self.settings.public_url:
            public = urlsplit(self.settings.public_url)
            if (parts.scheme, parts.netloc) == (public.scheme, public.netloc):
                return True
        return bool(parts.netloc) and parts.netloc == request.headers.get("host")

    def _from_proxy(self, request: Request) -> bool:
        try:
            peer = ipaddress.ip_address(_address(request))
        except ValueError:
            return False
        return any(peer in network for network in self.settings.proxies)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def known(request: Request) -> User:
    """Who asks, for routes that need to know: see :meth:`Access.user`."""
    access: Access = request.app.state.access
    return access.user(request)


#: a route's parameter: the user
Known = Annotated[User, Depends(known)]

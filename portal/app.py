"""The application factory: one Flask application per home."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale
from flask_compress import Compress
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from . import assets, errors, routes, template_words
from .home import Home, open_home
from .navigation import shell_context
from .pages import cell_html, cells
from .pages.table_cells import row_cells, table_cells
from .request import COOKIE, SAFE, cookie_value, finish, identify
from .sentences import one_stop
from .settings import Settings, languages

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "object-src 'none'; manifest-src 'self'; worker-src 'self'"
)
COMPRESSED = (
    "text/html", "text/css", "text/plain", "text/javascript", "application/javascript", "image/svg+xml",
    "application/json", "application/problem+json", "application/manifest+json",
)  # fmt: skip


class Caseroom(Flask):
    """Flask with one transaction per request: committed when the view has answered, rolled back when it raised.

    No statement of a request runs longer than the setting `statement_seconds` says.
    """

    def full_dispatch_request(self) -> Response:
        opened: Home = self.extensions["caseroom"]
        with opened.database.statements_within(opened.settings.statement_seconds):
            return super().full_dispatch_request()

    def dispatch_request(self) -> ResponseReturnValue:
        try:
            answer = self.make_response(super().dispatch_request())
        except BaseException as error:
            finish(error)
            raise
        finish(None)
        return answer


def create_app(settings: Settings, *, opened: Home | None = None) -> Caseroom:
    """The portal on a home. `opened`: a home that is open already (tests, the demo)."""
    opened = opened or open_home(settings)
    settings = opened.settings
    app = Caseroom("caseroom", static_folder="portal/static", static_url_path="/static", template_folder="templates")
    app.extensions["caseroom"] = opened
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.upload_limit + 1_000_000,
        MAX_FORM_MEMORY_SIZE=2_000_000,
        SESSION_COOKIE_NAME="caseroom_form",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_DEFAULT_TIMEZONE=settings.time_zone,
        BABEL_TRANSLATION_DIRECTORIES="portal/translations",
        TEMPLATES_AUTO_RELOAD=settings.development,
        SEND_FILE_MAX_AGE_DEFAULT=0,
        # Texts only: documents are packed already, and feeds keep their own entity tags.
        COMPRESS_MIMETYPES=COMPRESSED,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br", "gzip"],
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    Compress(app)  # first of the after_request functions, so that it is the last to run
    _templates(app)
    Babel(
        app,
        locale_selector=_language,
        timezone_selector=lambda: g.actor.time_zone if g.get("actor") else settings.time_zone,
    )
    template_words.register(app)
    csrf = CSRFProtect(app)
    app.before_request(identify)
    app.before_request(
        lambda: None if request.method in SAFE or g.by_token or _ignores_cookies(app) else csrf.protect()
    )
    app.teardown_request(finish)  # of what no view has answered
    app.after_request(_harden)
    app.after_request(_renew_session)
    errors.register(app)
    routes.register(app, settings)
    return app


def _ignores_cookies(app: Flask) -> bool:
    """Whether the view marks itself as one that neither reads nor sets a cookie, so that nothing can be forged."""
    return getattr(app.view_functions.get(request.endpoint or ""), "ignores_cookies", False)


def _templates(app: Flask) -> None:
    from jinja2 import StrictUndefined

    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["one_stop"] = one_stop
    app.jinja_env.filters["phone"] = cells.phone
    app.jinja_env.filters["cells"] = table_cells
    app.jinja_env.filters["row_cells"] = row_cells
    assets.register(app)
    cell_html.register(app)
    app.context_processor(shell_context)


def _language() -> str:
    if g.get("actor"):
        return g.actor.language
    return request.accept_languages.best_match(languages()) or "en"


def _harden(response: Response) -> Response:
    """The headers that every answer has; a view that needs others sets its own first."""
    headers: dict[str, Any] = {
        "Content-Security-Policy": CSP,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if "frame-ancestors" in response.headers.get("Content-Security-Policy", ""):
        del headers["X-Frame-Options"]  # the view has said itself who may frame it
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint == "static":
        if request.args.get("v"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        elif request.path.endswith(".woff2"):  # named by style sheets, without a fingerprint
            response.headers["Cache-Control"] = "public, max-age=604800"
    else:
        response.headers.setdefault("Cache-Control", "no-store" if g.get("actor") else "no-cache")
        response.headers.setdefault("Content-Language", str(get_locale() or "en"))
        if not g.get("actor"):
            response.vary.add("Accept-Language")
    return response


def _renew_session(response: Response) -> Response:
    if g.get("renew") and g.get("session_secret"):
        set_session_cookie(response, g.session_secret)
    return response


def set_session_cookie(response: Response, secret: str) -> None:
    """Give the browser its session's cookie, with the time of this use in it."""
    from .request import home

    settings = home().settings
    response.set_cookie(
        COOKIE,
        cookie_value(secret),
        max_age=settings.session_hours * 3600,
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
    )

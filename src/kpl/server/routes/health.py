"""Is the server well, and what does it count."""

from ipaddress import ip_address

from fastapi import APIRouter, Request
from fastapi.responses import Response

from kpl import __version__
from kpl.schemas.health import HealthOut
from kpl.server.routes.dependencies import TheCredentials, ThePlatform, address_of
from kpl.server.services import health, sessions
from kpl.server.services.telemetry import CONTENT_TYPE

router = APIRouter(tags=["health"])


@router.get("/api/v1/health", operation_id="get_health")
def get_health(platform: ThePlatform) -> HealthOut:
    """Answer 200 as long as the server can do its work; no sign-in is needed."""
    health.check(platform)
    return HealthOut(status="ok", version=__version__)


@router.get("/metrics", include_in_schema=False)
def get_metrics(platform: ThePlatform, credentials: TheCredentials, request: Request) -> Response:
    """Numbers for Prometheus: for this machine, whoever is signed in, or all if the setting says so."""
    if not platform.settings.public_metrics and not _is_this_machine(request):
        sessions.identify(platform, credentials)
    return Response(platform.telemetry.page(), media_type=CONTENT_TYPE)


def _is_this_machine(request: Request) -> bool:
    try:
        return ip_address(address_of(request)).is_loopback and "x-forwarded-for" not in request.headers
    except ValueError:
        return False

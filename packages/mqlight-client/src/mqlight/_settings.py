"""From the arguments of a client's constructor to settings that hold together."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

from mqlight_core.client_id import check_client_id, generate_client_id
from mqlight_core.errors import InvalidArgumentError
from mqlight_core.source import LOOKUP_TIMEOUT, service_source
from mqlight_core.vcap import VCAP_SERVICES

if TYPE_CHECKING:
    from mqlight._drivers.settings import ClientSettings


def check_settings(
    service: object, client_id: object, security_options: object, client_options: object
) -> ClientSettings:
    """Check what every kind of client is made with; a `client_id` of None becomes a random one.

    Raises:
        TypeError: an argument is of a wrong type.
        InvalidArgumentError: an argument is invalid, or two of them contradict each other.
        RangeError: a client option is out of range.
    """
    from mqlight._arguments import ClientOptions  # noqa: PLC0415 - loads pydantic
    from mqlight._drivers.settings import ClientSettings  # noqa: PLC0415
    from mqlight._log.handlers import use_environment  # noqa: PLC0415
    from mqlight_core.arguments import validate  # noqa: PLC0415
    from mqlight_security import Credentials, agreed_credentials, credentials_for  # noqa: PLC0415
    from mqlight_security import security_options as check_security  # noqa: PLC0415

    use_environment()  # before anything of a client is worth a line
    options = validate(ClientOptions, "client_options", client_options)
    source = service_source(
        service,
        environment=os.environ,
        lookup_timeout=min(LOOKUP_TIMEOUT, options.connect_timeout / 1000),
    )
    if client_id is None:
        checked_id = generate_client_id(random.getrandbits(28))
    else:
        checked_id = check_client_id(client_id)
    security = check_security(security_options)
    fixed = source.fixed
    if fixed is not None:
        plain = next((one for one in fixed if not one.tls), None)
        if security.uses_files and plain is not None:
            message = (
                "security_options name certificate or key files, but the URL of service "
                f"{plain} does not start with amqps://"
            )
            raise InvalidArgumentError(message)
        for one in fixed:
            credentials_for(one, security)
    if source.credentials is not None:
        agreed_credentials(VCAP_SERVICES, Credentials(*source.credentials), security)
    return ClientSettings(
        client_id=checked_id,
        source=source,
        security=security,
        connect_timeout=options.connect_timeout / 1000,
        idle_timeout=options.idle_timeout / 1000,
        stop_timeout=options.stop_timeout / 1000,
        max_queued_bytes=options.max_queued_bytes,
        insecure_plain=options.insecure_plain,
    )

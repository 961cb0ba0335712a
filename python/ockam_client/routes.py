# SPDX-License-Identifier: Apache-2.0
"""Routes and addresses as people write them."""

import ipaddress
import secrets
import urllib.parse

from .errors import InvalidRoute

LOCAL, TCP, UDP, WEBSOCKET, UDS, CAF = 0, 1, 2, 3, 5, 200
_EXAMPLE = "for example /service/echo"


def random_address():
    """16 random bytes in hex, as nodes name what has no name."""
    return secrets.token_hex(16)


def parse(route):
    """A list of (type, name). Takes `/service/echo`, any other multiaddr but those with /node/, the address of one
    worker, or a list of addresses: `"echo"`, `"1#host:port"`, `(1, "host:port")`."""
    if isinstance(route, str):
        out = _multiaddr(route) if route.startswith("/") else [_address(route)]
    else:
        out = [_address(a) for a in route]
    if not out:
        raise InvalidRoute("the route is empty", _EXAMPLE)
    return out


def _address(a):
    if isinstance(a, tuple):
        return a
    kind, sign, name = a.partition("#")
    if not sign:
        return LOCAL, a
    if not kind.isdecimal() or int(kind) > 255 or "#" in name:
        raise InvalidRoute(f"{a!r} is not an address", "NAME, or TYPE#NAME")
    return int(kind), name


def _multiaddr(text):
    parts = text.split("/")[1:]
    out, at = [], 0

    def value(what):
        nonlocal at
        at += 1
        if at >= len(parts) or not parts[at]:
            raise InvalidRoute(f"/{what} has no value in {text!r}", _EXAMPLE)
        return parts[at]

    while at < len(parts):
        protocol = parts[at]
        if protocol in ("service", "worker"):
            out.append((LOCAL, value(protocol)))
        elif protocol == "unix":
            out.append((UDS, urllib.parse.unquote(value(protocol))))
        elif protocol in ("ip4", "ip6", "dnsaddr"):
            host = value(protocol)
            if protocol != "dnsaddr":
                try:
                    (ipaddress.IPv4Address if protocol == "ip4" else ipaddress.IPv6Address)(host)
                except ValueError:
                    raise InvalidRoute(f"{host!r} is not an address of {protocol}", _EXAMPLE) from None
            at += 1
            kind = {"tcp": TCP, "udp": UDP, "caf": CAF}.get(parts[at] if at < len(parts) else "")
            if kind is None:
                raise InvalidRoute(f"{host} is not followed by a port", "for example /ip4/127.0.0.1/tcp/4000")
            port = value(parts[at])
            if not port.isdecimal() or int(port) > 65535:
                raise InvalidRoute(f"{port!r} is not a port number", _EXAMPLE)
            name = f"[{host}]:{int(port)}" if protocol == "ip6" else f"{host}:{int(port)}"
            if kind == TCP and at + 1 < len(parts) and parts[at + 1] in ("ws", "wss"):
                at += 1
                kind, name = WEBSOCKET, f"{parts[at]}://{name}"
            out.append((kind, name))
        else:
            hint = "names of nodes are known to the command line only" if protocol == "node" else _EXAMPLE
            raise InvalidRoute(f"/{protocol}/ cannot be part of a route here", hint)
        at += 1
    return out


def show(address):
    """`0#echo`."""
    return f"{address[0]}#{address[1]}"
